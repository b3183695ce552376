"""The machine gives the real daemon no more: no further open file, no further memory. What needs it fails and is tried
again; nothing ends, nothing is lost."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from monitor.emulation import Reply
from monitor.providers import registry
from tests.faults.scene import scene
from tests.kit.clock import VirtualClock
from tests.kit.platforms import model_studio
from tests.kit.rig import rigged
from tests.kit.until import until

SEEN_AS = "the account is unreachable"
NO_MEMORY = "this machine has no memory left"
CUT = "cut its answer short or sent it garbled"


@contextmanager
def limited(pid: int, what: int, to: int) -> Iterator[None]:
    """The process may have no more than that while the block runs."""
    before = resource.prlimit(pid, what)
    resource.prlimit(pid, what, (to, before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, what, before)


async def test_without_a_further_open_file_polls_fail_and_are_told_and_all_goes_on(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        jobs = await it.begin(1)
        with limited(it.pid, resource.RLIMIT_NOFILE, 3):
            it.studio.faults.add(Reply(status=500, headers={"Connection": "close"}))  # the next poll opens one
            it.end(*jobs)
            await until(lambda: it.letters("account.unreachable"), why=it.program.log[-2000:])
            assert it.story(jobs[0])[-1] == "job.started"
        await until(lambda: it.letters("account.recovered"), why=it.program.log[-2000:])
        await it.told(*jobs)
        (told,) = it.letters("account.unreachable")
    assert "this process may open no further file or connection" in told.message["body"]
    assert "LimitNOFILE" in told.message["body"]


async def test_an_answer_for_which_there_is_no_memory_loses_nothing(tmp_path: Path) -> None:
    """Where the C library asks for more than there is, not even Python is asked: then the next life goes on."""
    async with scene(tmp_path, calm=False) as it:
        jobs = await it.begin(1)
        used = next(int(line.split()[1]) for line in _status(it.pid) if line.startswith("VmSize:"))
        it.studio.faults.add(Reply(status=200, body=b"[" * 15_000_000), operation="list", times=None)
        limit = limited(it.pid, resource.RLIMIT_AS, used * 1024 + 4_000_000)
        with suppress(ProcessLookupError), limit:
            await until(lambda: it.reasons(SEEN_AS) or it.ended, why=it.program.log[-2000:])
        why = it.reasons(SEEN_AS)
        it.studio.faults.clear()
        it.end(*jobs)
        if it.ended:
            await it.start()
        await it.told(*jobs)
    assert all(words == NO_MEMORY or words.endswith(CUT) for words in why)


async def test_a_poll_that_meets_a_lack_of_memory_is_no_bug() -> None:
    clock = VirtualClock()
    studio: Any = registry.emulator("model-studio")(clock, autoplay=False)
    async with rigged(model_studio(), {"model-studio": studio}, clock) as rig, rig.running():
        await rig.poll()
        job = studio.world.add_job("RUNNING")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(rig, "moment", _too_much)
            for _ in range(3):
                await rig.poll()
        await rig.poll()
        (told,) = await rig.events("account.unreachable")
        assert told.data["reason"] == NO_MEMORY
        assert await rig.story(f"job/{job}") == ["job.submitted", "job.started"]


def _too_much(name: str) -> None:
    if name == "answer":
        bytearray(2**62)  # more than any machine has


def _status(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/status").read_text().splitlines()
