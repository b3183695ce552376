"""Jobs, as they were last seen."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from monitor import store
from monitor.diff.job_data import job_data
from monitor.model import JobState, rfc3339
from monitor.store import Connection, JobRecord
from monitor.web.api.inside import Inside
from monitor.web.api.route import Listed, Page, Route


class JobsAsked(Listed, frozen=True, kw_only=True, forbid_unknown_fields=True):
    account: str | None = None
    state: JobState | None = None
    active: bool | None = None
    search: Annotated[str, msgspec.Meta(description="Part of an id or a name, in any case.")] | None = None
    gone: Annotated[bool, msgspec.Meta(description="Also jobs that have left the platform.")] = False


def _list(conn: Connection, inside: Inside, asked: JobsAsked) -> Page[dict[str, Any]]:
    found = store.list_jobs(
        conn,
        account=asked.account,
        state=asked.state,
        active=asked.active,
        include_gone=asked.gone,
        search=asked.search,
        limit=asked.limit,
    )
    return Page(items=[_item(record, inside) for record in found], next=None)


def _item(record: JobRecord, inside: Inside) -> dict[str, Any]:
    known = record.known
    return {
        "account": record.account,
        **job_data(known, clock=inside.clock.now()),
        "state_since": rfc3339(known.state_since),
        "gone": known.gone,
    }


ROUTES = (
    Route(
        path="/api/v1/jobs",
        summary="Jobs, newest first.",
        fn=_list,
        asked=JobsAsked,
        answer=Page[dict[str, Any]],
    ),
)
