"""Nothing is lost: what is left of jobs that retention has removed."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    _retention()


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
