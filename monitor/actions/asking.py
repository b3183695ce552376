"""Asking for a deletion: what is known is held against the guard, and the wish is written down; nothing is sent here.

How the commands and policies use it, with and without a daemon, stands at `monitor.actions.deletions.Deletions`."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor import store
from monitor.actions.guard import DELETED, GONE, NEWEST, SAME, unfit
from monitor.actions.telling import told
from monitor.model import Account, Action, ActionState, Asker, KnownJob
from monitor.store import ActionFilter, Connection
from monitor.store.actions import made_together

NEWS_AGAIN = timedelta(hours=1)
"""After it the same refusal is told once more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What came of asking. `action` None: nothing is written down, for nobody knows the job, it is gone already, or the
    account may delete nothing anyway. `reason`: why it is refused, empty where it is not; `again`: it was being deleted
    already, and `action` is that deletion (whoever asked for it)."""

    action: Action | None
    reason: str = ""
    again: bool = False


def look(conn: Connection, account: str, job_id: str, *, forbidden: str) -> str:
    """Why the job would be refused now, empty where it would not be. Reads only: for a dry run. `forbidden`: why
    nothing of the account may be deleted, as in `guard.unfit`."""
    found = store.where_known(conn, account, job_id)
    return _unfit(conn, account, None if found is None else found[2], forbidden)


def ask(
    conn: Connection,
    epoch: str,
    account: Account,
    job_id: str,
    asker: Asker,
    *,
    forbidden: str,
    now: datetime,
    reason: str = "",
) -> Asked:
    """Writes down that the job is to be deleted, or that this was refused, with its event. `reason`: what a policy
    says of it. Who is let through here is looked at once more, as the platform has it, before anything is sent."""
    if (opened := store.open_action(conn, account.name, job_id)) is not None:
        return Asked(action=opened, again=True)
    found = store.where_known(conn, account.name, job_id)
    no = _unfit(conn, account.name, None if found is None else found[2], forbidden)
    if found is None or forbidden or found[2].gone:
        return Asked(action=None, reason=no)
    scope_id, _, known = found
    if no and (before := _said_lately(conn, account.name, known, asker, no, now)) is not None:
        return Asked(action=before, reason=no)
    wanted = Action(
        n=0,
        id=secrets.token_hex(6),
        account=account.name,
        scope_id=scope_id,
        job_id=job_id,
        job_name=known.job.name,
        attempt=known.attempt,
        asker=asker,
        state=ActionState.REFUSED if no else ActionState.REQUESTED,
        reason=no or reason,
        requested_at=now,
        due_at=None if no else now,
        settled_at=now if no else None,
    )
    action = store.add_action(conn, wanted)
    told(conn, epoch, account, action, now=now)
    return Asked(action=action, reason=no)


def _said_lately(
    conn: Connection, account: str, known: KnownJob, asker: Asker, no: str, now: datetime
) -> Action | None:
    """The refusal that the same one has just had for the same reason: nobody hears of it once more."""
    last = next(iter(store.list_actions(conn, ActionFilter(account=account, job_id=known.job.id), limit=1)), None)
    if last is None or (last.attempt, last.asker, last.tries, last.reason) != (known.attempt, asker, 0, no):
        return None
    return last if timedelta(0) <= now - last.requested_at < NEWS_AGAIN else None


def _unfit(conn: Connection, account: str, known: KnownJob | None, forbidden: str) -> str:
    created = known.job.created_at if known is not None else None
    newer = created is not None and store.has_newer_job(conn, account, created)
    no = unfit(known, newer=newer, forbidden=forbidden)
    if no is NEWEST and created is not None and (alike := made_together(conn, account, created)) > 1:
        return SAME.format(alike)
    if no is not GONE or known is None:
        return no
    before = store.last_sent(conn, account, known.job.id)
    if before is None or before.settled_at is None or before.state is not ActionState.DELETED:
        return no
    if before.attempt != known.attempt:
        return no  # it came back since, and somebody else has removed it
    return DELETED.format(f"{before.settled_at:%Y-%m-%d %H:%M} UTC", f"asked for by {before.asker.words}")
