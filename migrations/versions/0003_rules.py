"""Rules in time: silences, what was hidden and by whom, and what rules on trial would have sent."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_STATE = sa.table("rule_state", sa.column("key", sa.String()), sa.column("value", sa.LargeBinary()))
_EVENTS = sa.table("events", sa.column("seq"), sa.column("account"), sa.column("subject"))
_CHUNK = 64
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("notifications", sa.Column("shadow", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "silences",
        sa.Column("n", KEY, nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("match", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("comment", sa.String(), nullable=False),
        sa.Column("starts_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_by", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("n", name="pk_silences"),
        sa.UniqueConstraint("id", name="uq_silences_id"),
    )
    op.create_table(
        "hidden",
        sa.Column("n", KEY, nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("sinks", sa.String(), nullable=False),
        sa.Column("seq", KEY, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("n", name="pk_hidden"),
        sa.ForeignKeyConstraint(["seq"], ["events.seq"], name="fk_hidden_seq_events"),
    )
    for columns in (["by", "seq", "n"], ["rule", "n"], ["seq", "n"]):
        op.create_index("_".join(("ix_hidden", *columns)), "hidden", columns)
    for name, table, condition in (
        ("ix_notifications_shadow", "notifications", sa.column("shadow").is_(True)),
        ("ix_silences_open", "silences", sa.column("ended_at").is_(None)),
    ):
        op.create_index(name, table, ["n"], sqlite_where=condition, postgresql_where=condition)
    _keep_state()


def _keep_state() -> None:
    """What the rules had gathered and was not told yet is told by the rules in time."""
    conn = op.get_bind()
    old = [row for row in conn.execute(sa.select(_STATE)) if row.key.startswith(("group/", "complaint/"))]
    for row in old:
        kind, _, rest = row.key.partition("/")
        new = [(f"complaints/{rest}", bytes(row.value))] if kind == "complaint" else _pile(conn, json.loads(row.value))
        conn.execute(sa.insert(_STATE), [{"key": key, "value": value} for key, value in new])
        conn.execute(sa.delete(_STATE).where(_STATE.c.key == row.key))


def _pile(conn: sa.Connection, group: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    first, last = (datetime.fromisoformat(group[name]) for name in ("first", "last"))
    name = f"late|{group['rule']}|new||{group['sink']}"
    due = min(last + timedelta(seconds=30), first + timedelta(minutes=2))
    about = {name: group[name] for name in ("rule", "sink", "severity", "first", "last")}
    pile = about | {"kind": "late", "key": "", "reason": "new", "entries": [], "due": due.isoformat()}
    yield f"piles/{name}", json.dumps(pile).encode()
    for start in range(0, len(group["seqs"]), _CHUNK):
        entries = _entries(conn, group["seqs"][start : start + _CHUNK])
        yield f"entries/{name}/{start // _CHUNK}", json.dumps(entries).encode()


def _entries(conn: sa.Connection, seqs: Sequence[int]) -> list[dict[str, Any]]:
    rows = conn.execute(sa.select(_EVENTS).where(_EVENTS.c.seq.in_(seqs)).order_by(_EVENTS.c.seq))
    return [{"seq": row.seq, "subject": f"{row.account}|{row.subject}", "state": None} for row in rows]
