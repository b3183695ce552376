"""The gate of one credential on one host: its budget, its back-off, the count that keeps a key from being locked."""

from __future__ import annotations

from functools import partial

import anyio

from monitor import store
from monitor.fields import Clock
from monitor.polling.backoff import Backoff, TokenBucket
from monitor.store import Store
from monitor.wire import Fault, FaultKind

REFUSALS = 4
"""Bad signatures in a row that are risked; ModelArts locks a key after more than 5 (API Request Signing Guide)."""


class Pace:
    """A `wire.Gate`. While a credential is unproven or in trouble, one request at a time is let through.

    The count of bad signatures is written before a request that may add to it, so that a crash loses none.
    """

    def __init__(self, store: Store, clock: Clock, fingerprint: str, *, rate: float, burst: int) -> None:
        self._store = store
        self._clock = clock
        self._fingerprint = fingerprint
        self._bucket = TokenBucket(rate, burst)
        self._backoff = Backoff()
        self._until = 0.0
        self._proven = False
        self._single = anyio.Lock()

    def tighten(self, rate: float, burst: int) -> None:
        """Another account shares this credential: the smaller budget holds for both."""
        self._bucket = TokenBucket(min(rate, self._bucket.rate), min(burst, self._bucket.burst))

    @property
    def troubled(self) -> bool:
        return not self._proven or self._backoff.faults > 0

    async def enter(self) -> None:
        if self.troubled:
            await self._single.acquire()
            try:
                await self._pass()
                if not self._proven:
                    await self._risk()
            except BaseException:
                self._single.release()
                raise
            if not self.troubled:
                self._single.release()
        else:
            await self._pass()

    async def leave(self, fault: Fault | None) -> None:
        with anyio.CancelScope(shield=True):
            try:
                await self._judge(fault)
            finally:
                if self._single.statistics().owner == anyio.get_current_task():
                    self._single.release()

    async def _pass(self) -> None:
        while (wait := self._until - self._clock.monotonic()) > 0:
            await self._clock.sleep(wait)
        while (wait := self._bucket.take(self._clock.monotonic())) > 0:
            await self._clock.sleep(wait)

    async def _risk(self) -> None:
        count = await self._store.read(partial(store.bad_signatures, fingerprint=self._fingerprint))
        if count == 0:
            self._proven = True  # it was good when the last run ended: an ordinary start writes nothing
            return
        count = count or 0
        if count >= REFUSALS:
            raise Fault(
                FaultKind.BAD_SIGNATURE,
                f"the platform refused this key {count} times in a row; it is not tried again, lest it is locked",
                hint="correct the key or secret in the config file; a changed one is tried at once",
            )
        await self._remember(count + 1)

    async def _remember(self, count: int) -> None:
        now = self._clock.now()
        await self._store.write(partial(store.set_bad_signatures, fingerprint=self._fingerprint, count=count, now=now))

    async def _judge(self, fault: Fault | None) -> None:
        judged = fault is None or fault.kind not in _NOT_JUDGED
        if fault is not None and fault.kind is FaultKind.BAD_SIGNATURE:
            if self._proven:
                self._proven = False
                await self._remember(1)
        elif judged:
            if not self._proven:
                await self._remember(0)
            self._proven = True
        elif not self._proven:
            await self._forget_one()
        if fault is None:
            self._backoff.good()
            self._until = 0.0
        elif (wait := self._backoff.after(fault)) > 0:
            self._until = self._clock.monotonic() + wait

    async def _forget_one(self) -> None:
        count = await self._store.read(partial(store.bad_signatures, fingerprint=self._fingerprint))
        await self._remember(max(0, (count or 0) - 1))


_NOT_JUDGED = (FaultKind.TRANSIENT, FaultKind.SENSELESS, FaultKind.THROTTLED)
"""Answers that say nothing of the key: it stays unproven, and the risk taken before is given back."""


class LateGate:
    """A gate bound after the client was made, for the fingerprint is the provider's to say."""

    def __init__(self) -> None:
        self._gate: Pace | None = None

    def bind(self, gate: Pace) -> None:
        self._gate = gate

    async def enter(self) -> None:
        if self._gate is None:
            raise RuntimeError("no pace was bound to this client")
        await self._gate.enter()

    async def leave(self, fault: Fault | None) -> None:
        if self._gate is not None:
            await self._gate.leave(fault)
