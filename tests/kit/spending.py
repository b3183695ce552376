"""A ledger to book into, a clock that stands still, and the watch over budgets, started as often as a test wants."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from monitor.budgets import Budgets
from monitor.fields.bell import Broadcast
from monitor.ledger.budget_options import BudgetOptions
from monitor.model import Event, EventType
from monitor.store import BookingRow, Store, book, read_events
from tests.kit.clock import VirtualClock

MORNING = datetime(2026, 11, 16, 9, tzinfo=UTC)
"""A Monday; the month is half over."""


def budget(name: str = "team", **facts: Any) -> BudgetOptions:
    amount = {} if {"card_hours", "node_hours", "cost"} & facts.keys() else {"tokens": 1000}
    return BudgetOptions.model_validate({"name": name, "forecast": False, **amount, **facts})


@dataclass
class Ledger:
    """Books, and lets the stage look."""

    store: Store
    clock: VirtualClock = field(default_factory=lambda: VirtualClock(MORNING))
    bell: Broadcast = field(default_factory=Broadcast)
    jobs: int = 0

    async def booked(self, tokens: int = 0, *, at: datetime | None = None, **facts: Any) -> None:
        self.jobs += 1
        plain: dict[str, Any] = {
            "account": "llm",
            "provider": "model-studio",
            "scope_id": 1,
            "job_id": f"ft-{self.jobs}",
            "job_name": "a job",
            "model": "qwen3-14b",
            "creator": "ann",
            "labels": {"team": "nlp"},
            "at": at or self.clock.now(),
            "tokens": tokens,
            "cost": None,
            "currency": None,
        }
        cost = facts.pop("cost", None)
        row = BookingRow(**plain | facts | {"cost": None if cost is None else Decimal(cost)})
        await self.store.write(lambda conn: book(conn, row))

    def watch(self, *options: BudgetOptions) -> Budgets:
        """A start of the daemon."""
        return Budgets(self.store, options, self.clock, self.bell)

    def move(self, **span: float) -> None:
        self.clock.advance(timedelta(**span).total_seconds())

    async def events(self) -> list[Event]:
        return await self.store.read(lambda conn: read_events(conn, after=0, limit=10_000))

    async def said(self) -> list[Any]:
        """What was told so far, shortly: a threshold, `forecast`, or why a budget was renewed."""
        told = []
        for event in await self.events():
            facts = event.data["budget"]
            if event.type is EventType.BUDGET_REACHED and facts["threshold"] is not None:
                told.append(facts["threshold"])
            else:
                told.append(facts["reason"])
        return told
