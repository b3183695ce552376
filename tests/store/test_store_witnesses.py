"""Which other jobs show that an account still looks at the place in which a job was deleted."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from monitor import store as stores
from monitor.model import ActionState, EventDraft, EventType, Scope, Severity
from monitor.store import Connection, JobWrite, Store
from monitor.store.witnesses import witnesses
from tests.kit.made import NOON, deletion, known_job

BEFORE, AFTER = NOON - timedelta(hours=1), NOON + timedelta(minutes=1)
SENT = deletion(job_id="victim", state=ActionState.SENT, tries=1, sent_at=NOON, due_at=NOON)
FINISHED, SUBMITTED = EventType.JOB_FINISHED, EventType.JOB_SUBMITTED


JOBS: dict[str, tuple[datetime, list[tuple[EventType, datetime, str | None]]]] = {
    "unchanged since": (BEFORE, []),
    "silently adopted since": (AFTER, []),
    "told before and since": (AFTER, [(SUBMITTED, BEFORE, None), (FINISHED, AFTER, "running")]),
    "ran before": (AFTER, [(FINISHED, AFTER, "running")]),
    "new": (AFTER, [(SUBMITTED, AFTER, None), (FINISHED, AFTER, "running")]),
    "silently adopted since, as over": (AFTER, [(EventType.JOB_REOPENED, AFTER, "succeeded")]),
}


def event(job: str, type: EventType, at: datetime, state: str | None) -> EventDraft:
    data = {"previous": None if state is None else {"state": state}}
    facts: dict[str, Any] = {"account": "north", "subject": f"job/{job}", "time": at, "detected_at": at}
    return EventDraft(type=type, severity=Severity.INFO, data=data, **facts)


async def test_a_job_that_was_known_before_the_request_shows_the_place(store: Store) -> None:
    def write(conn: Connection) -> int:
        scope = stores.ensure_scope(conn, Scope(account="north", watch="jobs", key="k"), now=BEFORE)
        stores.update_scope(conn, scope.id, baselined_at=BEFORE)
        for job, (changed, told) in {"victim": (BEFORE, []), **JOBS}.items():
            row = JobWrite(known=known_job(job), previous_revision=None, hash=1, significant=1)
            stores.save_jobs(conn, scope.id, [row], now=changed)
            drafts = [(event(job, *each), revision) for revision, each in enumerate(told, 1)]
            stores.append_events(conn, "e", drafts)
        return scope.id

    scope_id = await store.write(write)
    sent = replace(SENT, scope_id=scope_id)
    found = await store.read(lambda conn: [job for _, job in witnesses(conn, sent, [scope_id], 10)])
    assert set(found) == {"unchanged since", "told before and since", "ran before"}
    assert await store.read(lambda conn: len(witnesses(conn, sent, [scope_id], 2))) == 2
    early = replace(sent, sent_at=BEFORE - timedelta(hours=1))
    assert await store.read(lambda conn: witnesses(conn, early, [scope_id], 10)) == [], "nothing was known by then"
