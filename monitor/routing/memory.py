"""The rules' state as rows: each group and complaint is one, so that a turn writes only what it changed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

from monitor.rules import Gathered, RuleState

_GROUP = "group/"
_COMPLAINT = "complaint/"
_group = msgspec.json.Decoder(Gathered).decode
_complaint = msgspec.json.Decoder(datetime).decode


def decode(rows: Mapping[str, bytes]) -> RuleState:
    """The state that `changes` wrote."""
    groups = {key.removeprefix(_GROUP): _group(row) for key, row in rows.items() if key.startswith(_GROUP)}
    told = {key.removeprefix(_COMPLAINT): _complaint(row) for key, row in rows.items() if key.startswith(_COMPLAINT)}
    return RuleState(groups=groups, complaints=told)


def changes(old: RuleState, new: RuleState) -> dict[str, bytes | None]:
    """The rows to write, and those to delete (None), to come from `old` to `new`."""
    before, after = _entries(old), _entries(new)
    changed: dict[str, bytes | None] = {
        key: msgspec.json.encode(value) for key, value in after.items() if before.get(key) != value
    }
    return changed | {key: None for key in before if key not in after}


def _entries(state: RuleState) -> dict[str, Gathered | datetime]:
    groups: dict[str, Gathered | datetime] = {f"{_GROUP}{key}": value for key, value in state.groups.items()}
    return groups | {f"{_COMPLAINT}{key}": value for key, value in state.complaints.items()}
