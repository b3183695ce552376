"""A message that somebody may answer, and a silence that hid something, as the router leaves them in a store."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from monitor.model import Event, EventType, Text
from monitor.routing import decide
from monitor.routing.links import LIFE, PATH, sign
from monitor.routing.memory import Rows
from monitor.routing.recall import Stored
from monitor.rules import Engine, Notify, RuleOptions, RuleSet, RuleState, drive
from monitor.store import (
    Connection,
    HiddenWrite,
    SilenceRow,
    add_silence,
    append_events,
    load_rule_state,
    next_revision,
    save_rule_state,
    write_hidden,
    write_notifications,
)
from monitor.store.answers import make_link_key
from tests.kit.installed import Installed
from tests.kit.made import draft

RULES = """\
rules:
  - {name: stuck, on: [job.queued], remind_every: 8h, notify: [SINK]}
"""
STUCK = "abcdef0123456789abcdef0123456789"
"""The notification's id."""
SILENCE = "0123456789abcdef"
BY = f"silence/{SILENCE}"


def rules(sink: str) -> str:
    return RULES.replace("SINK", sink)


def queued(conn: Connection, epoch: str, job: str, at: datetime) -> Event:
    """A job that went into the queue."""
    made = draft(
        type=EventType.JOB_QUEUED,
        subject=f"job/{job}",
        time=at,
        detected_at=at,
        data={"job": {"id": job, "name": f"name of {job}", "state": "queued"}, "previous": None},
    )
    (event,) = append_events(conn, epoch, [(made, next_revision(conn, "north", made.subject))])
    return event


def stuck(
    conn: Connection,
    epoch: str,
    now: datetime,
    *,
    sink: str = "journal",
    id: str = STUCK,
    text: Text | None = None,
) -> Event:
    """A job in the queue of which `sink` was told by the rule `stuck`, with a reminder to come."""
    event = queued(conn, epoch, f"stuck-{id[:4]}", now)
    options = [RuleOptions(name="stuck", on=["job.queued"], remind_every="8h", notify=[sink])]
    engine = Engine(RuleSet.compile(options, [], None, [sink]), RuleState(), Stored(conn))
    (told,) = [effect for effect in drive(engine, [event]) if isinstance(effect, Notify)]
    written = decide.notification(told, epoch, now)
    write_notifications(conn, [replace(written, id=id, text=text or written.text)])
    save_rule_state(conn, Rows(RuleState()).encode(engine.memory.changes()))
    return event


def forget(conn: Connection) -> None:
    """What stuck is over: the rules look after nothing any more."""
    save_rule_state(conn, dict.fromkeys(load_rule_state(conn)))


def link(conn: Connection, id: str = STUCK, *, until: datetime | None = None) -> str:
    """The path of a link to a message, good for a week."""
    return PATH + sign(make_link_key(conn), id, until or datetime.now(UTC) + LIFE)


def silenced(conn: Connection, epoch: str, now: datetime, *, id: str = SILENCE) -> SilenceRow:
    """An active silence of Ann's that hid one event."""
    row = SilenceRow(
        id=id,
        match='job.name.startsWith("night")',
        owner="ann",
        comment="maintenance of the <cluster>",
        starts_at=now - timedelta(hours=1),
        ends_at=now + timedelta(hours=2),
    )
    add_silence(conn, row)
    event = queued(conn, epoch, "night-1", now)
    write_hidden(conn, [HiddenWrite(by=f"silence/{id}", rule="stuck", sinks=("journal",), seqs=(event.seq,), at=now)])
    return row


def install(installed: Installed) -> None:
    """Both into an installed store, with the rule in its config."""
    installed.config.write_text(installed.config.read_text() + rules("journal"))

    def write(conn: Connection, epoch: str) -> None:
        stuck(conn, epoch, datetime.now(UTC))
        silenced(conn, epoch, datetime.now(UTC))

    installed.write(write)
