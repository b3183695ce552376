"""The tables of deletions: what was asked for and how far it is, which policies stand still, and quotas."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, UniqueConstraint

from monitor.store.columns import Bytewise, Key
from monitor.store.table_parts import metadata, name_column, number_column, text_column, time_column

actions = Table(
    "actions",
    metadata,
    Column("n", Key, primary_key=True, autoincrement=False),
    text_column("id"),
    text_column("account"),
    Column("scope_id", Key, ForeignKey("scopes.id"), nullable=False),
    Column("job_id", Bytewise, nullable=False),
    text_column("job_name"),
    Column("attempt", Integer(), nullable=False),
    text_column("asked_kind"),
    text_column("asked_by"),
    text_column("state"),
    text_column("reason"),
    Column("tries", Integer(), nullable=False),
    time_column("requested_at", null=False),
    time_column("sent_at"),
    time_column("due_at"),
    time_column("settled_at"),
    UniqueConstraint("id"),
    Index(None, "account", "job_id", "n"),
    Index(None, "account", "n"),
    Index(None, "settled_at"),
)
"""One row for each deletion that was asked for. `n` is of the counter `action`."""
Index(
    "ix_actions_open",
    actions.c.account,
    actions.c.job_id,
    unique=True,
    sqlite_where=actions.c.settled_at.is_(None),
    postgresql_where=actions.c.settled_at.is_(None),
)

cleanup_state = Table(
    "cleanup_state",
    metadata,
    name_column("policy"),
    time_column("ran_at"),
    time_column("stopped_at"),
    text_column("reason"),
    text_column("form"),
)
"""When a policy ran last and what it said then, and why it stands still until somebody lets it go on or changes it."""

quotas = Table(
    "quotas",
    metadata,
    name_column("account"),
    name_column("resource"),
    number_column("used"),
    number_column("cap", null=True),
    time_column("seen_at", null=False),
    number_column("told"),
)
"""`told`: the highest share in percent that was told since it was below, 0: none."""
