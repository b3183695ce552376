"""What it costs, and tidying up: nodes' time in the ledger, budgets, deletions, quotas."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    _ledger()
    _deletions()
    _quotas()


def _ledger() -> None:
    for name in ("flavor", "region", "workspace", "kind"):
        op.add_column("bookings", sa.Column(name, sa.String(), nullable=True))
    for name in ("node_ms", "card_ms"):
        op.add_column("bookings", sa.Column(name, sa.BigInteger(), nullable=False, server_default=sa.text("0")))
    op.add_column("forgotten_jobs", sa.Column("booked_time", sa.String(), nullable=True))
    op.create_table(
        "budget_marks",
        *(sa.Column(name, sa.String(), nullable=False) for name in ("budget", "period", "threshold")),
        sa.Column("reached_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("budget", "period", "threshold", name="pk_budget_marks"),
    )
    op.create_table(
        "progress",
        sa.Column("scope_id", _key(), nullable=False),
        sa.Column("job_id", _bytewise(), nullable=False),
        sa.Column("tokens", sa.BigInteger(), nullable=True),
        sa.Column("lines", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["scope_id"], ["scopes.id"], name="fk_progress_scope_id"),
        sa.PrimaryKeyConstraint("scope_id", "job_id", name="pk_progress"),
    )


def _deletions() -> None:
    op.add_column("jobs", sa.Column("archived_at", sa.BigInteger(), nullable=True))
    op.drop_index("ix_jobs_gone", "jobs")
    going = sa.and_(sa.column("gone").is_(True), sa.column("archived_at").is_(None))
    op.create_index("ix_jobs_gone", "jobs", ["changed_at", "id"], sqlite_where=going, postgresql_where=going)
    op.create_table(
        "actions",
        sa.Column("n", _key(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("scope_id", _key(), nullable=False),
        sa.Column("job_id", _bytewise(), nullable=False),
        sa.Column("job_name", sa.String(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("asked_kind", "asked_by", "state", "reason")),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("requested_at", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=True) for name in ("sent_at", "due_at", "settled_at")),
        sa.ForeignKeyConstraint(["scope_id"], ["scopes.id"], name="fk_actions_scope_id"),
        sa.PrimaryKeyConstraint("n", name="pk_actions"),
        sa.UniqueConstraint("id", name="uq_actions_id"),
    )
    op.create_index("ix_actions_account_job_id_n", "actions", ["account", "job_id", "n"])
    op.create_index("ix_actions_account_n", "actions", ["account", "n"])
    op.create_index("ix_actions_settled_at", "actions", ["settled_at"])
    still = sa.column("settled_at").is_(None)
    op.create_index(
        "ix_actions_open", "actions", ["account", "job_id"], unique=True, sqlite_where=still, postgresql_where=still
    )
    counters = sa.table("counters", sa.column("name"), sa.column("value"))
    op.bulk_insert(counters, [{"name": "action", "value": 0}])
    op.create_table(
        "cleanup_state",
        sa.Column("policy", sa.String(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=True) for name in ("ran_at", "stopped_at")),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("reason", "form")),
        sa.PrimaryKeyConstraint("policy", name="pk_cleanup_state"),
    )


def _quotas() -> None:
    op.create_table(
        "quotas",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("resource", sa.String(), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.Column("cap", sa.BigInteger(), nullable=True),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("told", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account", "resource", name="pk_quotas"),
    )


def _key() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _bytewise() -> sa.types.TypeEngine[str]:
    return sa.String().with_variant(sa.String(collation="C"), "postgresql")
