"""The end's last resort: whatever hangs when the end was asked for, the process is gone in the time it promised."""

from __future__ import annotations

import os
from threading import Thread, Timer

import structlog

WITHIN = 9.5
"""Seconds from the signal; what ends in good order is gone before."""
TO_LEAVE = 2.0
"""Seconds for what comes after the last word: a name look-up that hangs would hold the exit for as long as it takes."""
TO_SAY = 0.3
"""Seconds for the last word: what the log is written to may be what hangs."""

_log = structlog.get_logger("app")


def be_gone(within: float = WITHIN, *, quietly: bool = False) -> None:
    """Ends the process after that many seconds, with 0: as after any kill nothing is lost. By a thread, for a commit is
    shielded from every deadline, and the event loop itself may be what hangs. `quietly`: all that counts is done."""
    timer = Timer(within, _end, [0.0 if quietly else within])
    timer.daemon = True  # an end in good order does not wait for it
    timer.start()


def _end(seconds: float) -> None:
    if seconds:
        saying = Thread(target=_say, args=[seconds], daemon=True)
        saying.start()
        saying.join(TO_SAY)
    os._exit(0)


def _say(seconds: float) -> None:
    text = "something did not end in time and was cut; the next start takes up what is left"
    _log.warning(text, seconds=seconds)
