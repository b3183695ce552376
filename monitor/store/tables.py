"""All tables of the store. The migrations make them; a test holds that both agree.

What is asked for often has an index that serves it. Accounts are text, `''` where an event belongs to none, because
NULL never equals NULL in a uniqueness rule.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    false,
)

from monitor.store.columns import Bytewise, Key, Moment, Words

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    }
)


def _text(name: str, *, null: bool = False) -> Column[str]:
    return Column(name, Words(), nullable=null)


def _number(name: str, *, null: bool = False) -> Column[int]:
    return Column(name, BigInteger(), nullable=null)


def _time(name: str, *, null: bool = True) -> Column[object]:
    return Column(name, Moment(), nullable=null)


def _flag(name: str) -> Column[bool]:
    return Column(name, Boolean(), nullable=False)


def _name(name: str) -> Column[str]:
    return Column(name, String(), primary_key=True)


meta = Table("meta", metadata, _name("key"), _text("value"))
counters = Table("counters", metadata, _name("name"), _number("value"))
"""The last number given out; taken inside the writing transaction, so numbers follow the order of commits."""

scopes = Table(
    "scopes",
    metadata,
    Column("id", Key, primary_key=True),
    _text("account"),
    _text("watch"),
    _text("key"),
    _text("workspace", null=True),
    _time("baseline_from"),
    _time("baselined_at"),
    _time("last_good"),
    _time("last_good_platform"),
    _time("swept_at"),
    _text("paging", null=True),
    _number("total_gap", null=True),
    _text("parser_version", null=True),
    _text("shrunk", null=True),
    _time("made_at", null=False),
    UniqueConstraint("account", "watch", "key"),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", Key, primary_key=True),
    Column("scope_id", Key, ForeignKey("scopes.id"), nullable=False),
    _text("account"),
    Column("job_id", Bytewise, nullable=False),
    _text("name"),
    _text("state"),
    _text("creator", null=True),
    _text("model", null=True),
    _time("created_at", null=False),
    _flag("active"),
    _flag("gone"),
    _time("missing_since"),
    _time("usage_due"),
    _number("hash"),
    _number("significant"),
    _number("revision"),
    _time("changed_at", null=False),
    _text("doc"),
    UniqueConstraint("scope_id", "job_id"),
    Index(None, "job_id"),
    Index(None, "name"),
    Index(None, "account", "created_at", "id"),
    Index(None, "created_at", "id"),
    Index(None, "creator", "created_at", "id"),
    Index(None, "model", "created_at", "id"),
)
"""`created_at` is 1970 where the platform does not tell it: those jobs come last in every list. `model` is the base
model, else the model."""
for _name_of, _columns, _where in (
    ("active", (), jobs.c.active.is_(True)),
    ("active_account", (jobs.c.account,), jobs.c.active.is_(True)),
    ("here", (), jobs.c.gone.is_(False)),
    ("here_account", (jobs.c.account,), jobs.c.gone.is_(False)),
    ("here_account_state", (jobs.c.account, jobs.c.state), jobs.c.gone.is_(False)),
    ("here_state", (jobs.c.state,), jobs.c.gone.is_(False)),
):
    _listed = (*_columns, jobs.c.created_at, jobs.c.id)
    Index(f"ix_jobs_{_name_of}", *_listed, sqlite_where=_where, postgresql_where=_where)

job_counts = Table("job_counts", metadata, _name("account"), _name("state"), _number("count"))
"""How many jobs are in each state and not gone; triggers of the database keep it."""

flavors = Table(
    "flavors",
    metadata,
    Column("id", Key, primary_key=True),
    Column("scope_id", Key, ForeignKey("scopes.id"), nullable=False),
    _text("account"),
    _text("flavor_id"),
    _flag("listed"),
    _number("revision"),
    _time("changed_at", null=False),
    _text("doc"),
    UniqueConstraint("scope_id", "flavor_id"),
)

events = Table(
    "events",
    metadata,
    Column("seq", Key, primary_key=True, autoincrement=False),
    _text("id"),
    _text("type"),
    _text("account"),
    _text("subject"),
    _number("revision"),
    _time("time", null=False),
    _time("detected_at", null=False),
    _text("severity"),
    _flag("late"),
    _flag("quiet"),
    _text("data"),
    UniqueConstraint("id"),
    Index(None, "type", "seq"),
    Index(None, "account", "seq"),
    Index(None, "subject", "seq"),
    Index(None, "severity", "seq"),
    Index(None, "detected_at"),
)
"""`id` is a hash of epoch, account, subject, type and revision: its uniqueness is that of the fact."""

subject_revisions = Table("subject_revisions", metadata, _name("account"), _name("subject"), _number("revision"))
first_sights = Table("first_sights", metadata, _name("account"), _name("kind"), _name("word"))
health = Table(
    "health",
    metadata,
    _name("account"),
    _name("watch"),
    _text("state"),
    _number("failures"),
    _time("since", null=False),
    _text("reason"),
)
bad_signatures = Table(
    "bad_signatures", metadata, _name("fingerprint"), _number("count"), _time("changed_at", null=False)
)

bookings = Table(
    "bookings",
    metadata,
    Column("id", Key, primary_key=True),
    _text("account"),
    _text("provider"),
    Column("scope_id", Key, ForeignKey("scopes.id"), nullable=False),
    _text("job_id"),
    _text("job_name"),
    _text("model", null=True),
    _text("creator", null=True),
    _text("labels"),
    _time("at", null=False),
    _number("tokens"),
    _text("cost", null=True),
    _text("currency", null=True),
    _flag("correction"),
    Index(None, "at"),
    Index(None, "account", "at"),
)

cursors = Table("cursors", metadata, _name("name"), _number("seq"))
rule_state = Table("rule_state", metadata, _name("key"), Column("value", LargeBinary(), nullable=False))

notifications = Table(
    "notifications",
    metadata,
    Column("n", Key, primary_key=True, autoincrement=False),
    _text("id"),
    _text("rule"),
    _text("severity"),
    _text("reason"),
    _text("title"),
    _text("plain"),
    _text("markdown"),
    _time("created_at", null=False),
    Column("shadow", Boolean(), nullable=False, server_default=false()),
    UniqueConstraint("id"),
    Index(None, "rule", "n"),
    Index(None, "severity", "n"),
    Index(None, "created_at"),
)
"""`shadow`: what a rule on trial would have sent; it has no deliveries."""
Index(
    "ix_notifications_shadow",
    notifications.c.n,
    sqlite_where=notifications.c.shadow.is_(True),
    postgresql_where=notifications.c.shadow.is_(True),
)
notification_events = Table(
    "notification_events",
    metadata,
    Column("notification", Key, ForeignKey("notifications.n"), primary_key=True, autoincrement=False),
    Column("seq", Key, ForeignKey("events.seq"), primary_key=True, autoincrement=False),
    Index(None, "seq"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("n", Key, primary_key=True, autoincrement=False),
    _text("id"),
    Column("notification", Key, ForeignKey("notifications.n"), nullable=False),
    _text("rule"),
    _text("sink"),
    _text("state"),
    _flag("ready"),
    Column("attempt", Integer(), nullable=False),
    _time("created_at", null=False),
    _time("next_at"),
    _time("settled_at"),
    _text("detail"),
    _time("renewed_at"),
    UniqueConstraint("id"),
    Index(None, "notification"),
    Index(None, "rule", "n"),
    Index(None, "sink", "n"),
    Index(None, "sink", "state", "n"),
    Index(None, "state", "n"),
)
"""`ready`: pending, and no earlier unsettled delivery of the same rule and sink shares a subject with it.
`renewed_at`: when somebody last asked for it to be tried again."""

for _purpose, _open, _where in (
    ("claim", (deliveries.c.sink, deliveries.c.n, deliveries.c.next_at), deliveries.c.ready.is_(True)),
    ("due", (deliveries.c.sink, deliveries.c.next_at), deliveries.c.ready.is_(True)),
    ("open", (deliveries.c.sink, deliveries.c.rule, deliveries.c.n), deliveries.c.settled_at.is_(None)),
):
    Index(f"ix_deliveries_{_purpose}", *_open, sqlite_where=_where, postgresql_where=_where)

unsettled = Table(
    "unsettled",
    metadata,
    _name("sink"),
    _name("rule"),
    _name("subject"),
    Column("delivery", Key, ForeignKey("deliveries.n"), primary_key=True, autoincrement=False),
    Index(None, "delivery"),
    sqlite_with_rowid=False,
)
"""The subjects of deliveries that are not settled; its size is the backlog, never the history."""

attempts = Table(
    "attempts",
    metadata,
    Column("delivery", Key, ForeignKey("deliveries.n"), primary_key=True, autoincrement=False),
    Column("attempt", Integer(), primary_key=True, autoincrement=False),
    _time("started_at", null=False),
    _time("ended_at"),
    _text("outcome", null=True),
    _text("detail"),
    _text("reference", null=True),
)

silences = Table(
    "silences",
    metadata,
    Column("n", Key, primary_key=True),
    _text("id"),
    _text("match"),
    _text("owner"),
    _text("comment"),
    _time("starts_at", null=False),
    _time("ends_at", null=False),
    _time("ended_at"),
    _text("ended_by", null=True),
    UniqueConstraint("id"),
)
"""For people to look at; the rules take theirs from the events. `ended_by` NULL: it ended by itself."""
Index(
    "ix_silences_open",
    silences.c.n,
    sqlite_where=silences.c.ended_at.is_(None),
    postgresql_where=silences.c.ended_at.is_(None),
)
hidden = Table(
    "hidden",
    metadata,
    Column("n", Key, primary_key=True),
    _text("by"),
    _text("rule"),
    _text("sinks"),
    Column("seq", Key, ForeignKey("events.seq"), nullable=False),
    _time("at", null=False),
    Index(None, "by", "seq", "n"),
    Index(None, "rule", "n"),
    Index(None, "seq", "n"),
)
"""What a silence (`silence/<id>`) or a rule's mute window (`mute`) kept from whom. `sinks` is a JSON list."""
