"""What a running job has used so far and what that costs: an estimate that says what it is made from."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from monitor.ledger import Basis, Estimate, PriceOptions, estimate
from monitor.model import Job, JobState, KnownJob, Usage

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR = 3_600_000


def price(**facts: Any) -> PriceOptions:
    return PriceOptions(**({"provider": "p", "currency": "CNY", "since": date(2026, 1, 1)} | facts))


PRICES = (
    price(model="qwen3-14b", per_1k_tokens="0.03"),
    price(model="qwen3-14b", per_1k_tokens="0.05", region="abroad"),
    price(flavor="ascend-8", per_card_hour="10"),
    price(flavor="ascend-8", per_card_hour="99", since=date(2026, 11, 21)),
)


def nodes(**facts: Any) -> Job:
    """Two nodes of eight cards, running since noon."""
    given = {"nodes": 2, "accelerators": 8.0, "flavor": "ascend-8", "started_at": NOON} | facts
    return Job(id="1", name="n", state=JobState.RUNNING, provider_state="Running", **given)


def tuning(**facts: Any) -> Job:
    return Job(id="1", name="n", state=JobState.RUNNING, provider_state="RUNNING", base_model="qwen3-14b", **facts)


def made(job: Job, *, hours: float = 1.5, region: str | None = None, seen: float = 0.0, **facts: Any) -> Estimate:
    known_facts = {key: facts.pop(key) for key in ("attempt", "state_since") if key in facts}
    known = KnownJob(job=job, revision=1, **({"state_since": NOON} | known_facts))
    now, seen_at = NOON + timedelta(hours=hours), NOON + timedelta(hours=seen)
    return estimate(known, PRICES, provider="p", region=region, now=now, seen_at=seen_at, **facts)


def test_nodes_are_counted_by_the_time_that_has_passed() -> None:
    found = made(nodes(ran=3.0))
    assert found.usage == Usage(node_ms=3 * HOUR, card_ms=24 * HOUR)
    assert (found.basis, found.cost, found.currency) == (Basis.TIME, Decimal(240), "CNY")


def test_a_job_that_runs_again_has_run_what_the_platform_said_and_since() -> None:
    again = nodes(runs=2, ran=7200.0, started_at=NOON - timedelta(days=3))
    assert made(again, seen=0.5).usage.node_ms == 2 * 3 * HOUR
    assert made(nodes(ran=7200.0), attempt=2, seen=0.5).usage.node_ms == 2 * 3 * HOUR
    late = made(again, seen=1.5, state_since=NOON - timedelta(hours=2))
    assert late.usage.node_ms == 2 * 3.5 * HOUR, "at least as long as it was seen to run"


def test_without_a_start_it_runs_since_it_was_seen_to() -> None:
    assert made(nodes(started_at=None)).usage.node_ms == 3 * HOUR
    assert made(nodes(started_at=None, runs=3)).usage.node_ms == 3 * HOUR
    assert made(replace(nodes(started_at=None), state=JobState.STOPPING)) == Estimate(usage=Usage(), basis=None)


def test_cards_that_nobody_tells_leave_what_is_paid_by_card_without_a_price() -> None:
    found = made(nodes(accelerators=None))
    assert (found.usage, found.cost, found.currency) == (Usage(node_ms=3 * HOUR), None, None)
    assert made(nodes(flavor="other")).cost is None


def test_the_price_is_that_of_today_and_of_the_region() -> None:
    assert made(nodes(), hours=12).cost == 12 * 2 * 8 * 99
    assert (made(tuning(), logged=1000).cost, made(tuning(), logged=1000, region="abroad").cost) == (
        Decimal("0.03"),
        Decimal("0.05"),
    )


def test_what_a_log_says_stands_before_what_is_usual() -> None:
    assert made(tuning(), logged=2500, usual=9000) == Estimate(
        usage=Usage(tokens=2500), basis=Basis.LOG, cost=Decimal("0.075"), currency="CNY"
    )
    assert made(tuning(), logged=0, usual=9000).usage == Usage(tokens=0)
    assert made(tuning(), usual=9000).basis is Basis.USUAL
    assert made(tuning()) == Estimate(usage=Usage(), basis=None)


@pytest.mark.parametrize("hours", [-1.0, 0.0])
def test_clocks_that_differ_make_no_negative_time(hours: float) -> None:
    assert made(nodes(), hours=hours).usage.node_ms == 0
