"""What a rule's expression said of one event, with what decided it, so that people can be told why."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Verdict:
    """`matched` is False where a value that the expression needed is absent (`absent` names the candidates) and where
    it could not be worked out (`error` says why, in one line)."""

    matched: bool
    absent: tuple[str, ...] = ()
    error: str | None = None


MATCHED = Verdict(True)
NOT_MATCHED = Verdict(False)
