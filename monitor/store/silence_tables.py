"""The tables of what was kept from people: silences, and what they and mute windows hid."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Table, UniqueConstraint

from monitor.store.columns import Key
from monitor.store.table_parts import flag_column, metadata, text_column, time_column

silences = Table(
    "silences",
    metadata,
    Column("n", Key, primary_key=True),
    text_column("id"),
    text_column("match"),
    text_column("owner"),
    text_column("comment"),
    time_column("starts_at", null=False),
    time_column("ends_at", null=False),
    time_column("ended_at"),
    text_column("ended_by", null=True),
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
    text_column("by"),
    text_column("rule"),
    text_column("sinks"),
    Column("seq", Key, ForeignKey("events.seq"), nullable=False),
    time_column("at", null=False),
    flag_column("first"),
    Index(None, "by", "seq", "n"),
    Index(None, "rule", "n"),
    Index(None, "seq", "n"),
)
"""What a silence (`silence/<id>`) or a rule's mute window (`mute`) kept from whom: a row for each event of a message,
of which one is the `first`. `sinks` is a JSON list."""
