"""The sweep: the whole listing, a page at a time between polls; what it does not show is asked for, then gone."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from monitor import diff, store
from monitor.model import Action, ActionState
from monitor.polling.ingest import Rereading
from monitor.polling.jobs import JobsScope
from monitor.polling.memory import Entry
from monitor.polling.walk import Pages
from monitor.providers.ports import JobPage
from monitor.store import Connection
from monitor.store.witnesses import witnesses

AT_MOST_EVERY = 300.0
"""Seconds between two sweeps that polls asked for: a platform whose order or total never fits costs no more."""
SHRUNK_JOBS, SHRUNK_SHARE = 10, 0.2
"""More than both gone at once is a view that shrank (a key, a permission), not that many deletions."""

WITNESSES = 50
"""Known jobs that the listing is searched for, of which one shows that it is of the place that was known."""


class Sweep:
    """Drives one scope's sweeps step by step; `step` makes at most one request more than its page needs."""

    def __init__(self, jobs: JobsScope) -> None:
        self._jobs = jobs
        self._pages: Pages | None = None
        self._page: JobPage | None = None
        self._doubted: list[Entry] | None = None
        self._shrunk: frozenset[str] | None = None
        self._total: int | None = None
        self._hurried: dict[str, float] = {}
        """Missing jobs that a sweep was begun for, and when."""

    @property
    def running(self) -> bool:
        return self._page is not None or self._doubted is not None

    def due(self) -> bool:
        """Whether a sweep should begin: by the clock, because a poll asked for one, or at once for an active job that
        has just gone missing."""
        swept = self._jobs.row.swept_at
        if swept is None or self._urgent():
            return True
        wait = self._jobs.watch.sweep_every
        if self._jobs.wants_sweep:
            wait = min(wait, AT_MOST_EVERY)
        return self._jobs.around.clock.now() - swept >= timedelta(seconds=wait)

    async def step(self) -> bool:
        """One page, or one doubted job. True while there is more. A fault abandons the sweep; the next poll starts
        another. Raises wire.Fault or store.StoreError."""
        try:
            if self._doubted is not None:
                return await self._ask()
            return await self._turn()
        except BaseException:
            self._page = self._doubted = None
            raise

    def _urgent(self) -> bool:
        """A job that goes on missing (a view that shrank, a listing that shows what a read denies) hurries nobody
        twice within five minutes."""
        before = self._jobs.around.clock.monotonic() - AT_MOST_EVERY
        missing = [entry.id for entry in self._jobs.active_entries() if entry.missing]
        return any(self._hurried.get(job_id, before) <= before for job_id in missing)

    async def _turn(self) -> bool:
        jobs = self._jobs
        sight = jobs.sight()
        page = await self._next()
        jobs.lens.look(page.items, sight)
        if sight:
            await jobs.commit(sight, {}, date=page.date)
        self._total = page.total
        if page.next is not None:
            self._page = page
            return True
        self._page = None
        return await self._compare()

    async def _next(self) -> JobPage:
        """The next page; the first one begins a sweep, which finds out anew how the platform counts its pages."""
        jobs = self._jobs
        if self._page is None or self._pages is None:
            now = jobs.around.clock.monotonic()
            self._hurried = {entry.id: now for entry in jobs.active_entries() if entry.missing}
            jobs.lens.sweep += 1
            self._pages = Pages(jobs.provider, jobs.row.scope, None)
            return await self._pages.first()
        page = await self._pages.next(self._page)
        assert page is not None, "a page without a next one ended the sweep"
        jobs.pages.paging = self._pages.paging or jobs.pages.paging
        return page

    async def _compare(self) -> bool:
        jobs = self._jobs
        doubted = [entry for entry in jobs.memory if entry.sweep < jobs.lens.sweep]
        ids = frozenset(entry.id for entry in doubted)
        if len(ids) > SHRUNK_JOBS:
            ids -= await jobs.around.store.read(partial(store.leaving_jobs, account=jobs.row.scope.account))
        many = len(ids) > SHRUNK_JOBS and len(ids) > SHRUNK_SHARE * len(jobs.memory)
        if many and (self._shrunk is None or not self._shrunk <= ids):
            await self._tell_shrunk(len(ids))
            self._shrunk = ids
            return False
        self._shrunk = None
        self._doubted = doubted or None
        if not doubted:
            await self._finish()
            return False
        return True

    async def _tell_shrunk(self, missing: int) -> None:
        jobs = self._jobs
        known, now = len(jobs.memory), jobs.around.clock.now()
        event = diff.view_shrunk(
            jobs.provider.account,
            watch=jobs.row.scope.watch,
            workspace=jobs.row.scope.workspace,
            missing=missing,
            known=known,
            now=now,
        )
        changes: dict[str, object] = {"swept_at": now, "shrunk": f"{missing} of {known}"}
        told = jobs.row.shrunk is not None
        await jobs.commit(jobs.sight(), {}, date=None, own=() if told else (event,), changes=changes)

    async def _ask(self) -> bool:
        """The second of the two reads that `gone` needs: after the complete listing, the job's own."""
        assert self._doubted is not None
        entry = self._doubted.pop()
        sight = self._jobs.sight()
        others: dict[str, Rereading] = {}
        unvouched = False
        if not await self._jobs.read(entry, sight, {}):
            told, unvouched = await self._judged(entry)
            others |= {entry.id: diff.job_gone} if told else {}
        if sight or others:
            await self._jobs.commit(sight, others, date=None, unvouched=unvouched)
        if self._doubted:
            return True
        self._doubted = None
        await self._finish()
        return False

    async def _judged(self, entry: Entry) -> tuple[bool, bool]:
        """Whether the job may be told gone, and whether it may not be told deleted, though its deletion went out: where
        this listing has shown no job that was known before that, the account may look at another place. Then the
        deletion itself finds out what became of it."""
        jobs, row = self._jobs, self._jobs.row

        def read(conn: Connection) -> tuple[Action | None, list[str]]:
            sent = store.last_sent(conn, row.scope.account, entry.id)
            if sent is None or sent.state is ActionState.DELETED:
                return None, []
            return sent, [job_id for _, job_id in witnesses(conn, sent, [row.id], WITNESSES)]

        sent, others = await jobs.around.store.read(read)
        shown = [seen for job_id in others if (seen := jobs.memory.by_id(job_id)) and seen.sweep == jobs.lens.sweep]
        if sent is None or shown:
            return True, False
        return sent.state.settled, True

    async def _finish(self) -> None:
        jobs = self._jobs
        gap = None if self._total is None else self._total - len(jobs.memory)
        changes = {
            "swept_at": jobs.around.clock.now(),
            "total_gap": gap,
            "shrunk": None,
            "parser_version": jobs.provider.parser_version,
        }
        await jobs.commit(jobs.sight(), {}, date=None, changes=changes)
