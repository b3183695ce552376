"""Deletions as last committed: written down before anything is asked of a platform, moved on by compare-and-set."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, exists, func, insert, or_, select, update

from monitor.model import Action, ActionState, Asker, AskerKind, KnownJob, Scope
from monitor.store import counters
from monitor.store.columns import EPOCH, whole_ms
from monitor.store.jobs import decode_job
from monitor.store.scopes import scope_of
from monitor.store.tables import actions, jobs, scopes
from monitor.store.walk import unindexed

COUNTER = "action"
FEW = 20
_ON_ITS_WAY = (ActionState.SENT.value, ActionState.ACCEPTED.value)
_NOT_SAID_NO = (*_ON_ITS_WAY, ActionState.FAILED.value, ActionState.DELETED.value)
_MOVING = ("state", "reason", "tries", "sent_at", "due_at", "settled_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionFilter:
    """What of the deletions is wanted; None: any. `open`: not settled yet."""

    account: str | None = None
    job_id: str | None = None
    ids: Collection[str] | None = None
    asker: Asker | None = None
    states: Collection[ActionState] | None = None
    open: bool | None = None


def add_action(conn: Connection, action: Action) -> Action:
    """Stores it under the next number, which takes the place of `n`. Raises StoreConflict (at the caller of
    `Store.write`) where another one of its job is open."""
    n = counters.take(conn, COUNTER, 1)
    fixed = ("id", "account", "scope_id", "job_id", "job_name", "attempt", "requested_at")
    values = {name: getattr(action, name) for name in (*fixed, *_MOVING)}
    values |= {"n": n, "asked_kind": action.asker.kind.value, "asked_by": action.asker.name}
    conn.execute(insert(actions).values(values | {"state": action.state.value}))
    return _one(conn, actions.c.n == n) or action


def move_action(conn: Connection, before: Action, after: Action) -> bool:
    """Stores where it is now, if nobody has moved it since `before`."""
    values = {name: getattr(after, name) for name in _MOVING} | {"state": after.state.value}
    same = (actions.c.state == before.state.value, actions.c.tries == before.tries)
    return conn.execute(update(actions).where(actions.c.n == before.n, *same).values(values)).rowcount == 1


def get_action(conn: Connection, id: str) -> Action | None:
    return _one(conn, actions.c.id == id)


def get_actions(conn: Connection, ids: Collection[str]) -> list[Action]:
    """Those of them that there are, the oldest first."""
    return _rows(conn, select(actions).where(actions.c.id.in_(list(ids))).order_by(actions.c.n))


def open_action(conn: Connection, account: str, job_id: str) -> Action | None:
    """The one deletion of the job that is not settled."""
    of = (actions.c.account == account, actions.c.job_id == job_id)
    return _one(conn, *of, actions.c.settled_at.is_(None))


def last_sent(conn: Connection, account: str, job_id: str) -> Action | None:
    """The newest deletion of the job of which the platform may know, unless it said no: whatever makes the job vanish
    now, this did. One that is DELETED did so before."""
    sent = (actions.c.sent_at.is_not(None), actions.c.state.in_(_NOT_SAID_NO))
    of = (actions.c.account == account, actions.c.job_id == job_id)
    newest = select(func.max(actions.c.n)).where(*of, *sent)
    return _one(conn, actions.c.n == newest.scalar_subquery())


def deleted_jobs(conn: Connection, account: str, job_ids: Collection[str]) -> dict[str, Action]:
    """By job: the deletion that made it leave, of those of these jobs that were deleted, the last one."""
    of = (actions.c.account == account, actions.c.job_id.in_(list(job_ids)))
    done = (
        select(actions).where(*of, actions.c.state == ActionState.DELETED.value).order_by(actions.c.job_id, actions.c.n)
    )
    return {action.job_id: action for action in _rows(conn, done)}


def leaving_jobs(conn: Connection, account: str) -> set[str]:
    """The jobs of the account that are about to vanish because the platform was asked to delete them."""
    on_its_way = (actions.c.settled_at.is_(None), actions.c.state.in_(_ON_ITS_WAY))
    return set(conn.execute(select(actions.c.job_id).where(actions.c.account == account, *on_its_way)).scalars())


def due_actions(conn: Connection, account: str, now: datetime) -> list[Action]:
    """The first of those that may be gone on with: what is on its way before what is not, then what is due for
    longest, then what was asked for first."""
    due = (actions.c.account == account, actions.c.settled_at.is_(None), actions.c.due_at <= now)
    order = (actions.c.sent_at.is_(None), actions.c.due_at, actions.c.n)
    return _rows(conn, select(actions).where(*due).order_by(*order).limit(FEW))


def hasten_actions(conn: Connection, account: str, now: datetime) -> None:
    """All that is open of the account is due now."""
    later = (actions.c.account == account, actions.c.settled_at.is_(None), actions.c.due_at > now)
    conn.execute(update(actions).where(*later).values(due_at=now))


def actions_due_at(conn: Connection) -> dict[str, datetime]:
    """By account: when the first of its open deletions is due."""
    query = select(actions.c.account, func.min(actions.c.due_at)).where(actions.c.settled_at.is_(None))
    return {account: due or EPOCH for account, due in conn.execute(query.group_by(actions.c.account))}


def settled_for_policies(conn: Connection, since: datetime, states: Collection[ActionState]) -> list[Action]:
    """What came to one of these states since then and concerns policies, the oldest first: what they asked for, and
    what went out to the platform, whoever asked."""
    theirs = or_(actions.c.asked_kind == AskerKind.POLICY.value, actions.c.tries > 0)
    query = select(actions).where(actions.c.settled_at >= since, theirs)
    return _rows(conn, query.where(actions.c.state.in_([state.value for state in states])).order_by(actions.c.n))


def list_actions(
    conn: Connection, wanted: ActionFilter = ActionFilter(), *, before: int | None = None, limit: int = 100
) -> list[Action]:
    """The newest first; `before`: only those of a smaller number."""
    query = _filtered(wanted)
    if before is not None:
        query = query.where(actions.c.n < before)
    return _rows(conn, query.order_by(actions.c.n.desc()).limit(limit))


def where_known(conn: Connection, account: str, job_id: str) -> tuple[int, Scope, KnownJob] | None:
    """The scope that knows the job, of several the one that saw it last, those that have it not gone first."""
    columns = (jobs.c.scope_id, scopes.c.account, scopes.c.watch, scopes.c.key, scopes.c.workspace, jobs.c.doc)
    query = select(*columns).join_from(jobs, scopes)
    query = query.where(jobs.c.job_id == job_id, unindexed(jobs.c.account) == account)
    found = conn.execute(query.order_by(jobs.c.gone, jobs.c.changed_at.desc(), jobs.c.id.desc()).limit(1)).one_or_none()
    return None if found is None else (found.scope_id, scope_of(found), decode_job(found.doc))


def archive_job(conn: Connection, scope_id: int, job_id: str, at: datetime) -> None:
    """The job's row is kept from now on as long as a deletion of it is, which retention removes with it."""
    of = (jobs.c.scope_id == scope_id, jobs.c.job_id == job_id)
    conn.execute(update(jobs).where(*of).values(archived_at=at))


def has_newer_job(
    conn: Connection, account: str, created_at: datetime, looked_at: Collection[int] | None = None
) -> bool:
    """Whether the account has a job that was created later and is not gone. `looked_at`: only those of these scopes."""
    newer = [jobs.c.account == account, jobs.c.gone.is_(False), jobs.c.created_at > whole_ms(created_at)]
    if looked_at is not None:
        newer.append(jobs.c.scope_id.in_(looked_at))
    return bool(conn.execute(select(exists(select(1).where(*newer)))).scalar_one())


def made_together(conn: Connection, account: str, created_at: datetime) -> int:
    """How many jobs of the account that are not gone were created at that moment."""
    alike = (jobs.c.account == account, jobs.c.gone.is_(False), jobs.c.created_at == whole_ms(created_at))
    return int(conn.execute(select(func.count()).select_from(jobs).where(*alike)).scalar_one())


def _filtered(wanted: ActionFilter) -> Select[Any]:
    query = select(actions)
    if wanted.account is not None:
        query = query.where(actions.c.account == wanted.account)
    if wanted.job_id is not None:
        query = query.where(actions.c.job_id == wanted.job_id)
    if wanted.ids is not None:
        query = query.where(actions.c.id.in_(list(wanted.ids)))
    if wanted.asker is not None:
        query = query.where(actions.c.asked_kind == wanted.asker.kind.value, actions.c.asked_by == wanted.asker.name)
    if wanted.states is not None:
        query = query.where(actions.c.state.in_([state.value for state in wanted.states]))
    if wanted.open is not None:
        query = query.where(actions.c.settled_at.is_(None) if wanted.open else actions.c.settled_at.is_not(None))
    return query


def _one(conn: Connection, *conditions: Any) -> Action | None:
    return next(iter(_rows(conn, select(actions).where(*conditions))), None)


def _rows(conn: Connection, query: Select[Any]) -> list[Action]:
    rows: Sequence[Row[Any]] = conn.execute(query).all()
    return [_action(row) for row in rows]


def _action(row: Row[Any]) -> Action:
    return Action(
        n=row.n,
        id=row.id,
        account=row.account,
        scope_id=row.scope_id,
        job_id=row.job_id,
        job_name=row.job_name,
        attempt=row.attempt,
        asker=Asker(AskerKind(row.asked_kind), row.asked_by),
        state=ActionState(row.state),
        reason=row.reason,
        tries=row.tries,
        requested_at=row.requested_at,
        sent_at=row.sent_at,
        due_at=row.due_at,
        settled_at=row.settled_at,
    )
