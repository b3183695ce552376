"""The real `training-monitor run`, started again and again for the cost of a fork: imports are made once.

A line of JSON on standard input starts one life and is answered with its pid; when that life has ended, a second line
says how. tests/crash/lives.py begins it as a fork of the process that the tests share (tests/kit/warm.py).
"""

from __future__ import annotations

import functools
import gc
import hashlib
import json
import os
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio

from tests.crash.points import Plan, Points, install
from tests.kit.warm import die_with_parent


class SharedClock:
    """Time that runs `speed` times as fast, the same in every process that is told its beginning."""

    def __init__(self, start: float, zero: float, speed: float) -> None:
        """`start`: wall time, seconds since the epoch, when the machine's monotonic clock was at `zero`."""
        self._start, self._zero, self._speed = start, zero, speed

    @property
    def told(self) -> tuple[float, float, float]:
        return self._start, self._zero, self._speed

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._start + self.monotonic(), UTC)

    def monotonic(self) -> float:
        return (time.monotonic() - self._zero) * self._speed

    def jump(self, by: timedelta) -> None:
        """So much later, at once; only while nobody who was told lives."""
        self._zero -= by.total_seconds() / self._speed

    async def sleep(self, seconds: float) -> None:
        await anyio.sleep(max(0.0, seconds) / self._speed)


def serve(config: Path) -> None:
    die_with_parent()
    warm(config)
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            live(order)
        print(json.dumps({"pid": pid}), flush=True)  # noqa: T201
        _, status, used = os.wait4(pid, 0)
        cpu = used.ru_utime + used.ru_stime
        print(json.dumps({"status": os.waitstatus_to_exitcode(status), "cpu": cpu}), flush=True)  # noqa: T201


def warm(config: Path) -> None:
    """What every life would do alike, and nothing that a life is to be killed in: the words of the command
    line, the fingerprints of the keys (slow on purpose), and to give memory back, which only costs
    here."""
    from monitor.app import run
    from monitor.cli import main
    from monitor.providers import registry
    from monitor.settings import load
    from monitor.wire import Http

    program = main.program()
    main.program = lambda arguments=(): program
    run.give_back = lambda again: None
    hashlib.scrypt = functools.cache(hashlib.scrypt)  # type: ignore[assignment]
    for account in load(config, resolve=True, environ=os.environ, credentials_dir=None).accounts:
        registry.builder(account.provider)(account, Http(None), SharedClock(0, 0, 1)).fingerprint()
    gc.freeze()


def live(order: dict[str, Any]) -> None:
    """One life, in the child. Never returns."""
    die_with_parent()
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for fd in (1, 2):
        os.dup2(log, fd)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    install(Points(Plan(**order["plan"]), order["reached"]))
    code = 1
    try:
        import monitor.app.run
        from monitor.cli.main import entry

        vars(monitor.app.run)["SystemClock"] = lambda: SharedClock(*order["clock"])
        entry(["run", "--config", order["config"], "--log-level", order.get("level", "info")])
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        sys.stderr.flush()
        os._exit(code)


def main() -> None:
    serve(Path(sys.argv[1]))
