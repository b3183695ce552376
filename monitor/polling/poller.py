"""All watches of all accounts: builds the providers with their gates, runs one loop for each scope, and exchanges
accounts while the others go on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import aiohttp
import anyio
from anyio.abc import TaskGroup

from monitor import store
from monitor.model import Catalogue, Scope
from monitor.polling.flavors import FlavorScope
from monitor.polling.health import AccountHealth
from monitor.polling.jobs import JobsScope
from monitor.polling.loop import Watched, WatchLoop
from monitor.polling.pace import LateGate, Pace
from monitor.polling.reach import AccountReach
from monitor.polling.surroundings import Surroundings
from monitor.polling.watching import AccountWatch, Deleter
from monitor.providers import registry
from monitor.providers.options import AccountOptions, Budget, JobsWatch, WatchOptions
from monitor.providers.ports import Provider
from monitor.store import Health
from monitor.wire import Http

_CATALOGUES = frozenset(catalogue.value for catalogue in Catalogue)


class Poller:
    """Polls until cancelled. One watch that breaks harms no other.

    A reload asks for what it has to begin (`built`), stops what it has to (`part`) and has it started (`take`).
    """

    def __init__(
        self, accounts: Sequence[AccountOptions], session: aiohttp.ClientSession, around: Surroundings
    ) -> None:
        self._accounts = accounts
        self._session = session
        self._around = around
        self._paces: dict[str, Pace] = {}
        self._group: TaskGroup | None = None
        self._watches: dict[str, AccountWatch] = {}

    async def open(self) -> None:
        """Builds everything; sends nothing. Raises LookupError for a secret that was not resolved."""
        self.take(self._accounts, self.built(self._accounts), await self._around.store.read(store.load_health))

    async def run(self) -> None:
        async with anyio.create_task_group() as self._group:
            for watch in self._watches.values():
                watch.start(self._group)
            await anyio.sleep_forever()

    def built(self, accounts: Iterable[AccountOptions]) -> list[AccountWatch]:
        """Those of the accounts that are not at work as they stand there; nothing of them runs yet. Raises LookupError
        for a secret that was not resolved."""
        at_work = {name: watch.options for name, watch in self._watches.items()}
        return [self._watch(options) for options in accounts if not options.alike(at_work.get(options.name))]

    async def part(self, accounts: Sequence[AccountOptions]) -> None:
        """Stops what those do not have, or have otherwise. Until `take` it counts as unseen."""
        wanted = {options.name: options for options in accounts}
        for watch in self._watches.values():
            if not watch.options.alike(wanted.get(watch.name)):
                await watch.stop()

    def take(
        self, accounts: Sequence[AccountOptions], fresh: Iterable[AccountWatch], rows: Mapping[tuple[str, str], Health]
    ) -> None:
        """Exactly these accounts are polled from now on: those of `fresh` begin, the others were never interrupted.
        `rows`: the health of all of them as the store knows it."""
        begin = {watch.name: watch for watch in fresh}
        found = self._watches | begin
        self._watches = {options.name: found[options.name] for options in accounts}
        self._limit()
        for watch in begin.values():
            watch.adopt(rows)
            if self._group is not None:
                watch.start(self._group)

    def reach(self, account: str) -> AccountReach | None:
        """The account for who acts on its jobs; None where the config has none of that name."""
        watch = self._watches.get(account)
        return None if watch is None else AccountReach(watch, self._around)

    def reaches(self) -> list[AccountReach]:
        """All accounts of the config, for who watches over them."""
        return [AccountReach(watch, self._around) for watch in self._watches.values()]

    def hasten(self) -> None:
        """Accounts that were slowed down because the platform refused something are tried at once."""
        for watch in self._watches.values():
            watch.hasten()

    @property
    def loops(self) -> list[WatchLoop]:
        return [loop for watch in self._watches.values() for loop in watch.loops]

    def active(self) -> int:
        """Jobs that are not over, as far as polls of this run have seen."""
        scopes = [loop.watched for loop in self.loops if isinstance(loop.watched, JobsScope)]
        return sum(len(scope.memory.active) for scope in scopes)

    def hung(self) -> list[str]:
        """Watches that were not heard of for too long, though nothing keeps their credential from asking."""
        return [name for watch in self._watches.values() for name in watch.hung()]

    def untried(self) -> list[str]:
        """Watches that were not polled once yet, well or not."""
        return [f"{loop.scope.account}/{loop.name}" for loop in self.loops if not loop.tried]

    def last_good(self) -> dict[tuple[str, str], datetime | None]:
        """By account and watch: its last good poll, None where there was none yet."""
        return {(loop.scope.account, loop.name): loop.last_good for loop in self.loops}

    def late_after(self) -> dict[tuple[str, str], float]:
        """By account and watch: the age of its data from which it counts as late, in seconds."""
        return {(loop.scope.account, loop.name): loop.freshness().late_after for loop in self.loops}

    def unseen(self) -> set[str]:
        """`<account>|<watch>` of what cannot be judged at the moment: never polled well since the start, or failing."""
        return {f"{loop.scope.account}|{loop.scope.watch}" for loop in self.loops if not loop.seen}

    def watched(self) -> set[str]:
        """`<account>|<watch>` of all that is polled."""
        return {f"{loop.scope.account}|{loop.scope.watch}" for loop in self.loops}

    def states(self) -> dict[str, str]:
        """By account: `ok`, `unreachable` or `unauthorized`, the worst of its watches; `waiting` before a good poll."""
        seen = {account for (account, _), at in self.last_good().items() if at is not None}
        states: dict[str, str] = {name: watch.health.state for name, watch in self._watches.items()}
        return {name: "waiting" if state == "ok" and name not in seen else state for name, state in states.items()}

    def troubles(self) -> list[str]:
        """Which watches cannot be seen, and why."""
        return [trouble for watch in self._watches.values() for trouble in watch.health.troubles()]

    def _watch(self, options: AccountOptions) -> AccountWatch:
        provider, gate, pace = self._behind_gate(options)
        deleting = options.deleting()
        deleter = None
        if deleting is not None:
            deleter = Deleter(*self._behind_gate(deleting, pace if deleting is options else None))
        health = AccountHealth(provider.account, self._around)
        watches = options.watches()
        scopes = [(scope, watches[watch]) for watch in watches for scope in provider.scopes(watch)]
        loops = [self._loop(options, provider, health, scope, watch) for scope, watch in scopes]
        return AccountWatch(
            options=options, provider=provider, gate=gate, deleter=deleter, pace=pace, health=health, loops=loops
        )

    def _behind_gate(self, options: AccountOptions, pace: Pace | None = None) -> tuple[Provider, LateGate, Pace]:
        """`pace`: that of the credential where it is known already, for to identify one takes its time."""
        gate = LateGate(options.name, self._around.clock, self._around.meter)
        provider = registry.builder(options.provider)(options, Http(self._session, gate), self._around.clock)
        pace = pace or self._pace(provider.fingerprint(), options.budget)
        gate.bind(pace)
        return provider, gate, pace

    def _pace(self, fingerprint: str, budget: Budget) -> Pace:
        """One for each credential; an account that changes and keeps its credential keeps what that has learned."""
        pace = self._paces.get(fingerprint)
        if pace is None:
            rate, burst = budget.requests_per_second, budget.burst
            pace = Pace(self._around.store, self._around.clock, fingerprint, rate=rate, burst=burst)
            self._paces[fingerprint] = pace
        return pace

    def _limit(self) -> None:
        """The smallest budget of those that share a credential holds for all of them."""
        for fingerprint, pace in list(self._paces.items()):
            budgets = [watch.options.budget for watch in self._watches.values() if pace in watch.paces()]
            if budgets:
                pace.limit(min(each.requests_per_second for each in budgets), min(each.burst for each in budgets))
            else:
                del self._paces[fingerprint]

    def _loop(
        self, options: AccountOptions, provider: Provider, health: AccountHealth, scope: Scope, watch: WatchOptions
    ) -> WatchLoop:
        around = self._around

        def make() -> Watched:
            if scope.watch in _CATALOGUES:
                return FlavorScope(provider, options, watch, around)
            assert isinstance(watch, JobsWatch)
            return JobsScope(provider, options, watch, around)

        return WatchLoop(scope, make, watch, health, around, rate=options.budget.requests_per_second)
