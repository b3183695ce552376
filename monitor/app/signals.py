"""What the system asks of the process: to end (SIGTERM, SIGINT) or to read its config anew (SIGHUP)."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable

import anyio

from monitor.fields.bell import Bell

_ENDING = (signal.SIGTERM, signal.SIGINT)


class Signals:
    """The first SIGTERM or SIGINT asks for a graceful stop; the second one ends the process at once, but that with
    `patient` a second SIGINT is not heard.

    With `reload`, SIGHUP rings `hung_up`; several coalesce. Where it means that the terminal is gone it asks for the
    end. `asked` is called with the first signal, whatever the program is at.
    """

    def __init__(
        self, *, reload: bool = False, patient: bool = False, asked: Callable[[], None] = lambda: None
    ) -> None:
        self.hung_up = Bell()
        self._came = anyio.Event()
        self._name = ""
        self._reload = reload
        self._patient = patient
        self._asked = asked
        self._on_terminal = sys.stderr.isatty()

    def __enter__(self) -> Signals:
        loop = asyncio.get_running_loop()
        for number in _ENDING:
            loop.add_signal_handler(number, self._end, number)
        if self._reload:
            loop.add_signal_handler(signal.SIGHUP, self._hang_up)
        return self

    def __exit__(self, *error: object) -> None:
        self._restore()

    async def first(self) -> str:
        """Returns the name of the first signal that asks for the end, once it came."""
        await self._came.wait()
        return self._name

    def _end(self, number: signal.Signals) -> None:
        self._name = number.name
        self._came.set()
        self._restore()
        self._asked()

    def _hang_up(self) -> None:
        if self._on_terminal and not sys.stderr.isatty():  # nobody would ever see or end it again
            self._end(signal.SIGHUP)
        else:
            self.hung_up.ring()

    def _restore(self) -> None:
        """SIGHUP stays heard, for it must not kill a daemon that is ending in good order."""
        loop = asyncio.get_running_loop()
        for number in _ENDING:
            loop.remove_signal_handler(number)
        # never Python's own handler: its KeyboardInterrupt inside the loop's work can leave it waiting for ever
        signal.signal(signal.SIGINT, signal.SIG_IGN if self._patient else signal.SIG_DFL)
