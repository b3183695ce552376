"""States that last: how long they have, that they still do, what they came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from monitor.fields.duration import format_duration
from monitor.model import Event, EventType, Reason
from monitor.rules.holding import state_of
from monitor.rules.message.facts import Facts, clock
from monitor.rules.message.occasion import Occasion
from monitor.rules.message.story import Line, Story

_IS: Final[Mapping[str, tuple[str, str]]] = {
    "pending": ("pending", "of waiting"),
    "queued": ("in the queue", "in the queue"),
    "running": ("running", "of running"),
    "stopping": ("stopping", "of stopping"),
    "succeeded": ("over (succeeded)", "of being over"),
    "failed": ("over (failed)", "of being over"),
    "canceled": ("over (canceled)", "of being over"),
    "finished": ("over", "of being over"),
    "reopened": ("open again", "of being open again"),
    "gone": ("gone from the platform", "of being gone"),
    "deleted": ("deleted from the platform", "of being deleted"),
    "soldout": ("sold out", "sold out"),
    "normal": ("in stock", "in stock"),
    "listed": ("on offer", "on offer"),
    "delisted": ("off the catalogue", "off the catalogue"),
    "unreachable": ("unreachable", "out of reach"),
    "unauthorized": ("refused by the platform", "of being refused"),
    "well": ("reachable again", "of being reachable"),
    "failing": ("failing", "of failing"),
    "delivering": ("delivering", "of delivering"),
    "standing still": ("standing still", "of standing still"),
    "at work": ("at work", "of being at work"),
    "reached": ("near or beyond its amount", "near or beyond its amount"),
    "renewed": ("renewed", "of being renewed"),
    "near its cap": ("near its cap", "near its cap"),
    "eased": ("below its cap again", "of being below its cap"),
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
    EventType.JOB_DELETED: "was deleted from the platform",
    EventType.FLAVOR_SOLD_OUT: "is sold out",
    EventType.FLAVOR_RESTOCKED: "is in stock again",
    EventType.FLAVOR_LISTED: "is offered again",
    EventType.FLAVOR_DELISTED: "is no longer offered",
    EventType.ACCOUNT_UNREACHABLE: "cannot be reached",
    EventType.ACCOUNT_UNAUTHORIZED: "is refused by the platform",
    EventType.ACCOUNT_RECOVERED: "can be read again",
    EventType.SINK_FAILING: "takes no messages",
    EventType.SINK_RECOVERED: "takes messages again",
    EventType.CLEANUP_STOPPED: "has stopped",
    EventType.CLEANUP_RESUMED: "goes on",
    EventType.BUDGET_REACHED: "has reached a threshold",
    EventType.BUDGET_RENEWED: "has room again",
    EventType.QUOTA_REACHED: "is near its cap of jobs",
    EventType.QUOTA_EASED: "has room for jobs again",
}
_OUTCOME: Final[Mapping[str, str]] = {"succeeded": "has succeeded", "failed": "has failed", "canceled": "was canceled"}


def since(event: Event) -> datetime:
    """When its state began."""
    return min(event.time, event.detected_at)


def lasted(event: Event, occasion: Occasion) -> float:
    """Seconds that have really passed since the event's state began, as far as can be known."""
    return (occasion.now - since(event)).total_seconds() - occasion.set_by.get(event.seq, 0.0)


def _between(begun: Event, end: Event, occasion: Occasion) -> float:
    """The same until another event. Where our clock was set between them, the end counts as of when it was seen: the
    platform's clock and ours cannot be told apart by then."""
    set_by = occasion.set_by.get(begun.seq, 0.0) - occasion.set_by.get(end.seq, 0.0)
    return ((end.detected_at if set_by else since(end)) - since(begun)).total_seconds() - set_by


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
        return _ended(found, event, occasion.begun, occasion)
    if state is None or state not in _IS:
        return found
    if (ended := occasion.by_now.get(event.seq)) is not None:
        return _ended(found, ended, event, occasion)
    if not occasion.lasted:
        return found
    seconds = lasted(event, occasion)
    span = format_duration(seconds)
    if state in _OVER:
        happened = f"{found.happened}, {span} ago {occasion.often}".rstrip()
        return replace(found, happened=happened, alone="")
    happened = f"has been {_IS[state][0]} for {span}"
    if occasion.reason is Reason.REMINDER and not occasion.told_to:
        happened = f"is still {_IS[state][0]}, for {span} {occasion.often}".rstrip()
    begun = clock(occasion.now - timedelta(seconds=seconds)) if occasion.set_by.get(event.seq) else None
    lines = tuple(Line("Since", begun or line.value) if line.label == "Time" else line for line in found.lines)
    return replace(found, happened=happened, lines=lines, alone="")


def _ended(found: Story, event: Event, begun: Event, occasion: Occasion) -> Story:
    state = state_of(begun)
    end = _END.get(event.type, "")
    if event.type is EventType.JOB_FINISHED:
        outcome = Facts(event.data).text("outcome")
        end = _OUTCOME.get(outcome, "is over")
    if state is not None and state in _IS and state_of(event) in (None, state):
        return _narrowed(found, state, begun, occasion)
    if state is None or state not in _IS or not end:
        return found
    seconds = _between(begun, event, occasion)
    after = f" after {format_duration(seconds)} {_IS[state][1]}" if seconds >= 1 else ""
    return replace(found, happened=end + after, alone="")


def _narrowed(found: Story, state: str, begun: Event, occasion: Occasion) -> Story:
    """It is in its state still, but not as the rule's `while` asks."""
    lines = (Line("Meaning", "the state lasts, but the rule's `while` is not true any more"), *found.lines)
    span = format_duration(lasted(begun, occasion))
    happened = f"does not meet the rule's condition any more, {_IS[state][0]} for {span}"
    return replace(found, happened=happened, lines=lines, alone="", more="")
