"""A daemon on one meter, from its platform to its webhook, and scrapes of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import anyio
from prometheus_client.parser import text_string_to_metric_families as parse

from monitor.actions.options import CleanupOptions
from monitor.budgets import Counting
from monitor.delivery import Outbox, SinkEntry
from monitor.fields.bell import Bell
from monitor.ledger.budget_options import BudgetOptions
from monitor.providers import registry
from monitor.routing import Router
from monitor.rules import RuleOptions, RuleSet
from monitor.settings import Settings
from monitor.settings.root import Control, HttpOptions
from monitor.sinks.webhook.options import Options
from monitor.sinks.webhook.sink import build
from monitor.store import BookingRow, book
from monitor.telemetry.metrics import Metrics
from monitor.web.api.inside import Heartbeating, Inside
from monitor.web.health import Health
from monitor.web.metrics import Exposer
from monitor.wire import Http, new_session
from tests.kit.clock import VirtualClock
from tests.kit.outbox import HookServer, SteppedClock, hook_server
from tests.kit.platforms import modelarts
from tests.kit.rig import Rig, rigged

SECRET = "hunter2hunter2"
HOSTILE = 'jobs/space "of" \\ the\nnight'


async def probe() -> None: ...


class Scene:
    """The whole way of the data with one meter, and a scrape of it."""

    def __init__(self, rig: Rig, emulator: Any, server: HookServer) -> None:
        self.rig, self.emulator, self.server = rig, emulator, server
        self.clock = SteppedClock()
        self.metrics = Metrics()
        self.dead: list[str] = []
        self.heartbeat: Heartbeating | None = Heartbeating(every=300.0)
        rig.meter = self.metrics
        url = f"http://127.0.0.1:{server.port}/hook?token={SECRET}"
        self.sink = Options(name="hook", type="webhook", url=url, timeout="5s", canary="1d")  # type: ignore[arg-type]
        self.policies = [CleanupOptions(name="nightly", enabled=True), CleanupOptions(name="tried")]
        self.rules = [RuleOptions(name="job-told", on=["job.*"], notify=["hook"])]  # type: ignore[arg-type]

    def settings(self) -> Settings:
        return Settings(
            path=Path("training-monitor.yaml"),
            store=f"sqlite:{SECRET}",
            state_dir=self.rig.folder,
            http=HttpOptions(),
            control=Control(None),
            accounts=tuple(self.rig.accounts),
            people=(),
            prices=(),
            sinks=(self.sink,),
            rules=tuple(self.rules),
            cleanup=tuple(self.policies),
            unmatched=None,
            flapping=None,
            catch_up_after=900.0,
        )

    def exposer(self, store: Any = None) -> Exposer:
        inside = Inside(store=store or self.rig.store, clock=self.rig.clock, settings=self.settings())
        inside.heartbeat = lambda: self.heartbeat
        self.inside = inside
        inside.budgets = lambda: [Counting(BudgetOptions(name="team", tokens=1000))]
        health = Health(dead_loops=lambda: self.dead, untried=list, probe_store=probe)
        return Exposer(self.metrics, inside, health=lambda: health, watches=lambda: self.rig.poller)

    def router(self, outbox: Outbox) -> Router:
        rules = RuleSet.compile(self.rules, [], None, ["hook"])
        return Router(self.rig.store, rules, self.clock, bell=Bell(), wake=outbox.ring, meter=self.metrics)

    @asynccontextmanager
    async def outbox(self) -> AsyncIterator[Outbox]:
        async with new_session() as session, anyio.create_task_group() as group:
            entry = SinkEntry(sink=build(self.sink, Http(session), self.clock), options=self.sink)
            outbox = Outbox(self.rig.store, [entry], self.clock, events=Bell(), meter=self.metrics)
            group.start_soon(outbox.run)
            yield outbox
            group.cancel_scope.cancel()

    async def scrape(self) -> dict[str, float]:
        return numbers(parse((await self.exposer().exposition()).body.decode()))


@asynccontextmanager
async def scene(**watches: Any) -> AsyncIterator[Scene]:
    clock = VirtualClock()
    emulator: Any = registry.emulator("modelarts")(clock, autoplay=False)
    make = modelarts(**{"training_flavors": {}} | watches)
    async with rigged(make, {"modelarts": emulator}, clock) as rig, hook_server() as server:
        made = Scene(rig, emulator, server)
        async with rig.running():
            yield made


def numbers(families: Iterable[Any]) -> dict[str, float]:
    """`name{label=value,…}` without the prefix, labels in alphabetical order."""
    found: dict[str, float] = {}
    for family in families:
        for sample in family.samples:
            labels = ",".join(f"{key}={value}" for key, value in sorted(sample.labels.items()))
            name = sample.name.removeprefix("training_monitor_")
            found[f"{name}{{{labels}}}" if labels else name] = sample.value
    return found


async def spent(on: Scene, tokens: int, cost: str, account: str = "ascend") -> None:
    """A booking of so much, paid in CNY."""
    row = BookingRow(
        account=account, provider="p", scope_id=1, job_id="x", job_name="x", model=None, creator=None, labels={},
        at=on.clock.now(), tokens=tokens, node_ms=1_500, card_ms=12_000, cost=Decimal(cost), currency="CNY",
    )  # fmt: skip
    await on.rig.store.write(lambda conn: book(conn, row))


async def value(on: Scene, name: str) -> float:
    return (await on.scrape()).get(name, 0.0)
