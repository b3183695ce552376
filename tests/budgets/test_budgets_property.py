"""Whatever is booked, corrected, late or restarted: what is told of budgets is what the whole ledger comes to."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.ledger.budget_options import BudgetOptions
from monitor.model import EventType
from monitor.store import open_store
from tests.kit.spending import Ledger, budget

THRESHOLDS = (50, 80, 100, 150)
ZONE = "Asia/Shanghai"
BUDGETS = [
    budget("tokens", period="day", timezone=ZONE, thresholds=[f"{each}%" for each in THRESHOLDS]),
    budget("money", cost="3.3", currency="CNY", period="week", thresholds=["33.3%", "100%"], scope='job.name == "x"'),
    budget("hours", card_hours="0.5", period="6h", thresholds=["60%", "90%"]),
]
Booked = tuple[datetime, dict[str, Any]]

booking = st.fixed_dictionaries(
    {
        "tokens": st.sampled_from([-300, 0, 250, 450, 700]),
        "card_ms": st.sampled_from([-200_000, 0, 600_000, 1_100_000]),
        "cost": st.sampled_from([None, "-0.7", "0.1", "1.099999999999", "2"]),
        "currency": st.sampled_from(["CNY", "CNY", "USD"]),
        "job_name": st.sampled_from("xxy"),
    }
)
step = st.tuples(
    st.sampled_from([0, 0.5, 2, 3, 7, 25]),  # hours that pass
    st.lists(st.tuples(booking, st.sampled_from([0, 0, 1, 9, 26])), max_size=2),  # what is booked, so late
    st.booleans(),  # a restart
    st.sampled_from([True, True, True, False]),  # whether anybody looks
)


class Oracle:
    """Knows all that was ever booked, adds it up from the first row each time, and remembers what it said."""

    def __init__(self) -> None:
        self.booked: list[Booked] = []
        self.watched: set[tuple[str, object]] = set()
        self.told: dict[tuple[str, object], list[float]] = {}
        self.said: list[tuple[str, float]] = []

    def look(self, now: datetime) -> None:
        for each in BUDGETS:
            if isinstance(each.period, str):
                for back in (True, False):
                    self._period(each, now, back)
            else:
                self._rolling(each, now)

    def _period(self, each: BudgetOptions, now: datetime, back: bool) -> None:
        days = 7 if each.period == "week" else 1
        key = (each.name, _first(each, now - timedelta(days=days) if back else now))
        if back and key not in self.watched:
            return
        self.watched.add(key)
        used = sum((_of(each, facts) for at, facts in self.booked if (each.name, _first(each, at)) == key), Decimal(0))
        told = self.told.setdefault(key, [])
        news = [
            name for name in each.thresholds if used * 100 >= _limit(each) * Decimal(str(name)) and name not in told
        ]
        if news and max(news) > max(told, default=0):
            self.said.append((each.name, max(news)))
        told += news

    def _rolling(self, each: BudgetOptions, now: datetime) -> None:
        since = now - timedelta(hours=6)
        used = sum((_of(each, facts) for at, facts in self.booked if at > since), Decimal(0))
        told = self.told.setdefault((each.name, None), [])
        told[:] = [name for name in told if used * 100 >= _limit(each) * Decimal(str(name)) * Decimal("0.9")]
        news = [
            name for name in each.thresholds if used * 100 >= _limit(each) * Decimal(str(name)) and name not in told
        ]
        if news and max(news) > max(told, default=0):
            self.said.append((each.name, max(news)))
        told += news


def _first(each: BudgetOptions, at: datetime) -> object:
    day = at.astimezone(ZoneInfo(each.timezone)).date()
    return day - timedelta(days=day.weekday()) if each.period == "week" else day


def _limit(each: BudgetOptions) -> Decimal:
    return {"tokens": Decimal(1000), "money": Decimal("3.3"), "hours": Decimal(1_800_000)}[each.name]


def _of(each: BudgetOptions, facts: dict[str, Any]) -> Decimal:
    if each.name == "money":
        counts = facts["cost"] is not None and facts["currency"] == "CNY" and facts["job_name"] == "x"
        return Decimal(facts["cost"]) if counts else Decimal(0)
    return Decimal(facts["tokens"] if each.name == "tokens" else facts["card_ms"])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(step, min_size=6, max_size=16))
def test_what_is_told_is_what_the_whole_ledger_comes_to(empty_ledger: Path, steps: list[Any]) -> None:
    asyncio.run(_played(empty_ledger, [*steps, (0, [], False, True)]))


async def _played(empty: Path, steps: list[Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(empty, Path(folder) / "monitor.db")
        store = await open_store("sqlite:monitor.db", state_dir=Path(folder), lock=True)
        try:
            ledger, oracle = Ledger(store), Oracle()
            stage = ledger.watch(*BUDGETS)
            for hours, booked, restart, look in steps:
                ledger.move(hours=hours)
                for facts, late in booked:
                    at = ledger.clock.now() - timedelta(hours=late)
                    await ledger.booked(at=at, **facts)
                    oracle.booked.append((at, facts))
                stage = ledger.watch(*BUDGETS) if restart else stage
                if look:
                    await stage.turn()
                    oracle.look(ledger.clock.now())
            reached = [each.data["budget"] for each in await ledger.events() if each.type is EventType.BUDGET_REACHED]
            assert [(each["name"], each["threshold"]) for each in reached] == oracle.said
            calendar = [(b["name"], b["starts_at"], b["threshold"]) for b in reached if b["period"] != "rolling"]
            assert len(set(calendar)) == len(calendar)
        finally:
            await store.aclose()
