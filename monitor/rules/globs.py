"""Event types as rules name them: a word or a glob with `*`, held against the types that this version emits."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from monitor.model import EventType


def matching_types(pattern: str) -> frozenset[EventType]:
    """The types that a pattern names. `*` stands for any text, everything else for itself."""
    whole = re.compile(".*".join(re.escape(part) for part in pattern.split("*")), re.DOTALL)
    return frozenset(known for known in EventType if whole.fullmatch(known.value))


def known_pattern(pattern: str) -> str:
    """The pattern itself. Raises ValueError that names the nearest type, or family of types, where it matches none."""
    if matching_types(pattern):
        return pattern
    known = [type_.value for type_ in EventType]
    families = {f"{value.split('.')[0]}.*" for value in known}
    near = nearest(pattern, [*known, *families] if "*" in pattern else known)
    raise ValueError(f"no event type matches {pattern!r}" + (f"; did you mean {near}?" if near else ""))


def nearest(word: str, words: Iterable[str]) -> str | None:
    """The one of `words` that a person who wrote `word` probably meant; None where nothing is near."""
    found = difflib.get_close_matches(word, sorted(words), n=1, cutoff=0.5)
    return found[0] if found else None
