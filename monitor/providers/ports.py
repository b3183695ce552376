"""What polling asks of a platform. A provider reads and parses; it knows no store, no diff and no schedule."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from monitor.fields import Clock
from monitor.model import Account, Flavor, Job, JobState, Quota, Scope
from monitor.wire import Fault, FaultKind, Http


@dataclass(frozen=True, slots=True, kw_only=True)
class JobPage:
    """One page of a job listing, sliced but not decoded: `items` are the bytes of each job object as they came.

    `next` is an opaque cursor for the following page, None on the last. `total` is the platform's own count where it
    can be believed, else None. `date` is the platform's clock. `paging` is what the provider found out about paging
    and wants to be given back for this scope (ModelArts: what `offset` means); polling keeps it in the store.
    """

    items: Sequence[bytes]
    next: object | None
    total: int | None
    date: datetime | None
    paging: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FlavorPage:
    """A whole catalogue (all pages read): the bytes of each entry, in the platform's order."""

    items: Sequence[bytes]
    date: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """Something the platform sent that this program does not know: kind `status`, `field`, `stock` …, and the word.

    Never a value of an unknown field, only its name.
    """

    kind: str
    word: str


T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded(Generic[T]):
    """A decoded item and what was unknown in it."""

    item: T
    drift: tuple[Drift, ...] = ()


class Malformed(Exception):
    """An item that cannot be used. `item_id` is its id where that much could be read. The text holds no values."""

    def __init__(self, message: str, item_id: str | None = None) -> None:
        super().__init__(message)
        self.item_id = item_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One thing that `check --online` tries: it reads, changes nothing, and costs a request or two.

    `watch` is the configured watch that needs it; None: no watch does, but it is good to know. `permission` as the
    platform's documents call it. `ask` returns what was seen, in a few words without names, and raises `wire.Fault`.
    """

    what: str
    watch: str | None
    permission: str
    ask: Callable[[], Awaitable[str]]


class Declined(Exception):
    """The platform understood and says no to one deletion: the job is in the wrong state, or not ours to delete. It
    sent a clear answer, so nothing was done. `code` is the platform's, or the kind of the fault where it gave none.
    `job_only`: the next job may fare better (its state forbids it); otherwise nothing can be deleted with this
    credential. `hint` is the remedy, where there is one. The text holds no values."""

    def __init__(self, message: str, *, code: str, job_only: bool, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.job_only = job_only
        self.hint = hint


def declined(fault: Fault) -> Declined | None:
    """What a fault of a deletion means for it: a clear no that waiting does not mend (the key, the permission, a bill,
    an answer that nobody expected); None where it may pass, and then `fault.sent` says whether it may have arrived."""
    if fault.kind in (FaultKind.TRANSIENT, FaultKind.SENSELESS, FaultKind.THROTTLED):
        return None
    return Declined(fault.message, code=fault.code or fault.kind.value, job_only=False, hint=fault.hint)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What a running job's log says so far. `lines`: how many there are, for the next look; `tokens` None: it does not
    say."""

    lines: int
    tokens: int | None


class Provider(Protocol):
    """One account on one platform. Every read raises `wire.Fault`; nothing else may escape."""

    account: Account
    parser_version: str
    """Salts the stored hashes: a new parser refreshes what is known without telling."""
    lists_active: bool
    """Whether `list_jobs(active=True)` can list the jobs that are not finished (else they are read one by one)."""
    page_size: int
    reports_usage: bool
    """Whether jobs carry the tokens they used; where not, nobody waits for a usage after a job's end."""
    counted: frozenset[JobState]
    """The states in which jobs count towards `job_cap`, where `quota` cannot tell; empty: the platform has no cap."""

    def scopes(self, watch: str) -> Sequence[Scope]:
        """The scopes of a configured watch (`jobs`, `training_flavors`, `resource_flavors`); stable between starts."""
        ...

    async def list_jobs(
        self, scope: Scope, cursor: object | None = None, *, active: bool = False, paging: str | None = None
    ) -> JobPage:
        """One page, newest first; `cursor` None is the first page. `active` only where `lists_active`."""
        ...

    async def read_job(self, scope: Scope, job_id: str) -> bytes | None:
        """The job object's bytes as a listing would show it, or None where the platform says that it does not exist."""
        ...

    def decode_job(self, scope: Scope, raw: bytes) -> Decoded[Job]:
        """Raises Malformed."""
        ...

    async def list_flavors(self, scope: Scope) -> FlavorPage:
        """The whole catalogue of the scope's watch."""
        ...

    def decode_flavor(self, scope: Scope, raw: bytes) -> Decoded[Flavor]:
        """Raises Malformed."""
        ...

    async def delete_job(self, scope: Scope, job_id: str) -> bool:
        """Asks once for the job to be deleted; only what was refused for the credential's sake may be sent anew. True:
        the platform says that there is no such job; False: it has accepted, and the job is gone when `read_job` says
        None. Raises Declined; a Fault is one that passes, and says whether the request may have arrived all the same
        (THROTTLED: it was turned away)."""
        ...

    async def quota(self) -> Quota | None:
        """How many jobs there are and may be, by the platform's own word; None where it has none to ask."""
        ...

    async def read_progress(self, scope: Scope, job_id: str, *, after: int) -> Progress | None:
        """What the job's log says beyond its first `after` lines; None where the platform shows no log."""
        ...

    def fingerprint(self) -> str:
        """A one-way hash of credential and host: changes when the key, secret or host does. Not reversible (keyed or
        slow enough that a short secret is not guessed from it)."""
        ...

    def probes(self) -> Sequence[Probe]:
        """What the key must be allowed for the configured watches, and what else it might be; in the order in which
        they are to be tried, one after the other."""
        ...

    def deletion_probe(self) -> Probe:
        """Whether this credential may delete jobs, as far as can be known without deleting one: it asks to delete an id
        that no job has. Only for who may delete at all (`AccountOptions.deleting`)."""
        ...

    def remarks(self) -> Sequence[str]:
        """What looks odd in the account's options and can be said without asking the platform."""
        ...


Build = Callable[[Any, Http, Clock], Provider]
"""Each kind's `provider.py` has `build(options, http, clock) -> Provider`."""
