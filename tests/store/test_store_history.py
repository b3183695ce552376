"""A long stretch of the event log, read for a back-test: on both databases what was written, and what comes of it."""

from __future__ import annotations

import asyncio
from datetime import UTC, timedelta
from typing import Any, cast

from monitor.cli.rules.history import FromStore, whole
from monitor.lab.backtest import Backtest, Span
from monitor.model import Event, EventDraft, EventType
from monitor.settings import Settings
from monitor.store import append_events
from tests.kit.made import NOON, draft
from tests.kit.played import rule, ruleset
from tests.store.conftest import Home

COUNT = 2100
"""More than one page."""
LENGTH = timedelta(minutes=COUNT)


def drafts() -> list[EventDraft]:
    """Jobs that queue and end, one event each minute."""
    found = []
    for number in range(COUNT):
        at = NOON + timedelta(minutes=number, milliseconds=number % 7)
        job = {"id": f"ft-{number // 2}", "name": "微调 '\"" if number // 2 % 25 == 0 else "x", "tokens": number}
        kind = EventType.JOB_FINISHED if number % 2 else EventType.JOB_QUEUED
        about: dict[str, Any] = {"subject": f"job/{job['id']}", "data": {"job": job, "outcome": "failed"}}
        found.append(draft(type=kind, time=at, detected_at=at, late=number % 11 == 0, quiet=number % 13 == 0, **about))
    return found


async def _fill(home: Home, made: list[EventDraft]) -> list[Event]:
    store = await home.open()
    try:
        numbered = list(zip(made, range(1, COUNT + 1), strict=True))
        return await store.write(lambda conn: append_events(conn, store.epoch, numbered))
    finally:
        await store.aclose()


def _tried(events: list[Event], span: Span) -> Backtest:
    rules = ruleset(
        rule("job.finished", "ended", when="job.tokens > 100", group_by=["account.name"]),
        rule("job.queued", "stuck", lasting="90s"),
        rule("job.finished", "named", when='job.name.startsWith("微调")', throttle="1d"),
    )
    test = Backtest({"current": rules, "proposed": rules}, span)
    for event in events:
        test.hear(event)
    test.end()
    return test


class _Place:
    """As much of the settings as says where the store is."""

    def __init__(self, home: Home) -> None:
        self.store, self.state_dir = home.url, home.state_dir


def test_a_back_test_hears_what_was_written_whatever_the_database(home: Home) -> None:
    written = asyncio.run(_fill(home, drafts()))
    source = FromStore(cast(Settings, _Place(home)))
    try:
        read = list(whole(source, NOON, NOON + LENGTH))
        part = list(whole(source, NOON + timedelta(minutes=5), NOON + timedelta(minutes=9)))
    finally:
        source.close()
    assert read == written
    assert part == written[5:9]
    tallies = _tried(read, Span(NOON, NOON + LENGTH, UTC)).tallies
    assert tallies["current"] == tallies["proposed"]
    assert [tallies["current"].of(name) for name in ("ended", "stuck", "named")] == [482, 81, 39]
