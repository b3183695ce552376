"""All watches of all accounts: builds the providers with their gates, and runs one loop for each scope."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import aiohttp
import anyio

from monitor import store
from monitor.model import Catalogue, Scope
from monitor.polling.flavors import FlavorScope
from monitor.polling.health import AccountHealth
from monitor.polling.jobs import JobsScope
from monitor.polling.loop import Watched, WatchLoop
from monitor.polling.pace import LateGate, Pace
from monitor.polling.surroundings import Surroundings
from monitor.providers import registry
from monitor.providers.options import AccountOptions, JobsWatch, WatchOptions
from monitor.providers.ports import Provider
from monitor.store import Health
from monitor.wire import Http

_CATALOGUES = frozenset(catalogue.value for catalogue in Catalogue)


class Poller:
    """Polls until cancelled. One watch that breaks harms no other."""

    def __init__(
        self, accounts: Sequence[AccountOptions], session: aiohttp.ClientSession, around: Surroundings
    ) -> None:
        self._accounts = accounts
        self._session = session
        self._around = around
        self._paces: dict[str, Pace] = {}
        self._of_account: dict[str, Pace] = {}
        self.loops: list[WatchLoop] = []
        self._healths: list[AccountHealth] = []

    async def open(self) -> None:
        """Builds everything; sends nothing. Raises LookupError for a secret that was not resolved."""
        rows = await self._around.store.read(store.load_health)
        for options in self._accounts:
            provider = self._provider(options)
            self.loops.extend(self._loops(options, provider, rows))

    async def run(self) -> None:
        async with anyio.create_task_group() as group:
            for loop in self.loops:
                group.start_soon(loop.run, name=f"watch {loop.scope.account} {loop.name}")

    def active(self) -> int:
        """Jobs that are not over, as far as polls of this run have seen."""
        scopes = [loop.watched for loop in self.loops if isinstance(loop.watched, JobsScope)]
        return sum(len(scope.memory.active) for scope in scopes)

    def hung(self) -> list[str]:
        """Watches that were not heard of for too long, though nothing keeps their credential from asking."""
        return [
            f"polling {loop.scope.account}/{loop.name}"
            for loop in self.loops
            if loop.pulse.missed(self._of_account[loop.scope.account].held_until)
        ]

    def untried(self) -> list[str]:
        """Watches that were not polled once yet, well or not."""
        return [f"{loop.scope.account}/{loop.name}" for loop in self.loops if not loop.tried]

    def last_good(self) -> dict[tuple[str, str], datetime | None]:
        """By account and watch: its last good poll, None where there was none yet."""
        return {(loop.scope.account, loop.name): loop.last_good for loop in self.loops}

    def unseen(self) -> set[str]:
        """`<account>|<watch>` of what cannot be judged at the moment: never polled well since the start, or failing."""
        return {f"{loop.scope.account}|{loop.scope.watch}" for loop in self.loops if not loop.seen}

    def watched(self) -> set[str]:
        """`<account>|<watch>` of all that is polled."""
        return {f"{loop.scope.account}|{loop.scope.watch}" for loop in self.loops}

    def states(self) -> dict[str, str]:
        """By account: `ok`, `unreachable` or `unauthorized`, the worst of its watches; `waiting` before a good poll."""
        seen = {account for (account, _), at in self.last_good().items() if at is not None}
        states: dict[str, str] = {health.account: health.state for health in self._healths}
        return {name: "waiting" if state == "ok" and name not in seen else state for name, state in states.items()}

    def troubles(self) -> list[str]:
        """Which watches cannot be seen, and why."""
        return [trouble for health in self._healths for trouble in health.troubles()]

    def _provider(self, options: AccountOptions) -> Provider:
        gate = LateGate(options.name, self._around.clock, self._around.meter)
        provider = registry.builder(options.provider)(options, Http(self._session, gate), self._around.clock)
        fingerprint, budget = provider.fingerprint(), options.budget
        pace = self._paces.get(fingerprint)
        if pace is None:
            pace = Pace(
                self._around.store,
                self._around.clock,
                fingerprint,
                rate=budget.requests_per_second,
                burst=budget.burst,
            )
            self._paces[fingerprint] = pace
        else:
            pace.tighten(budget.requests_per_second, budget.burst)
        gate.bind(pace)
        self._of_account[options.name] = pace
        return provider

    def _loops(
        self, options: AccountOptions, provider: Provider, rows: dict[tuple[str, str], Health]
    ) -> list[WatchLoop]:
        watches = options.watches()
        scopes = [(scope, watches[watch]) for watch in watches for scope in provider.scopes(watch)]
        health = AccountHealth(provider.account, self._around)
        self._healths.append(health)
        loops = [self._loop(options, provider, health, scope, watch) for scope, watch in scopes]
        names = {name for loop in loops for name in (loop.name, loop.sweep_name)}
        health.adopt(
            {watch: row for (account, watch), row in rows.items() if account == options.name and watch in names}
        )
        return loops

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
