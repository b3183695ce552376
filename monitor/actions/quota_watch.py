"""The stage that watches quotas: asks the platforms, counts where they do not say, and tells when a cap is near."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from math import inf

import anyio
import structlog

from monitor import diff, store
from monitor.actions.options import CleanupOptions
from monitor.actions.ports import Capped
from monitor.actions.quota import count, decide
from monitor.actions.relief import relief_of
from monitor.fields import Clock
from monitor.fields.bell import Broadcast
from monitor.fields.pulse import Pulse
from monitor.model import Quota
from monitor.store import Connection, Store, StoreError
from monitor.store.quotas import QuotaRow, count_here, keep_quotas, load_quotas, save_quota
from monitor.telemetry.trouble import store_trouble
from monitor.wire import Fault, FaultKind

TICK = 60.0
"""Seconds after which it is looked anyway whether something has changed."""
SPACE = 1.0
"""Seconds between two looks, however much happens. Only where jobs have changed does one read the store."""
UNSEEN = 10.0
"""Seconds after which it is looked again whether an account can be read by now, so that its platform may be asked."""
AGAIN = 300.0
"""Seconds after which a platform that gave no answer is asked again."""
STORE_PAUSE = 5.0
"""Seconds after the store could not be used."""
PATIENCE = 120.0
"""Seconds that one turn may take; who waits for a platform is no part of it."""
STALE = timedelta(seconds=600)
"""A platform's figures that do not change are written so often, so that it shows that they were looked at."""
_PASSING = frozenset({FaultKind.TRANSIENT, FaultKind.SENSELESS, FaultKind.THROTTLED})
_log = structlog.get_logger("actions")


class QuotaWatch:
    """In the daemon. What was told is remembered with the figures, so that a restart tells nothing twice."""

    def __init__(
        self,
        db: Store,
        accounts: Callable[[], Iterable[Capped]],
        policies: Sequence[CleanupOptions],
        clock: Clock,
        bell: Broadcast,
    ) -> None:
        """`accounts`: those at work, asked for at each turn. `bell`: rung when events were written."""
        self._db = db
        self._accounts = accounts
        self._policies = tuple(policies)
        self._clock = clock
        self._bell = bell
        self._due: dict[str, float] = {}
        """When a platform is asked next, by account; inf while it is."""
        self._refused: set[str] = set()
        self._rows: dict[str, QuotaRow] | None = None
        """What the store has, by account; None where that is yet to be read."""
        self._marks: dict[str, object] = {}
        """How the jobs and the cap of an account were when they were counted last."""
        self._turning = anyio.Lock()
        self.pulse = Pulse(clock, patience=PATIENCE)
        self._storeless = store_trouble("actions", "the watch over quotas")

    async def run(self) -> None:
        """Until cancelled. An account whose platform hangs holds up no other."""
        with self._bell.listening() as heard:
            async with anyio.create_task_group() as group:
                while True:
                    self.pulse.beat()
                    due, pause = await self._guarded()
                    for account in due:
                        self._due[account.account.name] = inf
                        group.start_soon(self._apart, account, name=f"quota of {account.account.name}")
                    self.pulse.beat(pause)
                    if await heard.wait_at_most(self._clock, pause):
                        await self._clock.sleep(SPACE)

    async def turn(self) -> None:
        """One look at all accounts, and a question to each platform that is due. Raises StoreError."""
        for account in await self._counted():
            await self._ask(account)

    def hung(self) -> list[str]:
        """Itself, where it was not heard of for too long."""
        return ["quotas"] if self.pulse.missed() else []

    def take(self, policies: Sequence[CleanupOptions]) -> None:
        """Other policies, and perhaps other accounts and caps, hold from now on; to be called while it rests."""
        self._policies = tuple(policies)
        self._due = {name: at for name, at in self._due.items() if at == inf}
        self._forget()

    @asynccontextmanager
    async def resting(self) -> AsyncIterator[None]:
        """Nothing is written while the block runs: names may change in the store."""
        async with self._turning:
            yield
            self._bell.ring()

    async def _guarded(self) -> tuple[list[Capped], float]:
        """Who is to be asked, and the seconds until the next look. What fails costs a pause, never the loop."""
        try:
            due = await self._counted()
        except StoreError as error:
            self._forget()
            self._storeless.met(reason=str(error))
            return [], STORE_PAUSE
        except Exception as error:  # what one turn runs into must not end the daemon
            self._forget()
            _log.exception("a turn of the quotas broke; this is a bug", error=type(error).__name__)
            return [], TICK
        self._storeless.over()
        return due, self._pause()

    def _pause(self) -> float:
        now, asked = self._clock.monotonic(), [each for each in self._accounts() if not each.counted]
        waits = [max(1.0, self._due_at(each) - now) if each.seen else UNSEEN for each in asked if each.scopes]
        return min([TICK, *waits])

    async def _apart(self, account: Capped) -> None:
        try:
            await self._ask(account)
        except StoreError as error:
            self._storeless.met(reason=str(error))
            self._due[account.account.name] = self._clock.monotonic() + AGAIN
        except Exception as error:  # as above
            _log.exception("a quota broke; this is a bug", error=type(error).__name__)
            self._due[account.account.name] = self._clock.monotonic() + AGAIN

    async def _counted(self) -> list[Capped]:
        """Counts where the platform does not say; those of which it does and that are due to be asked."""
        async with self._turning:
            accounts = list(self._accounts())
            rows = await self._known()
            if left := rows.keys() - {each.account.name for each in accounts}:
                await self._db.write(partial(keep_quotas, accounts=[each.account.name for each in accounts]))
                self._due = {name: at for name, at in self._due.items() if name not in left}
                self._rows = {name: row for name, row in rows.items() if name not in left}
            for each in [each for each in accounts if each.counted]:
                name, mark = each.account.name, (each.mark, each.job_cap)
                if each.mark is not None and self._marks.get(name) != mark:
                    await self._count(each, rows.get(name))
                    self._marks[name] = mark
        now = self._clock.monotonic()
        return [each for each in accounts if not each.counted and each.seen and self._due_at(each) <= now]

    async def _known(self) -> dict[str, QuotaRow]:
        if self._rows is None:
            self._rows = {row.account: row for row in await self._db.read(load_quotas)}
        return self._rows

    def _forget(self) -> None:
        """What is stored may be otherwise than it was."""
        self._rows = None
        self._marks.clear()

    def _due_at(self, account: Capped) -> float:
        return self._due.get(account.account.name, 0.0)

    async def _ask(self, account: Capped) -> None:
        """Raises StoreError."""
        name = account.account.name
        try:
            found = await account.quota()
        except Fault as fault:
            self._turned_away(account, fault)
            return
        self._due[name] = self._clock.monotonic() + account.sweep_every
        self._refused.discard(name)
        async with self._turning:
            if name not in {each.account.name for each in self._accounts()}:
                return  # a reload has ended it, or given its name away
            row = (await self._known()).get(name)
            if found is not None:
                cap = found.cap if found.cap is not None else account.job_cap
                found = Quota(resource=found.resource, used=found.used, cap=cap, seen_at=found.seen_at)
                await self._settle(account, found, row)
            elif account.job_cap is not None:
                await self._count(account, row)
            elif row is not None:
                known = row.quota
                await self._settle(
                    account, Quota(resource=known.resource, used=known.used, cap=None, seen_at=self._clock.now()), row
                )

    def _turned_away(self, account: Capped, fault: Fault) -> None:
        """What waiting does not mend is said once; the account is none the worse for it, its polls say how it is."""
        name, passing = account.account.name, fault.kind in _PASSING
        wait = min(AGAIN, account.sweep_every) if passing else account.sweep_every
        self._due[name] = self._clock.monotonic() + wait
        say = _log.debug if passing or name in self._refused else _log.warning
        say("the quota of jobs cannot be read", account=name, reason=fault.message, hint=fault.hint)
        if not passing:
            self._refused.add(name)

    async def _count(self, account: Capped, row: QuotaRow | None) -> None:
        here = await self._db.read(partial(count_here, looked_at=account.scopes)) if account.scopes else None
        if here is not None:
            await self._settle(account, count(here, account.counted, account.job_cap, self._clock.now()), row)

    async def _settle(self, account: Capped, quota: Quota, row: QuotaRow | None) -> None:
        """Writes what is new; figures and event in one transaction. Who turns has the lock, so `row` is the row."""
        turn = decide(quota, row.told if row is not None else 0)
        fresh = QuotaRow(account=account.account.name, quota=quota, told=turn.told)
        if row is not None and _same(row, fresh):
            return
        now, drafts = self._clock.now(), []
        if turn.reached is not None:
            relief = await self._db.read(partial(relief_of, policies=self._policies, account=account, now=now))
            drafts.append(diff.quota_reached(account.account, quota, turn.reached, relief, now=now))
        if turn.eased:
            drafts.append(diff.quota_eased(account.account, quota, now=now))

        def write(conn: Connection) -> None:
            save_quota(conn, fresh)
            numbered = [(each, store.next_revision(conn, each.account, each.subject)) for each in drafts]
            store.append_events(conn, self._db.epoch, numbered)

        self._rows = None
        await self._db.write(write)
        if drafts:
            self._bell.ring()


def _same(row: QuotaRow, fresh: QuotaRow) -> bool:
    before, now = row.quota, fresh.quota
    figures = (before.resource, before.used, before.cap, row.told) == (now.resource, now.used, now.cap, fresh.told)
    return figures and now.seen_at - before.seen_at < STALE
