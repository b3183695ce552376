"""Quotas as they were seen, and the jobs that count where the platform does not say."""

from __future__ import annotations

from dataclasses import replace

from monitor.model import JobState, Quota, Scope
from monitor.store import Connection, JobWrite, Store, ensure_scope, save_jobs, update_scope
from monitor.store.quotas import QuotaRow, count_here, keep_quotas, load_quotas, save_quota
from tests.kit.made import NOON, known_job

ROW = QuotaRow(account="llm", quota=Quota(resource="jobs", used=16, cap=20, seen_at=NOON), told=80)
OTHER = QuotaRow(account="arts", quota=Quota(resource="job-num", used=5, cap=None, seen_at=NOON))


async def test_a_quota_is_kept_by_account_under_the_last_name_of_its_resource(store: Store) -> None:
    def write(conn: Connection) -> None:
        for row in (ROW, OTHER, replace(ROW, told=95), replace(OTHER, quota=replace(OTHER.quota, resource="jobs"))):
            save_quota(conn, row)

    await store.write(write)
    kept = [replace(OTHER, quota=replace(OTHER.quota, resource="jobs")), replace(ROW, told=95)]
    assert await store.read(load_quotas) == kept
    assert await store.write(lambda conn: keep_quotas(conn, ["llm"])) == 1
    assert await store.read(load_quotas) == kept[1:]


async def test_of_the_scopes_that_are_looked_at_the_jobs_are_counted_that_are_still_there(store: Store) -> None:
    here, before = (Scope(account="llm", watch="jobs", key=key) for key in ("k", "an older endpoint"))

    def write(conn: Connection) -> None:
        for scope in (here, before):
            row = ensure_scope(conn, scope, now=NOON)
            known = [known_job("a"), known_job("b", state=JobState.SUCCEEDED), known_job("c", state=JobState.SUCCEEDED)]
            known.append(replace(known_job("d"), gone=True))
            writes = [JobWrite(known=each, previous_revision=None, hash=1, significant=1) for each in known]
            save_jobs(conn, row.id, writes, now=NOON)

    await store.write(write)
    assert await store.read(lambda conn: count_here(conn, [here])) is None

    def baselined(conn: Connection) -> None:
        update_scope(conn, ensure_scope(conn, here, now=NOON).id, baselined_at=NOON)

    await store.write(baselined)
    assert await store.read(lambda conn: count_here(conn, [here])) == {"running": 1, "succeeded": 2}
    assert await store.read(lambda conn: count_here(conn, [here, before])) is None
