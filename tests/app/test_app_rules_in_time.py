"""Rules in time over real polls: what a timer waits for is seen by the poller, before, while and after it falls due."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from monitor.diff import monitor_started
from monitor.emulation import Reply
from monitor.fields.bell import Bell
from monitor.providers import registry
from monitor.routing import Router
from monitor.rules import RuleOptions, RuleSet
from monitor.store import NotificationFilter, append_events, next_revision, page_notifications
from tests.kit.clock import VirtualClock
from tests.kit.platforms import model_studio
from tests.kit.rig import Rig, rigged

RULES = RuleSet.compile(
    [RuleOptions(**{"name": "stuck", "on": ["job.submitted", "job.queued"], "for": "30m", "notify": ["a"]})],
    [],
    None,
    ["a"],
)


class Daemon:
    """The two stages of one life that rules in time live by."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        poller = rig.poller
        self.router = Router(
            rig.store,
            RULES,
            rig.clock,
            bell=Bell(),
            wake=lambda sinks: None,
            unseen=poller.unseen,
            watched=poller.watched,
        )

    async def poll(self, seconds: float = 30.0) -> list[float]:
        found = await self.rig.poll(seconds)
        await self.route()
        return found

    async def route(self) -> None:
        while await self.router.turn():
            pass

    async def told(self) -> list[str]:
        rows, _ = await self.rig.store.read(lambda conn: page_notifications(conn, NotificationFilter()))
        return [row.title for row in rows]


@asynccontextmanager
async def platform() -> AsyncIterator[tuple[Rig, Any]]:
    clock = VirtualClock()
    emulator: Any = registry.emulator("model-studio")(clock, autoplay=False)
    async with rigged(model_studio(), {"model-studio": emulator}, clock) as rig:
        yield rig, emulator


@asynccontextmanager
async def life(rig: Rig) -> AsyncIterator[Daemon]:
    """From the start of the daemon to its death; it says that it has started, as the daemon does."""
    async with rig.running():
        draft = monitor_started(version="1", now=rig.clock.now())
        store = rig.store
        await store.write(
            lambda conn: append_events(conn, store.epoch, [(draft, next_revision(conn, None, "monitor"))])
        )
        daemon = Daemon(rig)
        await daemon.route()
        yield daemon


async def queued(rig: Rig, emulator: Any) -> str:
    """A job that a first life has seen waiting."""
    async with life(rig) as daemon:
        await daemon.poll()
        job: str = emulator.world.add_job("PENDING")
        await daemon.poll()
        assert await daemon.told() == []
    return job


async def test_a_job_that_waits_too_long_is_told_once_though_the_daemon_was_down_when_it_was_due() -> None:
    async with platform() as (rig, emulator):
        await queued(rig, emulator)
        rig.clock.advance(7200)
        async with life(rig) as daemon:
            rig.clock.advance(300)
            await daemon.route()
            assert await daemon.told() == [], "nobody has looked yet"
            await daemon.poll()
            (title,) = await daemon.told()
            await daemon.poll()
        async with life(rig) as daemon:
            for _ in range(5):
                await daemon.poll()
            assert await daemon.told() == [title]
    assert "2 h" in title


async def test_a_job_that_began_to_run_while_the_daemon_was_down_is_not_told() -> None:
    async with platform() as (rig, emulator):
        job = await queued(rig, emulator)
        rig.clock.advance(7200)
        emulator.world.set(job, status="RUNNING")
        async with life(rig) as daemon:
            rig.clock.advance(300)
            await daemon.route()
            for _ in range(5):
                await daemon.poll()
            assert await daemon.told() == []


async def test_while_polls_fail_a_timer_waits_and_the_first_good_one_decides() -> None:
    for moved in (False, True):
        async with platform() as (rig, emulator):
            job = await queued(rig, emulator)
            async with life(rig) as daemon:
                await daemon.poll(90)
                assert rig.poller.unseen() == set()
                emulator.faults.add(Reply(status=500), times=None)
                await daemon.poll(1500)
                assert rig.poller.unseen() == {"llm|jobs"}
                await daemon.poll(1500)
                assert await daemon.told() == []
                emulator.faults.clear()
                if moved:
                    emulator.world.set(job, status="RUNNING")
                for _ in range(6):
                    await daemon.poll()
                assert rig.poller.unseen() == set()
                assert len(await daemon.told()) == (0 if moved else 1)


async def test_what_nobody_polls_any_more_is_told_by_no_timer_until_somebody_does() -> None:
    async with platform() as (rig, emulator):
        await queued(rig, emulator)
        accounts, rig.accounts = rig.accounts, []
        rig.clock.advance(7200)
        async with life(rig) as daemon:
            for _ in range(5):
                rig.clock.advance(60)
                await daemon.route()
            assert await daemon.told() == []
        rig.accounts = accounts
        async with life(rig) as daemon:
            for _ in range(5):
                await daemon.poll()
            assert len(await daemon.told()) == 1
