"""Says on the terminal what takes longer than a moment; on stderr, never in a pipe, and gone when it is done.

The library that draws it is loaded only once something took that long.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from rich.status import Status

T = TypeVar("T")
AFTER = 0.7
"""Seconds after which something is worth telling."""
STEP = 1000
"""Items between two tellings."""


@contextmanager
def progress(what: str) -> Iterator[Callable[[str], None]]:
    """Shows `what` while its body runs; what it gives shows another text instead."""
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield lambda text: None
        return
    spinner = _Spinner(what)
    try:
        yield spinner.say
    finally:
        spinner.end()


def counted(items: Iterable[T], what: str) -> Iterator[T]:
    """The items as they come, and how many there were up to now. Not where they are printed to the same terminal."""
    if sys.stdout.isatty():
        yield from items
        return
    with progress(f"{what} …") as say:
        for number, item in enumerate(items, 1):
            yield item
            if number % STEP == 0:
                say(f"{what}: {number:,}")


class _Spinner:
    """Begins by itself, after a while, on a thread of its own."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._status: Status | None = None
        self._lock = threading.Lock()
        self._ended = False
        self._timer = threading.Timer(AFTER, self._begin)
        self._timer.daemon = True
        self._timer.start()

    def say(self, text: str) -> None:
        with self._lock:
            self._text = text
            if self._status is not None:
                self._status.update(text)

    def end(self) -> None:
        self._timer.cancel()
        with self._lock:
            self._ended = True
            if self._status is not None:
                self._status.stop()

    def _begin(self) -> None:
        from rich.console import Console
        from rich.status import Status
        from rich.text import Text

        with self._lock:
            if self._ended:
                return
            console = Console(stderr=True, markup=False, highlight=False)
            known = "utf" in (console.encoding or "")
            self._status = Status(Text(self._text), console=console, spinner="dots" if known else "line")
            self._status.start()
