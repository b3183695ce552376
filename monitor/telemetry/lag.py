"""How late the event loop comes to what is due, and who blocks it: everything that the daemon does waits for that."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
import traceback
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Final

import structlog

from monitor.telemetry.meter import NO_METER, Meter

EVERY: Final = 0.5
"""Real seconds between two looks."""
BLOCKED: Final = 1.0
"""Seconds that the loop may be late without a word."""
_HERE = str(Path(__file__).parents[1])

_log = structlog.get_logger("telemetry")


class LoopLag:
    """Measures in real seconds, whatever clock the daemon lives by. A thread of its own looks on, for what blocks the
    loop can be seen only while it does; it sleeps nearly all the time and ends with `run`."""

    def __init__(self, meter: Meter = NO_METER, *, every: float = EVERY, blocked: float = BLOCKED) -> None:
        self._meter = meter
        self._every = every
        self._blocked = blocked
        self._due = time.monotonic()
        self._ended = threading.Event()
        self._loop_thread = 0
        self._seen_at = ""

    async def run(self) -> None:
        """Until cancelled."""
        self._loop_thread = threading.get_ident()
        self._due = time.monotonic() + self._every
        watcher = threading.Thread(target=self._watch, name="loop lag", daemon=True)
        watcher.start()
        try:
            while True:
                self._due = time.monotonic() + self._every
                await asyncio.sleep(self._every)
                late = max(0.0, time.monotonic() - self._due)
                self._meter.lagged(late)
                if late >= self._blocked:
                    where = {"at": self._seen_at} if self._seen_at else {}
                    _log.warning("the event loop was blocked", seconds=round(late, 1), **where)
                self._seen_at = ""
        finally:
            self._ended.set()

    def _watch(self) -> None:
        """Says while it lasts who blocks the loop: one that never comes back is ended by the watchdog, unheard."""
        told = 0.0
        while not self._ended.wait(self._every):
            due, now = self._due, time.monotonic()
            if now - due < self._blocked or told == due:
                continue
            told = due
            if self._slept_in(now):
                continue
            self._seen_at = place(sys._current_frames().get(self._loop_thread))
            with suppress(Exception):  # a stream that is gone
                _log.warning("the event loop is blocked", at=self._seen_at)

    def _slept_in(self, woken: float) -> bool:
        """Whether the loop comes back as soon as this thread did: then the whole process had stood still."""
        self._ended.wait(self._every / 10)
        return self._due > woken


def place(frame: FrameType | None) -> str:
    """`file:line function` of the innermost frame that is ours, and of the innermost one at all."""
    if frame is None:
        return ""
    stack = traceback.extract_stack(frame)
    ours = [each for each in stack if each.filename.startswith(_HERE)]
    inner = [*ours[-1:], stack[-1]]
    return ", in ".join(dict.fromkeys(f"{_short(each.filename)}:{each.lineno} {each.name}" for each in inner))


def _short(path: str) -> str:
    return "/".join(Path(path).parts[-3:])
