"""Frozen types of the domain. Standard library only: no I/O, no clock, no database."""

from monitor.model.account import Account, Scope, sweep_name, watch_name
from monitor.model.action import Action, ActionState, Asker, AskerKind, Quota
from monitor.model.event import DEFAULT_SEVERITY, Event, EventDraft, EventType, Severity, event_id, rfc3339, silent
from monitor.model.flavor import NORMAL, SOLD_OUT, Catalogue, Flavor
from monitor.model.job import Job, JobError, JobState
from monitor.model.known import BookedTime, KnownFlavor, KnownJob, KnownStock
from monitor.model.message import Delivery, DeliveryState, Notification, Outcome, Reason, Receipt, Text
from monitor.model.usage import Usage, hours, hours_text

__all__ = [
    "DEFAULT_SEVERITY",
    "NORMAL",
    "SOLD_OUT",
    "Account",
    "Action",
    "ActionState",
    "Asker",
    "AskerKind",
    "BookedTime",
    "Catalogue",
    "Delivery",
    "DeliveryState",
    "Event",
    "EventDraft",
    "EventType",
    "Flavor",
    "Job",
    "JobError",
    "JobState",
    "KnownFlavor",
    "KnownJob",
    "KnownStock",
    "Notification",
    "Outcome",
    "Quota",
    "Reason",
    "Receipt",
    "Scope",
    "Severity",
    "Text",
    "Usage",
    "event_id",
    "hours",
    "hours_text",
    "rfc3339",
    "silent",
    "sweep_name",
    "watch_name",
]
