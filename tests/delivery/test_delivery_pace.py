"""`rate` of a sink: never more than it says in any such time, nothing dropped, the overflow told at once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from monitor.delivery import pace
from monitor.fields.rate import RateLimit, parse_rate
from monitor.model import Severity
from monitor.sinks.webhook.options import Options
from monitor.store.columns import whole_ms
from tests.delivery.scripted import Scripted, down, idle, passes, well
from tests.kit.outbox import START, said

RATES = st.builds(RateLimit, st.integers(1, 60), st.sampled_from([1.0, 60.0, 3600.0]))


@pytest.mark.parametrize(
    ("text", "rate"), [("1/s", RateLimit(1, 1)), ("30/m", RateLimit(30, 60)), (" 500 / h ", RateLimit(500, 3600))]
)
def test_a_rate_is_written_as_how_many_in_which_time(text: str, rate: RateLimit) -> None:
    assert parse_rate(text) == rate


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("30", "how many in which time, like 1/s, 30/m or 500/h"),
        (30, "how many in which time"),
        ("30/min", "write 30/m"),
        ("30 per minute", "write 30/m"),
        ("5 an hour", "write 5/h"),
        ("0/m", "at least 1"),
        ("-1/m", "how many in which time"),
        ("1001/s", "no limit"),
    ],
)
def test_what_is_no_rate_says_what_would_be(text: object, says: str) -> None:
    with pytest.raises(ValidationError, match=says.replace(".", r"\.")):
        Options(name="h", type="webhook", url="https://x.test/", rate=text)


@given(
    rate=RATES,
    waits=st.lists(st.floats(0, 400), min_size=1, max_size=60),
    asks=st.lists(st.integers(0, 50), min_size=60, max_size=60),
)
def test_no_period_has_more_than_the_rate_says_whenever_it_begins(
    rate: RateLimit, waits: list[float], asks: list[int]
) -> None:
    used: datetime | None = None
    now, sent = START, []
    for wait, ask in zip(waits, asks, strict=False):
        now += timedelta(seconds=wait * rate.period / 400)
        count = min(ask, pace.allowed(rate, used, now))
        used = pace.spent(rate, used, now, count)
        used = whole_ms(used) if used is not None else None  # as a restart finds it
        sent += [now] * count
    for first in range(len(sent) - rate.count):
        assert sent[first + rate.count] - sent[first] >= timedelta(seconds=rate.period)


@given(rate=RATES, count=st.integers(1, 50))
def test_what_is_used_up_comes_back_and_the_moment_is_known(rate: RateLimit, count: int) -> None:
    count = min(count, pace.burst(rate))
    used = pace.spent(rate, None, START, count)
    for _ in range(pace.burst(rate) - count):
        used = pace.spent(rate, used, START, 1)
    assert pace.allowed(rate, used, START) == 0
    at = pace.next_at(rate, used, START)
    assert pace.allowed(rate, used, at) == 1
    assert pace.allowed(rate, used, at - timedelta(milliseconds=1)) == 0
    assert pace.allowed(rate, used, START - timedelta(days=1)) == 0
    after = START - timedelta(days=1) + pace.burst(rate) * pace.step(rate)
    assert pace.next_at(rate, used, START - timedelta(days=1)) <= after, "a clock that was set back blocks nothing"


async def test_the_overflow_of_a_rate_is_told_at_once_with_every_event_in_order(bench: Any) -> None:
    async with bench() as on:
        sink = Scripted(on.clock)
        for n in range(200):
            rule = "stock" if n % 4 else "jobs"
            await said(on.store, "hook", f"m{n}", on.clock.now(), rule=rule, subject=f"s{n % 7}")
        async with on.running(sink.entry("hook", rate="30/m", concurrency=8)):
            await idle(on)
            assert len(sink.took) == 10, "a third of the rate at once"
            await passes(on, 60, 3)
        seen: dict[tuple[str, str], list[int]] = {}
        for delivery in sink.took:
            for event in delivery.notification.events:
                seen.setdefault((delivery.notification.rule, event.subject), []).append(event.seq)
        assert sum(map(len, seen.values())) == 200
        assert all(seqs == sorted(seqs) for seqs in seen.values())
        assert len(sink.tried) == 12, "what was left is one message per rule"
        times = [at for at, _ in sink.tried]
        assert all(after - before >= timedelta(seconds=60) for before, after in zip(times, times[30:], strict=False))


async def test_what_goes_out_within_a_minute_is_told_one_by_one(bench: Any) -> None:
    async with bench() as on:
        sink = Scripted(on.clock)
        for n in range(20):
            await said(on.store, "hook", f"m{n}", on.clock.now())
        async with on.running(sink.entry("hook", rate="30/m")):
            await idle(on)
            await passes(on, 60, 3)
    assert sink.taken() == [f"m{n}" for n in range(20)]


async def test_a_restart_is_no_chance_to_send_more_than_the_rate(bench: Any) -> None:
    async with bench() as on:
        sink = Scripted(on.clock)
        for n in range(12):
            await said(on.store, "hook", f"m{n}", on.clock.now(), rule=f"r{n}")
        for _ in range(4):
            async with on.running(sink.entry("hook", rate="9/h")):
                await idle(on)
        assert len(sink.tried) == 3
        async with on.running(sink.entry("hook", rate="9/h")):
            await idle(on)
            await passes(on, 3500, 500)
    assert len(sink.tried) <= 9


async def test_what_is_critical_goes_first_but_never_before_an_earlier_message_of_its_subject(bench: Any) -> None:
    async with bench() as on:
        sink = Scripted(on.clock)
        await said(on.store, "hook", "plain", on.clock.now())
        await said(on.store, "hook", "a1", on.clock.now(), subject="a")
        await said(on.store, "hook", "a2", on.clock.now(), subject="a", severity=Severity.CRITICAL)
        await said(on.store, "hook", "b1", on.clock.now(), subject="b", severity=Severity.CRITICAL)
        async with on.running(sink.entry("hook", rate="2/m")):
            await idle(on)
            await passes(on, 29, 29)
            assert sink.titles() == ["b1"]


async def test_attempts_that_fail_count_for_the_rate_too(bench: Any) -> None:
    async with bench() as on:
        sink = Scripted(on.clock, down)
        for n in range(3):
            await said(on.store, "hook", f"m{n}", on.clock.now())
        async with on.running(sink.entry("hook", rate="6/h")):
            await idle(on)
            await passes(on, 3500, 250)
            assert len(sink.tried) <= 6
            sink.answer = well
            await passes(on, 3600, 300)
        assert {event.data["job"]["name"] for each in sink.took for event in each.notification.events} == {
            "m0",
            "m1",
            "m2",
        }
