"""What `usage` shows people: tokens and hours beside each other, totals by currency, bars that mean one thing."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from monitor.cli import usage
from monitor.cli.usage_table import drawn, price
from monitor.model import Scope
from monitor.store import USAGE_GROUPS, BookingRow, Connection, book, ensure_scope
from tests.kit.installed import START, Installed

HOUR = 3_600_000
PEOPLE = """
people:
  - {name: Bob, ids: ["modelarts:bob", "model-studio:ann"], notify: [journal]}
"""


def booked(job: str, **changes: Any) -> BookingRow:
    facts: dict[str, Any] = {
        "account": "ascend-north",
        "provider": "modelarts",
        "scope_id": 1,
        "job_id": job,
        "job_name": job,
        "model": None,
        "creator": "bob",
        "labels": {},
        "at": START,
        "tokens": 0,
        "node_ms": 2 * HOUR,
        "card_ms": 16 * HOUR,
        "flavor": "modelarts.p3.large",
        "cost": Decimal("1250.123456789012"),
        "currency": "CNY",
    }
    return BookingRow(**(facts | changes))


@pytest.fixture
def both(installed: Installed) -> Installed:
    """Tokens on one platform and hours on the other."""

    def write(conn: Connection, epoch: str) -> None:
        ensure_scope(conn, Scope(account="ascend-north", watch="jobs", key="k"), now=START)
        late = START.replace(hour=16, minute=30)
        book(conn, booked("a"), booked("b", at=late, node_ms=3_600, card_ms=0, cost=None, currency=None))
        book(conn, booked("a", at=late + timedelta(days=40), node_ms=-HOUR, card_ms=-8 * HOUR, correction=True))

    installed.write(write)
    return installed


def test_groupings_of_the_command_are_those_of_the_store() -> None:
    assert usage.GROUPS == USAGE_GROUPS


def test_hours_and_tokens_have_a_column_each_where_there_are_both(both: Installed) -> None:
    lines = both.run("usage", "--by", "account", COLUMNS="100").stdout.splitlines()
    assert lines[0].split() == ["ACCOUNT", "JOBS", "TOKENS", "NODE", "HOURS", "CARD", "HOURS", "COST", "BY", "TOKENS"]
    rows = [line.split("█")[0].split() for line in lines[1:]]
    assert ["ascend-north", "2", "1.00", "8.00", "2,500.2469", "CNY", "*"] in rows
    assert ["TOTAL", "3", "2,000", "1.00", "8.00", "2,500.5469", "CNY"] in rows
    assert ["TOTAL", "2", "1,000", "<0.01", "no", "price"] in rows
    assert lines[-1] == "* Some of it has no price; --output json and csv say how much."
    alone = both.run("usage", "--by", "account", "--account", "ascend-north", COLUMNS="100").stdout.splitlines()
    assert alone[-2].split() == ["TOTAL", "2", "1.00", "8.00", "2,500.2469", "CNY", "*"]
    daily = both.run("usage", "--account", "ascend-north", COLUMNS="100").stdout.splitlines()
    assert [line.split()[1] for line in daily[1:4]] == ["2", "1", "2"], "a job that was corrected later is one job"


def test_a_person_has_one_row_with_the_units_of_all_platforms_beside_each_other(both: Installed) -> None:
    both.config.write_text(both.config.read_text() + PEOPLE)
    rows = json.loads(both.run("usage", "--by", "owner", "--output", "json").stdout)
    (bob,) = (row for row in rows if row["owner"] == "Bob" and row["currency"] == "CNY")
    assert (bob["owner_name"], bob["tokens"], bob["card_hours"]) == ("Bob", 2000, "8")
    assert "Bob  " in both.run("usage", "--by", "owner", COLUMNS="100").stdout


@pytest.mark.parametrize(("columns", "widest"), [("80", 80), ("40", 40)])
def test_nothing_is_cut_and_no_currency_lost_in_a_narrow_terminal(both: Installed, columns: str, widest: int) -> None:
    lines = both.run("usage", "--by", "flavor", COLUMNS=columns).stdout.splitlines()
    assert max(map(len, lines)) <= widest
    assert "2,500.5469 CNY" in " ".join(lines)


def test_people_and_models_are_whole_at_80_columns_and_the_bar_gives_way(both: Installed) -> None:
    people = ["model-studio:20240611853017", "model-studio:20240611853018"]
    both.write(
        lambda conn, epoch: book(
            conn,
            *(booked(who, provider=who[:12], creator=who[13:], node_ms=0, card_ms=0, tokens=10**9) for who in people),
        )
    )
    for columns in ("80", "60"):
        lines = both.run("usage", "--by", "owner", COLUMNS=columns).stdout.splitlines()
        assert [line.split()[0] for line in lines if line.startswith("model-studio:2")] == people
        assert max(map(len, lines)) <= int(columns)


@pytest.mark.parametrize(
    ("times", "said"),
    [
        (("--since", "1d", "--until", "2d"), "error: `until` is not after `since`: no time lies between them."),
        (("--since", "2200-01-01"), "error: --since '2200-01-01' is still to come."),
    ],
)
def test_a_time_that_is_none_is_a_slip_of_the_pen(installed: Installed, times: tuple[str, ...], said: str) -> None:
    done = installed.run("usage", *times)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[0] == said


def test_bars_stand_for_money_where_tokens_and_hours_are_paid_in_one_currency() -> None:
    paid, dollars, free = ({"currency": each} for each in ("CNY", "USD", None))
    assert drawn([paid, paid], ["tokens", "node_hours"]) == "cost"
    assert drawn([paid, dollars], ["tokens", "node_hours"]) == drawn([free], ["tokens", "node_hours"]) == "tokens"
    assert drawn([paid, paid], ["node_hours", "card_hours"]) == "node_hours"


def test_a_month_and_a_week_begin_where_people_are(both: Installed) -> None:
    def keys(by: str, *arguments: str) -> set[str]:
        found = json.loads(both.run("usage", "--by", by, "--output", "json", *arguments).stdout)
        return {row[by] for row in found}

    day, theirs = START.date(), (START + timedelta(hours=8)).date()
    assert keys("day", "--account", "ascend-north") == {f"{day}", f"{day + timedelta(days=40)}"}
    there = keys("day", "--account", "ascend-north", "--timezone", "Asia/Shanghai")
    assert there == {f"{theirs}", f"{day + timedelta(days=1)}", f"{day + timedelta(days=41)}"}
    assert f"{day - timedelta(days=day.weekday())}" in keys("week")
    assert f"{theirs:%Y-%m}" in keys("month", "--timezone", "Asia/Shanghai")


def test_programs_get_hours_and_money_to_nine_places(both: Installed) -> None:
    arguments = ("usage", "--by", "flavor", "--account", "ascend-north", "--output")
    row = json.loads(both.run(*arguments, "json").stdout)[-1]
    assert (row["node_hours"], row["card_hours"], row["cost"]) == ("1.001", "8", "2500.246913578"), "to nine places"
    assert row["unpriced"] == {"tokens": 0, "node_hours": "0.001", "card_hours": "0"}
    told = list(csv.DictReader(io.StringIO(both.run(*arguments, "csv").stdout, newline="")))
    assert [(each["node_hours"], each["card_hours"], each["unpriced_node_hours"]) for each in told] == [
        ("1.001", "8", "0.001")
    ]


@pytest.mark.parametrize(
    ("cost", "shown"),
    [
        ("0", "0.00 CNY"),
        ("1E+3", "1,000.00 CNY"),
        ("8.39424", "8.3942 CNY"),
        ("1.005", "1.005 CNY"),
        ("0.0000123456", "0.000012 CNY"),
        ("-0.50", "-0.50 CNY"),
        (None, "no price"),
    ],
)
def test_a_price_is_shown_as_short_as_it_can_be(cost: str | None, shown: str) -> None:
    assert price(cost, "CNY") == shown


def test_what_runs_now_is_told_as_an_estimate(installed: Installed) -> None:
    done = installed.run("usage", "--running", "--account", "llm-beijing")
    assert (done.returncode, done.stderr) == (0, "")
    head, *rows = (line.split() for line in done.stdout.splitlines())
    assert head == ["JOB", "ACCOUNT", "OF", "FOR", "USED", "COST", "BY"]
    assert [row[-5:] for row in rows[:2]] == [["tokens", "~", "0.03", "CNY", "usual"]] * 2
    assert rows[2] == ["TOTAL", "~", "0.06", "CNY"]
    assert "booked when it is over" in done.stdout
    assert max(map(len, installed.run("usage", "--running", COLUMNS="40").stdout.splitlines())) <= 40
    assert installed.run("usage", "--running", "--account", "ascend-north").stdout == "Nothing runs.\n"


def test_programs_get_the_estimates_of_what_runs(installed: Installed) -> None:
    rows = json.loads(installed.run("usage", "--running", "--output", "json").stdout)
    assert {(row["basis"], row["tokens"], row["cost"]) for row in rows} == {("usual", 1000, "0.03")}
    told = list(csv.DictReader(io.StringIO(installed.run("usage", "--running", "--output", "csv").stdout, newline="")))
    assert [row["id"] for row in told] == [row["id"] for row in rows]
    assert {row["currency"] for row in told} == {"CNY"}
    assert len(installed.run("usage", "--running", "--limit", "1", "--output", "jsonl").stdout.splitlines()) == 1


@pytest.mark.parametrize(
    "more", [("--by", "model"), ("--since", "7d"), ("--until", "1d"), ("--timezone", "Asia/Tokyo")]
)
def test_what_runs_now_is_not_summed_and_has_no_past(installed: Installed, more: tuple[str, ...]) -> None:
    done = installed.run("usage", "--running", *more)
    assert (done.returncode, done.stdout) == (2, "")
    assert "job by job" in done.stderr
