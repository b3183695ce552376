"""Nothing is lost: what is left of jobs that retention has removed, and how sinks are."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    _retention()
    _sinks()


def _retention() -> None:
    op.create_table(
        "forgotten_jobs",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("job_id", sa.String(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("booked_tokens", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("account", "job_id", name="pk_forgotten_jobs"),
        sqlite_with_rowid=False,
    )
    gone = sa.column("gone").is_(True)
    op.create_index("ix_jobs_gone", "jobs", ["changed_at", "id"], sqlite_where=gone, postgresql_where=gone)


def _sinks() -> None:
    op.create_table(
        "sink_health",
        sa.Column("sink", sa.String(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=True) for name in ("since", "probe_at", "told_at")),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("failures", "messages", "refusals")),
        sa.Column("detail", sa.String(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=True) for name in ("delivered_at", "canary_at", "paced_to")),
        sa.PrimaryKeyConstraint("sink", name="pk_sink_health"),
    )
    op.create_table(
        "sink_losses",
        sa.Column("sink", sa.String(), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("told_at", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("last", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("sink", "cause", name="pk_sink_losses"),
    )
