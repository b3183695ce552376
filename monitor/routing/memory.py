"""The rules' state as rows: each thing that they remember is one, so that a turn writes only what it changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from functools import lru_cache
from typing import Any, get_args, get_type_hints

import msgspec

from monitor.rules import RuleState


def decode(rows: Mapping[str, bytes]) -> RuleState:
    """The state that `encode` wrote. Rows of a version that knew more are left alone."""
    tables: dict[str, dict[str, Any]] = {}
    for name, row in rows.items():
        table, _, key = name.partition("/")
        decoder = _decoders().get(table)
        if decoder is not None:
            tables.setdefault(table, {})[key] = decoder.decode(row)
    return RuleState(**tables)


def encode(changed: Mapping[tuple[str, str], Any]) -> dict[str, bytes | None]:
    """The rows to write, and those to delete (None), by the table and key of what changed."""
    return {
        f"{table}/{key}": None if row is None else msgspec.json.encode(row) for (table, key), row in changed.items()
    }


@lru_cache(maxsize=1)
def _decoders() -> Mapping[str, msgspec.json.Decoder[Any]]:
    hints = get_type_hints(RuleState)
    return {each.name: msgspec.json.Decoder(get_args(hints[each.name])[1]) for each in fields(RuleState)}
