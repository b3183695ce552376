"""The rules' state as rows: each thing that they remember is one, so that a turn writes only what it changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from functools import lru_cache
from typing import Any, get_args, get_type_hints

import msgspec

from monitor.rules import RuleState
from monitor.rules.state import Entry, Pile

ENTRIES = "entries"
"""Rows of a pile's entries: a night's pile may hold thousands, and grows by one."""
CHUNK = 64
"""Entries of one row."""


class Rows:
    """Knows what is stored of one state. It is given up with the state when a transaction fails."""

    def __init__(self, state: RuleState) -> None:
        self._piled = {key: pile.entries for key, pile in state.piles.items() if pile.entries}

    def encode(self, changed: Mapping[tuple[str, str], Any]) -> dict[str, bytes | None]:
        """The rows to write, and those to delete (None), by the table and key of what changed."""
        found: dict[str, bytes | None] = {}
        for (table, key), row in changed.items():
            if table == "piles":
                found.update(self._entries(key, row))
                row = None if row is None else replace(row, entries=())
            found[f"{table}/{key}"] = None if row is None else msgspec.json.encode(row)
        return found

    def _entries(self, key: str, pile: Pile | None) -> Iterator[tuple[str, bytes | None]]:
        old, new = self._piled.pop(key, ()), pile.entries if pile is not None else ()
        if new:
            self._piled[key] = new
        for start in range(0, max(len(old), len(new)), CHUNK):
            now = new[start : start + CHUNK]
            if now != old[start : start + CHUNK]:
                yield f"{ENTRIES}/{key}/{start // CHUNK}", msgspec.json.encode(now) if now else None


def decode(rows: Mapping[str, bytes]) -> RuleState:
    """The state of which `Rows` made these. Rows of a version that knew more are left alone."""
    tables: dict[str, dict[str, Any]] = {}
    chunks: dict[str, dict[int, list[Entry]]] = {}
    for name, row in rows.items():
        table, _, key = name.partition("/")
        if table == ENTRIES:
            pile, _, place = key.rpartition("/")
            chunks.setdefault(pile, {})[int(place)] = msgspec.json.decode(row, type=list[Entry])
        elif (decoder := _decoders().get(table)) is not None:
            tables.setdefault(table, {})[key] = decoder.decode(row)
    piles = tables.get("piles", {})
    for key, found in chunks.items():
        if key in piles:
            entries = tuple(entry for _, some in sorted(found.items()) for entry in some)
            piles[key] = replace(piles[key], entries=entries)
    return RuleState(**tables)


@lru_cache(maxsize=1)
def _decoders() -> Mapping[str, msgspec.json.Decoder[Any]]:
    hints = get_type_hints(RuleState)
    return {each.name: msgspec.json.Decoder(get_args(hints[each.name])[1]) for each in fields(RuleState)}
