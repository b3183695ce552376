"""The back-test says what the live router said, whatever rules and events; what it keeps does not grow with history."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from random import Random

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from monitor.diff import monitor_started, monitor_stopped
from monitor.fields.bell import Bell
from monitor.lab import replay
from monitor.lab.replay import OWN, Replay
from monitor.model import Event, EventDraft, EventType
from monitor.routing import Router
from monitor.rules import FlappingOptions, Notify, RuleSet
from monitor.store import append_events, next_revision, open_store, read_events
from tests.kit.clock import VirtualClock
from tests.kit.outbox import job_event
from tests.kit.played import at, job, rule, ruleset, stock
from tests.kit.story import invent, live_through, said


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("migrated")

    async def make() -> None:
        await (await open_store("sqlite:monitor.db", state_dir=folder, lock=True)).aclose()

    asyncio.run(make())
    return folder / "monitor.db"


def heard(rules: RuleSet, events: Iterable[Event], until: datetime) -> list[Notify]:
    test = Replay(rules)
    effects = [effect for event in events for effect in test.hear(event)]
    effects += test.end(until)
    assert test.broken is None
    return [effect for effect in effects if isinstance(effect, Notify)]


def named(events: Iterable[Event]) -> tuple[tuple[str, str, datetime], ...]:
    """What the rules bring about themselves has another number in a back-test."""
    return tuple(sorted((event.type.value, event.subject, event.detected_at) for event in events))


@settings(max_examples=4, phases=[Phase.generate], deadline=None)
@given(st.integers(0, 2**32), st.integers(2, 7))
async def test_a_back_test_tells_what_the_live_rules_told(migrated: Path, seed: int, rules: int) -> None:
    story = invent(Random(seed), 30, rules)
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(migrated, folder)
        store = await open_store("sqlite:monitor.db", state_dir=Path(folder), lock=True)
        try:
            await live_through(store, story)
            told, events = await store.read(lambda conn: (said(conn), read_events(conn, limit=10_000)))
        finally:
            await store.aclose()
    known = {event.seq: event for event in events}
    lived = [
        (rule, reason, sinks, named(known[seq] for seq in seqs), moment)
        for rule, reason, sinks, seqs, moment, _, _ in told
    ]
    tried = [
        (each.rule, each.reason.value, () if each.shadow else tuple(sorted(each.sinks)), named(each.events), each.at)
        for each in heard(story.ruleset(), events, story.end)
    ]
    assert sorted(tried) == sorted(lived)


async def test_what_fell_due_while_the_daemon_was_down_is_told_as_it_was(migrated: Path, tmp_path: Path) -> None:
    rules = RuleSet.compile(
        [
            rule("job.queued", "stuck", ["a"], lasting="30m"),
            rule("job.*", "storm", ["a"], group_by=["account.name"], group_wait="10m"),
        ],
        [],
        None,
        ["a"],
    )
    shutil.copy(migrated, tmp_path)
    store = await open_store("sqlite:monitor.db", state_dir=tmp_path, lock=True)
    clock = VirtualClock()

    async def happens(*drafts: EventDraft) -> None:
        await store.write(
            lambda conn: append_events(
                conn, store.epoch, [(each, next_revision(conn, each.account, each.subject)) for each in drafts]
            )
        )

    async def turn(router: Router) -> None:
        while await router.turn():
            pass

    try:
        blind = {"acc|jobs"}
        first = Router(store, rules, clock, bell=Bell(), wake=lambda sinks: None)
        await turn(first)
        await happens(*(job_event(name, clock.now(), type=EventType.JOB_QUEUED) for name in ("x1", "x2")))
        await turn(first)
        clock.advance(60)
        await happens(monitor_stopped(version="1", reason="reboot", now=clock.now()))
        await turn(first)
        clock.advance(5 * 3600)
        second = Router(store, rules, clock, bell=Bell(), wake=lambda sinks: None, unseen=lambda: blind)
        await happens(monitor_started(version="1", now=clock.now()))
        await turn(second)
        clock.advance(10)
        await happens(job_event("x1", clock.now(), type=EventType.JOB_STARTED))
        blind.clear()
        await turn(second)
        for _ in range(30):
            clock.advance(60)
            await turn(second)
        told, events = await store.read(lambda conn: (said(conn), read_events(conn, limit=1000)))
    finally:
        await store.aclose()
    lived = sorted((rule, reason, seqs) for rule, reason, _, seqs, *_ in told)
    tried = heard(rules, events, clock.now())
    assert sorted((each.rule, each.reason.value, tuple(e.seq for e in each.events)) for each in tried) == lived
    assert [(rule, seqs) for rule, _, seqs in lived if rule == "stuck"] == [("stuck", (2,))]


def test_what_rules_bring_about_is_made_anew_and_not_told_twice() -> None:
    rules = ruleset(rule(["flavor.sold_out", "flavor.restocked"]), flapping=FlappingOptions(changes=3, within="1h"))
    flips = [stock(n, ("sold_out", "restocked")[n % 2], n) for n in range(1, 6)]
    logged = replace(flips[2], type=EventType.FLAVOR_FLAPPING, seq=90)
    told = heard(rules, [*flips, logged], at(200))
    types = [each.events[0].type.value for each in told]
    assert types.count("flavor.flapping") == 2  # that it began, and that it has settled
    assert EventType.FLAVOR_FLAPPING in OWN


def test_a_history_that_ends_with_the_daemons_end_says_nothing_after_it() -> None:
    rules = ruleset(rule("job.queued", lasting="30m"))
    stopped = replace(job(2, "queued", 5), type=EventType.MONITOR_STOPPED, account=None, subject="monitor", data={})
    assert len(heard(rules, [job(1, "queued", 0)], at(600))) == 1
    assert heard(rules, [job(1, "queued", 0), stopped], at(600)) == []


def test_of_a_long_history_only_what_rules_remember_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay, "PRUNE_EVERY", 50)
    test = Replay(ruleset(rule("job.queued", lasting="30m"), rule("job.finished", "day", digest={"at": "00:00"})))
    most = 0
    for number in range(2000):
        for _ in test.hear(job(number + 1, "started" if number % 2 else "queued", number / 10, f"j{number // 2}")):
            pass
        most = max(most, len(test._recall))
    assert most < 500


def test_it_is_the_same_with_and_without_words_and_pruning(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = ruleset(
        rule("job.*", group_by=["account.name"]),
        rule("job.queued", "stuck", lasting="5m", remind_every="20m"),
        rule("job.*", "day", digest={"at": "12:00"}),
    )
    events = [job(n, ("queued", "started", "finished")[n % 3], n * 3, f"j{n % 7}") for n in range(1, 200)]

    def outline(*, wordless: bool) -> list[tuple[object, ...]]:
        test = Replay(rules, wordless=wordless)
        effects = [effect for event in events for effect in test.hear(event)] + list(test.end(at(2000)))
        told = [each for each in effects if isinstance(each, Notify)]
        assert all(bool(each.text.title) is not wordless for each in told)
        return [(each.rule, each.reason, each.at, tuple(e.seq for e in each.events), each.sinks) for each in told]

    whole = outline(wordless=False)
    monkeypatch.setattr(replay, "PRUNE_EVERY", 3)
    assert outline(wordless=True) == whole
    assert {rule for rule, *_ in whole} == {"r", "stuck", "day"}
