"""What tidying up leaves in a store: how many jobs there may be, deletions in every phase, a policy at rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from monitor import store
from monitor.model import Action, ActionState, Asker, AskerKind, KnownJob, Quota
from monitor.store import Connection, JobWrite
from monitor.store.quotas import QuotaRow, save_quota

ANN = Asker(AskerKind.USER, "ann")
TOKEN = Asker(AskerKind.TOKEN, "web sign-in")
NIGHTLY = Asker(AskerKind.POLICY, "nightly")
REFUSED = "The platform refused it: 403 (ModelArts.0104), deleting is not among this credential's permissions"
PHASES: tuple[tuple[ActionState, Asker, str, int], ...] = (
    (ActionState.DELETED, NIGHTLY, "nightly: it failed, 8d ago", 1),
    (ActionState.DELETED, ANN, "", 2),
    (ActionState.REFUSED, TOKEN, REFUSED, 1),
    (ActionState.FAILED, ANN, "It is still there 30 min after the platform said yes", 3),
    (ActionState.ACCEPTED, NIGHTLY, "nightly: it failed, 4d ago", 1),
    (ActionState.REQUESTED, NIGHTLY, "nightly: it failed, 4d ago", 0),
)


def quota(conn: Connection, account: str, used: int, cap: int | None, at: datetime, *, told: int = 0) -> None:
    save_quota(conn, QuotaRow(account=account, quota=Quota(resource="jobs", used=used, cap=cap, seen_at=at), told=told))


def stopped(conn: Connection, policy: str, at: datetime, reason: str = REFUSED) -> None:
    store.cleanup_ran(conn, policy, at - timedelta(hours=1))
    store.stop_cleanup(conn, policy, reason, at)


def deletions(conn: Connection, scope_id: int, jobs: Sequence[KnownJob], at: datetime) -> None:
    """Of each of the jobs one, in the phases above, the newest last; those that were deleted have left."""
    for number, (known, (state, asker, reason, tries)) in enumerate(zip(jobs, PHASES, strict=False)):
        begun = at - timedelta(minutes=50 - 9 * number)
        deletion(conn, scope_id, known, begun, state=state, asker=asker, reason=reason, tries=tries)
        if state is ActionState.DELETED:
            gone = replace(known, gone=True, revision=known.revision + 1)
            write = JobWrite(known=gone, previous_revision=known.revision, hash=None, significant=None)
            store.save_jobs(conn, scope_id, [write], now=begun)


def deletion(conn: Connection, scope_id: int, known: KnownJob, at: datetime, **facts: Any) -> Action:
    """Of a job of llm-beijing, unless `facts` say otherwise."""
    plain: dict[str, Any] = {
        "n": 0,
        "id": f"deletion-{known.job.id}",
        "account": "llm-beijing",
        "scope_id": scope_id,
        "job_id": known.job.id,
        "job_name": known.job.name,
        "attempt": known.attempt,
        "asker": ANN,
        "state": ActionState.REQUESTED,
        "requested_at": at,
    }
    made = Action(**plain | facts)
    sent = at + timedelta(seconds=2) if made.tries else None
    settled = at + timedelta(seconds=40) if made.state.settled else None
    due = None if settled else at
    return store.add_action(conn, replace(made, sent_at=sent, settled_at=settled, due_at=due))
