"""The switches of the sandbox: what a person needs to see clean-up policies at work, on both platforms alike."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from monitor.model import ActionState, Asker, AskerKind
from monitor.sandbox.server import emulators, serving
from monitor.sandbox.switches import JOB_CAP, Switches
from monitor.store import ActionFilter
from tests.actions.bench import deleting, finish
from tests.kit.clock import VirtualClock
from tests.kit.platforms import model_studio, modelarts
from tests.kit.rig import Rig


class Sandbox:
    def __init__(self, address: str, platforms: Any, clock: VirtualClock, session: aiohttp.ClientSession) -> None:
        self.address, self.platforms, self.clock = address, platforms, clock
        self._session = session

    async def post(self, path: str) -> tuple[int, str]:
        async with self._session.post(f"{self.address}/sandbox/{path}") as reply:
            return reply.status, await reply.text()

    async def get(self) -> str:
        async with self._session.get(f"{self.address}/sandbox") as reply:
            return await reply.text()


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    clock = VirtualClock()
    platforms = emulators(clock, autoplay=False)
    async with serving(platforms, more=Switches(platforms).routes()) as address, aiohttp.ClientSession() as session:
        yield Sandbox(address, platforms, clock, session)


async def test_a_job_ends_now_as_one_says(sandbox: Sandbox) -> None:
    studio, arts = sandbox.platforms["model-studio"].world, sandbox.platforms["modelarts"].world
    tuned, trained = studio.add_job("RUNNING"), arts.add_job("train", phase="Running")
    assert await sandbox.post(f"end?job={tuned}") == (200, f"{tuned} has succeeded\n")
    assert await sandbox.post(f"end?job={trained}&outcome=failed") == (200, f"{trained} has failed\n")
    assert (studio.find(tuned).status, arts.jobs[trained].phase) == ("SUCCEEDED", "Failed")
    assert (await sandbox.post("end?job=nix"))[0] == 404
    assert await sandbox.post(f"end?job={tuned}&outcome=lost") == (
        400,
        "outcome is one of succeeded, failed, canceled\n",
    )
    assert f"{sandbox.address}/sandbox/end?job=ID" in await sandbox.get()


@pytest.mark.parametrize(("why", "tried"), [("job", 2), ("key", 1)])
async def test_a_deletion_is_refused_as_one_says(sandbox: Sandbox, tmp_path: Path, why: str, tried: int) -> None:
    """What is refused for the key's sake ends the run: the second is not tried."""
    studio, arts = sandbox.platforms["model-studio"].world, sandbox.platforms["modelarts"].world
    jobs = {
        "llm": [studio.add_job("FAILED") for _ in range(2)],
        "ascend": [arts.add_job("t", phase="Failed") for _ in range(2)],
    }
    sandbox.clock.advance(60.0)
    studio.add_job("RUNNING")
    arts.add_job("newest", phase="Running")
    rig = Rig([*model_studio()(sandbox.address), *modelarts()(sandbox.address)], sandbox.clock, tmp_path)
    async with rig.running():
        await rig.poll()
        assert (await sandbox.post(f"refuse?times=1&why={why}"))[0] == 200
        deletions = deleting(rig)
        for account, ids in jobs.items():
            await deletions.asked(account, ids, Asker(AskerKind.USER, "ann"))
        await finish(rig, deletions)
        for name, emulator in (("llm", "model-studio"), ("ascend", "modelarts")):
            first, second = (await deletions.listed(ActionFilter(account=name)))[::-1]
            assert (first.state, first.tries) == (ActionState.REFUSED, 1)
            assert second.state is (ActionState.DELETED if tried == 2 else ActionState.REFUSED)
            assert sandbox.platforms[emulator].requests["delete"] == tried


async def test_the_quota_is_filled_as_far_as_one_says(sandbox: Sandbox) -> None:
    arts, studio = sandbox.platforms["modelarts"].world, sandbox.platforms["model-studio"].world
    for number in range(19):
        arts.add_job(f"t{number}", phase="Completed")
    assert (await sandbox.post("fill?percent=95"))[0] == 200
    assert arts.job_quota == 20
    counted = sum(job.status in ("RUNNING", "SUCCEEDED") for job in studio.jobs())
    assert 0.95 * JOB_CAP <= counted <= JOB_CAP
    assert (await sandbox.post("fill?percent=0"))[0] == 400
