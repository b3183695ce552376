"""The state directory is read-only at the start, or goes away under the daemon: said plainly, then it goes on."""

from __future__ import annotations

import asyncio
import json
import subprocess
from pathlib import Path

from tests.faults.scene import GOES_ON, WAITS, scene, small_disk
from tests.kit.installed import Installed
from tests.kit.process import Program


def remount(disk: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", str(disk)], check=True, capture_output=True)


def examined(folder: Path) -> list[tuple[str, str, str]]:
    """What `doctor` says of the store, with the command of its remedy."""
    found = json.loads(Installed(folder).run("doctor", "--output", "json").stdout)
    store = [finding for finding in found if finding["about"] == "store"]
    return [(each["state"], each["text"], each["mend"].partition("(")[2].partition(")")[0]) for each in store]


async def test_a_start_on_a_read_only_file_system_is_refused_and_the_next_one_goes_on(tmp_path: Path) -> None:
    with small_disk(tmp_path / "state", "16m") as disk:
        async with scene(tmp_path) as it:
            jobs = await it.begin(2)
            assert await it.program.stop() == 0
            it.end(jobs[0])
            remount(disk, "ro")
            async with Program(tmp_path / "training-monitor.yaml") as refused:
                assert await asyncio.wait_for(refused.process.wait(), 60) == 1
                await refused._reader
            assert refused.log.splitlines()[0] == f"error: The file system of {disk} is read-only."
            assert refused.log.splitlines()[1].startswith("hint: Mount it for writing (mount -o remount,rw);")
            for left in ("", "-wal"):  # as a stop and as a crash leave it
                assert await asyncio.to_thread(examined, tmp_path) == [
                    ("failed", refused.log.splitlines()[0].removeprefix("error: "), "mount -o remount,rw")
                ], left
                remount(disk, "rw")
                it.database.with_name("monitor.db-wal").touch()
                remount(disk, "ro")
            remount(disk, "rw")
            it.end(jobs[1])
            await it.start()
            await it.told(*jobs)


async def test_a_state_directory_that_vanished_is_waited_for_and_goes_on_when_it_is_back(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        jobs = await it.begin(2)
        state, away = tmp_path / "state", tmp_path / "away"
        state.rename(away)
        it.end(jobs[0])
        await it.until_said(WAITS)
        it.end(jobs[1])
        await it.polled()
        assert not state.exists(), "nothing is written beside what is gone"
        away.rename(state)
        await it.until_said(GOES_ON)
        await it.told(*jobs)
    assert it.reasons(WAITS) == [f"The database {it.database} was removed while it was in use."]
