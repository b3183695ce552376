"""A report counts rightly, is bounded whatever happened, and says what nobody knows."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitor import diff
from monitor.model import Event, JobError, Reason, Severity, Text
from monitor.rules import Engine, Heard, Notify, RuleOptions, RuleSet, RuleState
from monitor.rules.message.occasion import Occasion
from monitor.rules.message.report import LIMIT, Span, report
from monitor.rules.state import FULL

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
NPU = "modelarts.bm.npu.910b.8"
OOM = JobError(code="OutOfMemory", message="CUDA out of memory")
NAMES = {"model-studio:1": "Ann", "modelarts:ann": "Ann", "model-studio:2": "Bob"}


def told(events: Sequence[Event], **span: Any) -> Text:
    """A report from 4 h before noon to 20 h after it."""
    facts = {"since": NOON - timedelta(hours=4), "until": NOON + timedelta(hours=20)} | span
    occasion = Occasion(rule="daily", reason=Reason.DIGEST, severity=Severity.INFO, now=facts["until"])
    return report(events, Span(**facts), occasion, NAMES)


def part(text: Text, heading: str) -> list[str]:
    """The rows below a heading."""
    blocks = [block.splitlines() for block in text.plain.split("\n\n")]
    return next(([row.removeprefix("- ") for row in rows[1:]] for rows in blocks if rows[0] == f"{heading}:"), [])


def line(text: Text, label: str) -> str:
    return next((each.partition(": ")[2] for each in text.plain.splitlines() if each.startswith(f"{label}: ")), "")


def test_a_job_counts_by_what_it_came_to(tuned: Any, stored: Any) -> None:
    drafts = tuned("a", id="a").see(0, "running").see(5, "failed", error=OOM).see(9, "running", error=None).drafts
    drafts += (
        tuned("b", id="b")
        .see(0, "running")
        .see(5, "failed", error=OOM)
        .see(9, "running", error=None)
        .see(20, "succeeded")
        .drafts
    )
    drafts += tuned("c", id="c").see(0, "running").see(5, "canceled").gone(60).drafts
    drafts += tuned("d", id="d").see(0, "running").gone(70).drafts
    text = told(stored(drafts))
    assert text.title == "Daily report 2026-11-22: 2 jobs finished"
    assert line(text, "Jobs") == "1 succeeded, 1 canceled; not over: 1 gone, 1 running"
    assert part(text, "Failed") == []


def test_one_person_is_one_owner_on_all_platforms(tuned: Any, trained: Any, stored: Any) -> None:
    drafts = tuned("a", id="a", creator="1").see(0, "running").see(5, "succeeded").drafts
    drafts += trained("b", id="b", creator="ann").see(0, "running").see(5, "failed", error=OOM).drafts
    drafts += tuned("c", id="c", creator="2").see(0, "running").see(5, "succeeded").drafts
    drafts += tuned("d", id="d", creator=None).see(0, "running").see(5, "succeeded").drafts
    text = told(stored(drafts))
    assert part(text, "By owner") == ["Ann: 1 succeeded, 1 failed", "Bob: 1 succeeded", "nobody known: 1 succeeded"]
    assert part(text, "Failed") == ["training job “b” failed after 5 min: OutOfMemory: CUDA out of memory · Ann"]


@pytest.fixture
def used(tuned: Any, stored: Any) -> Callable[..., Event]:
    def make(seq: int, delta: int, cost: str | None, currency: str | None = "CNY", **job: Any) -> Event:
        event = stored(tuned(creator="1").see(0, "running").see(1, "succeeded").use(2, 5).drafts)[-1]
        usage = {**event.data["usage"], "delta": delta, "cost": cost, "currency": currency}
        data = {**event.data, "usage": usage | {"model": job.pop("model", "m")}}
        return replace(event, seq=seq, data=data | {"job": {**data["job"], **job}})

    return make


def test_costs_are_exact_and_apart_by_currency(used: Any) -> None:
    events = [used(n, 10, "0.1") for n in range(1, 11)]
    events += [used(11, -5, "-0.05"), used(12, 7, "2.50", "USD"), used(13, 100, None, None)]
    text = told(events)
    assert line(text, "Used") == "202 tokens (0.95 CNY and 2.50 USD; no price for 100)"
    assert part(text, "Tokens and cost") == ["Ann · m: 202 tokens (0.95 CNY and 2.50 USD; no price for 100)"]
    assert text.title == "Daily report 2026-11-22: 202 tokens (0.95 CNY and 2.50 USD)"


def test_hours_of_nodes_and_cards_are_added_and_what_has_no_price_is_said(trained: Any, stored: Any) -> None:
    drafts = trained("a", id="a", accelerators=8.0).see(0, "running").see(5, "succeeded").work(5, 3600.0, "2.5").drafts
    drafts += trained("b", id="b").see(0, "running").see(5, "succeeded").work(5, 1800.0).drafts
    drafts += trained("c", id="c", accelerators=8.0).see(0, "running").see(6, "failed").work(6, 1800.0, "2.5").drafts
    text = told(stored(drafts))
    assert line(text, "Used") == "4 node-hours, 24 card-hours (60.00 CNY; no price for 1 node-hour)"
    assert text.title.endswith("3 jobs finished, 1 of them failed, 4 node-hours, 24 card-hours (60.00 CNY)")


def test_use_is_told_by_owner_and_model_the_most_first(used: Any) -> None:
    events = [used(1, 10, "0.1"), used(2, 30, "0.3", model="n"), used(3, 20, "0.2", creator="2"), used(4, 0, None)]
    rows = part(told(events), "Tokens and cost")
    assert rows == ["Ann · n: 30 tokens (0.30 CNY)", "Bob · m: 20 tokens (0.20 CNY)", "Ann · m: 10 tokens (0.10 CNY)"]


def test_the_heading_names_what_there_is(used: Any, trained: Any, stored: Any) -> None:
    tokens = [used(1, 10, None, None)]
    hours = trained("a", id="a").see(0, "running").see(5, "succeeded").work(5, 1800.0).drafts
    assert part(told(tokens), "Tokens") == ["Ann · m: 10 tokens (no price)"]
    assert len(part(told(stored(hours)), "Hours")) == 1
    assert len(part(told([used(99, 10, "0.1"), *stored(hours)]), "Tokens, hours and cost")) == 2


@pytest.mark.parametrize(
    ("tokens", "short"), [(999_999, "999,999"), (31_220_091, "31.2 M"), (4_000_000_000, "4.0 G"), (-5, "-5")]
)
def test_the_title_has_round_figures(used: Any, tokens: int, short: str) -> None:
    assert told([used(1, tokens, "936.6")]).title == f"Daily report 2026-11-22: {short} tokens (937 CNY)"


def test_stock_is_told_by_the_time_that_is_known(shelf: Any, stored: Any) -> None:
    """Zone a was seen first at 10:00, two hours after the period began; zone c belongs to nobody's change."""
    stock = shelf().read(-120, {"a": "normal", "b": "soldout", "c": "normal"})
    stock.read(0, {"a": "soldout", "b": "soldout", "c": "normal"}).read(
        60, {"a": "normal", "b": "soldout", "c": "normal"}
    )
    rows = part(told(stored(stock.drafts[1:])), "Stock")
    assert rows == [
        f"{NPU} in a: in stock 21 h of 22 h (95 %), 2 changes, in stock now",
        f"{NPU} in b: sold out, no change",
        f"{NPU} in c: in stock, no change",
    ]


def test_what_began_before_the_period_counts_within_it_only(shelf: Any, stored: Any) -> None:
    stock = shelf().read(-6000, {"a": "normal"}).read(-3000, {"a": "soldout"}).read(480, {"a": "normal"})
    (row,) = part(told(stored(stock.drafts)[-1:]), "Stock")
    assert row == f"{NPU} in a: in stock 12 h of 1 d (50 %), 1 change, in stock now"


def test_accounts_tell_their_troubles_and_how_they_are_now(stored: Any, accounts: Any, at: Any) -> None:
    studio, arts = accounts
    facts: dict[str, Any] = {"watch": "jobs", "reason": "HTTP 502", "since": at(0)}
    drafts = [
        diff.unreachable(studio, hint=None, failures=3, now=at(3), **facts),
        diff.recovered(studio, now=at(33), **facts),
        diff.unreachable(studio, hint=None, failures=3, now=at(40), **facts),
        diff.unauthorized(arts, watch="jobs", reason="refused", hint="Check access_key.", now=at(50)),
    ]
    text = told(stored(drafts))
    assert part(text, "Accounts") == [
        "ascend-north: refused once, still refused",
        "llm-beijing: unreachable twice, not seen for 33 min, not back yet",
    ]
    assert text.title == "Daily report 2026-11-22: 2 accounts with trouble"


def test_what_has_no_part_of_its_own_is_counted_by_type(stored: Any, at: Any, shelf: Any) -> None:
    drafts = [diff.monitor_started(version="1", now=at(n)) for n in range(3)]
    drafts += shelf().read(0, {"a": "normal"}).read(5, {"a": "normal"}, max_nodes=9).drafts
    text = told(stored(drafts))
    assert line(text, "Also") == "3 monitor.started, 1 flavor.listed, 1 flavor.changed"
    assert text.title == "Daily report 2026-11-22: 5 events"


def test_a_period_is_told_in_the_time_zone_of_the_rule(stored: Any, at: Any) -> None:
    """Midnight belongs to the day that it ends."""
    events = stored([diff.monitor_started(version="1", now=at(1))])
    until = datetime(2026, 11, 22, 16, 0, tzinfo=UTC)
    text = told(events, since=until - timedelta(days=7), until=until, timezone="Asia/Shanghai", word="Weekly")
    assert text.title.startswith("Weekly report 2026-11-22: ")
    assert line(text, "Period") == "2026-11-16 00:00 to 2026-11-23 00:00 Asia/Shanghai"


def test_nothing_is_said_to_be_nothing() -> None:
    assert told([]).title == "Daily report 2026-11-22: nothing happened"


def test_a_week_of_a_hundred_thousand_events_is_one_page_within_a_second(
    tuned: Any, shelf: Any, stored: Any, used: Any
) -> None:
    life = (
        tuned("*长*" * 100)
        .see(0, "pending")
        .see(5, "running")
        .see(9, "failed", error=JobError(code="E", message="_x_" * 200))
    )
    some = [
        *stored(life.drafts),
        used(1, 10, "0.1"),
        *stored(shelf().read(0, {"z": "normal"}).read(5, {"z": "soldout"}).drafts),
    ]
    events = []
    for seq in range(100_000):
        event = some[seq % len(some)]
        data = (
            {**event.data, "job": {**event.data["job"], "creator": f"*{seq % 5000}*" * 9}}
            if "job" in event.data
            else event.data
        )
        family = event.subject.partition("/")[0]
        events.append(replace(event, seq=seq, subject=f"{family}/_{seq % 9999}_/z", data=data, account=f"a{seq % 77}"))
    begin = time.process_time()
    text = told(events)
    assert time.process_time() - begin < 2  # a second on a quiet machine
    assert len(text.plain) < LIMIT > len(text.markdown)
    assert len(text.title) <= 120
    assert text.plain.count("\n- and ") >= 4


@pytest.mark.parametrize(
    ("days", "title"),
    [
        (None, "Daily report 2026-11-21: 1 event"),
        (["mon", "tue", "wed", "thu", "sat"], "Daily report 2026-11-21: 1 event"),
        (["sat"], "Weekly report 2026-11-21: 1 event"),
        (["wed", "sat"], "Regular report 2026-11-21: 1 event"),
    ],
)
def test_a_report_is_called_by_its_days(stored: Any, at: Any, days: list[str] | None, title: str) -> None:
    digest = {"at": "20:00", "timezone": "UTC"} | ({"days": days} if days else {})
    rule = {"name": "r", "on": ["monitor.*"], "notify": ["team"], "severity": "critical", "digest": digest}
    (event,) = stored([diff.monitor_started(version="1", now=at(1))])
    engine = Engine(
        RuleSet.compile([RuleOptions.model_validate(rule)], [], None, ["team"]), RuleState(), Heard([event])
    )
    engine.take(event)
    (said,) = engine.advance(at(600))
    assert isinstance(said, Notify)
    assert said.text.title == f"Critical: {title}"


def test_a_report_hands_on_no_more_events_than_a_message_can_hold(stored: Any, at: Any) -> None:
    """All of them are counted, the newest are handed on."""
    digest = {"name": "daily", "on": ["monitor.*"], "notify": ["team"], "digest": {"at": "20:00"}}
    (event,) = stored([diff.monitor_started(version="1", now=at(1))])
    events = [replace(event, seq=seq) for seq in range(1, FULL + 3)]
    rules = RuleSet.compile([RuleOptions.model_validate(digest)], [], None, ["team"])
    engine = Engine(rules, RuleState(), Heard(events))
    for each in events:
        engine.take(each)
    (said,) = engine.advance(at(600))
    assert isinstance(said, Notify)
    assert said.text.title == "Daily report 2026-11-21: 10,002 events"
    assert (said.events[0].seq, said.events[-1].seq, len(said.events)) == (3, FULL + 2, FULL)
