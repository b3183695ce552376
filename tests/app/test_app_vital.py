"""When a heartbeat may be sent: each condition of section 12 by itself, at its edge, and in every mixture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from monitor.app.vital import OVERDUE, Awaited, objections
from monitor.polling.freshness import Freshness
from monitor.providers.options import WatchOptions

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SEEN = Freshness(watch="llm/jobs", last_good=NOON - timedelta(seconds=30), late_after=690.0, reported=False)
CHAT = Awaited(sink="chat")


def ago(seconds: float) -> datetime:
    return NOON - timedelta(seconds=seconds)


def said(
    watches: Sequence[Freshness] = (SEEN,), sinks: Sequence[Awaited] = (CHAT,), unrouted: datetime | None = None
) -> list[str]:
    return objections(watches, sinks, NOON, unrouted_since=unrouted)


def test_a_quiet_system_is_well() -> None:
    assert said() == []
    assert said(sinks=[]) == []


@pytest.mark.parametrize(
    ("watch", "objection"),
    [
        (replace(SEEN, last_good=ago(690)), None),
        (replace(SEEN, last_good=ago(691)), "llm/jobs was last seen 12 min ago"),
        (replace(SEEN, last_good=None), "llm/jobs was not polled well yet"),
        (replace(SEEN, last_good=ago(86_400), reported=True), None),
        (replace(SEEN, last_good=None, reported=True), None),
        (replace(SEEN, last_good=ago(-3600)), None),
    ],
)
def test_a_watch_has_to_be_fresh_or_told_as_not_seen(watch: Freshness, objection: str | None) -> None:
    assert said([SEEN, watch]) == ([] if objection is None else [objection])


@pytest.mark.parametrize(
    ("options", "limit"),
    [
        ({"every": "30s"}, 690.0),
        ({"every": "30s", "idle_every": "2m"}, 960.0),
        ({"every": "1h", "idle_every": "1m"}, 11_400.0),
    ],
)
def test_late_is_three_of_the_longest_intervals_and_ten_minutes(options: dict[str, str], limit: float) -> None:
    assert WatchOptions.model_validate(options).late_after == limit


@pytest.mark.parametrize(
    ("sinks", "objection"),
    [
        ([replace(CHAT, since=ago(OVERDUE))], None),
        ([replace(CHAT, since=ago(OVERDUE + 1))], "a message for chat has waited for 15 min"),
        ([replace(CHAT, since=ago(7200), paced=True)], None),
        ([replace(CHAT, since=ago(7200), told=True), Awaited(sink="mail")], None),
        (
            [replace(CHAT, since=ago(7200), told=True)],
            "a message for chat has waited for 2 h; chat fails, and no other sink could tell so",
        ),
        (
            [replace(CHAT, since=ago(7200), told=True), Awaited(sink="journal", far=False)],
            "a message for chat has waited for 2 h; chat fails, and no other sink could tell so",
        ),
        (
            [replace(CHAT, since=ago(7200), told=True), Awaited(sink="mail", told=True)],
            "a message for chat has waited for 2 h; chat fails, and no other sink could tell so",
        ),
        ([replace(CHAT, told=True)], None),
        ([replace(CHAT, since=ago(-3600))], None),
    ],
)
def test_no_message_may_be_overdue_but_for_a_sink_whose_failing_was_told_by_another(
    sinks: list[Awaited], objection: str | None
) -> None:
    assert said(sinks=sinks) == ([] if objection is None else [objection])


def test_an_event_that_no_rule_has_looked_at_is_an_overdue_delivery_that_nobody_wrote_yet() -> None:
    assert said(unrouted=ago(OVERDUE)) == []
    assert said(unrouted=ago(3600)) == ["rules have not looked at an event for 1 h"]


def test_it_is_silent_exactly_when_one_condition_does_not_hold() -> None:
    """All mixtures: as many objections as conditions that do not hold, and none where all do."""
    fresh, reported, waits, told, behind = [(True, False)] * 5
    for is_fresh, is_reported, does_wait, is_told, is_behind in product(fresh, reported, waits, told, behind):
        watch = replace(SEEN, last_good=ago(1 if is_fresh else 7200), reported=is_reported)
        sink = replace(CHAT, since=ago(3600) if does_wait else None, told=is_told)
        found = said([watch], [sink, Awaited(sink="mail")], ago(3600) if is_behind else None)
        expected = [not is_fresh and not is_reported, is_behind, does_wait and not is_told]
        assert len(found) == sum(expected), (is_fresh, is_reported, does_wait, is_told, is_behind, found)
