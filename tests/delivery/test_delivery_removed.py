"""Sinks that the config no longer names: what waited, what was lost and what was told of them comes to its end."""

from __future__ import annotations

from typing import Any

from monitor.delivery import SinkEntry
from monitor.model import Outcome, Receipt
from monitor.store.sink_health import all_sink_health
from monitor.store.sink_losses import sinks_with_losses
from tests.delivery.scripted import Scripted, down, idle, passes
from tests.kit.outbox import eventually, said

HOUR = 3600.0


async def _starts_with(on: Any, *entries: SinkEntry) -> None:
    async with on.running(*entries):
        await idle(on, len(entries))


async def test_who_was_told_that_a_sink_fails_hears_that_it_was_removed_once(bench: Any) -> None:
    async with bench() as on:
        sink, other = Scripted(on.clock, down), Scripted(on.clock)
        for n in range(3):
            await said(on.store, "hook", f"m{n}", on.clock.now(), subject=f"job{n}")
        async with on.running(sink.entry("hook"), other.entry("other")):
            await idle(on, 2)
            await passes(on, 300, 30, 2)
        assert len(await on.events_of("sink.failing")) == 1
        await _starts_with(on, other.entry("other"))
        (over,) = await on.events_of("sink.recovered")
        (dead,) = await on.events_of("delivery.dead")
        await _starts_with(on, other.entry("other"))
        assert len(await on.events_of("sink.recovered")) == 1
        assert (await on.store.read(all_sink_health)).keys() <= {"other"}
    assert over.seq > dead.seq, "first what it costs"
    assert (over.subject, over.data["removed"], over.data["waiting"]) == ("sink/hook", True, 0)
    assert over.data["down_for"] == 300
    assert (dead.data["count"], dead.data["title"], dead.data["delivery"]) == (3, "3 messages", None)


async def test_a_sink_that_fails_and_of_which_nobody_was_told_goes_without_a_word(bench: Any) -> None:
    async with bench() as on:
        sink, other = Scripted(on.clock, down), Scripted(on.clock)
        await said(on.store, "hook", "m", on.clock.now())
        async with on.running(sink.entry("hook", retry_for="30s")):
            await idle(on)
            await passes(on, 60, 10)
        assert (await on.store.read(all_sink_health))["hook"].since is not None
        await _starts_with(on, other.entry("other"))
        assert not await on.events_of("sink.failing")
        assert not await on.events_of("sink.recovered")


async def test_what_a_sink_lost_and_was_not_told_yet_is_told_when_the_sink_goes(bench: Any) -> None:
    async with bench() as on:
        sink = Scripted(on.clock, lambda delivery: Receipt(outcome=Outcome.REFUSED, detail="answered 400"))
        other = Scripted(on.clock)
        for n in range(4):
            await said(on.store, "hook", f"m{n}", on.clock.now())
        async with on.running(sink.entry("hook", concurrency=1)):
            await eventually(lambda: len(sink.tried) == 4)
            await idle(on)
        await _starts_with(on, other.entry("other"))
        first, rest = await on.events_of("delivery.dead")
        await _starts_with(on, other.entry("other"))
        assert len(await on.events_of("delivery.dead")) == 2
        assert await on.store.read(sinks_with_losses) == set()
    assert (first.data["title"], first.data["count"]) == ("m0", 1)
    assert (rest.data["title"], rest.data["count"], rest.data["detail"]) == ("3 messages", 3, "answered 400")
    assert rest.data["delivery"] is not None
