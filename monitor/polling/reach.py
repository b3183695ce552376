"""One account for who acts on its jobs: reads and deletes them through its gates, and keeps what was read as a poll
would have."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from math import inf

from monitor import store
from monitor.diff import significant
from monitor.model import Account, Job, JobState, KnownJob, Quota, Scope
from monitor.polling.ingest import Batch, ingest_jobs
from monitor.polling.jobs import JobsScope
from monitor.polling.loop import WatchLoop
from monitor.polling.memory import Entry, significance
from monitor.polling.sight import Found
from monitor.polling.surroundings import Surroundings
from monitor.polling.watching import AccountWatch
from monitor.providers.options import JobsWatch
from monitor.providers.ports import Declined
from monitor.store import Connection


class AccountReach:
    """As `actions.ports.Reach` and `Capped`. Made for one step; it stays good through a reload that leaves the account
    alone."""

    def __init__(self, watch: AccountWatch, around: Surroundings) -> None:
        self._watch = watch
        self._around = around
        self._read_at = 0.0

    @property
    def account(self) -> Account:
        return self._watch.provider.account

    @property
    def forbidden(self) -> str:
        return self._watch.options.forbids_deleting()

    @property
    def ended(self) -> bool:
        return self._watch.ended

    @property
    def pause(self) -> float:
        return 2.0 / self._watch.options.budget.requests_per_second

    def watches(self, scope: Scope) -> bool:
        return any(loop.scope == scope for loop in self._watch.loops)

    @property
    def scopes(self) -> Sequence[Scope]:
        return [loop.scope for loop in self._job_loops()]

    @property
    def mark(self) -> tuple[object, ...] | None:
        scopes = [loop.watched for loop in self._job_loops()]
        known = [scope for scope in scopes if isinstance(scope, JobsScope) and scope.opened and scope.baselined]
        if not known or len(known) < len(scopes):
            return None
        return tuple((scope.memory, scope.memory.changes) for scope in known)

    @property
    def seen(self) -> bool:
        loops = self._job_loops()
        return bool(loops) and all(loop.seen for loop in loops)

    @property
    def counted(self) -> frozenset[JobState]:
        return self._watch.provider.counted

    @property
    def job_cap(self) -> int | None:
        return self._watch.options.job_cap

    @property
    def sweep_every(self) -> float:
        jobs = [watch for watch in self._watch.options.watches().values() if isinstance(watch, JobsWatch)]
        return min((watch.sweep_every for watch in jobs), default=inf)

    async def quota(self) -> Quota | None:
        return await self._watch.provider.quota()

    async def read(self, scope: Scope, job_id: str) -> bytes | None:
        try:
            return await self._watch.provider.read_job(scope, job_id)
        finally:
            self._read_at = self._watch.gate.sent_at
            if (at_work := self._at_work(scope)) is not None:
                at_work.overtake(job_id)

    @property
    def read_at(self) -> float:
        """Where a poll got through at once behind it this is that one's moment: at most the answer's."""
        return self._read_at

    async def delete(self, scope: Scope, job_id: str, *, within: float) -> bool:
        deleter = self._watch.deleter
        if deleter is None:
            raise RuntimeError("nothing may be deleted with this account")
        deleter.gate.until = self._around.clock.monotonic() + within
        try:
            gone = await deleter.provider.delete_job(scope, job_id)
        finally:
            deleter.gate.until = inf
        if gone and deleter.pace is not self._watch.pace and await self.read(scope, job_id) is not None:
            # A key of another workspace is told "there is no such job" of one that is there.
            text = "the credential for deletions does not see the job, which is still there"
            raise Declined(text, code="not_seen", job_only=False)
        return gone

    def decode(self, scope: Scope, raw: bytes) -> Job:
        return self._watch.provider.decode_job(scope, raw).item

    def keep(self, conn: Connection, scope_id: int, scope: Scope, raw: bytes, now: datetime) -> KnownJob:
        jobs = self._jobs(scope)
        decoded = self._watch.provider.decode_job(scope, raw)
        job = decoded.item
        jobs.row = store.ensure_scope(conn, scope, now=now)
        batch = Batch(
            scope=jobs.row,
            context=jobs.context(now, None),
            news={job.id: Found(job, jobs.memory.digest(raw), significance(significant(job)))},
            drift=decoded.drift,
            refresh=jobs.refreshing,
        )
        ingest_jobs(conn, batch, epoch=self._around.store.epoch, prices=self._around.prices)
        return store.load_jobs(conn, scope_id, [job.id])[job.id]

    def kept(self, scope: Scope, raw: bytes | None, known: KnownJob) -> None:
        at_work = self._at_work(scope)
        if at_work is None:
            return
        if known.gone or raw is None:
            at_work.memory.drop(known.job.id)
            return
        job, before = self.decode(scope, raw), at_work.memory.by_id(known.job.id)
        created = job.created_at.timestamp() if job.created_at else 0.0
        digest, meaning = at_work.memory.digest(raw), significance(significant(job))
        fresh = Entry(job.id, digest, meaning, not known.job.state.terminal, created)
        fresh.usage_due = known.usage_due
        fresh.poll, fresh.sweep = (before.poll, before.sweep) if before is not None else (0, at_work.lens.sweep)
        at_work.memory.put(fresh)

    def _job_loops(self) -> list[WatchLoop]:
        return [loop for loop in self._watch.loops if loop.scope.watch == "jobs"]

    def _at_work(self, scope: Scope) -> JobsScope | None:
        """The scope as it is polled; None while nobody does."""
        for loop in self._watch.loops:
            if loop.scope == scope and isinstance(loop.watched, JobsScope):
                return loop.watched
        return None

    def _jobs(self, scope: Scope) -> JobsScope:
        """A scope of one's own: the one that is polled changes only with its polls."""
        options = self._watch.options
        watch = options.watches()[scope.watch]
        assert isinstance(watch, JobsWatch)
        return JobsScope(self._watch.provider, options, watch, self._around)
