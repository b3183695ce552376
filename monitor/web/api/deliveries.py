"""Deliveries: each notification on its way to each sink."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from math import ceil
from typing import Annotated

import msgspec

from monitor import store
from monitor.fields import format_duration
from monitor.fields.rate import RateLimit
from monitor.model import DeliveryState, Outcome, Severity, rfc3339
from monitor.store import AttemptRow, Connection, DeliveryFilter, DeliveryRecord, DeliveryRow
from monitor.store.sink_health import SinkHealth
from monitor.store.waits import Wait, why_waiting
from monitor.web.api.cursor import number, page
from monitor.web.api.inside import Inside
from monitor.web.api.message import Problem
from monitor.web.api.moment import Time, When, moment, told
from monitor.web.api.route import Answer, Asked, Listed, Page, Route, Word

LIST = "deliveries"


class DeliveriesAsked(Listed, frozen=True, kw_only=True, forbid_unknown_fields=True):
    sink: Word | None = None
    state: Annotated[list[DeliveryState], msgspec.Meta(description="Any of these; may be repeated.")] = []  # noqa: RUF012
    rule: Word | None = None
    notification: Annotated[str, msgspec.Meta(min_length=1, description="A notification's id.")] | None = None
    since: When | None = None
    search: (
        Annotated[str, msgspec.Meta(min_length=1, description="Part of the message, or of what came of it.")] | None
    ) = None


class DeliveryAsked(Asked, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: Word


class DeliveryItem(Answer, frozen=True, kw_only=True):
    """`detail` is what the last attempt said, or why it ended."""

    id: str
    n: int
    notification: Annotated[str, msgspec.Meta(description="The notification's id.")]
    rule: str
    sink: str
    state: DeliveryState
    attempt: Annotated[int, msgspec.Meta(description="How many attempts were begun.")]
    severity: Severity
    title: str
    created_at: Time
    next_at: Time | None
    settled_at: Time | None
    detail: str
    waits: Annotated[
        str | None,
        msgspec.Meta(
            description="Why it was not sent yet, while it is pending and more than the time stands against it."
        ),
    ] = None


class AttemptItem(Answer, frozen=True, kw_only=True):
    """One attempt; without an outcome while it runs."""

    attempt: int
    started_at: Time
    ended_at: Time | None
    outcome: Outcome | None
    detail: str
    reference: Annotated[str | None, msgspec.Meta(description="What the sink gave back, like a message's id.")]


class DeliveryWhole(DeliveryItem, frozen=True, kw_only=True):
    """A delivery with its text and all its attempts."""

    body: str
    attempts: list[AttemptItem]


def item(row: DeliveryRow, waits: str | None = None) -> DeliveryItem:
    return DeliveryItem(
        id=row.id,
        n=row.n,
        notification=row.notification,
        rule=row.rule,
        sink=row.sink,
        state=row.state,
        attempt=row.attempt,
        severity=row.severity,
        title=row.title,
        created_at=rfc3339(row.created_at),
        next_at=told(row.next_at),
        settled_at=told(row.settled_at),
        detail=row.detail,
        waits=waits,
    )


def record(conn: Connection, id: str) -> DeliveryRecord:
    """Raises Problem where there is none."""
    found = store.get_delivery(conn, id)
    if found is None:
        raise Problem(404, "Not found", f"There is no delivery {id!r}.", "GET /api/v1/deliveries lists them.")
    return found


def _list(conn: Connection, inside: Inside, asked: DeliveriesAsked) -> Page[DeliveryItem]:
    wanted = DeliveryFilter(
        sink=asked.sink,
        states=asked.state,
        rule=asked.rule,
        notification=asked.notification,
        since=moment("since", asked.since, inside.clock.now()),
        search=asked.search,
    )
    found, last = store.page_deliveries(conn, wanted, behind=number(LIST, asked.cursor), limit=asked.limit)
    waits = _waits(conn, found, inside)
    return page(LIST, found, last, lambda row: item(row, waits.get(row.n)))


def _waits(conn: Connection, rows: Sequence[DeliveryRow], inside: Inside) -> dict[int, str | None]:
    now, found = inside.clock.now(), why_waiting(conn, rows)
    rates = {sink.name: sink.rate for sink in inside.settings.sinks if sink.rate is not None}
    return {row.n: _words(row, found[row.n], rates.get(row.sink), now) for row in rows if row.n in found}


def _words(row: DeliveryRow, wait: Wait, rate: RateLimit | None, now: datetime) -> str | None:
    health = wait.health
    if wait.behind is not None:
        return f"behind {wait.behind}, which is about the same"
    if health.since is not None and health.probe_at is not None and health.probe_at > now:
        return f"the sink takes no messages ({health.detail}); it is probed in {_until(health.probe_at, now)}"
    if health.since is not None:
        return f"the sink takes no messages ({health.detail}); it is tried with one at a time"
    due = row.next_at is None or row.next_at <= now
    return _paced(rate, health, now) if rate is not None and due else None


def _paced(rate: RateLimit, health: SinkHealth, now: datetime) -> str | None:
    from monitor.delivery.pace import allowed, next_at  # not before: it comes with what sends

    if allowed(rate, health.paced_to, now):
        return None
    goes = _until(next_at(rate, health.paced_to, now), now)
    return f"the rate of the sink is used up; the next message goes in {goes}"


def _until(moment: datetime, now: datetime) -> str:
    """How long it is until then: begun seconds count, so that it is never too early."""
    return format_duration(ceil((moment - now).total_seconds()))


def _one(conn: Connection, inside: Inside, asked: DeliveryAsked) -> DeliveryWhole:
    found = record(conn, asked.id)
    same = msgspec.structs.asdict(item(found.row, _waits(conn, [found.row], inside).get(found.row.n)))
    attempts = [_attempt(attempt) for attempt in found.attempts]
    return DeliveryWhole(**same, body=found.notification.text.plain, attempts=attempts)


def _attempt(row: AttemptRow) -> AttemptItem:
    return AttemptItem(
        attempt=row.attempt,
        started_at=rfc3339(row.started_at),
        ended_at=told(row.ended_at),
        outcome=row.outcome,
        detail=row.detail,
        reference=row.reference,
    )


ROUTES = (
    Route(
        path="/api/v1/deliveries",
        summary="Deliveries, newest first.",
        fn=_list,
        asked=DeliveriesAsked,
        answer=Page[DeliveryItem],
    ),
    Route(
        path="/api/v1/deliveries/{id}",
        summary="One delivery with its text and its attempts.",
        fn=_one,
        asked=DeliveryAsked,
        answer=DeliveryWhole,
        errors={404: "There is no such delivery."},
    ),
)
