"""What a jobs scope remembers of each job between polls: enough to pass over an unchanged one without decoding it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from xxhash import xxh3_64_intdigest

from monitor.store import JobIndex


@dataclass(slots=True)
class Entry:
    """One known job. `poll` and `sweep` are the numbers of the last poll and the last sweep that showed it."""

    id: str
    hash: int
    significant: int
    active: bool
    created: float
    missing: bool = False
    usage_due: datetime | None = None
    poll: int = 0
    sweep: int = 0


class JobMemory:
    """Looked up by the hash of a job's bytes and by its id. Changed only after the commit that it mirrors."""

    def __init__(self, parser_version: str) -> None:
        self._seed = xxh3_64_intdigest(parser_version.encode())
        self._by_id: dict[str, Entry] = {}
        self._by_hash: dict[int, Entry] = {}
        self.active: set[str] = set()
        self._awaiting: set[str] = set()
        self.changes = 0
        """How often something of a job was changed: while it stays, so does what can be counted of the jobs."""

    def load(self, rows: Iterable[JobIndex]) -> None:
        for row in rows:
            self.put(
                Entry(
                    id=row.job_id,
                    hash=row.hash & _MASK,
                    significant=row.significant & _MASK,
                    active=row.active,
                    created=row.created_at.timestamp() if row.created_at else 0.0,
                    missing=row.missing,
                    usage_due=row.usage_due,
                )
            )

    def digest(self, raw: bytes) -> int:
        """The salted hash of a job's bytes: another parser version knows none of the old ones."""
        return xxh3_64_intdigest(raw, seed=self._seed)

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[Entry]:
        return iter(list(self._by_id.values()))

    def by_hash(self, digest: int) -> Entry | None:
        return self._by_hash.get(digest)

    def by_id(self, job_id: str) -> Entry | None:
        return self._by_id.get(job_id)

    def put(self, entry: Entry) -> None:
        old = self._by_id.get(entry.id)
        if old is not None and self._by_hash.get(old.hash) is old:
            del self._by_hash[old.hash]
        self._by_id[entry.id] = entry
        self._by_hash[entry.hash] = entry
        self.settle(entry)

    def settle(self, entry: Entry) -> None:
        """To be called after `active` or `usage_due` of an entry was set."""
        self.changes += 1
        (self.active.add if entry.active else self.active.discard)(entry.id)
        (self._awaiting.discard if entry.usage_due is None else self._awaiting.add)(entry.id)

    def usage_due(self, now: datetime) -> list[Entry]:
        """The jobs to look at again for a usage that was not there, the longest due first. One that is missing is not
        looked for: the sweep decides what became of it."""
        found = [(entry.usage_due, entry.id, entry) for entry in map(self._by_id.__getitem__, self._awaiting)]
        due = [(when, job_id, entry) for when, job_id, entry in found if when is not None and when <= now]
        return [entry for _, _, entry in sorted(due, key=lambda row: row[:2]) if not entry.missing]

    def rehash(self, entry: Entry, digest: int) -> None:
        """The bytes moved, the meaning did not: nothing is stored, the next poll knows the new bytes."""
        if self._by_hash.get(entry.hash) is entry:
            del self._by_hash[entry.hash]
        entry.hash = digest
        self._by_hash[digest] = entry

    def drop(self, job_id: str) -> None:
        self.changes += 1
        entry = self._by_id.pop(job_id, None)
        self.active.discard(job_id)
        self._awaiting.discard(job_id)
        if entry is not None and self._by_hash.get(entry.hash) is entry:
            del self._by_hash[entry.hash]


_MASK = 0xFFFF_FFFF_FFFF_FFFF


def significance(values: tuple[object, ...]) -> int:
    """A stable 64-bit number for the values whose change counts."""
    return xxh3_64_intdigest(repr(values).encode())
