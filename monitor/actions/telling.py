"""Moves a deletion on and tells of it in one transaction: where it is, its job's revision and the event go together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from monitor import diff, store
from monitor.model import Account, Action, ActionState, EventDraft, KnownJob
from monitor.store import Connection, JobWrite

Tell = Callable[..., EventDraft]
_TOLD: Final[Mapping[ActionState, Tell]] = {
    ActionState.REQUESTED: diff.deletion_requested,
    ActionState.REFUSED: diff.deletion_refused,
    ActionState.FAILED: diff.deletion_failed,
}


def move(
    conn: Connection, epoch: str, account: Account, before: Action, after: Action, *, now: datetime, quiet: bool = False
) -> Action | None:
    """Where the deletion is now, told where people hear of that; None where somebody else has moved it meanwhile.
    `quiet`: it stands in the log, and nobody hears of it."""
    if not store.move_action(conn, before, after):
        return None
    if after.state.settled and not before.state.settled:
        told(conn, epoch, account, after, now=now, quiet=quiet)
    return after


def told(conn: Connection, epoch: str, account: Account, action: Action, *, now: datetime, quiet: bool = False) -> None:
    """Adds the event of the state that the deletion has just come to, if there is one."""
    tell = _TOLD.get(action.state)
    known = store.load_jobs(conn, action.scope_id, [action.job_id]).get(action.job_id)
    if tell is None or known is None:
        return
    after = advanced(conn, action, known)
    _save(conn, action.scope_id, known, after, now)
    draft = replace(tell(account, after, action, now=now), quiet=quiet)
    store.append_events(conn, epoch, [(draft, after.revision)])


def vanished(conn: Connection, epoch: str, account: Account, action: Action, *, now: datetime) -> KnownJob | None:
    """The job is gone because it was deleted: told once, whoever finds it out first. None: somebody was faster."""
    known = store.load_jobs(conn, action.scope_id, [action.job_id]).get(action.job_id)
    if known is None or known.gone:
        return None
    change = diff.job_gone(known, diff.outside_polls(account, now))
    after = advanced(conn, action, replace(change.known, revision=known.revision))
    _save(conn, action.scope_id, known, after, now)
    booked = store.job_usage(conn, action.account, action.job_id, known.job.created_at)
    drafts = [(diff.as_deleted(draft, action, booked), after.revision) for draft in change.drafts]
    store.append_events(conn, epoch, drafts)
    return after


def advanced(conn: Connection, action: Action, known: KnownJob) -> KnownJob:
    """The job with the next revision, beyond what the account's other scopes have told of it, and with what they have
    booked."""
    other = store.load_jobs_elsewhere(conn, action.scope_id, [action.job_id]).get(action.job_id)
    if other is None or other.revision <= known.revision:
        return replace(known, revision=known.revision + 1)
    return replace(other.carried_to(known), revision=other.revision + 1)


def _save(conn: Connection, scope_id: int, before: KnownJob, after: KnownJob, now: datetime) -> None:
    write = JobWrite(known=after, previous_revision=before.revision, hash=None, significant=None)
    store.save_jobs(conn, scope_id, [write], now=now)
