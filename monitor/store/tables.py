"""All tables of the store. The migrations make them; a test holds that both agree.

What is asked for often has an index that serves it. Accounts are text, `''` where an event belongs to none, because
NULL never equals NULL in a uniqueness rule.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    UniqueConstraint,
    and_,
    false,
)

from monitor.store.action_tables import actions as actions
from monitor.store.action_tables import cleanup_state as cleanup_state
from monitor.store.action_tables import quotas as quotas
from monitor.store.columns import Bytewise, Key
from monitor.store.silence_tables import hidden as hidden
from monitor.store.silence_tables import silences as silences
from monitor.store.sink_tables import sink_health as sink_health
from monitor.store.sink_tables import sink_losses as sink_losses
from monitor.store.spending_tables import bookings as bookings
from monitor.store.spending_tables import budget_marks as budget_marks
from monitor.store.spending_tables import progress as progress
from monitor.store.table_parts import flag_column, name_column, number_column, text_column, time_column
from monitor.store.table_parts import metadata as metadata

meta = Table("meta", metadata, name_column("key"), text_column("value"))
counters = Table("counters", metadata, name_column("name"), number_column("value"))
"""The last number given out; taken inside the writing transaction, so numbers follow the order of commits."""

scopes = Table(
    "scopes",
    metadata,
    Column("id", Key, primary_key=True),
    text_column("account"),
    text_column("watch"),
    text_column("key"),
    text_column("workspace", null=True),
    time_column("baseline_from"),
    time_column("baselined_at"),
    time_column("last_good"),
    time_column("last_good_platform"),
    time_column("swept_at"),
    text_column("paging", null=True),
    number_column("total_gap", null=True),
    text_column("parser_version", null=True),
    text_column("shrunk", null=True),
    time_column("made_at", null=False),
    UniqueConstraint("account", "watch", "key"),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", Key, primary_key=True),
    Column("scope_id", Key, ForeignKey("scopes.id"), nullable=False),
    text_column("account"),
    Column("job_id", Bytewise, nullable=False),
    text_column("name"),
    text_column("state"),
    text_column("creator", null=True),
    text_column("model", null=True),
    time_column("created_at", null=False),
    flag_column("active"),
    flag_column("gone"),
    time_column("missing_since"),
    time_column("usage_due"),
    time_column("archived_at"),
    number_column("hash"),
    number_column("significant"),
    number_column("revision"),
    time_column("changed_at", null=False),
    text_column("doc"),
    UniqueConstraint("scope_id", "job_id"),
    Index(None, "job_id"),
    Index(None, "name"),
    Index(None, "account", "created_at", "id"),
    Index(None, "created_at", "id"),
    Index(None, "creator", "created_at", "id"),
    Index(None, "model", "created_at", "id"),
)
"""`created_at` is 1970 where the platform does not tell it: those jobs come last in every list. `model` is the base
model, else the model. `archived_at`: its record was kept before it was to be deleted."""
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

_going = and_(jobs.c.gone.is_(True), jobs.c.archived_at.is_(None))
Index(
    "ix_jobs_gone",
    jobs.c.changed_at,
    jobs.c.id,
    sqlite_where=_going,
    postgresql_where=_going,
)

forgotten_jobs = Table(
    "forgotten_jobs",
    metadata,
    name_column("account"),
    name_column("job_id"),
    number_column("revision"),
    number_column("booked_tokens", null=True),
    text_column("booked_time", null=True),
    sqlite_with_rowid=False,
)
"""What is left for good of jobs that retention has removed: ids of events are never given twice."""

job_counts = Table("job_counts", metadata, name_column("account"), name_column("state"), number_column("count"))
"""How many jobs are in each state and not gone; triggers of the database keep it."""

flavors = Table(
    "flavors",
    metadata,
    Column("id", Key, primary_key=True),
    Column("scope_id", Key, ForeignKey("scopes.id"), nullable=False),
    text_column("account"),
    text_column("flavor_id"),
    flag_column("listed"),
    number_column("revision"),
    time_column("changed_at", null=False),
    text_column("doc"),
    UniqueConstraint("scope_id", "flavor_id"),
)

events = Table(
    "events",
    metadata,
    Column("seq", Key, primary_key=True, autoincrement=False),
    text_column("id"),
    text_column("type"),
    text_column("account"),
    text_column("subject"),
    number_column("revision"),
    time_column("time", null=False),
    time_column("detected_at", null=False),
    text_column("severity"),
    flag_column("late"),
    flag_column("quiet"),
    text_column("data"),
    UniqueConstraint("id"),
    Index(None, "type", "seq"),
    Index(None, "account", "seq"),
    Index(None, "subject", "seq"),
    Index(None, "severity", "seq"),
    Index(None, "detected_at"),
)
"""`id` is a hash of epoch, account, subject, type and revision: its uniqueness is that of the fact."""

subject_revisions = Table(
    "subject_revisions", metadata, name_column("account"), name_column("subject"), number_column("revision")
)
first_sights = Table("first_sights", metadata, name_column("account"), name_column("kind"), name_column("word"))
health = Table(
    "health",
    metadata,
    name_column("account"),
    name_column("watch"),
    text_column("state"),
    number_column("failures"),
    time_column("since", null=False),
    text_column("reason"),
)
bad_signatures = Table(
    "bad_signatures",
    metadata,
    name_column("fingerprint"),
    number_column("count"),
    time_column("changed_at", null=False),
)

cursors = Table("cursors", metadata, name_column("name"), number_column("seq"))
rule_state = Table("rule_state", metadata, name_column("key"), Column("value", LargeBinary(), nullable=False))

notifications = Table(
    "notifications",
    metadata,
    Column("n", Key, primary_key=True, autoincrement=False),
    text_column("id"),
    text_column("rule"),
    text_column("severity"),
    text_column("reason"),
    text_column("title"),
    text_column("plain"),
    text_column("markdown"),
    time_column("created_at", null=False),
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
    text_column("id"),
    Column("notification", Key, ForeignKey("notifications.n"), nullable=False),
    text_column("rule"),
    text_column("sink"),
    text_column("state"),
    flag_column("ready"),
    Column("attempt", Integer(), nullable=False),
    time_column("created_at", null=False),
    time_column("next_at"),
    time_column("settled_at"),
    text_column("detail"),
    time_column("renewed_at"),
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
    name_column("sink"),
    name_column("rule"),
    name_column("subject"),
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
    time_column("started_at", null=False),
    time_column("ended_at"),
    text_column("outcome", null=True),
    text_column("detail"),
    text_column("reference", null=True),
)
