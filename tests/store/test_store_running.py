"""What runs now and how far its log is, on both databases."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from monitor.model import JobState, Scope
from monitor.store import (
    Connection,
    JobWrite,
    ProgressRow,
    Store,
    ensure_scope,
    running_jobs,
    save_jobs,
    save_progress,
    unread_logs,
    usual_tokens,
)
from tests.kit.made import NOON, known_job


async def test_what_was_read_longest_ago_is_read_first_and_what_is_over_is_forgotten(store: Store) -> None:
    def write(conn: Connection) -> None:
        scope = ensure_scope(conn, Scope(account="north", watch="jobs", key="k"), now=NOON)
        states = {"a": JobState.RUNNING, "b": JobState.RUNNING, "c": JobState.QUEUED, "d": JobState.STOPPING}
        known = [known_job(name, state=state) for name, state in states.items()]
        save_jobs(
            conn,
            scope.id,
            [JobWrite(known=each, previous_revision=None, hash=n, significant=1) for n, each in enumerate(known)],
            now=NOON,
        )
        save_progress(conn, scope.id, ProgressRow(job_id="gone", lines=1), now=NOON)
        for minutes, tokens in ((0, 5), (1, 7)):
            at = NOON + timedelta(minutes=minutes)
            save_progress(conn, scope.id, ProgressRow(job_id="a", lines=3, tokens=tokens), now=at)

    await store.write(write)
    late = partial(unread_logs, scope_id=1, before=NOON + timedelta(minutes=5))
    assert await store.read(late) == [ProgressRow(job_id="b"), ProgressRow(job_id="a", lines=3, tokens=7)]
    assert [row.job_id for row in await store.read(partial(unread_logs, scope_id=1, before=NOON))] == ["b"]
    found = {each.record.known.job.id: (each.logged, each.seen_at) for each in await store.read(running_jobs)}
    assert found == {"a": (7, NOON), "b": (None, NOON), "d": (None, NOON)}
    assert await store.read(usual_tokens) == {}
