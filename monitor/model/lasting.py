"""Which event types set a state of their subject, what that state is called, and which states mostly never end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from monitor.model.event import EventType

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
    EventType.BUDGET_REACHED: "reached",
    EventType.BUDGET_RENEWED: "renewed",
    EventType.QUOTA_REACHED: "near its cap",
    EventType.QUOTA_EASED: "eased",
}
"""The state lasts until another event of the same subject sets another one."""

ENDLESS: Final = frozenset(
    {
        EventType.JOB_FINISHED,
        EventType.JOB_GONE,
        EventType.JOB_DELETED,
        EventType.FLAVOR_DELISTED,
        EventType.ACCOUNT_RECOVERED,
        EventType.SINK_RECOVERED,
        EventType.BUDGET_RENEWED,
        EventType.QUOTA_EASED,
    }
)
"""What they begin mostly never ends: a reminder of it would come for ever."""
