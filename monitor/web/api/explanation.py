"""Why an event was told, and why not: the poll that saw it, each rule's verdict, and what became of it since."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Annotated, Any

import msgspec

from monitor import store
from monitor.lab.explain import explain
from monitor.lab.known import Explanation, Hidden, Judged, Known, Told
from monitor.lab.weighing import Weighed
from monitor.model import Event, rfc3339
from monitor.routing.memory import decode
from monitor.rules import RuleErrors
from monitor.rules.holding import state_of, watch_of
from monitor.rules.written import span
from monitor.store import Connection, NotificationRow
from monitor.store.hidden import hidden_of
from monitor.store.notification_list import notifications_of, told_of
from monitor.web.api.events import EventAsked, EventItem, item
from monitor.web.api.inside import Inside
from monitor.web.api.message import Problem
from monitor.web.api.moment import Time
from monitor.web.api.route import Answer, Route

NEAR = 200
"""Newer events of the subject that are looked at, and older ones."""
MESSAGES = 20


class SeenItem(Answer, frozen=True, kw_only=True):
    """How it was found out. `after`: seconds between what happened and its detection, where the platform told when."""

    detected: Time
    time: Time
    after: float | None
    late: bool
    quiet: bool
    watch: Annotated[str | None, msgspec.Meta(description="`<account>|<watch>`; null for what the daemon does itself.")]
    previous: Annotated[dict[str, Any] | None, msgspec.Meta(description="How it was before, as far as that was known.")]
    state: Annotated[str | None, msgspec.Meta(description="The state that it set, for rules that wait (`for`).")]


class PartItem(Answer, frozen=True, kw_only=True):
    """A part of a condition. `sign` stands between its parts."""

    text: str
    matched: bool
    absent: list[str]
    error: str | None
    values: dict[str, str | None]
    sign: str
    parts: list[PartItem]


class VerdictItem(Answer, frozen=True, kw_only=True):
    """One rule's say."""

    rule: str
    verdict: Annotated[
        str,
        msgspec.Meta(description="matched, ended, not matched, absent, failed, other type or not asked."),
    ]
    why: Annotated[list[str], msgspec.Meta(description="What decided.")]
    shadow: bool
    when: PartItem | None
    fate: Annotated[list[str], msgspec.Meta(description="What became of it there, in the order of time.")]


class MessageItem(Answer, frozen=True, kw_only=True):
    """A message with the event in it, and the deliveries of it by their ids."""

    id: str
    rule: str
    reason: str
    title: str
    made: Annotated[str, msgspec.Meta(description="Who was told, when, and why then.")]
    created_at: Time
    shadow: bool
    deliveries: list[str]


class HiddenBy(Answer, frozen=True, kw_only=True):
    by: Annotated[str, msgspec.Meta(description="`silence/<id>` or `mute`.")]
    rule: str
    sinks: list[str]
    at: Time


class NetItem(Answer, frozen=True, kw_only=True):
    """Whether it fell to `unmatched`, and why or why not."""

    told: bool
    why: str
    fate: Annotated[list[str], msgspec.Meta(description="What became of it there, in the order of time.")]


class ExplanationItem(Answer, frozen=True, kw_only=True):
    """The rules are those of now, held against the event as of its detection."""

    event: EventItem
    seen: SeenItem
    rules: list[VerdictItem]
    unmatched: NetItem
    hidden: list[HiddenBy]
    notifications: list[MessageItem]
    notes: list[str]


def _explain(conn: Connection, inside: Inside, asked: EventAsked) -> ExplanationItem:
    event = store.get_event(conn, asked.id)
    if event is None:
        raise Problem(404, "Not found", f"There is no event {asked.id!r}.", "GET /api/v1/events lists them.")
    messages = notifications_of(conn, event.seq, MESSAGES)
    known = _known(conn, event, messages, inside)
    try:
        ruleset = inside.rules()
    except RuleErrors as error:
        detail = f"The rules of the config cannot be used: {error.mistakes[0].message}"
        raise Problem(
            409, "Conflict", detail, "`training-monitor check` names every mistake with its place."
        ) from error
    found = explain(ruleset, decode(store.load_rule_state(conn)), event, known)
    return _item(event, found, messages, known)


def _known(conn: Connection, event: Event, messages: list[NotificationRow], inside: Inside) -> Known:
    now, kept = inside.clock.now(), inside.settings.retention.deliveries
    gone = not messages and event.detected_at < now - timedelta(seconds=kept)
    about = partial(store.read_events, conn, account=event.account, subject=event.subject, limit=NEAR)
    earlier = about(before=event.seq, newest_first=True)[::-1]
    taken = store.get_cursor(conn, "routing")
    answers = [answer for row in messages for answer in store.read_events(conn, subject=f"notification/{row.id}")]
    return Known(
        told=[_told(row, event.seq) for row in messages],
        hidden=[Hidden(by=row.by, rule=row.rule, sinks=row.sinks, at=row.at) for row in hidden_of(conn, event.seq)],
        earlier=earlier,
        later=about(after=event.seq),
        before=[
            Told(id=row.id, seq=row.seq, rule=row.rule, reason=row.reason, at=row.at)
            for row in told_of(conn, [each.seq for each in earlier])
        ],
        answers=answers,
        taken=taken,
        routed=event.seq <= taken,
        forgotten=span(kept) if gone else "",
        now=now,
    )


def _told(row: NotificationRow, seq: int) -> Told:
    return Told(
        id=row.id,
        seq=seq,
        rule=row.rule,
        reason=row.reason,
        at=row.created_at,
        sinks=[each.sink for each in row.deliveries],
        count=row.event_count,
        shadow=row.shadow,
        plain=row.plain,
    )


def _item(event: Event, found: Explanation, messages: list[NotificationRow], known: Known) -> ExplanationItem:
    previous = event.data.get("previous")
    after = event.detected_at - event.time
    return ExplanationItem(
        event=item(event),
        seen=SeenItem(
            detected=rfc3339(event.detected_at),
            time=rfc3339(event.time),
            after=after.total_seconds() if after > timedelta(0) else None,
            late=event.late,
            quiet=event.quiet,
            watch=watch_of(event),
            previous=dict(previous) if isinstance(previous, dict) else None,
            state=state_of(event),
        ),
        rules=[_verdict(each) for each in found.rules],
        unmatched=NetItem(told=found.net, why=found.net_why, fate=list(found.net_fate)),
        hidden=[
            HiddenBy(by=each.by, rule=each.rule, sinks=list(each.sinks), at=rfc3339(each.at)) for each in known.hidden
        ],
        notifications=[_message(row, found.whys.get(row.id, "")) for row in messages],
        notes=list(found.notes),
    )


def _verdict(judged: Judged) -> VerdictItem:
    return VerdictItem(
        rule=judged.rule,
        verdict=judged.verdict,
        why=list(judged.why),
        shadow=judged.shadow,
        when=None if judged.whole is None else _part(judged.whole),
        fate=list(judged.fate),
    )


def _part(weighed: Weighed) -> PartItem:
    return PartItem(
        text=weighed.text,
        matched=weighed.matched,
        absent=list(weighed.absent),
        error=weighed.error,
        values=dict(weighed.values),
        sign=weighed.sign,
        parts=[_part(each) for each in weighed.parts],
    )


def _message(row: NotificationRow, made: str) -> MessageItem:
    return MessageItem(
        id=row.id,
        rule=row.rule,
        reason=row.reason.value,
        title=row.title,
        made=made,
        created_at=rfc3339(row.created_at),
        shadow=row.shadow,
        deliveries=[each.id for each in row.deliveries],
    )


ROUTES = (
    Route(
        path="/api/v1/events/{id}/explanation",
        summary="Why an event was told, and why not: each rule's verdict, and what became of it.",
        fn=_explain,
        asked=EventAsked,
        answer=ExplanationItem,
        errors={404: "There is no such event.", 409: "No daemon runs, and the rules of the config are wrong."},
    ),
)
