"""What a clean-up reads of the jobs that are there: all of what may go, of the rest only that it is there."""

from __future__ import annotations

from functools import partial

from monitor.actions.options import CleanupOptions
from monitor.actions.policies import Land, read_plan
from monitor.model import JobState
from monitor.model import Scope as Place
from monitor.store import Connection, JobWrite, Store, ensure_scope, save_jobs
from tests.actions.test_cleanup_plan import NORTH, candidate
from tests.kit.made import NOON


async def test_what_is_active_or_too_young_is_counted_and_not_read(store: Store) -> None:
    jobs = [candidate(f"j{day}", day, base_model="m") for day in (2, 6, 8, 9)]
    jobs += [candidate("active", 30, base_model="m", state=JobState.RUNNING)]

    def write(conn: Connection) -> None:
        scope = ensure_scope(conn, Place(account="north", watch="jobs", key="k"), now=NOON)
        writes = [JobWrite(known=each.known, previous_revision=None, hash=1, significant=1) for each in jobs]
        save_jobs(conn, scope.id, writes, now=NOON)

    await store.write(write)
    keep = [{"count": 3, "per": "model"}]
    options = CleanupOptions.model_validate({"name": "p", "enabled": True, "after": "7d", "keep_last": keep})
    land = Land(NORTH, "", lambda place: True)
    for only in (False, True):
        asked = partial(read_plan, policies=[options], lands=[land], now=NOON, only_going=only)
        found = await store.read(asked)
        assert [each.candidate.known.job.id for each in found.going(["p"])] == ["j9"]
        assert len(found.candidates) == 5
        assert found.too_many(found.going(["p"])) == []
        whole = {each.known.job.id for each in found.candidates if each.whole}
        assert whole == ({"j8", "j9"} if only else {"j2", "j6", "j8", "j9", "active"})
