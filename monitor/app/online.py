"""`check --online`: asks each platform for little, through the gate that the daemon uses, and says what the key may."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Literal

import aiohttp
import anyio

from monitor import store
from monitor.fields import Clock
from monitor.polling.pace import LAST_TRY, REFUSALS, LateGate, Pace
from monitor.providers import registry
from monitor.providers.options import AccountOptions
from monitor.providers.ports import Probe, Provider
from monitor.settings import Settings
from monitor.store import Store, StoreError, open_store
from monitor.store.state_dir import make_state_dir
from monitor.store.url import SqlitePlace, parse_place
from monitor.telemetry.meter import NO_METER
from monitor.wire import Answer, Fault, FaultKind, Gate, Http, Patience, new_session
from monitor.wire.http import Headers, Judge

PATIENCE = 20.0
"""Seconds for all that is tried of the accounts that share a key."""
SKEW = 60.0
"""Seconds that this machine's clock may be off without a word."""
_ALONE = frozenset({FaultKind.UNAUTHORIZED, FaultKind.MISCONFIGURED, FaultKind.SENSELESS})
"""Faults that say nothing of the next thing that is tried, unless it is a 401: then nobody knows who asks."""

State = Literal["ok", "refused", "failed", "skipped"]
Told = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What came of one probe. `refused`: the platform answered that the key may not."""

    what: str
    watch: str | None
    permission: str
    state: State
    detail: str = ""
    hint: str = ""


@dataclass(slots=True, kw_only=True)
class Seen:
    """What was seen of an account. `skew`: seconds that this machine's clock is behind the platform's."""

    name: str
    provider: str
    tried: list[Tried] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    skew: float | None = None
    latency: float | None = None
    bad_signatures: int = 0

    @property
    def verdict(self) -> Literal["works", "partly", "failed"]:
        needed = [each.state == "ok" for each in self.tried if each.watch is not None]
        if needed and all(needed):
            return "works"
        return "partly" if any(needed) else "failed"


class _Ear(Http):
    """An `Http` that notes the platform's clock and how long answers take, refusals included."""

    def __init__(self, session: aiohttp.ClientSession, gate: Gate, clock: Clock, seen: Seen) -> None:
        super().__init__(session, gate)
        self._clock = clock
        self._seen = seen

    async def send(
        self,
        method: str,
        url: str,
        *,
        judge: Judge,
        headers: Headers = {},  # noqa: B006 - never changed
        body: bytes | None = None,
        patience: Patience | None = None,
    ) -> Answer:
        began = 0.0

        def proven() -> Mapping[str, str]:
            nonlocal began
            began = time.monotonic()
            return headers() if callable(headers) else headers

        def listening(answer: Answer) -> Fault | None:
            self._note(answer, time.monotonic() - began)
            return judge(answer)

        return await super().send(method, url, judge=listening, headers=proven, body=body, patience=patience)

    def _note(self, answer: Answer, seconds: float) -> None:
        seen = self._seen
        seen.latency = seconds if seen.latency is None else min(seen.latency, seconds)
        if answer.date is not None:
            # `Date` has whole seconds: half of one is the best guess of what it left out
            skew = (answer.date - self._clock.now() + timedelta(seconds=0.5)).total_seconds()
            seen.skew = skew if seen.skew is None or abs(skew) < abs(seen.skew) else seen.skew


async def try_accounts(settings: Settings, clock: Clock, *, retry_key: str | None = None, told: Told) -> list[Seen]:
    """What each account's key may do, in the order of the file. `told` is called with the name of each that is done.

    A credential of its own for deletions is tried like an account's. Accounts that share a key are tried one after the
    other, the others at once. Raises StoreError: without the store
    bad signatures could not be counted, and a key might be locked.
    """
    db = await open_beside(settings)
    try:
        async with new_session(patience=Patience(total=15.0, connect=8.0, silence=10.0)) as session:
            trials = [_Trial(options, session, db, clock) for options in settings.accounts]
            deleting = [(options, options.deleting()) for options in settings.accounts]
            apart = [own for options, own in deleting if own is not None and own is not options]
            trials += [_Trial(own, session, db, clock, only_deletes=True) for own in apart]
            sharing: dict[str, list[_Trial]] = defaultdict(list)
            for trial in trials:
                sharing[trial.fingerprint or trial.options.name].append(trial)
            async with anyio.create_task_group() as group:
                for together in sharing.values():
                    allowed = LAST_TRY if any(each.options.name == retry_key for each in together) else REFUSALS
                    group.start_soon(_try_together, together, allowed, told)
    finally:
        await db.aclose()
    return _joined(trials)


async def open_beside(settings: Settings) -> Store:
    """The store without its lock, beside a daemon or before its first start; then it and the state directory are made,
    as `run` would. Raises StoreError."""
    place = parse_place(settings.store, settings.state_dir)
    if isinstance(place, SqlitePlace) and not place.path.exists():
        make_state_dir(settings.state_dir)
    try:
        return await open_store(settings.store, state_dir=settings.state_dir, lock=False)
    except (store.StoreMissing, store.NotMigrated):
        made = await open_store(settings.store, state_dir=settings.state_dir, lock=True)
        await made.aclose()
        return await open_store(settings.store, state_dir=settings.state_dir, lock=False)


class _Trial:
    """One account while it is tried."""

    def __init__(
        self,
        options: AccountOptions,
        session: aiohttp.ClientSession,
        db: Store,
        clock: Clock,
        *,
        only_deletes: bool = False,
    ) -> None:
        """`only_deletes`: `options` bear the credential that the account has for deletions alone."""
        self.options = options
        self.only_deletes = only_deletes
        self.seen = Seen(name=options.name, provider=options.provider)
        self.gate = LateGate(options.name, clock, NO_METER)
        self.provider: Provider = registry.builder(options.provider)(
            options, _Ear(session, self.gate, clock, self.seen), clock
        )
        self.seen.remarks += self.provider.remarks() if not only_deletes else ()
        self.probes = self._probes()
        self.fingerprint = self._identify()
        self._db = db
        self._clock = clock

    def _probes(self) -> Sequence[Probe]:
        """Whether jobs may be deleted is asked of no credential that is not to delete any."""
        if self.only_deletes:
            return [replace(self.provider.deletion_probe(), watch="delete_with")]
        deletes = self.options.deleting() is self.options
        return [*self.provider.probes(), *([self.provider.deletion_probe()] if deletes else [])]

    def pace(self, allowed: int) -> Pace | None:
        """None where there is no credential to speak of."""
        budget = self.options.budget
        if self.fingerprint is None:
            return None
        return Pace(
            self._db,
            self._clock,
            self.fingerprint,
            rate=budget.requests_per_second,
            burst=budget.burst,
            allowed=allowed,
        )

    async def run(self) -> bool:
        """Tries one thing after the other; False where nothing more may be asked with this key."""
        for probe in self.probes[len(self.seen.tried) :]:
            try:
                detail = await probe.ask()
            except Fault as fault:
                self._put(probe, _state(fault), fault.message, fault.hint)
                if _stops(fault):
                    return False
            except StoreError as error:
                self._put(probe, "failed", str(error), error.hint)
                return False
            else:
                self._put(probe, "ok", detail)
        return True

    def skip(self, why: str) -> None:
        """Notes everything that was not tried, and why."""
        for probe in self.probes[len(self.seen.tried) :]:
            self._put(probe, "skipped", why)

    async def close(self) -> None:
        if (fingerprint := self.fingerprint) is not None:
            count: int | None = await self._db.read(lambda conn: store.bad_signatures(conn, fingerprint))
            self.seen.bad_signatures = count or 0

    def _identify(self) -> str | None:
        """None where the credential is no credential, which is noted."""
        try:
            return self.provider.fingerprint()
        except Fault as fault:
            self._put(self.probes[0], "failed", fault.message, fault.hint)
            return None

    def _put(self, probe: Probe, state: State, detail: str, hint: str = "") -> None:
        self.seen.tried.append(
            Tried(
                what=probe.what,
                watch=probe.watch,
                permission=probe.permission,
                state=state,
                detail=detail,
                hint=hint,
            )
        )


def _joined(trials: Sequence[_Trial]) -> list[Seen]:
    """By account, in the order of the file, with what was seen of its credential for deletions."""
    found = {trial.options.name: trial.seen for trial in trials if not trial.only_deletes}
    for trial in trials:
        if trial.only_deletes:
            seen = found[trial.options.name]
            seen.tried += trial.seen.tried
            seen.bad_signatures = max(seen.bad_signatures, trial.seen.bad_signatures)
    return list(found.values())


async def _try_together(trials: Sequence[_Trial], allowed: int, told: Told) -> None:
    """Of accounts with one key the next is left alone once the platform has turned it away."""
    pace = trials[0].pace(allowed)
    going, why = pace is not None, "not tried after that"
    with anyio.move_on_after(PATIENCE) as scope:
        for trial in trials:
            if pace is not None:
                trial.gate.bind(pace)
                pace.tighten(trial.options.budget.requests_per_second, trial.options.budget.burst)
            if going and not await trial.run():
                going = False
                trial.skip(why)
                why = f"not tried: the key is that of {trial.options.name}"
    for trial in trials:
        trial.skip(f"not done within {PATIENCE:g} s" if scope.cancelled_caught else why)
        await trial.close()
        told(trial.options.name)


def _state(fault: Fault) -> State:
    return "refused" if fault.kind in (FaultKind.UNAUTHORIZED, FaultKind.BAD_SIGNATURE, FaultKind.ARREARS) else "failed"


def _stops(fault: Fault) -> bool:
    """Whether what comes next would fail for the same reason, or be one more wrong signature."""
    return fault.kind not in _ALONE or fault.status == 401


def worst(verdicts: Iterable[str]) -> Literal["works", "partly", "failed"]:
    """What holds of all together."""
    all_ = list(verdicts)
    if all(each == "works" for each in all_):
        return "works"
    return "failed" if all(each == "failed" for each in all_) else "partly"


__all__ = ["LAST_TRY", "REFUSALS", "Seen", "StoreError", "Tried", "open_beside", "try_accounts", "worst"]
