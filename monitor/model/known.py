"""What the store knows between two polls: the left-hand side of every diff."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from monitor.model.flavor import Flavor
from monitor.model.job import Job


@dataclass(frozen=True, slots=True, kw_only=True)
class BookedTime:
    """Time that the ledger holds for a job, in milliseconds of nodes and of cards, over all its attempts.

    `before` is what the attempts before `attempt` had come to, where the platform began to count anew with it; else 0.
    """

    attempt: int
    node_ms: int
    card_ms: int | None
    before_node_ms: int = 0
    before_card_ms: int | None = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownJob:
    """A job as last committed. `job.state` is the last state that was recognised."""

    job: Job
    revision: int
    """Advanced by one with every commit that tells something of this job."""
    attempt: int = 1
    state_since: datetime
    """When `job.state` was entered: the platform's time where it proves it, else the time of detection."""
    ever_queued: bool = False
    ever_started: bool = False
    finished_attempt: int = 0
    """The last attempt whose end was told or adopted; below `attempt` while the attempt runs."""
    missing_since: datetime | None = None
    """Set when a read by id said that the job is missing; `gone` needs a complete listing without it as well."""
    gone: bool = False
    booked_tokens: int | None = None
    """What the ledger holds for it; None: nothing booked yet."""
    booked_time: BookedTime | None = None
    """The same of its nodes' time."""
    usage_reads: int = 0
    usage_due: datetime | None = None
    """When to read the job again for a usage that was not there yet; None: no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownStock:
    """One zone of a flavor. `pending` is a word seen fewer times in a row than `confirm` asks."""

    word: str
    """The last of `normal` / `soldout` (or, before either was seen, any word)."""
    raw: str
    """The word as last confirmed, whatever it is."""
    since: datetime
    proven: bool = False
    """Whether `since` was seen to begin; else the word has held for at least that long."""
    pending: str | None = None
    pending_count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFlavor:
    """A catalogue entry as last committed. One revision counts for it and its zones."""

    flavor: Flavor
    revision: int
    listed: bool = True
    stock: dict[str, KnownStock]
