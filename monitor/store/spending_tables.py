"""The tables of what is spent: the ledger, the thresholds that were told, and how far running jobs are."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Table, text

from monitor.store.columns import Bytewise, Key
from monitor.store.table_parts import flag_column, metadata, name_column, number_column, text_column, time_column

bookings = Table(
    "bookings",
    metadata,
    Column("id", Key, primary_key=True),
    text_column("account"),
    text_column("provider"),
    Column("scope_id", Key, ForeignKey("scopes.id"), nullable=False),
    text_column("job_id"),
    text_column("job_name"),
    text_column("model", null=True),
    text_column("creator", null=True),
    text_column("labels"),
    text_column("flavor", null=True),
    text_column("region", null=True),
    text_column("workspace", null=True),
    text_column("kind", null=True),
    time_column("at", null=False),
    number_column("tokens"),
    Column("node_ms", BigInteger(), nullable=False, server_default=text("0")),
    Column("card_ms", BigInteger(), nullable=False, server_default=text("0")),
    text_column("cost", null=True),
    text_column("currency", null=True),
    flag_column("correction"),
    Index(None, "at"),
    Index(None, "account", "at"),
)
"""`tokens`, `node_ms`, `card_ms` and `cost` are what a row adds; `kind`: the job's training type. Milliseconds of nodes
and of cards, so that sums are exact."""

budget_marks = Table(
    "budget_marks",
    metadata,
    name_column("budget"),
    name_column("period"),
    name_column("threshold"),
    time_column("reached_at", null=False),
)
"""A threshold of a budget that was told in a period, so that it is told once. `period`: how the period is called, by
its begin; `threshold`: in percent, or `forecast`."""

progress = Table(
    "progress",
    metadata,
    Column("scope_id", Key, ForeignKey("scopes.id"), primary_key=True, autoincrement=False),
    Column("job_id", Bytewise, primary_key=True),
    number_column("tokens", null=True),
    number_column("lines"),
    time_column("seen_at", null=False),
)
"""What the log of a running job has said of its tokens so far, and how many of its lines were read."""
