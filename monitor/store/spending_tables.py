"""The tables of what is spent beside the ledger's own: thresholds that were told, and how far running jobs are."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Table

from monitor.store.columns import Bytewise, Key
from monitor.store.table_parts import metadata, name_column, number_column, time_column

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
