"""Jobs, as they were last seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec

from monitor import store
from monitor.diff.job_data import job_data
from monitor.model import Action, JobState, hours_text, rfc3339
from monitor.store import Connection, JobFilter, JobRecord, UsageSum
from monitor.web.api.cursor import pack, places
from monitor.web.api.deletions import DeletionItem
from monitor.web.api.deletions import item as deletion_item
from monitor.web.api.events import EventItem, item
from monitor.web.api.examples import JOB, page
from monitor.web.api.inside import Inside
from monitor.web.api.message import Problem
from monitor.web.api.moment import Time, When, moment, told
from monitor.web.api.people import People
from monitor.web.api.route import Answer, Asked, Listed, Page, Route, Word
from monitor.web.api.usage import plain

HISTORY = 1000
"""How many events are told of one job: the newest."""
LIST = "jobs"


class JobsAsked(Listed, frozen=True, kw_only=True, forbid_unknown_fields=True):
    account: Word | None = None
    state: JobState | None = None
    active: bool | None = None
    search: Annotated[str, msgspec.Meta(min_length=1, description="Part of an id or a name, in any case.")] | None = (
        None
    )
    owner: (
        Annotated[str, msgspec.Meta(min_length=1, description="A person's name in `people`, or a creator's id.")] | None
    ) = None
    model: Annotated[str, msgspec.Meta(min_length=1, description="The base model, else the model.")] | None = None
    since: When | None = None
    gone: Annotated[bool, msgspec.Meta(description="Also jobs that have left the platform.")] = False
    find: (
        Annotated[
            str,
            msgspec.Meta(
                min_length=1,
                description="What a person calls it: its id, else its name, else how its id begins; at most"
                " 20 jobs. Goes with `account` alone.",
            ),
        ]
        | None
    ) = None


class JobAsked(Asked, frozen=True, kw_only=True, forbid_unknown_fields=True):
    account: Word
    id: Word


class ErrorItem(Answer, frozen=True, kw_only=True):
    """Why it failed, in the platform's words."""

    code: str | None
    message: str | None


class JobItem(Answer, frozen=True, kw_only=True):
    """A job. Lengths are seconds; null is what the platform does not say."""

    account: str
    watch: str
    id: str
    name: str
    state: JobState
    provider_state: str
    state_since: Time
    attempt: int
    kind: str | None
    model: str | None
    base_model: str | None
    output_model: str | None
    flavor: str | None
    nodes: int | None
    accelerators: float | None
    workspace: str | None
    creator: str | None
    owner: Annotated[str | None, msgspec.Meta(description="The creator's name in `people`.")]
    created_at: Time | None
    started_at: Time | None
    ended_at: Time | None
    duration: Annotated[float | None, msgspec.Meta(description="How long it ran or runs.")]
    elapsed: Annotated[float | None, msgspec.Meta(description="Since it was created, up to its end or to now.")]
    error: ErrorItem | None
    runs: int | None
    checkpoints: int | None
    max_checkpoints: int | None
    tokens: int | None
    queue_position: int | None
    url: str | None
    extra: dict[str, str | int | float | bool]
    gone: bool
    deleted_at: Annotated[Time | None, msgspec.Meta(description="When it had left because somebody here deleted it.")]
    deleted_by: Annotated[str | None, msgspec.Meta(description="Who asked for that, in words.")]


class JobUsage(Answer, frozen=True, kw_only=True):
    """What the ledger has of it in one currency, corrections summed. Hours and money are decimal numbers; `cost` and
    `currency` null: no price is known."""

    tokens: int
    node_hours: str | None
    card_hours: str | None
    cost: str | None
    currency: str | None


class JobWhole(JobItem, frozen=True, kw_only=True):
    """A job and what happened to it, oldest first: the newest thousand events."""

    usage: Annotated[
        list[JobUsage], msgspec.Meta(description="One for each currency; empty where nothing is booked of it.")
    ]
    deletion: Annotated[DeletionItem | None, msgspec.Meta(description="The one that is under way.")]
    events: list[EventItem]


def _list(conn: Connection, inside: Inside, asked: JobsAsked) -> Page[JobItem]:
    people = People(inside.settings)
    if asked.find is not None:
        _only_find(asked)
        found = store.find_job(conn, asked.find, asked.account)[: asked.limit]
        return Page(items=_items(conn, found, inside, people), next=None)
    wanted = JobFilter(
        account=asked.account,
        state=asked.state,
        active=asked.active,
        gone=asked.gone,
        search=asked.search,
        owners=None if asked.owner is None else people.owned(asked.owner),
        model=asked.model,
        since=moment("since", asked.since, inside.clock.now()),
    )
    after = places(LIST, asked.cursor, int, 2)
    found, last = store.page_jobs(conn, wanted, after=after, limit=asked.limit)
    return Page(items=_items(conn, found, inside, people), next=None if last is None else pack(LIST, *last))


def _only_find(asked: JobsAsked) -> None:
    alone = JobsAsked(find=asked.find, account=asked.account, limit=asked.limit, gone=asked.gone)
    if asked != alone:
        raise Problem(400, "Bad request", "`find` goes with no other filter than `account`.", "Ask for one at a time.")


def _one(conn: Connection, inside: Inside, asked: JobAsked) -> JobWhole:
    records = store.get_jobs(conn, asked.account, asked.id)
    if not records:
        hint = "GET /api/v1/jobs?gone=true lists all that are known."
        raise Problem(404, "Not found", f"No job {asked.id!r} is known in the account {asked.account!r}.", hint)
    subject = f"job/{asked.id}"
    history = store.read_events(conn, account=asked.account, subject=subject, limit=HISTORY, newest_first=True)
    (found,) = _items(conn, records[:1], inside, People(inside.settings))
    same = msgspec.structs.asdict(found)
    booked = store.job_usage(conn, asked.account, asked.id, records[0].known.job.created_at)
    used = [_used(each) for each in booked]
    leaving = store.open_action(conn, asked.account, asked.id)
    deletion = None if leaving is None else deletion_item(leaving)
    return JobWhole(**same, usage=used, deletion=deletion, events=[item(event) for event in reversed(history)])


def _used(booked: UsageSum) -> JobUsage:
    return JobUsage(
        tokens=booked.tokens,
        node_hours=hours_text(booked.node_ms),
        card_hours=hours_text(booked.card_ms),
        cost=None if booked.cost is None else plain(booked.cost),
        currency=booked.currency,
    )


def _items(conn: Connection, records: Sequence[JobRecord], inside: Inside, people: People) -> list[JobItem]:
    left: dict[str, list[str]] = {}
    for record in records:
        if record.known.gone:
            left.setdefault(record.account, []).append(record.known.job.id)
    by = {account: store.deleted_jobs(conn, account, ids) for account, ids in left.items()}
    return [_item(each, inside, people, by.get(each.account, {}).get(each.known.job.id)) for each in records]


def _item(record: JobRecord, inside: Inside, people: People, deleted: Action | None) -> JobItem:
    known = record.known
    if deleted is not None and not (known.gone and deleted.attempt == known.attempt):
        deleted = None  # it came back since
    data = job_data(known, clock=inside.clock.now())
    error = data.pop("error")
    return JobItem(
        account=record.account,
        watch=record.scope.watch,
        owner=people.name(record.account, known.job.creator),
        state_since=rfc3339(known.state_since),
        gone=known.gone,
        deleted_at=told(deleted.settled_at) if deleted is not None else None,
        deleted_by=deleted.asker.words if deleted is not None else None,
        error=ErrorItem(**error) if error else None,
        **data,
    )


ROUTES = (
    Route(
        path="/api/v1/jobs",
        summary="Jobs, newest first.",
        fn=_list,
        asked=JobsAsked,
        answer=Page[JobItem],
        example=page(JOB),
    ),
    Route(
        path="/api/v1/jobs/{account}/{id}",
        summary="One job with its history.",
        fn=_one,
        asked=JobAsked,
        answer=JobWhole,
        errors={404: "No such job is known."},
    ),
)
