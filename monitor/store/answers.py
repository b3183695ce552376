"""What people answered to messages, whom an answer concerns, and the key that signs the links by which they do."""

from __future__ import annotations

import secrets
from collections.abc import Collection

from sqlalchemy import Connection, delete, func, insert, select

from monitor.model import Event, EventType
from monitor.store.columns import chunks
from monitor.store.event_query import load_events
from monitor.store.tables import events, meta, notification_events, notifications, rule_state

LINK_KEY = "link_key"
LINK_KEY_BEFORE = "link_key_before"
LINK_KEY_LENGTH = 32
"""Bytes."""
_ANSWERS = (EventType.NOTIFICATION_ACKNOWLEDGED.value, EventType.NOTIFICATION_SNOOZED.value)
_SUBJECT = "notification/"


def link_key(conn: Connection) -> bytes | None:
    """The store's secret that signs links; None before the first was needed."""
    return _key(conn, LINK_KEY)


def link_keys(conn: Connection) -> tuple[bytes | None, bytes | None]:
    """That secret, and the one before it, which opens nothing any more: it only tells what it has signed."""
    return _key(conn, LINK_KEY), _key(conn, LINK_KEY_BEFORE)


def make_link_key(conn: Connection) -> bytes:
    """The same, made where there is none yet."""
    found = link_key(conn)
    if found is None:
        found = secrets.token_bytes(LINK_KEY_LENGTH)
        conn.execute(insert(meta).values(key=LINK_KEY, value=found.hex()))
    return found


def end_links(conn: Connection) -> bool:
    """Another secret signs from now on, so that no link that was sent opens anything. False where none can have been
    sent."""
    before = link_key(conn)
    if before is None:
        return False
    conn.execute(delete(meta).where(meta.c.key.in_([LINK_KEY, LINK_KEY_BEFORE])))
    conn.execute(insert(meta).values(key=LINK_KEY_BEFORE, value=before.hex()))
    make_link_key(conn)
    return True


def _key(conn: Connection, name: str) -> bytes | None:
    found = conn.execute(select(meta.c.value).where(meta.c.key == name)).scalar_one_or_none()
    return None if found is None else bytes.fromhex(found)


def last_answers(conn: Connection, ids: Collection[str]) -> dict[str, Event]:
    """The last acknowledgement or snooze of each of these notifications that has one."""
    found: dict[str, Event] = {}
    for some in chunks([_SUBJECT + each for each in ids]):
        last = select(func.max(events.c.seq)).where(events.c.subject.in_(some), events.c.type.in_(_ANSWERS))
        seqs = conn.execute(last.group_by(events.c.subject)).scalars().all()
        found |= {event.subject.removeprefix(_SUBJECT): event for event in load_events(conn, seqs).values()}
    return found


def count_answers(conn: Connection, id: str) -> int:
    """How often this notification was answered."""
    query = select(func.count()).where(events.c.subject == _SUBJECT + id, events.c.type.in_(_ANSWERS))
    return int(conn.execute(query).scalar_one())


def subjects_told(conn: Connection, id: str) -> list[str]:
    """What this notification is about, all of it, as `<account>|<subject>`."""
    link = notification_events.c
    query = (
        select(events.c.account, events.c.subject)
        .join(notification_events, link.seq == events.c.seq)
        .join(notifications, notifications.c.n == link.notification)
        .where(notifications.c.id == id)
        .order_by(link.seq)
    )
    return list(dict.fromkeys(f"{account}|{subject}" for account, subject in conn.execute(query)))


def rule_rows(conn: Connection, keys: Collection[str]) -> dict[str, bytes]:
    """Those rows of the rules' state that are there."""
    found: dict[str, bytes] = {}
    for some in chunks(sorted(set(keys))):
        query = select(rule_state.c.key, rule_state.c.value).where(rule_state.c.key.in_(some))
        found |= {key: bytes(value) for key, value in conn.execute(query)}
    return found
