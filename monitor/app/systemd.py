"""What systemd is told of the daemon (sd_notify): ready, reloading, stopping, how it is, and that it lives."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping

import structlog

RESTART = "systemctl restart training-monitor"
BY_HAND = "stop it and start it again"
_log = structlog.get_logger("app")


class Systemd:
    """Speaks to the socket that systemd names; without one nothing happens. Never blocks and never raises: what systemd
    does not hear is no reason to end."""

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        """Without an environment nobody is told anything."""
        given = environ or {}
        self._address = _address(given.get("NOTIFY_SOCKET", ""))
        self.watchdog_every = _watchdog(given) if self._address else None
        """Seconds between two signs of life, half of what systemd waits; None where it wants none."""
        # INVOCATION_ID is no proof: the unit of somebody's terminal hands it down to all that is started there
        started_by_it = given.get("SYSTEMD_EXEC_PID") == str(os.getpid())
        self.restart = RESTART if self._address or started_by_it else BY_HAND
        """How a person starts this daemon anew."""

    @property
    def listening(self) -> bool:
        return self._address is not None

    def ready(self, status: str) -> None:
        self._tell("READY=1", f"STATUS={status}")

    def reloading(self) -> None:
        """Until the next `ready`."""
        moment = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self._tell("RELOADING=1", f"MONOTONIC_USEC={moment}", "STATUS=Reading the config anew")

    def stopping(self, reason: str) -> None:
        self._tell("STOPPING=1", f"STATUS=Stopping ({reason})")

    def status(self, text: str) -> None:
        self._tell(f"STATUS={text}")

    def alive(self) -> None:
        self._tell("WATCHDOG=1")

    def _tell(self, *lines: str) -> None:
        if self._address is None:
            return
        message = "\n".join(line.replace("\n", " ") for line in lines)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK) as sending:
            try:
                sending.sendto(message.encode(), self._address)
            except OSError as error:
                _log.debug("systemd does not hear", reason=str(error))


def _address(name: str) -> str | None:
    """A path, or a name in the abstract namespace, which systemd writes with @ for the NUL."""
    if name.startswith("@"):
        return "\0" + name[1:]
    return name if name.startswith("/") else None


def _watchdog(environ: Mapping[str, str]) -> float | None:
    whose, wait = environ.get("WATCHDOG_PID", ""), environ.get("WATCHDOG_USEC", "")
    if not wait.isdecimal() or int(wait) == 0 or (whose and whose != str(os.getpid())):
        return None
    return int(wait) / 2_000_000
