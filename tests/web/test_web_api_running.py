"""`/api/v1/usage/running`: what uses something now, by what its log says, how long it runs, or what is usual."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from monitor.ledger import PriceOptions
from monitor.model import JobState, Scope
from monitor.store import (
    BookingRow,
    Connection,
    JobWrite,
    ProgressRow,
    book,
    ensure_scope,
    running_jobs,
    save_jobs,
    save_progress,
    usual_tokens,
)
from tests.kit.api import Asking
from tests.kit.made import NOON, known_job


def booking(job: str, tokens: int, **changes: Any) -> BookingRow:
    facts: dict[str, Any] = {
        "account": "llm",
        "provider": "model-studio",
        "scope_id": 1,
        "job_id": job,
        "job_name": job,
        "model": "qwen3-14b",
        "creator": None,
        "labels": {},
        "at": NOON,
        "tokens": tokens,
        "cost": None,
        "currency": None,
    }
    return BookingRow(**(facts | changes))


def runs(conn: Connection) -> None:
    """Beside what is seeded: a job of two nodes that has run for an hour; of what is seeded `llm-None-2` runs."""
    scope = ensure_scope(conn, Scope(account="north", watch="jobs", key="more"), now=NOON)
    known = known_job("busy", state=JobState.RUNNING, created_at=NOON)
    job = replace(known.job, nodes=2, accelerators=8.0, flavor="ascend-8", started_at=NOON, creator="ann-id")
    save_jobs(
        conn,
        scope.id,
        [JobWrite(known=replace(known, job=job), previous_revision=None, hash=1, significant=1)],
        now=NOON,
    )


async def test_what_runs_is_estimated_and_says_by_what(ask: Asking) -> None:
    await ask.inside.store.write(runs)
    price = PriceOptions.model_validate(
        {
            "provider": "modelarts",
            "flavor": "ascend-8",
            "per_node_hour": "3.5",
            "currency": "CNY",
            "since": "2026-01-01",
        }
    )
    ask.inside.prices = lambda: [price]
    by_id = {item["id"]: item for item in await ask.items("/usage/running")}
    busy = by_id["busy"]
    assert {key: busy[key] for key in ("basis", "tokens", "node_hours", "card_hours", "cost", "currency", "owner")} == {
        "basis": "time",
        "tokens": None,
        "node_hours": "2",
        "card_hours": "16",
        "cost": "7.00",
        "currency": "CNY",
        "owner": "Ann Bright",
    }
    assert {item["state"] for item in by_id.values()} == {"running", "stopping"}
    assert [item["id"] for item in await ask.items("/usage/running", account="llm")] == ["llm-None-3", "llm-None-2"]


async def test_of_a_fine_tune_its_log_decides_else_what_is_usual_at_the_shipped_price(ask: Asking) -> None:
    def write(conn: Connection) -> None:
        book(conn, *(booking(f"ft-{number}", 1_000_000 * number, at=NOON) for number in (1, 2, 6)))
        (scope,) = (each.record.scope for each in running_jobs(conn, "llm")[:1])
        row = ensure_scope(conn, scope, now=NOON)
        save_progress(conn, row.id, ProgressRow(job_id="llm-None-2", lines=8, tokens=4096), now=NOON)

    await ask.inside.store.write(write)
    second, first = await ask.items("/usage/running", account="llm")
    assert (second["basis"], second["tokens"], second["read_at"]) == ("usual", 2_000_000, None)
    assert (first["basis"], first["tokens"], first["read_at"]) == ("log", 4096, "2026-11-20T12:00:00Z")
    assert (second["cost"], second["currency"]) == ("60.00", "CNY")
    assert (first["model"], first["cost"], first["currency"]) == ("engine", None, None)


async def test_what_is_usual_is_the_median_of_the_last_twenty_jobs_of_a_model(ask: Asking) -> None:
    def write(conn: Connection) -> Any:
        rows = [booking(f"ft-{n}", 100 + n, at=NOON + timedelta(minutes=n), model="m") for n in range(30)]
        late = booking("ft-29", 1000, at=NOON + timedelta(minutes=40), model="m", correction=True)
        book(conn, *rows, late, booking("none", 0, model="empty"), booking("far", 7, model="m", provider="other"))
        return usual_tokens(conn)

    found = await ask.inside.store.write(write)
    assert {key: found.get(key) for key in (("model-studio", "m"), ("model-studio", "empty"), ("other", "m"))} == {
        ("model-studio", "m"): 120,  # 110 … 128 and 1129
        ("model-studio", "empty"): None,
        ("other", "m"): 7,
    }
