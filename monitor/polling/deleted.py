"""A job that a poll finds gone: the platform was asked to delete it, or somebody else did; told as what it was."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from monitor import diff, store
from monitor.diff import JobChange
from monitor.model import ActionState, EventType
from monitor.store import Connection, StaleWrite


def by_whom(conn: Connection, account: str, change: JobChange, *, now: datetime) -> JobChange:
    """The change with `job.deleted` for `job.gone` where a deletion of the job went out, which is settled with it: the
    event is told once, by whoever finds out first. Without either where `job.deleted` was told before: a listing may
    show a job a while longer than its own read does. Raises StaleWrite where somebody has just moved the deletion."""
    if not any(draft.type is EventType.JOB_GONE for draft in change.drafts):
        return change
    action = store.last_sent(conn, account, change.known.job.id)
    if action is None or (action.state.settled and action.attempt != change.known.attempt):
        return change
    if action.state is ActionState.DELETED:
        return replace(change, drafts=tuple(each for each in change.drafts if each.type is not EventType.JOB_GONE))
    done = replace(action, state=ActionState.DELETED, reason="", due_at=None, settled_at=now)
    if not store.move_action(conn, action, done):
        raise StaleWrite(f"The deletion {action.id} has moved since it was read.")
    booked = store.job_usage(conn, account, action.job_id, change.known.job.created_at)
    drafts = (
        diff.as_deleted(draft, done, booked) if draft.type is EventType.JOB_GONE else draft for draft in change.drafts
    )
    return replace(change, drafts=tuple(drafts))
