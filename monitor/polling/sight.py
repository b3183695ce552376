"""Looks at the items of a page: passes over what is known by its bytes, decodes the rest, and says what is news."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from monitor.diff import significant
from monitor.model import Job, Scope
from monitor.polling.memory import Entry, JobMemory, significance
from monitor.providers.ports import Drift, Malformed, Provider

MOST_UNREADABLE = 10_000
"""Malformed items whose bytes are remembered, so that they are not decoded again; those that change all the time would
fill the memory."""


@dataclass(frozen=True, slots=True)
class Found:
    """A job that is new, or that changed in a significant field. `earlier`: what an answer before, of the same poll,
    showed of it: between two requests it may move on."""

    job: Job
    hash: int
    significant: int
    earlier: Found | None = None

    def story(self) -> list[Found]:
        """Every one of them, the oldest first."""
        return [*(self.earlier.story() if self.earlier is not None else ()), self]


@dataclass(slots=True)
class Sight:
    """What was seen and is not committed yet. `began`: how many reads by others `JobsScope` had heard of when the first
    request for it went out."""

    began: int

    news: dict[str, Found] = field(default_factory=dict)
    drift: dict[Drift, None] = field(default_factory=dict)
    bad: dict[str, str] = field(default_factory=dict)
    """Malformed items that were not told yet: id (or a digest of the bytes) -> what is wrong."""
    disorder: bool = False
    """Whether create times were seen to ascend, so that the head of the listing cannot be trusted."""

    def __bool__(self) -> bool:
        return bool(self.news or self.drift or self.bad)


class Lens:
    """One scope's eyes. `poll` and `sweep` number the current poll and sweep; entries are stamped with them."""

    def __init__(self, provider: Provider, scope: Scope, memory: JobMemory) -> None:
        self._provider = provider
        self._scope = scope
        self._memory = memory
        self._unreadable: dict[int, str | None] = {}
        self._told_drift: set[Drift] = set()
        self._told_bad: set[str] = set()
        self.poll = 0
        self.sweep = 0
        self.decodes = 0

    def told(self, sight: Sight) -> None:
        """The events of what was strange in `sight` are committed (or were known to the store): not written again."""
        self._told_drift.update(sight.drift)
        self._told_bad.update(sight.bad)

    def look(self, items: Iterable[bytes], sight: Sight) -> bool:
        """Adds to `sight` what is news in `items`; True when something was."""
        fresh = False
        above = float("inf")
        for raw in items:
            digest = self._memory.digest(raw)
            entry = self._memory.by_hash(digest)
            if entry is None or entry.missing:  # one that was missing is back: that is news, whatever its bytes
                created, new = self._miss(raw, digest, sight)
                fresh = fresh or new
            else:
                self._stamp(entry)
                created = entry.created
            if created:
                sight.disorder = sight.disorder or created > above
                above = created
        return fresh

    def _stamp(self, entry: Entry) -> None:
        entry.poll = self.poll
        entry.sweep = self.sweep

    def _miss(self, raw: bytes, digest: int, sight: Sight) -> tuple[float, bool]:
        if digest in self._unreadable and (self._unreadable[digest] or f"{digest:016x}") in self._told_bad:
            self._stamp_id(self._unreadable[digest])
            return 0.0, False
        self.decodes += 1
        try:
            decoded = self._provider.decode_job(self._scope, raw)
        except Malformed as error:
            self._leave_out(error, digest, sight)
            return 0.0, False
        for drift in decoded.drift:
            if drift not in self._told_drift:
                sight.drift[drift] = None
        return self._decoded(decoded.item, digest, sight)

    def _leave_out(self, error: Malformed, digest: int, sight: Sight) -> None:
        """The item is told once, and there: whoever it is, it does not count as missing."""
        if len(self._unreadable) >= MOST_UNREADABLE:
            self._unreadable.clear()
        self._unreadable[digest] = error.item_id
        self._stamp_id(error.item_id)
        item = error.item_id or f"{digest:016x}"
        if item not in self._told_bad:
            sight.bad[item] = str(error)

    def _decoded(self, job: Job, digest: int, sight: Sight) -> tuple[float, bool]:
        created = job.created_at.timestamp() if job.created_at else 0.0
        meaning = significance(significant(job))
        entry = self._memory.by_id(job.id)
        if entry is not None:
            self._stamp(entry)
            if entry.significant == meaning and not entry.missing and job.id not in sight.news:
                self._memory.rehash(entry, digest)
                return created, False
        earlier = sight.news.get(job.id)
        moved = earlier is None or earlier.significant != meaning
        before = earlier.earlier if earlier is not None and not moved else earlier
        sight.news[job.id] = Found(job, digest, meaning, before)
        return created, moved

    def _stamp_id(self, job_id: str | None) -> None:
        entry = self._memory.by_id(job_id) if job_id else None
        if entry is not None:
            self._stamp(entry)
