"""What a command ends with when it cannot do its work: one plain sentence, a hint, an exit code."""

from __future__ import annotations

DONE, FAILED, USAGE, PARTLY, INTERRUPTED = 0, 1, 2, 3, 130
"""The last one by Ctrl-C, as shells and Typer have it."""


class Failure(Exception):
    """Shown on stderr as `error: …` and `hint: …`; never as a traceback."""

    def __init__(self, message: str, hint: str = "", *, code: int = FAILED, details: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.hint = hint
        self.code = code
        self.details = details
        """Lines that stand before the sentence, each complete by itself."""


class SaidNo(Failure):
    """Somebody was asked and said no: nothing was done, and that is no error, though the exit code says that the
    command has not done it. Shown on stderr as it stands."""
