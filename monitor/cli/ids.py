"""Long ids as people type them: the beginning that a table showed stands for the whole."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from monitor.cli.failure import USAGE, Failure

if TYPE_CHECKING:
    from monitor.cli.asking import Asker

NEWEST = 20_000
"""Among so many a beginning is looked for."""


def whole(ask: Asker, path: str, word: str) -> str:
    """The id of the newest item of a list that begins so; `word` where it is whole or nothing begins so.

    Raises Failure where several begin so.
    """
    word = word.rstrip("…~")  # as it was copied from a table
    if not re.fullmatch(r"[0-9a-f]{4,31}", word):
        return word
    found = []
    for number, item in enumerate(ask.items(path, NEWEST), 1):
        if str(item["id"]).startswith(word):
            found.append(str(item["id"]))
        if found and number % 1000 == 0:
            break
    if len(found) > 1:
        raise Failure(
            f"{len(found)} ids begin with {word!r}.", "Give more of it.", code=USAGE, details=tuple(found[:9])
        )
    return found[0] if found else word


def unique(ids: Sequence[str]) -> int:
    """How many cells an id needs so that no two of the list look alike when they are cut."""
    longest = max(map(len, ids), default=8)
    enough = (size for size in range(9, longest) if len({each[: size - 1] for each in ids}) == len(set(ids)))
    return next(enough, longest)
