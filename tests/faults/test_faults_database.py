"""The database goes away under the real daemon: removed by a clean-up, replaced by somebody's copy."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.faults.scene import GOES_ON, WAITS, scene

REMEDY = "Put the file back where it was and nothing is lost; else stop the daemon and restore a backup."


async def test_a_database_that_was_removed_or_replaced_is_not_written_and_goes_on_when_it_is_back(
    tmp_path: Path,
) -> None:
    async with scene(tmp_path) as it:
        jobs = await it.begin(2)
        away, copy = it.database.with_name("away"), it.database.with_name("copy")
        it.database.rename(away)
        it.end(jobs[0])
        await it.until_said(WAITS)
        shutil.copy(away, it.database)
        copy.write_bytes(it.database.read_bytes())
        it.end(jobs[1])
        await it.polled()
        assert it.database.read_bytes() == copy.read_bytes(), "a file that is not ours was written"
        away.rename(it.database)
        await it.until_said(GOES_ON)
        await it.told(*jobs)
    assert it.reasons(WAITS)[0] == f"The database {it.database} was removed while it was in use."
    said = {(line["reason"], line["hint"]) for line in it.said if line["event"] == WAITS}
    assert (f"The database {it.database} was replaced by another file while it was in use.", REMEDY) in said
    assert {hint for _, hint in said} == {REMEDY}
