"""The variables of rules, expressions and templates alike: which there are, which fields they have, of what kind.

It follows the `data` of events (monitor/diff); a test holds that."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final


class Kind(Enum):
    """What a field holds. Every field may be absent, except a map, which is then empty."""

    TEXT = "text"
    WHOLE = "a whole number"
    NUMBER = "a number"
    FLAG = "true or false"
    TIME = "a time"
    SPAN = "a duration"
    """Seconds in templates; a CEL duration in expressions, so that `job.duration > duration("2h")` needs no unit."""
    MAP = "a map of texts"
    ERROR = "an error"


def _fields(**kinds: str) -> dict[str, Kind]:
    return {name: kind for word, names in kinds.items() for name in names.split() for kind in (Kind[word.upper()],)}


ERROR_FIELDS: Final[Mapping[str, Kind]] = _fields(text="code message")

VARIABLES: Final[Mapping[str, Mapping[str, Kind]]] = {
    "event": _fields(text="type subject id", time="time", flag="late", whole="seq"),
    "account": _fields(text="name provider region", map="labels"),
    "job": _fields(
        text="id name state provider_state kind model base_model output_model flavor workspace creator outcome url",
        whole="nodes attempt runs checkpoints max_checkpoints tokens queue_position",
        number="accelerators",
        time="created_at started_at ended_at",
        span="duration elapsed",
        error="error",
        map="extra",
    ),
    "previous": _fields(text="state provider_state stock", time="since", span="duration", flag="at_least"),
    "flavor": _fields(text="id name catalogue type zone stock", whole="max_nodes", map="zones specification billing"),
    "budget": _fields(
        text="name unit currency period timezone scope reason",
        number="amount used left share threshold expected",
        time="starts_at ends_at passes_at",
    ),
    "quota": _fields(text="resource", whole="used cap free threshold frees finished", number="share", time="seen_at"),
    "deletion": _fields(text="id job_id reason", whole="tries", map="asked_by"),
    "usage": _fields(
        text="currency model flavor",
        whole="tokens delta",
        number="cost total_cost node_hours card_hours delta_node_hours delta_card_hours",
    ),
}
"""What has fields. `account job previous flavor budget quota deletion usage` may be absent as a whole."""

SCALARS: Final[Mapping[str, Kind]] = {"now": Kind.TIME, "severity": Kind.TEXT}
"""What has none: `now` is the moment of the event's detection, `severity` the event's own."""

OCCASION: Final[Mapping[str, Kind]] = {"reason": Kind.TEXT, "lasted": Kind.SPAN}
"""What templates have besides: why this is told (`new`, `reminder`, `resolved` …), and for how long the state has
lasted, where a rule asks for that (`for`, `remind_every`)."""

ALWAYS: Final = frozenset({"event", "now", "severity"})


def names() -> tuple[str, ...]:
    return (*VARIABLES, *SCALARS)


def paths() -> tuple[str, ...]:
    """What events can be grouped by: every field that has one value, and `severity`; keys of maps come to these."""
    plain = [
        f"{variable}.{field}"
        for variable, fields in VARIABLES.items()
        for field, kind in fields.items()
        if kind not in (Kind.MAP, Kind.ERROR)
    ]
    return (*plain, *(f"job.error.{field}" for field in ERROR_FIELDS), "severity")


def path_of(field: str) -> tuple[str, ...]:
    """`account.labels.example.org/team` as variable, field and key: only a key of a map may have dots in it."""
    return tuple(field.split(".", 2))
