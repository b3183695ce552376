"""The runs of clean-up policies: when one is due its plan is made, and what goes is asked for like any deletion."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial

import anyio
import structlog

from monitor import store
from monitor.actions.deletions import Deletions
from monitor.actions.options import CleanupOptions
from monitor.actions.plan import TooMany, Verdict
from monitor.actions.policies import Plan, form, land_at_work, read_plan
from monitor.actions.stopping import REMEDY, let_go_on, stop_policy
from monitor.fields import Clock
from monitor.fields.bell import Bell
from monitor.fields.pulse import Pulse
from monitor.model import Asker, AskerKind
from monitor.providers.options import AccountOptions
from monitor.store import CleanupRow, Connection, Store, StoreError
from monitor.telemetry.trouble import store_trouble

SETTLE = 120.0
"""Seconds after a start in which nothing is asked for: polls see first how things are."""
LEAP = 600.0
"""Seconds by which a clock may leap between two looks; after a farther one nothing is asked for as long, for polls see
first what time it is by the platform."""
TICK = 60.0
"""Seconds between two looks."""
STORE_PAUSE = 5.0
BUG_PAUSE = 300.0
PATIENCE = 300.0
_log = structlog.get_logger("actions")


class Cleanup:
    """The stage. Only policies that are enabled run, and none that stands still."""

    def __init__(
        self,
        db: Store,
        deletions: Deletions,
        clock: Clock,
        *,
        policies: Sequence[CleanupOptions],
        accounts: Sequence[AccountOptions],
        ring: Callable[[], None],
    ) -> None:
        """`ring`: events were written."""
        self._db = db
        self._deletions = deletions
        self._clock = clock
        self._ring = ring
        self.pulse = Pulse(clock, patience=PATIENCE)
        self._storeless = store_trouble("actions", "cleaning up")
        self._wake = Bell()
        self._turning = anyio.Lock()
        self._looked = (clock.now(), clock.monotonic())
        self._rested_until = clock.monotonic()
        self._policies: Sequence[CleanupOptions] = tuple(policies)
        self._accounts: Sequence[AccountOptions] = tuple(accounts)
        self._young: dict[str, float] = {}

    def take(self, policies: Sequence[CleanupOptions], accounts: Sequence[AccountOptions]) -> None:
        """These hold from the next turn on; to be called while it rests. One that is new or otherwise than before runs
        no sooner than after a start, so that whoever wrote it can look at what it would do."""
        ready = self._clock.monotonic() + SETTLE
        self._young = {
            each.name: self._young.get(each.name, 0.0) if each in self._policies else ready for each in policies
        }
        self._policies, self._accounts = tuple(policies), tuple(accounts)
        self._wake.ring()

    def ring(self) -> None:
        """A policy was let go on: it runs at once."""
        self._wake.ring()

    @asynccontextmanager
    async def resting(self) -> AsyncIterator[None]:
        """No policy runs while the block does: names may change in the store."""
        async with self._turning:
            yield

    async def run(self) -> None:
        """Works until it is cancelled."""
        self.pulse.beat(SETTLE)
        await self._clock.sleep(SETTLE)
        while True:
            self.pulse.beat()
            pause = await self._guarded()
            self.pulse.beat(pause)
            await self._wake.wait_at_most(self._clock, pause)

    def hung(self) -> list[str]:
        return ["cleanup"] if self.pulse.missed() else []

    async def turn(self) -> None:
        """Runs each policy that is due, one after the other. Raises StoreError."""
        async with self._turning:
            if not self._leapt():
                await self._each()

    def _leapt(self) -> bool:
        """Whether the clock was moved lately."""
        (before, then), (now, here) = self._looked, (self._clock.now(), self._clock.monotonic())
        self._looked = now, here
        if abs((now - before).total_seconds() - (here - then)) > LEAP:
            _log.warning("the clock was moved; nothing is cleaned up until polls have seen the time", seconds=LEAP)
            self._rested_until = here + LEAP
        return here < self._rested_until

    async def _each(self) -> None:
        await self._end_the_rest()
        for options in [each for each in self._policies if each.enabled]:
            row = (await self._db.read(store.load_cleanup)).get(options.name)
            if row is not None and row.stopped_at is not None and row.form != form(options):
                await self._let_go_on(options.name, "changed")
                _log.info("the policy was changed and goes on", policy=options.name)
                row = CleanupRow(policy=options.name)
            if self._young.get(options.name, 0.0) > self._clock.monotonic():
                continue
            if row is None or due(row, options, self._clock.now()):
                await self._run(options, first=row is None or row.ran_at is None)

    async def _end_the_rest(self) -> None:
        """Who is not enabled any more does nothing, and that is no trouble."""
        enabled = {each.name: each.enabled for each in self._policies}
        for name, row in (await self._db.read(store.load_cleanup)).items():
            if row.stopped_at is not None and not enabled.get(name):
                await self._let_go_on(name, "off" if name in enabled else "removed")

    async def _let_go_on(self, policy: str, why: str) -> None:
        epoch, now = self._db.epoch, self._clock.now()
        await self._db.write(partial(let_go_on, epoch=epoch, policy=policy, why=why, by=None, now=now))
        self._ring()

    async def _guarded(self) -> float:
        try:
            await self.turn()
        except StoreError as error:
            self._storeless.met(reason=str(error))
            return STORE_PAUSE
        except Exception as error:  # a run that breaks must not end the daemon
            _log.exception("a clean-up broke; this is a bug", error=type(error).__name__)
            return BUG_PAUSE
        self._storeless.over()
        return TICK

    async def _run(self, options: CleanupOptions, *, first: bool) -> None:
        """`first`: since it was made or let go on; then what was refused before is tried anew."""
        policies, accounts = self._policies, self._accounts
        again = [options.name] if first else []
        found = await self._db.read(
            lambda conn: plan_of(
                conn, policies, accounts, self._deletions, now=self._clock.now(), again=again, only_going=True
            )
        )
        going = found.going([options.name])
        asked = await self._db.write(partial(self._written, options=options, going=going, many=found.too_many(going)))
        if asked or going:
            self._ring()
            self._deletions.ring()
            _log.info("cleaning up", policy=options.name, jobs=asked, stopped=not asked)

    def _written(
        self, conn: Connection, *, options: CleanupOptions, going: Sequence[Verdict], many: Sequence[TooMany]
    ) -> int:
        """What was asked for. A policy that would empty an account stands still instead; where it is too much only
        beside what is leaving already, it waits for that."""
        now, name = self._clock.now(), options.name
        row = store.load_cleanup(conn).get(name)
        if row is not None and row.stopped_at is not None:
            return 0
        if many and all(each.soon for each in many):
            return 0
        store.cleanup_ran(conn, name, now, form(options))
        if many:
            stop_policy(conn, self._db.epoch, name, f"{many[0]}; {REMEDY}", account=many[0].account, now=now)
            return 0
        return ask_for(conn, self._deletions, going, lambda each: Asker(AskerKind.POLICY, each.policy))


def due(row: CleanupRow, options: CleanupOptions, now: datetime) -> bool:
    """Whether a policy that is enabled would run now."""
    if row.stopped_at is not None:
        return False
    return row.ran_at is None or (now - row.ran_at).total_seconds() >= options.every


def plan_of(
    conn: Connection,
    policies: Sequence[CleanupOptions],
    accounts: Sequence[AccountOptions],
    deletions: Deletions | None,
    *,
    now: datetime,
    again: Iterable[str] = (),
    only_going: bool = False,
) -> Plan:
    """The plan as things are. Without `deletions`, where no daemon is asked, every place counts as watched.
    `only_going`: what stays is left out."""
    lands = [land_at_work(each, None if deletions is None else deletions.reach(each.name)) for each in accounts]
    return read_plan(conn, policies, lands, now=now, again=again, only_going=only_going)


def ask_for(conn: Connection, deletions: Deletions, going: Sequence[Verdict], asker: Callable[[Verdict], Asker]) -> int:
    """Asks for what goes, and counts what was not refused at once. To be followed by `Deletions.ring`."""
    asked = 0
    for each in going:
        reason = f"{each.policy}: {each.why}"
        try:
            done = deletions.ask(
                conn, each.candidate.account.name, each.candidate.known.job.id, asker(each), reason=reason
            )
        except LookupError:  # the account has just left the config
            continue
        asked += not done.reason
    return asked
