"""Carries one deletion one step on: reads the job anew, keeps its record, asks the platform, looks what came of it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial

import structlog

from monitor import store
from monitor.actions import steps
from monitor.actions.guard import ABSENT, STRANGE, changed, unfit
from monitor.actions.ports import Reach
from monitor.actions.stopping import stands_still, stop_run, switched_off
from monitor.actions.telling import move, vanished
from monitor.fields import Clock
from monitor.model import Action, ActionState, Job, JobState, KnownJob, Scope
from monitor.providers.ports import Declined, Malformed
from monitor.store import Connection, StaleWrite, Store
from monitor.store.witnesses import witnesses
from monitor.wire import Fault, FaultKind

WITNESSES = 3
"""Other jobs that are asked for, at most, before a job that is not there counts as deleted."""
FRESH = 15.0
"""Seconds for which what was read of a job says how it is; a request that would leave later does not leave."""
UNWATCHED = "the account does not look at this job any more, as it is configured"
UNREADABLE = "what the platform shows of it cannot be read, so no record of it could be kept"
_log = structlog.get_logger("actions")


class Overtaken(Exception):
    """Somebody else has moved the deletion, or its account was renamed or is another one: whoever has it goes on."""


class Carrier:
    """What is done to one deletion in one go. It may be cancelled at any moment, or killed: what is committed says
    where to go on. Raises Overtaken, StoreError."""

    def __init__(
        self,
        db: Store,
        clock: Clock,
        reach: Reach,
        action: Action,
        scope: Scope,
        enabled: Callable[[], Collection[str]],
    ) -> None:
        """`enabled`: as `Deletions` has it; a reload may change it at any moment."""
        self._db = db
        self._clock = clock
        self._reach = reach
        self._action = action
        self._scope = scope
        self._enabled = enabled
        self._revision = 0

    async def go_on(self) -> None:
        action = self._action
        if action.sent_at is None and (no := self._hopeless()):
            await self._move(steps.refused(action, no, self._clock.now()))
            return
        self._revision = await self._db.read(self._known)
        try:
            raw = await self._reach.read(self._scope, action.job_id)
        except Fault as fault:
            after = steps.unread(action, fault, self._clock.now())
            await self._move(after, ends_run=after.reason if after.state is ActionState.REFUSED else "")
            return
        if raw is None:
            await self._missing()
            return
        self._action = action = steps.in_sight(action)
        if steps.only_watched(action, self._clock.now()):
            await self._move(steps.still_there(action, self._clock.now()))
        elif await self._kept(raw):
            await self._send(fresh_until=self._reach.read_at + FRESH + self._reach.pause)

    def _hopeless(self) -> str:
        """Why nothing is read for it at all."""
        no = steps.begun_too_late(self._action, self._clock.now()) or self._reach.forbidden
        no = no or switched_off(self._action, self._enabled())
        return no or ("" if self._reach.watches(self._scope) else UNWATCHED)

    async def _missing(self) -> None:
        """Where nothing was sent somebody else did it; polling finds out and says so. A key of another workspace is
        told "there is no such job" of one that is there: it counts as deleted only where others are still seen."""
        if self._action.sent_at is None:
            await self._move(steps.refused(self._action, ABSENT, self._clock.now()))
            return
        try:
            seen = await self._sees_others()
        except Fault as fault:
            await self._move(steps.unread(self._action, fault, self._clock.now()))
            return
        now = self._clock.now()
        if not seen:
            if not self._action.reason.endswith(steps.BLIND):
                _log.warning(
                    "nobody can say whether a job is deleted",
                    account=self._action.account,
                    job=self._action.job_id,
                    reason=steps.BLIND,
                )
            await self._move(steps.blind(self._action, now))
            return
        self._action = steps.in_sight(self._action)

        def write(conn: Connection) -> KnownJob | None:
            self._step(conn, steps.deleted(self._action, now))
            return vanished(conn, self._db.epoch, self._reach.account, self._action, now=now)

        known = await self._db.write(write)
        if known is not None:
            self._reach.kept(self._scope, None, known)

    async def _sees_others(self) -> bool:
        def read(conn: Connection) -> list[tuple[Scope, str]]:
            return witnesses(conn, self._action, self._looked_at(conn), WITNESSES)

        for scope, job_id in await self._db.read(read):
            if await self._reach.read(scope, job_id) is not None:
                return True
        return False

    def _looked_at(self, conn: Connection) -> list[int]:
        """Nobody can say whether what is looked at no longer, as the account is configured now, is still there."""
        here = self._action.account
        rows = store.list_scopes(conn)
        return [row.id for row in rows if row.scope.account == here and self._reach.watches(row.scope)]

    async def _kept(self, raw: bytes) -> bool:
        """Commits the record, and what it tells, and whether the job may be deleted as it is now; gives that."""
        job: Job | None
        try:
            job = self._reach.decode(self._scope, raw)
        except Malformed:
            job = None
        if job is None or job.id != self._action.job_id:
            await self._move(self._ended(UNREADABLE))
            return False
        known, after = await self._db.write(partial(self._keep, raw=raw, job=job))
        self._reach.kept(self._scope, raw, known)
        self._action = after
        return not after.state.settled

    def _keep(self, conn: Connection, *, raw: bytes, job: Job) -> tuple[KnownJob, Action]:
        action, now = self._action, self._clock.now()
        self._current(conn)
        if self._known(conn) != self._revision:  # a poll has seen more than this read, or another one may have
            raise StaleWrite(f"Job {action.job_id} has moved since it was read.")
        known = self._reach.keep(conn, action.scope_id, self._scope, raw, now)
        newer = self._has_newer(conn, known)
        no = STRANGE if job.state is JobState.UNKNOWN else changed(action, known)
        no = no or stands_still(conn, action) or switched_off(action, self._enabled())
        no = no or unfit(known, newer=newer, forbidden=self._reach.forbidden)
        if no:
            return known, self._step(conn, self._ended(no))
        store.archive_job(conn, action.scope_id, action.job_id, now)
        return known, self._step(conn, steps.archived(action, now) if action.sent_at is None else action)

    def _has_newer(self, conn: Connection, known: KnownJob) -> bool:
        created, here = known.job.created_at, self._action.account
        return created is not None and store.has_newer_job(conn, here, created, self._looked_at(conn))

    async def _send(self, *, fresh_until: float) -> None:
        """The request is written down before it goes out: whoever is killed in it looks first what came of it."""
        before = self._action
        if self._reach.ended:
            raise Overtaken
        await self._move(steps.sending(before, self._clock.now()))
        sent = self._action
        within = fresh_until - self._clock.monotonic()
        try:
            gone = await self._reach.delete(self._scope, sent.job_id, within=within)
        except Declined as no:
            await self._move(steps.declined(sent, str(no), self._clock.now()), ends_run="" if no.job_only else str(no))
        except Fault as fault:
            await self._unanswered(before, sent, fault)
        else:
            if gone:
                await self._missing()
            else:
                await self._move(steps.accepted(sent, self._clock.now()))

    async def _unanswered(self, before: Action, sent: Action, fault: Fault) -> None:
        now = self._clock.now()
        if fault.kind in steps.REFUSALS:
            await self._move(steps.declined(sent, fault.message, now), ends_run=fault.message)
        elif not fault.sent:
            await self._move(steps.unsent(before, fault, now))
        elif fault.kind is FaultKind.THROTTLED:
            await self._move(steps.throttled(sent, fault, now))
        else:
            await self._move(steps.unclear(sent, now))

    def _ended(self, reason: str) -> Action:
        """Refused where nothing went out, else failed: nobody knows what comes of what did."""
        end = steps.refused if self._action.sent_at is None else steps.failed
        return end(self._action, reason, self._clock.now())

    async def _move(self, after: Action, *, ends_run: str = "") -> None:
        """`ends_run`: what would come of all others too that the same one asked for."""

        def write(conn: Connection) -> Action:
            moved = self._step(conn, after)
            if ends_run:
                stop_run(conn, self._db.epoch, self._reach.account, moved, ends_run, now=self._clock.now())
            return moved

        self._action = await self._db.write(write)

    def _step(self, conn: Connection, after: Action) -> Action:
        self._current(conn)
        moved = move(conn, self._db.epoch, self._reach.account, self._action, after, now=self._clock.now())
        if moved is None:
            raise Overtaken
        return moved

    def _known(self, conn: Connection) -> int:
        """How often what is known of the job has changed."""
        known = store.load_jobs(conn, self._action.scope_id, [self._action.job_id]).get(self._action.job_id)
        return known.revision if known is not None else 0

    def _current(self, conn: Connection) -> None:
        found = store.get_action(conn, self._action.id)
        if found is None or found.account != self._reach.account.name:
            raise Overtaken
