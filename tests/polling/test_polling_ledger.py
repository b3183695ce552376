"""Random jobs of both platforms, late and moving figures, restarts, crashes and prices: the ledger is what the
platforms' own facts come to, to the cent, and each job is booked once."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from monitor.ledger import PriceOptions
from monitor.providers import registry
from monitor.providers.model_studio.simjob import ABSENT
from monitor.store.tables import bookings
from tests.kit.clock import VirtualClock
from tests.kit.platforms import model_studio, modelarts
from tests.kit.rig import Crash, Rig, rigged
from tests.polling.test_polling_histories import FAULTS

FIRST = date(2026, 11, 20)
MODELS, FLAVORS = ("qwen3-14b", "qwen3-8b"), ("npu.8", "cpu.1")
OVER = ("Completed", "Failed", "Terminated", "Abnormal")
Use = tuple[int, int, int]
"""Tokens, milliseconds of nodes, of cards."""
Line = tuple[Use, date]


@dataclass
class Truth:
    """What the platforms said of each job at good polls: its last figure, and what each new one added, on which day."""

    figures: dict[str, Use] = field(default_factory=dict)
    lines: dict[str, list[Line]] = field(default_factory=lambda: defaultdict(list))
    of: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Provider, and model or flavor."""

    def see(self, job_id: str, figure: Use | None, ended: datetime) -> None:
        before = self.figures.get(job_id)
        if figure is not None and figure != before:
            was = before or (0, 0, 0)
            delta = (figure[0] - was[0], figure[1] - was[1], figure[2] - was[2])
            self.lines[job_id].append((delta, ended.astimezone(UTC).date()))
            self.figures[job_id] = figure

    def costs(self, prices: Iterable[PriceOptions]) -> dict[tuple[str, str], Fraction]:
        found: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
        prices = list(prices)
        for job_id, lines in self.lines.items():
            for use, day in lines:
                if (price := holding(prices, *self.of[job_id], day)) is not None:
                    found[job_id, price.currency] += cost(price, use)
        return found


def holding(prices: Iterable[PriceOptions], provider: str, thing: str, day: date) -> PriceOptions | None:
    """Of the region before any region, then the latest."""
    region = {"model-studio": None, "modelarts": "cn-north-4"}[provider]
    fit = [
        price
        for price in prices
        if (price.provider, price.model or price.flavor) == (provider, thing)
        and price.since <= day
        and price.region in (None, region)
    ]
    return max(fit, key=lambda price: (price.region is not None, price.since), default=None)


def cost(price: PriceOptions, use: Use) -> Fraction:
    tokens, nodes, cards = use
    if price.per_1k_tokens is not None:
        return Fraction(tokens, 1000) * Fraction(price.per_1k_tokens)
    if price.per_node_hour is not None:
        return Fraction(nodes, 3_600_000) * Fraction(price.per_node_hour)
    assert price.per_card_hour is not None
    return Fraction(cards, 3_600_000) * Fraction(price.per_card_hour)


class Platforms:
    """Both, with jobs that do what such jobs can do."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.studio: Any = registry.emulator("model-studio")(clock, autoplay=False)
        self.arts: Any = registry.emulator("modelarts")(clock, autoplay=False)
        self.tunes: list[str] = []
        self.trainings: list[str] = []
        self.truth = Truth()

    def act(self, what: str, which: int, number: Any) -> None:
        self.clock.advance(5 + which + 0.125 * which)
        if what == "tune":
            model = MODELS[number % 2]
            job = self.studio.world.add_job("RUNNING", model=model, base_model=model)
            self.tunes.append(job)
            self.truth.of[job] = ("model-studio", model)
        elif what == "train":
            cards = (8, 0)[number % 2]
            flavor = FLAVORS[number % 2]
            job = self.arts.world.add_job("t", phase="Running", flavor=flavor, nodes=1 + number % 5, cards=cards)
            self.trainings.append(job)
            self.truth.of[job] = ("modelarts", flavor)
        elif what == "token" and self.tunes:
            self._tune(self.tunes[which % len(self.tunes)], number)
        elif what == "phase" and self.trainings:
            self._train(self.trainings[which % len(self.trainings)], number)

    def _tune(self, job: str, number: int) -> None:
        """It ends with a figure, without one yet, or without any; a figure comes later, or moves."""
        world = self.studio.world
        over = world.find(job).status != "RUNNING"
        if over and world.find(job).status != "FAILED":
            world.set(job, usage=number)
        elif not over:
            ends: Sequence[Mapping[str, Any]] = (
                {"status": "SUCCEEDED", "usage": number},
                {"status": "SUCCEEDED", "usage": ABSENT},
                {"status": "CANCELED", "usage": 0},
                {"status": "FAILED"},
            )
            world.set(job, **ends[number % 4])

    def _train(self, job_id: str, word: str) -> None:
        """It runs, is restarted, goes back into the queue, ends; what was lost may heal."""
        world = self.arts.world
        phase = world.jobs[job_id].phase
        if phase in ("Pending", "Abnormal"):
            world.set_phase(job_id, "Running")
        elif phase == "Running" and word == "restart":
            world.restart(job_id)
        elif phase == "Running":
            world.set_phase(job_id, word)

    def look(self) -> None:
        """What a good poll has seen."""
        for job_id in self.tunes:
            fields = self.studio.world.find(job_id).fields
            if fields.get("usage") is not None:
                ended = datetime.fromisoformat(fields["end_time"] + "+08:00")
                self.truth.see(job_id, (fields["usage"], 0, 0), ended)
        for job_id in self.trainings:
            job = self.arts.world.jobs[job_id]
            if job.phase in OVER and job.started is not None:
                ran = job.duration(self.clock.now())
                if len(job.runs) > 1:
                    ran = sum(int(run.end.timestamp()) - int(run.start.timestamp()) for run in job.runs) * 1000
                self.truth.see(job_id, (0, ran * job.nodes, ran * job.nodes * job.cards), job.ended)


async def poll(rig: Rig, both: Platforms) -> None:
    both.studio.faults.clear()
    both.arts.faults.clear()
    while any(await rig.poll()):
        pass
    both.look()


async def live(rig: Rig, both: Platforms, life: Iterable[tuple[Any, ...]]) -> None:
    for what, *facts in life:
        if what == "poll":
            await poll(rig, both)
        elif what == "sweep":
            await poll(rig, both)
            await rig.sweep()
        elif what == "days":
            both.clock.advance(facts[0] * 3600)
        elif what == "fault":
            both.studio.faults.add(FAULTS[facts[0]])
            await rig.poll()
        elif what == "crash":
            rig.die_after(facts[0])
            await rig.poll()
            raise Crash("at the latest")
        else:
            both.act(what, *facts)


async def ledger(rig: Rig) -> list[Any]:
    return list(await rig.store.read(lambda conn: conn.execute(select(bookings).order_by(bookings.c.id)).all()))


async def check(rig: Rig, both: Platforms) -> None:
    rows, truth = await ledger(rig), both.truth
    totals: dict[str, Use] = {}
    costs: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
    for row in rows:
        was = totals.get(row.job_id, (0, 0, 0))
        totals[row.job_id] = (was[0] + row.tokens, was[1] + row.node_ms, was[2] + row.card_ms)
        if row.cost is not None:
            costs[row.job_id, row.currency] += Fraction(Decimal(row.cost))
    assert totals == truth.figures
    expected = truth.costs(rig.prices)
    assert costs.keys() == expected.keys()
    assert all(abs(costs[key] - expected[key]) < Fraction(1, 10**9) for key in expected)
    firsts = Counter(row.job_id for row in rows if not row.correction)
    assert set(firsts.values()) <= {1}
    assert firsts.keys() == truth.figures.keys()
    told = Counter(event.subject for event in await rig.events("usage.recorded"))
    assert set(told.values()) <= {1}


_which = st.integers(0, 9)
_number = st.integers(1, 900_000)
_word = st.sampled_from([*OVER, "Abnormal", "restart", "Pending"])
acts = st.one_of(
    *(st.tuples(st.just(what), _which, _number) for what in ("tune", "train", "token", "token")),
    *(st.tuples(st.just("phase"), _which, _word),) * 4,
)
moves = st.one_of(
    *(acts,) * 6,
    *(st.tuples(st.just("poll")),) * 3,
    st.tuples(st.just("sweep")),
    st.tuples(st.just("days"), st.integers(1, 40)),
    st.tuples(st.just("fault"), st.sampled_from(sorted(FAULTS))),
    st.tuples(st.just("crash"), st.integers(0, 8)),
)
_amounts = st.decimals(min_value=0, max_value=1000, places=6, allow_nan=False, allow_infinity=False).map(str)
_shared = {"currency": st.sampled_from(["CNY", "USD"]), "since": st.integers(-5, 4).map(lambda day: since(day))}
tokens = st.fixed_dictionaries(
    {"provider": st.just("model-studio"), "model": st.sampled_from(MODELS), "per_1k_tokens": _amounts, **_shared}
)
hours = st.fixed_dictionaries(
    {
        "provider": st.just("modelarts"),
        "flavor": st.sampled_from(FLAVORS),
        "region": st.sampled_from([None, "cn-north-4", "cn-east-3"]),
        "per_node_hour": _amounts,
        **_shared,
    }
)
by_card = hours.map(lambda price: {"per_card_hour": price["per_node_hour"], **price, "flavor": "npu.8"}).map(
    lambda price: {key: value for key, value in price.items() if key != "per_node_hour"}
)
price_lists = st.lists(
    st.one_of(tokens, hours, by_card),
    min_size=5,
    max_size=12,
    unique_by=lambda each: (each.get("model"), each.get("flavor"), each.get("region"), each["since"]),
)


def since(day: int) -> str:
    return (FIRST + timedelta(days=day)).isoformat()


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
@given(
    prices=price_lists,
    past=st.lists(acts, min_size=10, max_size=25),
    lives=st.lists(st.lists(moves, min_size=15, max_size=40), min_size=1, max_size=3),
)
def test_the_ledger_is_what_the_platforms_facts_come_to(
    prices: list[dict[str, Any]], past: list[tuple[Any, ...]], lives: list[list[tuple[Any, ...]]]
) -> None:
    async def story() -> None:
        clock = VirtualClock()
        both = Platforms(clock)
        for what, which, number in past:
            both.act(what, which, number)
        emulators = {"model-studio": both.studio, "modelarts": both.arts}
        async with rigged(lambda at: [*model_studio()(at), *modelarts()(at)], emulators, clock) as rig:
            rig.prices = tuple(PriceOptions.model_validate(price) for price in prices)
            async with rig.running():
                await poll(rig, both)
                assert await rig.events("usage.*") == [], "what was there before is booked and nobody is told"
                await check(rig, both)
            for life in lives:
                with contextlib.suppress(Crash):
                    async with rig.running():
                        await live(rig, both, life)
                async with rig.running():
                    await poll(rig, both)
                    await check(rig, both)

    asyncio.run(story())
