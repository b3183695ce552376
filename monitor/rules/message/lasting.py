"""States that last: how long they have, that they still do, what they came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from monitor.fields.duration import format_duration
from monitor.model import Event, EventType, Reason
from monitor.rules.holding import state_of
from monitor.rules.message.facts import Facts
from monitor.rules.message.occasion import Occasion
from monitor.rules.message.story import Line, Story

_IS: Final[Mapping[str, tuple[str, str]]] = {
    "pending": ("pending", "of waiting"),
    "queued": ("in the queue", "in the queue"),
    "running": ("running", "of running"),
    "stopping": ("being stopped", "of being stopped"),
    "succeeded": ("over (succeeded)", "of being over"),
    "failed": ("over (failed)", "of being over"),
    "canceled": ("over (canceled)", "of being over"),
    "finished": ("over", "of being over"),
    "reopened": ("open again", "of being open again"),
    "gone": ("gone from the platform", "of being gone"),
    "soldout": ("sold out", "sold out"),
    "normal": ("in stock", "in stock"),
    "listed": ("on offer", "on offer"),
    "delisted": ("off the catalogue", "off the catalogue"),
    "unreachable": ("unreachable", "out of reach"),
    "unauthorized": ("refused by the platform", "of being refused"),
    "well": ("reachable again", "of being reachable"),
    "failing": ("failing", "of failing"),
    "delivering": ("delivering", "of delivering"),
}
"""By state: what a thing that has it is, and what it comes out of (`after 2 h in the queue`)."""

_OVER: Final = frozenset({"succeeded", "failed", "canceled", "finished"})
"""They last for ever: what matters is how long ago it was."""

_END: Final[Mapping[EventType, str]] = {
    EventType.JOB_QUEUED: "is in the queue",
    EventType.JOB_STARTED: "is running",
    EventType.JOB_RESTARTED: "is running again",
    EventType.JOB_REQUEUED: "is back in the queue",
    EventType.JOB_STOPPING: "is being stopped",
    EventType.JOB_REOPENED: "is not over after all",
    EventType.JOB_GONE: "is gone from the platform",
    EventType.FLAVOR_SOLD_OUT: "is sold out",
    EventType.FLAVOR_RESTOCKED: "is in stock again",
    EventType.FLAVOR_LISTED: "is offered again",
    EventType.FLAVOR_DELISTED: "is no longer offered",
    EventType.ACCOUNT_UNREACHABLE: "cannot be reached",
    EventType.ACCOUNT_UNAUTHORIZED: "is refused by the platform",
    EventType.ACCOUNT_RECOVERED: "can be read again",
    EventType.SINK_FAILING: "takes no messages",
    EventType.SINK_RECOVERED: "takes messages again",
}
_OUTCOME: Final[Mapping[str, str]] = {"succeeded": "has succeeded", "failed": "has failed", "canceled": "was canceled"}


def since(event: Event) -> datetime:
    """When its state began."""
    return min(event.time, event.detected_at)


def words_of(event: Event, occasion: Occasion) -> str:
    """What the event's subject is now (`in the queue`); "" where nothing is known of a state that lasts."""
    ended = occasion.by_now.get(event.seq)
    state = state_of(ended) if ended is not None else state_of(event) if occasion.lasted else None
    if state in _OVER:
        return state or ""
    return _IS.get(state, ("", ""))[0] if state is not None else ""


def in_time(found: Story, event: Event, occasion: Occasion) -> Story:
    """The story as it reads on this occasion; as it was where no state lasts."""
    state = state_of(event)
    if occasion.reason is Reason.RESOLVED and occasion.begun is not None:
        return _ended(found, event, occasion.begun)
    if state is None or state not in _IS:
        return found
    if (ended := occasion.by_now.get(event.seq)) is not None:
        return _ended(found, ended, event)
    if not occasion.lasted:
        return found
    span = format_duration((occasion.now - since(event)).total_seconds())
    if state in _OVER:
        happened = f"{found.happened}, {span} ago {occasion.often}".rstrip()
        return replace(found, happened=happened, alone="")
    happened = f"has been {_IS[state][0]} for {span}"
    if occasion.reason is Reason.REMINDER and not occasion.told_to:
        happened = f"is still {_IS[state][0]}, for {span} {occasion.often}".rstrip()
    lines = tuple(Line("Since", line.value) if line.label == "Time" else line for line in found.lines)
    return replace(found, happened=happened, lines=lines, alone="")


def _ended(found: Story, event: Event, begun: Event) -> Story:
    state = state_of(begun)
    end = _END.get(event.type, "")
    if event.type is EventType.JOB_FINISHED:
        outcome = Facts(event.data).text("outcome")
        end = _OUTCOME.get(outcome, "is over")
    if state is None or state not in _IS or not end:
        return found
    lasted = (min(event.time, event.detected_at) - since(begun)).total_seconds()
    after = f" after {format_duration(lasted)} {_IS[state][1]}" if lasted >= 1 else ""
    return replace(found, happened=end + after, alone="")
