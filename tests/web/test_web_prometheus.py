"""Prometheus itself reads what we serve and ship; the page that lists the metrics is the code's."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from shutil import which
from typing import Any

import pytest

from monitor.model import DeliveryState, Outcome, Receipt, Scope
from monitor.store import (
    BookingRow,
    Connection,
    append_events,
    book,
    claim,
    ensure_scope,
    open_store,
    settle,
    write_notifications,
)
from monitor.store.booked import Booked
from monitor.store.gauges import read_gauges
from monitor.telemetry.measures import COUNTED, IN_MEMORY, READ
from monitor.telemetry.meter import NO_METER, Meter
from monitor.telemetry.metrics import Metrics
from tests.kit.made import NOON, draft, notification
from tests.telemetry.metrics_page import page

MEASURES = (*COUNTED, *IN_MEMORY, *READ)
ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "docs" / "prometheus"
RULES = SHIPPED / "training-monitor.rules.yml"


def tool(name: str) -> str:
    found = which(name)
    if found is None:
        pytest.skip(f"{name} is not installed: apt-get install prometheus")
    return found


@pytest.mark.parametrize(
    "command",
    [
        ("check", "config", "prometheus.yml"),
        ("check", "rules", "training-monitor.rules.yml"),
        ("test", "rules", "training-monitor.rules.test.yml", "training-monitor.rules.days.test.yml"),
    ],
    ids=" ".join,
)
def test_promtool_takes_what_we_ship(command: tuple[str, ...]) -> None:
    done = subprocess.run([tool("promtool"), *command], cwd=SHIPPED, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_rules_name_only_metrics_that_there_are() -> None:
    named = set(re.findall(r"(?<![:\w])training_monitor_\w+", RULES.read_text()))
    known = {measure.full_name for measure in MEASURES}
    known |= {f"{measure.full_name}_bucket" for measure in MEASURES if measure.kind == "histogram"}
    assert named
    assert named <= known


def test_the_page_lists_what_the_code_measures() -> None:
    assert (ROOT / "docs" / "metrics.md").read_text() == page(), "run python tests/telemetry/metrics_page.py"
    assert all(f"| `{measure.name}` |" in page() for measure in MEASURES)


async def test_no_number_of_a_scrape_costs_more_the_longer_the_history_is(tmp_path: Path) -> None:
    store = await open_store("sqlite:monitor.db", state_dir=tmp_path, lock=True)

    def fill(conn: Connection) -> None:
        events = append_events(conn, "e", [(draft(subject=f"job/ft-{n}"), 1) for n in range(30)])
        write_notifications(conn, [notification(f"n{event.seq}", events=(event,)) for event in events])
        scope = ensure_scope(conn, Scope(account="north", watch="jobs", key="k"), now=NOON)
        row = {"account": "north", "provider": "p", "scope_id": scope.id, "job_id": "j", "job_name": "j", "labels": {}}
        row |= {"model": None, "creator": None, "at": NOON, "tokens": 1, "cost": None, "currency": None}
        book(conn, *[BookingRow(**row) for _ in range(3)])  # type: ignore[arg-type]
        receipt = Receipt(outcome=Outcome.REFUSED)
        for delivery in claim(conn, "slack", now=NOON, limit=10):
            settle(conn, delivery.id, state=DeliveryState.REFUSED, receipt=receipt, now=NOON, next_at=None)

    def explain(conn: Connection) -> list[tuple[str, str]]:
        said: list[str] = []
        raw: Any = conn.connection.driver_connection
        raw.set_trace_callback(said.append)
        found = read_gauges(conn, routing="routing", booked=Booked(upto=1))
        raw.set_trace_callback(None)
        assert found.vitals.waiting["slack"].count == 20
        assert found.given_up == {"slack": 10}
        assert found.booked.amounts["north"].tokens == 2
        asked = [text for text in said if text.startswith("SELECT")]
        return [(text, step[3]) for text in asked for step in raw.execute(f"EXPLAIN QUERY PLAN {text}").fetchall()]

    try:
        await store.write(fill)
        plans = await store.write(explain)
    finally:
        await store.aclose()
    scans = [step for _, step in plans if step.startswith("SCAN")]
    allowed = (
        "SCAN open_",
        "SCAN anon_",
        "SCAN some",
        "SCAN pragma_",
        "SCAN CONSTANT",
        "SCAN sink_health",
        "SCAN quotas",
        "SCAN cleanup_state",
    )
    partial = ("ix_deliveries_open", "ix_jobs_active", "ix_actions_open")  # what waits or lasts, and no history
    assert plans
    for step in scans:
        assert step.startswith(allowed) or any(index in step for index in partial), step


def test_who_does_not_measure_pays_a_call_and_loads_nothing() -> None:
    assert [name for name in vars(Meter) if not name.startswith("_")] == [
        name for name in vars(Metrics) if name in vars(Meter) and not name.startswith("_")
    ]
    NO_METER.polled("a", "jobs", "good", 0.1)
    assert vars(NO_METER) == {}
    code = (
        "import sys, monitor.polling.poller, monitor.routing, monitor.delivery, monitor.store, monitor.cli.main\n"
        "sys.exit('prometheus_client' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
