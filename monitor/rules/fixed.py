"""What an event's type alone says of its values, before any event comes: for the lint of rules, which looks for what
never matches.

It follows monitor/diff; a test holds that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from monitor.model import DEFAULT_SEVERITY, NORMAL, SOLD_OUT, EventType, JobState, Severity

Path = tuple[str, ...]

STATES: Final = frozenset(state.value for state in JobState)
ENDS: Final = frozenset(state.value for state in JobState if state.terminal)
_TYPE = EventType
_WAITING: Final = frozenset({JobState.PENDING.value, JobState.QUEUED.value})
_NONE: Final[frozenset[str]] = frozenset()
_BOTH: Final = frozenset({NORMAL, SOLD_OUT})
_ONE_BY_ONE: Final[Mapping[Path, Mapping[EventType, frozenset[str]]]] = {
    ("job", "state"): {
        _TYPE.JOB_QUEUED: frozenset({JobState.QUEUED.value}),
        _TYPE.JOB_REQUEUED: _WAITING,
        _TYPE.JOB_STOPPING: frozenset({JobState.STOPPING.value}),
        _TYPE.JOB_FINISHED: ENDS,
        _TYPE.JOB_REOPENED: STATES - ENDS,
    },
    ("previous", "state"): {_TYPE.JOB_REQUEUED: frozenset({JobState.RUNNING.value}), _TYPE.JOB_REOPENED: ENDS},
    ("flavor", "stock"): {
        _TYPE.FLAVOR_SOLD_OUT: frozenset({SOLD_OUT}),
        _TYPE.FLAVOR_RESTOCKED: frozenset({NORMAL}),
        _TYPE.FLAVOR_FLAPPING: _BOTH,
        **dict.fromkeys((_TYPE.FLAVOR_LISTED, _TYPE.FLAVOR_DELISTED, _TYPE.FLAVOR_CHANGED), _NONE),
    },
    ("previous", "stock"): {
        _TYPE.FLAVOR_SOLD_OUT: frozenset({NORMAL}),
        _TYPE.FLAVOR_RESTOCKED: frozenset({SOLD_OUT}),
        _TYPE.FLAVOR_FLAPPING: _BOTH,
    },
    ("severity",): {
        **{each: frozenset({DEFAULT_SEVERITY.get(each, Severity.INFO).value}) for each in EventType},
        **dict.fromkeys(
            (_TYPE.JOB_FINISHED, _TYPE.FLAVOR_FLAPPING), frozenset({Severity.INFO.value, Severity.WARNING.value})
        ),
    },
    ("event", "type"): {each: frozenset({each.value}) for each in EventType},
}
_OTHERWISE: Final[Mapping[Path, frozenset[str]]] = {
    ("job", "state"): STATES,
    ("job", "outcome"): ENDS,
    ("previous", "state"): STATES,
}


def values(path: Path, type: EventType) -> frozenset[str] | None:
    """All texts that this can be in an event of that type, none where it is always absent; None: not known."""
    return _ONE_BY_ONE.get(path, {}).get(type, _OTHERWISE.get(path))
