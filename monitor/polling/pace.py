"""The gate of one credential on one host: its budget, its back-off, the count that keeps a key from being locked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf

import anyio
import structlog

from monitor import store
from monitor.fields import Clock
from monitor.fields.bell import Bell
from monitor.polling.backoff import PROBE, Backoff, TokenBucket
from monitor.store import Connection, Store, StoreError
from monitor.telemetry.meter import Meter
from monitor.wire import Fault, FaultKind

REFUSALS = 3
"""Bad signatures in a row that are risked, counted. One more may hide behind a kill: a proven key's request is not
written down before it leaves. ModelArts locks a key after more than 5 (API Request Signing Guide)."""

LAST_TRY = REFUSALS + 1
"""What `check --online --retry-key` risks where somebody says that a refused key is good again: one more, and not more
however often it is said. The platform's own limit is still not reached."""

_log = structlog.get_logger("polling")


@dataclass(frozen=True, slots=True)
class Count:
    """Since the last good answer: `bad` signatures, and requests `lost` with a process that was killed while it waited
    for the answer."""

    bad: int = 0
    lost: int = 0

    def refused(self, allowed: int) -> bool:
        return self.bad > 0 and self.bad + self.lost >= allowed


@dataclass(frozen=True, slots=True)
class Change:
    """What an answer does to the count that is in the store, whatever another process has made of it meanwhile."""

    bad: int = 0
    lost: int = 0
    anew: bool = False
    """A good answer: the count begins again at nothing."""

    def of(self, count: Count) -> Count:
        before = Count() if self.anew else count
        return Count(before.bad + self.bad, max(0, before.lost + self.lost))

    def then(self, later: Change) -> Change:
        if later.anew:
            return later
        return Change(self.bad + later.bad, self.lost + later.lost, self.anew)


class Pace:
    """A `wire.Gate` that lets one request at a time through: a key that turns bad is then found out by one answer,
    however many watches and accounts share it.

    Until a first good answer has proven the key, each request is written down as lost before it leaves, so that a kill
    at any moment forgets none. `leave` never raises: what could not be written is held in memory, and the next request
    of an unproven key does not leave before it is. A command beside the daemon counts in the same row of the store: it
    is read and raised in one transaction for each request of an unproven key, so that the two never risk more together.
    """

    def __init__(
        self, store: Store, clock: Clock, fingerprint: str, *, rate: float, burst: int, allowed: int = REFUSALS
    ) -> None:
        self._store = store
        self._clock = clock
        self._fingerprint = fingerprint
        self._bucket = TokenBucket(rate, burst)
        self._backoff = Backoff()
        self._until = 0.0
        self._refused = False
        self._hurry = Bell()
        self._silent_until = float("-inf")
        self._one = anyio.Lock()
        self._allowed = allowed
        self._proven = False
        self._count = Count()
        self._owed = Change()
        self._probe_at: float | None = None

    def tighten(self, rate: float, burst: int) -> None:
        """Another account shares this credential: the smaller budget holds for both."""
        self.limit(min(rate, self._bucket.rate), min(burst, self._bucket.burst))

    def limit(self, rate: float, burst: int) -> None:
        """Another budget holds from now on; what of the one before was not spent, and fits, is left."""
        self._bucket.rate, self._bucket.burst = rate, burst
        self._bucket.level = min(self._bucket.level, float(burst))

    def hasten(self) -> None:
        """Somebody may have mended what the platform refuses: no wait for that. What the platform asked for, and a
        fault that passes, are waited for as ever; so is a key that is counted as refused."""
        if self._refused:
            self._until = 0.0
            self._hurry.ring()

    async def enter(self) -> None:
        await self._one.acquire()
        try:
            await self._pass()
            if not self._proven:
                await self._risk()
        except BaseException:
            self._one.release()
            raise

    async def leave(self, fault: Fault | None) -> None:
        self._silent_until = self._clock.monotonic()
        try:
            if fault is None:
                self._backoff.good()
                self._until = 0.0
            else:
                self._until = self._clock.monotonic() + self._backoff.after(fault)
            self._refused = fault is not None and fault.kind is FaultKind.BAD_SIGNATURE
            await self._judge(fault)
        finally:
            self._one.release()

    async def forgo(self) -> None:
        """Instead of `leave`: who was let in sends nothing after all."""
        try:
            if not self._proven:
                back = Change(lost=-1)
                self._count, self._owed = back.of(self._count), self._owed.then(back)
                await self._settle()
        except StoreError as error:
            _log.warning("the state of a key could not be written", reason=str(error))
        finally:
            self._one.release()

    @property
    def held_until(self) -> float:
        """The clock's moment up to which it is no wonder that nothing is heard of a watch: the last answer, or the end
        of the wait that is due to it or to the budget."""
        return max(self._silent_until, self._until)

    async def _pass(self) -> None:
        while (wait := self._until - self._clock.monotonic()) > 0:
            if not await self._hurry.wait_at_most(self._clock, wait):
                break
        while (wait := self._bucket.take(self._clock.monotonic())) > 0:
            self._silent_until = self._clock.monotonic() + wait
            await self._clock.sleep(wait)

    async def _risk(self) -> None:
        """Raises Fault where one more bad signature might lock the key, StoreError where the risk cannot be kept."""
        now = self._clock.monotonic()

        def write(conn: Connection) -> tuple[Count, bool, float]:
            count = self._owed.of(self._read(conn))
            wait = self._wait(conn, now)
            taken = not count.refused(self._allowed) and (count.lost < self._allowed or wait <= 0)
            if taken or self._owed != Change():
                self._save(conn, replace(count, lost=count.lost + taken))
            return count, taken, wait

        count, taken, wait = await self._store.write(write)
        self._owed, self._count = Change(), replace(count, lost=count.lost + taken)
        if count.refused(self._allowed):
            raise Fault(
                FaultKind.BAD_SIGNATURE,
                "the platform refused this key again and again; it is not tried any more, lest it is locked",
                hint="correct the key or secret in the config file; a changed one is tried at once",
                sent=False,
            )
        if count.lost >= self._allowed:
            self._hold_back(count.lost, now + (PROBE if taken else wait), taken)

    def _wait(self, conn: Connection, now: float) -> float:
        """Seconds until a key that nobody ever heard of may be tried again: an hour after the last time, which an
        earlier life may have written. What this one waits for is not changed by a wall clock that somebody sets."""
        if self._probe_at is not None:
            return self._probe_at - now
        tried = store.signatures_changed_at(conn, self._lost)
        passed = (self._clock.now() - tried).total_seconds() if tried is not None else PROBE
        return PROBE - max(0.0, passed)

    def _hold_back(self, lost: int, next_at: float, taken: bool) -> None:
        """Nothing says that the key is bad, only that nobody ever heard: it is tried again, but not often."""
        self._probe_at = next_at
        if not taken:
            raise Fault(
                FaultKind.TRANSIENT,
                f"the daemon ended {lost} times before the first answer; lest its key is locked it asks once an hour",
                hint="look in the log why it ended",
                sent=False,
            )

    async def _judge(self, fault: Fault | None) -> None:
        """Good proves the key. What is neither good nor a bad signature proves nothing and costs nothing, but for a
        request without an answer while the last answer was a bad signature: that counts as another. So does a signature
        that was refused for its date, though it will be sent again at once with the right one."""
        if fault is None:
            change = Change(anew=not self._proven or self._owed != Change())
            self._proven, self._probe_at = True, None
        else:
            unheard = self._count.bad > 0 and fault.sent and fault.status is None
            misdated = fault.kind is FaultKind.TRANSIENT and fault.status == 401  # the provider knows the time by now
            bad = fault.kind is FaultKind.BAD_SIGNATURE or unheard or misdated
            change = Change(bad=int(bad), lost=0 if self._proven else -1)
            self._proven = self._proven and not bad
        self._count, self._owed = change.of(self._count), self._owed.then(change)
        try:
            await self._settle()
        except StoreError as error:
            _log.warning("the state of a key could not be written", reason=str(error))

    async def _settle(self) -> None:
        """Writes what is owed to the store. Raises StoreError."""
        owed = self._owed
        if owed == Change():
            return

        def write(conn: Connection) -> Count:
            count = owed.of(self._read(conn))
            self._save(conn, count)
            return count

        self._count = await self._store.write(write)
        self._owed = Change()

    def _read(self, conn: Connection) -> Count:
        bad = store.bad_signatures(conn, self._fingerprint) or 0
        return Count(bad, store.bad_signatures(conn, self._lost) or 0)

    def _save(self, conn: Connection, count: Count) -> None:
        now = self._clock.now()
        store.set_bad_signatures(conn, self._fingerprint, count.bad, now=now)
        store.set_bad_signatures(conn, self._lost, count.lost, now=now)

    @property
    def _lost(self) -> str:
        return f"{self._fingerprint}/lost"


class LateGate:
    """One account's way through a gate, which is bound after the client was made: the fingerprint is the provider's to
    say. It measures the account's requests; there is never more than one on its way."""

    def __init__(self, account: str, clock: Clock, meter: Meter) -> None:
        self._account = account
        self._clock = clock
        self._meter = meter
        self._gate: Pace | None = None
        self.sent_at = 0.0
        """The clock's moment at which the last request got through."""
        self.until = inf
        """The clock's moment after which what waits for the gate must not be sent any more."""

    def bind(self, gate: Pace) -> None:
        self._gate = gate

    async def enter(self) -> None:
        if self._gate is None:
            raise RuntimeError("no pace was bound to this client")
        await self._gate.enter()
        self.sent_at = self._clock.monotonic()
        if self.sent_at > self.until:
            with anyio.CancelScope(shield=True):
                await self._gate.forgo()
            raise Fault(FaultKind.TRANSIENT, "it was not this request's turn in time, so it was not sent", sent=False)

    async def leave(self, fault: Fault | None) -> None:
        outcome = "answered" if fault is None else fault.kind.value
        self._meter.requested(self._account, outcome, self._clock.monotonic() - self.sent_at)
        if self._gate is not None:
            await self._gate.leave(fault)
