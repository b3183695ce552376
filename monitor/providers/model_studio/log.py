"""Reads how far a training has come out of its log: numbers only, no word of a line is kept."""

from __future__ import annotations

import re
from collections.abc import Iterable

_TOKENS = (
    re.compile(r"consumed tokens is\s+([0-9]{1,18})\b", re.IGNORECASE),
    re.compile(r"['\"]consumed_train_tokens['\"]\s*:\s*([0-9]{1,18})\b"),
    re.compile(r"\btraining usage\s+([0-9]{1,18})\b", re.IGNORECASE),
)
"""As the vendor's pages print them: `Actual number of consumed tokens is 215040 !`, `'consumed_train_tokens': 393216`
and, at the end, `training usage 393216`. An estimate (`Estimated token: …`) is none of them."""
_LONGEST = 4000
"""Characters of a line that are looked at."""


def consumed(lines: Iterable[str]) -> int | None:
    """The most tokens that any line tells of; the figures are cumulative. None where none does."""
    found = [int(seen[1]) for line in lines for pattern in _TOKENS if (seen := pattern.search(line[:_LONGEST]))]
    return max(found, default=None)
