"""A course in which the process that deletes is killed, really, again and again."""

from __future__ import annotations

import asyncio
import multiprocessing
import signal
from collections.abc import Sequence
from pathlib import Path

from monitor.providers.options import AccountOptions
from tests.actions import victim
from tests.actions.bench import deleting
from tests.actions.chaos import Chaos, live_through
from tests.actions.victim import MAKE, SharedClock
from tests.kit.rig import SQLITE, rigged

LIVES = 4


async def killed_course(kind: str, seed: int, folder: Path, url: str = SQLITE) -> tuple[int, list[str]]:
    """How many were killed, and what went wrong."""
    chaos = Chaos(kind, seed, SharedClock(folder / "clock"))
    fork = multiprocessing.get_context("forkserver")
    fork.set_forkserver_preload([victim.__name__])
    kills, served = 0, []

    def make(address: str) -> Sequence[AccountOptions]:
        served.append(address)
        return MAKE[kind]()(address)

    async with rigged(make, {kind: chaos.emulator}, chaos.clock, url) as rig:
        (rig.folder / "clock").hardlink_to(folder / "clock")
        async with rig.running():
            await rig.poll()
            await chaos.ask(rig, deleting(rig))
        for life in range(LIVES):
            chaos.befall()
            by_time = life > 0 and chaos.random.random() < 0.5  # then a quick one may be over before
            moments = 10_000 if by_time else chaos.random.randrange(25 if life else 4)
            fate = {"url": url, "moments": moments, "seconds": 0.05 + chaos.random.random() * 0.25 if by_time else None}
            process = fork.Process(target=victim.live, args=(kind, served[0], str(rig.folder)), kwargs=fate)
            process.start()
            await asyncio.to_thread(process.join)
            assert process.exitcode in (0, -signal.SIGKILL), process.exitcode
            kills += process.exitcode == -signal.SIGKILL
            chaos.clock.advance(30.0)
        async with rig.running():
            await live_through(chaos, rig)
            return kills, await chaos.wrongs(rig)
