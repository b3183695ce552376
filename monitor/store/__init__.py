"""The only SQL: the state, the event log, notifications and deliveries, on SQLite or PostgreSQL."""

from sqlalchemy import Connection

from monitor.store.accounts import (
    Health,
    bad_signatures,
    first_sight,
    load_health,
    save_health,
    set_bad_signatures,
    signatures_changed_at,
)
from monitor.store.backlog import backlog, collapse, kill_sink
from monitor.store.bookings import BookingRow, book
from monitor.store.check import StoreCheck, check
from monitor.store.deliveries import claim, next_due, recover_claims, settle
from monitor.store.delivery_list import (
    AttemptRow,
    DeliveryRecord,
    DeliveryRow,
    count_deliveries,
    get_delivery,
    list_deliveries,
)
from monitor.store.delivery_page import DeliveryFilter, oldest_waiting, page_deliveries
from monitor.store.engine import Store, open_store
from monitor.store.errors import (
    NewerDatabase,
    NotADatabase,
    NotMigrated,
    StaleWrite,
    StoreClosed,
    StoreConflict,
    StoreError,
    StoreFull,
    StoreLocked,
    StoreMissing,
    StoreUnavailable,
)
from monitor.store.event_page import EventFilter, page_events
from monitor.store.event_query import read_events
from monitor.store.events import append_events, get_event, last_seq, next_revision
from monitor.store.flavors import (
    FlavorRecord,
    FlavorWrite,
    get_flavors,
    list_flavors,
    load_flavors,
    revisions_elsewhere,
    save_flavors,
)
from monitor.store.hidden import HiddenRow, HiddenWrite, hidden_by, hidden_from, hidden_of, write_hidden
from monitor.store.job_list import JobRecord, find_job, get_jobs, list_jobs
from monitor.store.job_page import JobFilter, Owned, count_jobs, page_jobs
from monitor.store.jobs import (
    JobIndex,
    JobWrite,
    Trace,
    count_states,
    load_job_index,
    load_jobs,
    load_jobs_elsewhere,
    save_jobs,
)
from monitor.store.migrate import upgrade
from monitor.store.names import Rename, epoch_of, rename
from monitor.store.notification_list import (
    NotificationFilter,
    NotificationRow,
    get_notification,
    last_told,
    notifications_of,
    page_notifications,
)
from monitor.store.notifications import NotificationWrite, delivery_id, write_notifications
from monitor.store.renewal import CHANGEABLE, RENEWABLE, give_up, hold_delivery, renew
from monitor.store.rules import get_cursor, load_rule_state, save_rule_state, set_cursor
from monitor.store.scopes import ScopeRow, ensure_scope, list_scopes, update_scope
from monitor.store.silences import SilenceRow, add_silence, end_silence, get_silence, list_silences
from monitor.store.usage_sums import UsageRow, UsageSum, sum_usage, usage
from monitor.store.walk import Place

__all__ = [
    "CHANGEABLE",
    "RENEWABLE",
    "AttemptRow",
    "BookingRow",
    "Connection",
    "DeliveryFilter",
    "DeliveryRecord",
    "DeliveryRow",
    "EventFilter",
    "FlavorRecord",
    "FlavorWrite",
    "Health",
    "HiddenRow",
    "HiddenWrite",
    "JobFilter",
    "JobIndex",
    "JobRecord",
    "JobWrite",
    "NewerDatabase",
    "NotADatabase",
    "NotMigrated",
    "NotificationFilter",
    "NotificationRow",
    "NotificationWrite",
    "Owned",
    "Place",
    "Rename",
    "ScopeRow",
    "SilenceRow",
    "StaleWrite",
    "Store",
    "StoreCheck",
    "StoreClosed",
    "StoreConflict",
    "StoreError",
    "StoreFull",
    "StoreLocked",
    "StoreMissing",
    "StoreUnavailable",
    "Trace",
    "UsageRow",
    "UsageSum",
    "add_silence",
    "append_events",
    "backlog",
    "bad_signatures",
    "book",
    "check",
    "claim",
    "collapse",
    "count_deliveries",
    "count_jobs",
    "count_states",
    "delivery_id",
    "end_silence",
    "ensure_scope",
    "epoch_of",
    "find_job",
    "first_sight",
    "get_cursor",
    "get_delivery",
    "get_event",
    "get_flavors",
    "get_jobs",
    "get_notification",
    "get_silence",
    "give_up",
    "hidden_by",
    "hidden_from",
    "hidden_of",
    "hold_delivery",
    "kill_sink",
    "last_seq",
    "last_told",
    "list_deliveries",
    "list_flavors",
    "list_jobs",
    "list_scopes",
    "list_silences",
    "load_flavors",
    "load_health",
    "load_job_index",
    "load_jobs",
    "load_jobs_elsewhere",
    "load_rule_state",
    "next_due",
    "next_revision",
    "notifications_of",
    "oldest_waiting",
    "open_store",
    "page_deliveries",
    "page_events",
    "page_jobs",
    "page_notifications",
    "read_events",
    "recover_claims",
    "rename",
    "renew",
    "revisions_elsewhere",
    "save_flavors",
    "save_health",
    "save_jobs",
    "save_rule_state",
    "set_bad_signatures",
    "set_cursor",
    "settle",
    "signatures_changed_at",
    "sum_usage",
    "update_scope",
    "upgrade",
    "usage",
    "write_hidden",
    "write_notifications",
]
