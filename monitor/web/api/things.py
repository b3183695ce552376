"""What was kept from people, or would have been, told as they think of it: a line for each thing, the newest first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import msgspec

from monitor.model import Event, EventType, rfc3339
from monitor.rules.message import story_of
from monitor.web.api.moment import Time
from monitor.web.api.route import Answer


class HiddenItem(Answer, frozen=True, kw_only=True):
    """A job, a flavor or whatever else, and the newest event of it that is kept from people."""

    seq: int
    type: EventType
    account: str | None
    subject: str
    title: Annotated[str, msgspec.Meta(description="The event in one line.")]
    at: Annotated[Time, msgspec.Meta(description="When it was detected; of a silence: when it was hidden.")]
    rules: Annotated[list[str], msgspec.Meta(description="Whose messages.")]
    sinks: Annotated[list[str], msgspec.Meta(description="From whom.")]
    earlier: Annotated[int, msgspec.Meta(description="Events of the same thing before it, kept from people too.")]
    reminders: Annotated[int, msgspec.Meta(description="How often one of these was to be told again.")]


@dataclass(frozen=True, slots=True)
class Kept:
    """One event of one message."""

    seq: int
    rule: str
    sinks: Sequence[str]
    at: datetime


def by_thing(kept: Iterable[Kept], events: Mapping[int, Event]) -> list[HiddenItem]:
    """Newest first. What is of no known event is left out."""
    found: dict[tuple[str | None, str], list[Kept]] = {}
    for each in kept:
        if (event := events.get(each.seq)) is not None:
            found.setdefault((event.account, event.subject), []).append(each)
    ordered = sorted(found.values(), key=lambda some: max((each.at, each.seq) for each in some), reverse=True)
    return [_item(some, events) for some in ordered]


def _item(kept: Sequence[Kept], events: Mapping[int, Event]) -> HiddenItem:
    event = events[max(each.seq for each in kept)]
    once = {(each.seq, each.rule, tuple(each.sinks)) for each in kept}
    return HiddenItem(
        seq=event.seq,
        type=event.type,
        account=event.account,
        subject=event.subject,
        title=story_of(event).title,
        at=rfc3339(max(each.at for each in kept)),
        rules=sorted({each.rule for each in kept}),
        sinks=sorted({sink for each in kept for sink in each.sinks}),
        earlier=len({each.seq for each in kept}) - 1,
        reminders=len(kept) - len(once),
    )
