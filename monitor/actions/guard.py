"""What may never be deleted, whoever asks: held against what is known when it is asked for, and again just before."""

from __future__ import annotations

from monitor.model import Action, KnownJob

UNKNOWN = "no job of this account has this id, as far as the monitor knows"
GONE = "it is gone from the platform already"
ABSENT = "the platform says that it has no such job; nothing was sent"
DELETED = "it was deleted already, {} ({})"
NEWEST = "it is the newest job of its account, which is never deleted"
SAME = "it is one of {} jobs that were created last, at the same moment; the newest is never deleted"
UNDATED = "the platform does not say when it was created, so it may be the newest of its account"
RUNNING = "it is {}; only a job that is over may be deleted"
RESTARTED = "it was restarted after its deletion was asked for"
UNBOOKED = "the platform has not said yet what it used, which would be lost with it; ask again in half an hour"
STRANGE = "its state is one that the monitor does not know"


def unfit(known: KnownJob | None, *, newer: bool, forbidden: str) -> str:
    """Why the job may not be deleted; empty where it may. `newer`: the account has a job that was created later;
    `forbidden`: why nothing of the account may be deleted."""
    if known is None:
        return UNKNOWN
    if forbidden:
        return forbidden
    if known.gone:
        return GONE
    if not known.job.state.terminal:
        return RUNNING.format(known.job.state.value)
    if known.job.created_at is None:
        return UNDATED
    if not newer:
        return NEWEST
    return UNBOOKED if known.usage_due is not None else ""


def changed(action: Action, known: KnownJob) -> str:
    """Why the job is not the one any more of which somebody said that it may go; empty where it is."""
    return RESTARTED if known.attempt != action.attempt else ""
