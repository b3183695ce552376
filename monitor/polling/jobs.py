"""The poll plan of a jobs scope: the head of the listing, then the active jobs that it did not show, then the sweep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from monitor import diff, store
from monitor.diff import JobContext
from monitor.model import EventDraft, KnownJob
from monitor.polling.ingest import Batch, Ingested, Rereading, ingest_jobs
from monitor.polling.memory import Entry, JobMemory
from monitor.polling.sight import Lens, Sight
from monitor.polling.surroundings import Surroundings
from monitor.polling.walk import Pages
from monitor.providers.options import AccountOptions, JobsWatch
from monitor.providers.ports import JobPage, Provider
from monitor.store import ScopeRow

HEARTBEAT = 60.0
"""Seconds between two rows that say that a watch is well, while nothing changes."""
USAGE_READS = 5
"""Jobs read again for a late usage in one poll, at most."""


def goodness(now: datetime, date: datetime | None) -> dict[str, Any]:
    """What a good poll changes in its scope's row. An answer without a date leaves the platform's last one standing."""
    return {"last_good": now} | ({"last_good_platform": date} if date is not None else {})


class JobsScope:
    """Polls one jobs scope. Not concurrent: one loop owns it. A fault leaves everything as the last commit left it."""

    def __init__(self, provider: Provider, options: AccountOptions, watch: JobsWatch, around: Surroundings) -> None:
        self.provider = provider
        self.options = options
        self.watch = watch
        self.around = around
        self.memory = JobMemory(provider.parser_version)
        self.wants_sweep = False
        """Whether the last poll saw something that only a whole listing can explain."""
        self.opened = False
        self._noted = 0.0
        self._reads = 0
        self._overtaken: dict[str, int] = {}
        """Jobs that somebody else has read by their id, and which read that was."""

    def sight(self) -> Sight:
        """To be taken before the first request whose answers go into it."""
        return Sight(self._reads)

    def overtake(self, job_id: str) -> None:
        """Somebody else has just read the job, and commits what he saw: what was asked for before is old."""
        self._reads += 1
        self._overtaken[job_id] = self._reads

    async def open(self, row: ScopeRow) -> None:
        """Loads what the store knows of the scope."""
        self.row = row
        self.lens = Lens(self.provider, row.scope, self.memory)
        self.pages = Pages(self.provider, row.scope, row.paging)
        self.memory.load(await self.around.store.read(partial(store.load_job_index, scope_id=row.id)))
        self.opened = True

    @property
    def baselined(self) -> bool:
        return self.row.baselined_at is not None

    @property
    def refreshing(self) -> bool:
        """Whether another parser version wrote what is known; ends with the next complete sweep."""
        return self.row.parser_version not in (None, self.provider.parser_version)

    @property
    def busy(self) -> bool:
        """Whether something is active, or nobody knows yet, so that `every` rather than `idle_every` holds."""
        return bool(self.memory.active) or not self.baselined

    async def poll(self) -> None:
        """One ordinary poll, committed as a whole. Raises wire.Fault (nothing was derived) or store.StoreError."""
        self.lens.poll += 1
        sight = self.sight()
        others: dict[str, Rereading] = {}
        page = await self.pages.first()
        date, total = page.date, page.total
        await self._head(page, sight)
        await self._hidden(sight, others)
        await self._usage(sight, others)
        await self.commit(sight, others, date=date)
        self._suspect(total, sight)

    async def _head(self, page: JobPage, sight: Sight) -> None:
        following: JobPage | None = page
        while following is not None and self.lens.look(following.items, sight):
            following = await self.pages.next(following)

    async def _hidden(self, sight: Sight, others: dict[str, Rereading]) -> None:
        """Reads the active jobs that no page showed."""
        if not (hidden := self._unseen()):
            return
        if self.provider.lists_active:
            page: JobPage | None = await self.pages.first(active=True)
            while page is not None:
                self.lens.look(page.items, sight)
                page = await self.pages.next(page, active=True) if self._unseen() else None
            hidden = self._unseen()
        for entry in hidden:
            await self.read(entry, sight, others)

    def _unseen(self) -> list[Entry]:
        entries = (self.memory.by_id(job_id) for job_id in sorted(self.memory.active))
        return [entry for entry in entries if entry is not None and entry.poll != self.lens.poll]

    async def read(self, entry: Entry, sight: Sight, others: dict[str, Rereading]) -> bool:
        """Reads one job by its id; False when the platform says that it does not exist."""
        raw = await self.provider.read_job(self.row.scope, entry.id)
        if raw is None:
            entry.poll = self.lens.poll
            if not entry.missing:
                others[entry.id] = diff.job_missing
            return False
        self.lens.look([raw], sight)
        return True

    async def _usage(self, sight: Sight, others: dict[str, Rereading]) -> None:
        """Looks again for the usage of jobs that ended without one."""
        for entry in self.memory.usage_due(self.around.clock.now())[:USAGE_READS]:
            there = entry.poll == self.lens.poll or await self.read(entry, sight, others)
            if there and entry.id not in sight.news:
                others[entry.id] = diff.usage_still_absent

    async def commit(
        self,
        sight: Sight,
        others: Mapping[str, Rereading],
        *,
        date: datetime | None,
        own: tuple[EventDraft, ...] = (),
        changes: Mapping[str, Any] | None = None,
        unvouched: bool = False,
    ) -> Ingested | None:
        """Commits what was seen; writes nothing when there is nothing, but for one row a minute. `unvouched`: as in
        `Batch`."""
        others = self._without_old(sight, others)
        now = self.around.clock.now()
        told = dict(changes or {})
        if self.pages.paging != self.row.paging:
            told["paging"] = self.pages.paging
        quiet = not (sight or others or own or told)
        if quiet and self.around.clock.monotonic() - self._noted < HEARTBEAT:
            self._good(now, date)
            return None
        if self.baselined or "baselined_at" in told:
            told |= goodness(now, date)
        batch = Batch(
            scope=self.row,
            context=self.context(now, date),
            news=sight.news,
            others=others,
            drift=tuple(sight.drift),
            bad=sight.bad,
            own=own,
            scope_changes=told,
            refresh=self.refreshing,
            unvouched=unvouched,
        )
        write = partial(ingest_jobs, batch=batch, epoch=self.around.store.epoch, prices=self.around.prices)
        done = await self.around.store.write(write)
        self._learn(sight, done, told, now, date)
        return done

    def _without_old(self, sight: Sight, others: Mapping[str, Rereading]) -> Mapping[str, Rereading]:
        """Nothing goes back to how it was before: the next look finds out what is true of those jobs."""
        self._overtaken = {job_id: read for job_id, read in self._overtaken.items() if read > sight.began}
        for job_id in self._overtaken.keys() & sight.news.keys():
            del sight.news[job_id]
        return {job_id: rereading for job_id, rereading in others.items() if job_id not in self._overtaken}

    def context(self, now: datetime, date: datetime | None) -> JobContext:
        return JobContext(
            account=self.provider.account,
            now=now,
            platform_now=date,
            previous_good=self.row.last_good_platform,
            gap=self.around.gap(self.row.last_good, now, self.watch),
            baseline_from=self.row.baseline_from,
            baselining=not self.baselined,
            first_run=self.options.first_run,
            reports_usage=self.provider.reports_usage,
        )

    def _learn(
        self, sight: Sight, done: Ingested, told: Mapping[str, Any], now: datetime, date: datetime | None
    ) -> None:
        """Memory follows the commit, never leads it."""
        for job_id, found in sight.news.items():
            entry = self.memory.by_id(job_id)
            created = found.job.created_at.timestamp() if found.job.created_at else 0.0
            fresh = Entry(job_id, found.hash, found.significant, not found.job.state.terminal, created)
            fresh.missing, fresh.usage_due = (False, entry.usage_due) if entry else (False, None)
            fresh.poll, fresh.sweep = self.lens.poll, self.lens.sweep
            self.memory.put(fresh)
        for job_id, known in done.known.items():
            self._follow(job_id, known)
        self.lens.told(sight)
        self.row = replace(self.row, **told)
        self._noted = self.around.clock.monotonic()
        self._good(now, date)
        if done.events or done.booked:
            self.around.bell.ring()

    def _follow(self, job_id: str, known: KnownJob) -> None:
        if known.gone:
            self.memory.drop(job_id)
            return
        entry = self.memory.by_id(job_id)
        if entry is not None:
            entry.usage_due, entry.missing = known.usage_due, known.missing_since is not None
            entry.active = not known.job.state.terminal
            self.memory.settle(entry)

    def _good(self, now: datetime, date: datetime | None) -> None:
        if self.baselined:
            self.row = replace(self.row, **goodness(now, date))

    def _suspect(self, total: int | None, sight: Sight) -> None:
        """Wants a sweep at once where the head of the listing does not tell the whole story."""
        missing = any(entry.missing for entry in self.active_entries())
        unfit = total is not None and self.row.total_gap is not None and total - len(self.memory) != self.row.total_gap
        self.wants_sweep = missing or unfit or sight.disorder or self.refreshing

    def active_entries(self) -> list[Entry]:
        return [entry for job_id in self.memory.active if (entry := self.memory.by_id(job_id)) is not None]
