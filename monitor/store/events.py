"""The event log: append-only, numbered in the order of commits, each fact once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, bindparam, insert, select, update

from monitor.model import Event, EventDraft, EventType, Severity, event_id
from monitor.store import counters
from monitor.store.columns import whole_ms
from monitor.store.prepared import Prepared, insert_into
from monitor.store.tables import events, subject_revisions

COUNTER = "event"
_decode = msgspec.json.Decoder(dict[str, Any]).decode
_INSERT = Prepared(insert(events).inline())
_SUBJECT = (
    subject_revisions.c.account == bindparam("of_account"),
    subject_revisions.c.subject == bindparam("of_subject"),
)
_NEXT_REVISION = Prepared(
    update(subject_revisions)
    .where(*_SUBJECT)
    .values(revision=subject_revisions.c.revision + 1)
    .returning(subject_revisions.c.revision)
)
_FIRST_REVISION = insert_into(subject_revisions, "account", "subject", "revision")


def append_events(conn: Connection, epoch: str, drafts: Sequence[tuple[EventDraft, int]]) -> list[Event]:
    """Numbers and stores the drafts, each with the revision of its subject that it tells of. Raises StoreConflict
    (at the caller of `Store.write`) when one of them is stored already."""
    if not drafts:
        return []
    first = counters.take(conn, COUNTER, len(drafts))
    made = [_number(epoch, draft, revision, first + i) for i, (draft, revision) in enumerate(drafts)]
    _INSERT.many(conn, [_columns(event) for event in made])
    return made


def next_revision(conn: Connection, account: str | None, subject: str) -> int:
    """The next revision of a subject that has no row of its own (account/…, sink/…, rule/…, monitor), from 1."""
    key = {"of_account": account or "", "of_subject": subject}
    moved = _NEXT_REVISION.rows(conn, key)
    if moved:
        return int(moved[0][0])
    _FIRST_REVISION.many(conn, [{"account": account or "", "subject": subject, "revision": 1}])
    return 1


def last_seq(conn: Connection) -> int:
    """The number of the newest event; 0 before the first."""
    return counters.last_taken(conn, COUNTER)


def get_event(conn: Connection, id_or_seq: str | int) -> Event | None:
    """The event with this id or this number (`17` and `"17"` are numbers)."""
    text = str(id_or_seq)
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
    condition = events.c.id == text if number is None else events.c.seq == number
    row = conn.execute(select(events).where(condition)).one_or_none()
    return None if row is None else event_of(row)


def told_since(conn: Connection, account: str, subject: str, revision: int) -> set[tuple[str, datetime]]:
    """Type and time of what was told of the subject beyond that revision; what is quiet was told to nobody."""
    of = (events.c.subject == subject, events.c.account == account, events.c.revision > revision)
    found = conn.execute(select(events.c.type, events.c.time).where(*of, events.c.quiet.is_(False)))
    return {(row.type, row.time) for row in found}


def _number(epoch: str, draft: EventDraft, revision: int, seq: int) -> Event:
    return Event(
        seq=seq,
        id=event_id(epoch, draft.account, draft.subject, draft.type.value, revision),
        type=draft.type,
        account=draft.account,
        subject=draft.subject,
        revision=revision,
        time=whole_ms(draft.time),
        detected_at=whole_ms(draft.detected_at),
        severity=draft.severity,
        data=draft.data,
        late=draft.late,
        quiet=draft.quiet,
    )


def _columns(event: Event) -> dict[str, Any]:
    return {
        "seq": event.seq,
        "id": event.id,
        "type": event.type.value,
        "account": event.account or "",
        "subject": event.subject,
        "revision": event.revision,
        "time": event.time,
        "detected_at": event.detected_at,
        "severity": event.severity.value,
        "late": event.late,
        "quiet": event.quiet,
        "data": msgspec.json.encode(event.data).decode(),
    }


def event_of(row: Row[Any]) -> Event:
    """The Event in a row that holds all columns of `events`."""
    return Event(
        seq=row.seq,
        id=row.id,
        type=EventType(row.type),
        account=row.account or None,
        subject=row.subject,
        revision=row.revision,
        time=row.time,
        detected_at=row.detected_at,
        severity=Severity(row.severity),
        data=_decode(row.data),
        late=row.late,
        quiet=row.quiet,
    )
