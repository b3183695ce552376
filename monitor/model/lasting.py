"""Which event types set a state of their subject, what that state is called, which states mostly never end, and
what the end of a trouble weighs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from monitor.model.event import DEFAULT_SEVERITY, Event, EventType, Severity

_ENDS: Final[Mapping[EventType, EventType]] = {
    EventType.ACCOUNT_RECOVERED: EventType.ACCOUNT_UNREACHABLE,
    EventType.SINK_RECOVERED: EventType.SINK_FAILING,
    EventType.CLEANUP_RESUMED: EventType.CLEANUP_STOPPED,
}

STATE_OF: Final[Mapping[EventType, str]] = {
    EventType.JOB_SUBMITTED: "pending",
    EventType.JOB_QUEUED: "queued",
    EventType.JOB_STARTED: "running",
    EventType.JOB_RESTARTED: "running",
    EventType.JOB_REQUEUED: "queued",
    EventType.JOB_STOPPING: "stopping",
    EventType.JOB_FINISHED: "finished",
    EventType.JOB_REOPENED: "reopened",
    EventType.JOB_GONE: "gone",
    EventType.JOB_DELETED: "deleted",
    EventType.FLAVOR_SOLD_OUT: "soldout",
    EventType.FLAVOR_RESTOCKED: "normal",
    EventType.FLAVOR_LISTED: "listed",
    EventType.FLAVOR_DELISTED: "delisted",
    EventType.ACCOUNT_UNREACHABLE: "unreachable",
    EventType.ACCOUNT_UNAUTHORIZED: "unauthorized",
    EventType.ACCOUNT_RECOVERED: "well",
    EventType.SINK_FAILING: "failing",
    EventType.SINK_RECOVERED: "delivering",
    EventType.CLEANUP_STOPPED: "standing still",
    EventType.CLEANUP_RESUMED: "at work",
    EventType.BUDGET_REACHED: "reached",
    EventType.BUDGET_RENEWED: "renewed",
    EventType.QUOTA_REACHED: "near its cap",
    EventType.QUOTA_EASED: "eased",
}
"""The state lasts until another event of the same subject sets another one."""


def weight(event: Event) -> Severity:
    """What counts where only the severe is told (`min_severity`): that a trouble is over weighs as much as the trouble,
    or whoever heard of the one would wait for the other for ever."""
    begin = _ENDS.get(event.type)
    if event.data.get("was") == "unauthorized" and begin is not None:
        begin = EventType.ACCOUNT_UNAUTHORIZED
    return event.severity if begin is None else max(event.severity, DEFAULT_SEVERITY[begin], key=lambda it: it.rank)


def heaviest(type: EventType) -> Severity:
    """The most that an event of this type weighs, as far as nobody made it more severe."""
    begin = EventType.ACCOUNT_UNAUTHORIZED if type is EventType.ACCOUNT_RECOVERED else _ENDS.get(type, type)
    return DEFAULT_SEVERITY.get(begin, Severity.INFO)


ENDLESS: Final = frozenset(
    {
        EventType.JOB_FINISHED,
        EventType.JOB_GONE,
        EventType.JOB_DELETED,
        EventType.FLAVOR_DELISTED,
        EventType.ACCOUNT_RECOVERED,
        EventType.SINK_RECOVERED,
        EventType.CLEANUP_RESUMED,
        EventType.BUDGET_RENEWED,
        EventType.QUOTA_EASED,
    }
)
"""What they begin mostly never ends: a reminder of it would come for ever."""
