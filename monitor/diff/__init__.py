"""Observations x known state -> events. Pure: no I/O, no clock, no database; the time is an argument."""

from monitor.diff.accounts import (
    baselined,
    malformed,
    recovered,
    unauthorized,
    unreachable,
    unrecognised,
    view_shrunk,
)
from monitor.diff.context import FlavorChange, FlavorContext, JobChange, JobContext, outside_polls
from monitor.diff.deletions import (
    as_deleted,
    cleanup_resumed,
    cleanup_stopped,
    deletion_failed,
    deletion_refused,
    deletion_requested,
)
from monitor.diff.flapping import flavor_flapping
from monitor.diff.flavors import diff_flavor, flavor_delisted
from monitor.diff.jobs import diff_job, job_gone, job_missing
from monitor.diff.own import (
    config_rejected,
    config_reloaded,
    deliveries_dead,
    delivery_dead,
    monitor_started,
    monitor_stopped,
    rule_failed,
    sink_failing,
    sink_recovered,
    store_degraded,
    template_failed,
)
from monitor.diff.people import acknowledged, silence_added, silence_ended, snoozed
from monitor.diff.quotas import quota_eased, quota_reached
from monitor.diff.significant import significant
from monitor.diff.stock import is_settled
from monitor.diff.usage import usage_event, usage_still_absent

__all__ = [
    "FlavorChange",
    "FlavorContext",
    "JobChange",
    "JobContext",
    "acknowledged",
    "as_deleted",
    "baselined",
    "cleanup_resumed",
    "cleanup_stopped",
    "config_rejected",
    "config_reloaded",
    "deletion_failed",
    "deletion_refused",
    "deletion_requested",
    "deliveries_dead",
    "delivery_dead",
    "diff_flavor",
    "diff_job",
    "flavor_delisted",
    "flavor_flapping",
    "is_settled",
    "job_gone",
    "job_missing",
    "malformed",
    "monitor_started",
    "monitor_stopped",
    "outside_polls",
    "quota_eased",
    "quota_reached",
    "recovered",
    "rule_failed",
    "significant",
    "silence_added",
    "silence_ended",
    "sink_failing",
    "sink_recovered",
    "snoozed",
    "store_degraded",
    "template_failed",
    "unauthorized",
    "unreachable",
    "unrecognised",
    "usage_event",
    "usage_still_absent",
    "view_shrunk",
]
