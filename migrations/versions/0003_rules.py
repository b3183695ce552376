"""Rules in time: silences, what was hidden and by whom, and what rules on trial would have sent."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

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
