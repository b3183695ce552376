"""The disk under the real daemon is full, refuses to be written, or fails to keep what it took: it waits, says so, and
goes on by itself with nothing lost and nothing told twice."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from monitor.cli.over_socket import OverSocket
from tests.faults.scene import GOES_ON, WAITS, failing, scene, small_disk

READ_ONLY = ("pwrite64", "EROFS")
NOT_KEPT = ("fdatasync", "EIO")


async def test_a_full_disk_pauses_polling_which_goes_on_when_there_is_room(tmp_path: Path) -> None:
    with small_disk(tmp_path / "state", "4m") as disk:
        async with scene(tmp_path) as it:
            jobs = await it.begin(2)
            ballast = disk / "ballast"
            with pytest.raises(OSError, match="No space"):
                ballast.write_bytes(b"x" * 8_000_000)
            it.end(jobs[0])
            while_full = [it.studio.world.add_job("RUNNING") for _ in range(100)]
            await it.until_said(WAITS)
            ask = OverSocket(disk / "control.sock").send
            code, ready = await asyncio.to_thread(ask, "GET", "/readyz", ())
            trouble = f"the store cannot be written: The database {disk}/monitor.db cannot grow: the disk is full"
            assert (code, ready["troubles"]) == (503, [trouble])
            assert (await asyncio.to_thread(ask, "GET", "/api/v1/status", ()))[1]["troubles"] == [trouble]
            it.end(*jobs[1:], *while_full)
            ballast.unlink()
            await it.until_said(GOES_ON)
            await it.told(*jobs)
    assert it.reasons(WAITS)[0] == f"The database {disk}/monitor.db cannot grow: the disk is full."


async def test_a_file_system_that_turns_read_only_and_a_disk_that_keeps_nothing_are_outlived(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        jobs = await it.begin(2)
        for times, (job, (calls, error)) in enumerate(zip(jobs, (READ_ONLY, NOT_KEPT), strict=True)):
            async with failing(it.pid, calls, error, it.database, it.database.with_name("monitor.db-wal")):
                it.end(job)
                await it.until_said(WAITS, after=times)
                assert it.story(job) == ["job.submitted", "job.started"]
            await it.until_said(GOES_ON, after=times)
            await it.told(job)
    assert set(it.reasons(WAITS)) == {f"The database {it.database} could not be read or written."}
    assert {line["hint"] for line in it.said if line["event"] == WAITS} == {
        "Look at the disk: the kernel log names it."
    }
