"""A trouble that lasts is said once when it begins and once when it is over; a loop that tries again stays silent."""

from __future__ import annotations

from typing import Any

import structlog


class Trouble:
    """`begins` is an error, `ends` an info; each repetition in between is for debugging."""

    def __init__(self, log: Any, *, begins: str, ends: str) -> None:
        self._log = log
        self._begins = begins
        self._ends = ends
        self._lasts = False

    def met(self, **facts: Any) -> None:
        """It is there, as it may have been before."""
        (self._log.debug if self._lasts else self._log.error)(self._begins, **facts)
        self._lasts = True

    def over(self, **facts: Any) -> None:
        """All is well, as it may have been before."""
        if self._lasts:
            self._log.info(self._ends, **facts)
        self._lasts = False


def store_trouble(room: str, waits: str, **facts: Any) -> Trouble:
    """The store cannot be used by `room`, and `waits` waits."""
    log = structlog.get_logger(room).bind(**facts)
    return Trouble(log, begins=f"the store cannot be used; {waits} waits", ends=f"the store is back; {waits} goes on")
