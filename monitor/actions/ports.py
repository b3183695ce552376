"""What deletions and quotas ask of an account at work. They know no polling: the wiring makes these of its parts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from monitor.model import Account, Job, JobState, KnownJob, Quota, Scope
from monitor.store import Connection


class Reach(Protocol):
    """One account of the config file. Every request goes through the gate of the credential that it is made with."""

    @property
    def account(self) -> Account:
        """As the events of its jobs name it."""
        ...

    @property
    def forbidden(self) -> str:
        """Why nothing may be deleted with it, in words; empty where it may."""
        ...

    @property
    def ended(self) -> bool:
        """Whether a reload has ended the account as it is here: another one says what may be done."""
        ...

    def watches(self, scope: Scope) -> bool:
        """Whether the scope is one that the account looks at as it is configured now."""
        ...

    async def read(self, scope: Scope, job_id: str) -> bytes | None:
        """As `Provider.read_job`. Raises wire.Fault, StoreError."""
        ...

    @property
    def read_at(self) -> float:
        """The clock's moment at which the last read went out, after its wait at the gate."""
        ...

    async def delete(self, scope: Scope, job_id: str, *, within: float) -> bool:
        """As `Provider.delete_job`. Where the gate opens later than `within` seconds from now nothing is sent: what the
        caller knows of the job is too old by then (a Fault that was not sent). Raises Declined, wire.Fault, StoreError.
        """
        ...

    def decode(self, scope: Scope, raw: bytes) -> Job:
        """Raises Malformed."""
        ...

    @property
    def pause(self) -> float:
        """Seconds between two requests that leave half of the budget to the polls."""
        ...

    def keep(self, conn: Connection, scope_id: int, scope: Scope, raw: bytes, now: datetime) -> KnownJob:
        """Commits what a read by id showed, with all that it tells, as a poll would have; gives the job as it is known
        now. Raises Malformed, StaleWrite."""
        ...

    def kept(self, scope: Scope, raw: bytes | None, known: KnownJob) -> None:
        """That is committed: polling need not find it out again. None: the job is gone, and no longer looked for."""
        ...


Reaches = Callable[[str], Reach | None]
"""By the account's name; None: the config file has no such account."""


class Capped(Protocol):
    """One account of the config file, as far as its cap of jobs is concerned."""

    @property
    def account(self) -> Account:
        """As the events of its quotas name it."""
        ...

    @property
    def forbidden(self) -> str:
        """As `Reach.forbidden`."""
        ...

    def watches(self, scope: Scope) -> bool:
        """As `Reach.watches`."""
        ...

    @property
    def scopes(self) -> Sequence[Scope]:
        """Where its jobs are looked for; none where they are not."""
        ...

    @property
    def mark(self) -> tuple[object, ...] | None:
        """As long as it stays equal, the store has no other jobs of these scopes, and none in another state. None: not
        all of them are known yet."""
        ...

    @property
    def seen(self) -> bool:
        """Whether its jobs could be read lately, so that a question to its platform has a chance."""
        ...

    @property
    def counted(self) -> frozenset[JobState]:
        """As `Provider.counted`."""
        ...

    @property
    def job_cap(self) -> int | None:
        """As the config file says; None: nothing."""
        ...

    @property
    def sweep_every(self) -> float:
        """Seconds between two looks at everything."""
        ...

    async def quota(self) -> Quota | None:
        """As `Provider.quota`. Raises wire.Fault, StoreError."""
        ...
