"""The first tables: known state, event log, ledger, notifications and deliveries."""

from uuid import uuid4

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
BYTEWISE = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    _own()
    _scopes()
    _jobs()
    _flavors()
    _events()
    _accounts()
    _ledger()
    _routing()
    _notifications()
    _deliveries()
    _attempts()


def _own() -> None:
    op.create_table(
        "meta",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_meta"),
    )
    op.create_table(
        "counters",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_counters"),
    )
    meta = sa.table("meta", sa.column("key"), sa.column("value"))
    op.bulk_insert(meta, [{"key": "epoch", "value": uuid4().hex}])
    counters = sa.table("counters", sa.column("name"), sa.column("value"))
    op.bulk_insert(counters, [{"name": name, "value": 0} for name in ("event", "notification", "delivery")])


def _scopes() -> None:
    op.create_table(
        "scopes",
        sa.Column("id", KEY, nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("watch", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("workspace", sa.String(), nullable=True),
        sa.Column("baseline_from", sa.BigInteger(), nullable=True),
        sa.Column("baselined_at", sa.BigInteger(), nullable=True),
        sa.Column("last_good", sa.BigInteger(), nullable=True),
        sa.Column("last_good_platform", sa.BigInteger(), nullable=True),
        sa.Column("swept_at", sa.BigInteger(), nullable=True),
        sa.Column("paging", sa.String(), nullable=True),
        sa.Column("total_gap", sa.BigInteger(), nullable=True),
        sa.Column("parser_version", sa.String(), nullable=True),
        sa.Column("walk_open", sa.Boolean(), nullable=False),
        sa.Column("shrunk", sa.String(), nullable=True),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_scopes"),
        sa.UniqueConstraint("account", "watch", "key", name="uq_scopes_account_watch_key"),
    )


def _jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", KEY, nullable=False),
        sa.Column("scope_id", KEY, nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("job_id", BYTEWISE, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("gone", sa.Boolean(), nullable=False),
        sa.Column("missing_since", sa.BigInteger(), nullable=True),
        sa.Column("usage_due", sa.BigInteger(), nullable=True),
        sa.Column("hash", sa.BigInteger(), nullable=False),
        sa.Column("significant", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("doc", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["scope_id"], ["scopes.id"], name="fk_jobs_scope_id"),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
        sa.UniqueConstraint("scope_id", "job_id", name="uq_jobs_scope_id_job_id"),
    )
    op.create_index("ix_jobs_account_created_at_id", "jobs", ["account", "created_at", "id"])
    op.create_index(
        "ix_jobs_active",
        "jobs",
        ["created_at", "id"],
        sqlite_where=sa.text("active IS 1"),
        postgresql_where=sa.text("active IS true"),
    )
    op.create_index("ix_jobs_created_at_id", "jobs", ["created_at", "id"])
    op.create_index("ix_jobs_job_id", "jobs", ["job_id"])
    op.create_index("ix_jobs_name", "jobs", ["name"])
    op.create_index(
        "ix_jobs_usage_due",
        "jobs",
        ["scope_id", "usage_due"],
        sqlite_where=sa.text("usage_due IS NOT NULL"),
        postgresql_where=sa.text("usage_due IS NOT NULL"),
    )


def _flavors() -> None:
    op.create_table(
        "flavors",
        sa.Column("id", KEY, nullable=False),
        sa.Column("scope_id", KEY, nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("flavor_id", sa.String(), nullable=False),
        sa.Column("listed", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("doc", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["scope_id"], ["scopes.id"], name="fk_flavors_scope_id"),
        sa.PrimaryKeyConstraint("id", name="pk_flavors"),
        sa.UniqueConstraint("scope_id", "flavor_id", name="uq_flavors_scope_id_flavor_id"),
    )


def _events() -> None:
    op.create_table(
        "events",
        sa.Column("seq", KEY, autoincrement=False, nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("detected_at", sa.BigInteger(), nullable=False),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("quiet", sa.Boolean(), nullable=False),
        sa.Column("data", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_events"),
        sa.UniqueConstraint("id", name="uq_events_id"),
    )
    op.create_index("ix_events_account_seq", "events", ["account", "seq"])
    op.create_index("ix_events_detected_at", "events", ["detected_at"])
    op.create_index("ix_events_subject_seq", "events", ["subject", "seq"])
    op.create_index("ix_events_type_seq", "events", ["type", "seq"])
    op.create_table(
        "subject_revisions",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account", "subject", name="pk_subject_revisions"),
    )


def _accounts() -> None:
    op.create_table(
        "first_sights",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("word", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("account", "kind", "word", name="pk_first_sights"),
    )
    op.create_table(
        "health",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("watch", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("failures", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("account", "watch", name="pk_health"),
    )
    op.create_table(
        "bad_signatures",
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", name="pk_bad_signatures"),
    )


def _ledger() -> None:
    op.create_table(
        "bookings",
        sa.Column("id", KEY, nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("scope_id", KEY, nullable=False),
        sa.Column("job_id", sa.String(), nullable=False),
        sa.Column("job_name", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=True),
        sa.Column("creator", sa.String(), nullable=True),
        sa.Column("labels", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("tokens", sa.BigInteger(), nullable=False),
        sa.Column("cost", sa.String(), nullable=True),
        sa.Column("currency", sa.String(), nullable=True),
        sa.Column("correction", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["scope_id"], ["scopes.id"], name="fk_bookings_scope_id"),
        sa.PrimaryKeyConstraint("id", name="pk_bookings"),
    )
    op.create_index("ix_bookings_account_at", "bookings", ["account", "at"])
    op.create_index("ix_bookings_at", "bookings", ["at"])


def _routing() -> None:
    op.create_table(
        "cursors",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_cursors"),
    )
    op.create_table(
        "rule_state",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_rule_state"),
    )


def _notifications() -> None:
    op.create_table(
        "notifications",
        sa.Column("n", KEY, autoincrement=False, nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("plain", sa.String(), nullable=False),
        sa.Column("markdown", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("n", name="pk_notifications"),
        sa.UniqueConstraint("id", name="uq_notifications_id"),
    )
    op.create_table(
        "notification_events",
        sa.Column("notification", KEY, autoincrement=False, nullable=False),
        sa.Column("seq", KEY, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["notification"], ["notifications.n"], name="fk_notification_events_notification"),
        sa.ForeignKeyConstraint(["seq"], ["events.seq"], name="fk_notification_events_seq"),
        sa.PrimaryKeyConstraint("notification", "seq", name="pk_notification_events"),
    )
    op.create_index("ix_notification_events_seq", "notification_events", ["seq"])


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("n", KEY, autoincrement=False, nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("notification", KEY, nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("sink", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("ready", sa.Boolean(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=True),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.Column("detail", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["notification"], ["notifications.n"], name="fk_deliveries_notification"),
        sa.PrimaryKeyConstraint("n", name="pk_deliveries"),
        sa.UniqueConstraint("id", name="uq_deliveries_id"),
    )
    op.create_index(
        "ix_deliveries_claim",
        "deliveries",
        ["sink", "n", "next_at"],
        sqlite_where=sa.text("ready IS 1"),
        postgresql_where=sa.text("ready IS true"),
    )
    op.create_index(
        "ix_deliveries_due",
        "deliveries",
        ["sink", "next_at"],
        sqlite_where=sa.text("ready IS 1"),
        postgresql_where=sa.text("ready IS true"),
    )
    op.create_index("ix_deliveries_notification", "deliveries", ["notification"])
    op.create_index(
        "ix_deliveries_open",
        "deliveries",
        ["sink", "rule", "n"],
        sqlite_where=sa.text("settled_at IS NULL"),
        postgresql_where=sa.text("settled_at IS NULL"),
    )
    op.create_index("ix_deliveries_sink_n", "deliveries", ["sink", "n"])
    op.create_index("ix_deliveries_state_n", "deliveries", ["state", "n"])


def _attempts() -> None:
    op.create_table(
        "unsettled",
        sa.Column("sink", sa.String(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("delivery", KEY, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["delivery"], ["deliveries.n"], name="fk_unsettled_delivery"),
        sa.PrimaryKeyConstraint("sink", "rule", "subject", "delivery", name="pk_unsettled"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_unsettled_delivery", "unsettled", ["delivery"])
    op.create_table(
        "attempts",
        sa.Column("delivery", KEY, autoincrement=False, nullable=False),
        sa.Column("attempt", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["delivery"], ["deliveries.n"], name="fk_attempts_delivery"),
        sa.PrimaryKeyConstraint("delivery", "attempt", name="pk_attempts"),
    )
