"""The first refusal that no waiting mends ends the run that it happened in: what is left of it is not sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from datetime import datetime

from monitor import diff, store
from monitor.actions import steps
from monitor.actions.telling import move
from monitor.model import Account, Action, ActionState, AskerKind
from monitor.store import ActionFilter, Connection

REMEDY = "only a person may do that, with --yes-delete-many"
"""The end of the reason of a policy that would delete more than half: only let go on it would stop again."""

ALL = 1_000_000
_UNSENT = (ActionState.REQUESTED, ActionState.ARCHIVED)


def stop_run(conn: Connection, epoch: str, account: Account, action: Action, reason: str, *, now: datetime) -> None:
    """Refuses what the same one asked for of the account and was not sent yet; of that people hear once, not job by
    job. Where it is a policy, so it goes to all policies, for they have the same key: each of those stands still from
    now on, until somebody lets it go on. People may ask again as they like."""
    why = f"not tried after the platform refused {action.job_id}: {reason}"
    policies = action.asker.kind is AskerKind.POLICY
    untried: Counter[str] = Counter({action.asker.name: 0} if policies else {})
    wanted = ActionFilter(account=account.name, states=_UNSENT, open=True)
    for other in reversed(store.list_actions(conn, wanted, limit=ALL)):
        alike = other.asker == action.asker or (policies and other.asker.kind is AskerKind.POLICY)
        if alike and other.n != action.n:
            move(conn, epoch, account, other, steps.refused(other, why, now), now=now, quiet=True)
            untried[other.asker.name] += 1
    for policy, jobs in untried.items() if policies else ():
        more = f"; {jobs} {'job was' if jobs == 1 else 'jobs were'} not tried" if jobs else ""
        stop_policy(conn, epoch, policy, f"{reason}{more}", account=account.name, now=now)


def stands_still(conn: Connection, action: Action) -> str:
    """Why the run that the deletion belongs to is over; empty where it is not."""
    if action.asker.kind is not AskerKind.POLICY:
        return ""
    row = store.load_cleanup(conn).get(action.asker.name)
    return f"the policy {action.asker.name} stands still: {row.reason}" if row is not None and row.stopped_at else ""


def switched_off(action: Action, enabled: Collection[str]) -> str:
    """Why the policy that asked for it may delete nothing any more; empty where it may, and where a person asked."""
    if action.asker.kind is not AskerKind.POLICY or action.asker.name in enabled:
        return ""
    return f"the policy {action.asker.name} is not enabled any more"


def let_go_on(conn: Connection, epoch: str, policy: str, why: str, *, by: str | None, now: datetime) -> bool:
    """It is due at once, and people hear that it stands still no longer; False where it did not. `why` and `by` as
    `diff.cleanup_resumed` has them."""
    row = store.load_cleanup(conn).get(policy)
    if row is None or not store.resume_cleanup(conn, policy):
        return False
    draft = diff.cleanup_resumed(policy, why, by=by, reason=row.reason, since=row.stopped_at, now=now)
    store.append_events(conn, epoch, [(draft, store.next_revision(conn, None, draft.subject))])
    return True


def stop_policy(conn: Connection, epoch: str, policy: str, reason: str, *, account: str | None, now: datetime) -> bool:
    """It stands still from now on, and people hear of it; False where it did already."""
    if not store.stop_cleanup(conn, policy, reason, now):
        return False
    draft = diff.cleanup_stopped(policy, reason, account=account, now=now)
    store.append_events(conn, epoch, [(draft, store.next_revision(conn, None, draft.subject))])
    return True
