"""The first tables: known state, event log, ledger, notifications and deliveries."""

from uuid import uuid4

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
BYTEWISE = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def _text(name: str, *, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=null)


def _number(name: str, *, null: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=null)


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), nullable=False)


def _partial(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(
        name,
        table,
        columns,
        sqlite_where=sa.text(where.replace("true", "1")),
        postgresql_where=sa.text(where),
    )


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
    op.create_table("meta", _text("key"), _text("value"), sa.PrimaryKeyConstraint("key", name="pk_meta"))
    op.create_table("counters", _text("name"), _number("value"), sa.PrimaryKeyConstraint("name", name="pk_counters"))
    meta = sa.table("meta", sa.column("key"), sa.column("value"))
    op.bulk_insert(meta, [{"key": "epoch", "value": uuid4().hex}])
    counters = sa.table("counters", sa.column("name"), sa.column("value"))
    op.bulk_insert(counters, [{"name": name, "value": 0} for name in ("event", "notification", "delivery")])


def _scopes() -> None:
    op.create_table(
        "scopes",
        sa.Column("id", KEY, nullable=False),
        _text("account"),
        _text("watch"),
        _text("key"),
        _text("workspace", null=True),
        _number("baseline_from", null=True),
        _number("baselined_at", null=True),
        _number("last_good", null=True),
        _number("last_good_platform", null=True),
        _number("swept_at", null=True),
        _text("paging", null=True),
        _number("total_gap", null=True),
        _text("parser_version", null=True),
        _text("shrunk", null=True),
        _number("made_at"),
        sa.PrimaryKeyConstraint("id", name="pk_scopes"),
        sa.UniqueConstraint("account", "watch", "key", name="uq_scopes_account_watch_key"),
    )


def _jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", KEY, nullable=False),
        sa.Column("scope_id", KEY, nullable=False),
        _text("account"),
        sa.Column("job_id", BYTEWISE, nullable=False),
        _text("name"),
        _text("state"),
        _number("created_at"),
        _flag("active"),
        _flag("gone"),
        _number("missing_since", null=True),
        _number("usage_due", null=True),
        _number("hash"),
        _number("significant"),
        _number("revision"),
        _number("changed_at"),
        _text("doc"),
        sa.ForeignKeyConstraint(["scope_id"], ["scopes.id"], name="fk_jobs_scope_id"),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
        sa.UniqueConstraint("scope_id", "job_id", name="uq_jobs_scope_id_job_id"),
    )
    op.create_index("ix_jobs_account_created_at_id", "jobs", ["account", "created_at", "id"])
    _partial("ix_jobs_active", "jobs", ["created_at", "id"], "active IS true")
    op.create_index("ix_jobs_created_at_id", "jobs", ["created_at", "id"])
    op.create_index("ix_jobs_job_id", "jobs", ["job_id"])
    op.create_index("ix_jobs_name", "jobs", ["name"])


def _flavors() -> None:
    op.create_table(
        "flavors",
        sa.Column("id", KEY, nullable=False),
        sa.Column("scope_id", KEY, nullable=False),
        _text("account"),
        _text("flavor_id"),
        _flag("listed"),
        _number("revision"),
        _number("changed_at"),
        _text("doc"),
        sa.ForeignKeyConstraint(["scope_id"], ["scopes.id"], name="fk_flavors_scope_id"),
        sa.PrimaryKeyConstraint("id", name="pk_flavors"),
        sa.UniqueConstraint("scope_id", "flavor_id", name="uq_flavors_scope_id_flavor_id"),
    )


def _events() -> None:
    op.create_table(
        "events",
        sa.Column("seq", KEY, autoincrement=False, nullable=False),
        _text("id"),
        _text("type"),
        _text("account"),
        _text("subject"),
        _number("revision"),
        _number("time"),
        _number("detected_at"),
        _text("severity"),
        _flag("late"),
        _flag("quiet"),
        _text("data"),
        sa.PrimaryKeyConstraint("seq", name="pk_events"),
        sa.UniqueConstraint("id", name="uq_events_id"),
    )
    op.create_index("ix_events_account_seq", "events", ["account", "seq"])
    op.create_index("ix_events_detected_at", "events", ["detected_at"])
    op.create_index("ix_events_subject_seq", "events", ["subject", "seq"])
    op.create_index("ix_events_type_seq", "events", ["type", "seq"])
    op.create_table(
        "subject_revisions",
        _text("account"),
        _text("subject"),
        _number("revision"),
        sa.PrimaryKeyConstraint("account", "subject", name="pk_subject_revisions"),
    )


def _accounts() -> None:
    op.create_table(
        "first_sights",
        _text("account"),
        _text("kind"),
        _text("word"),
        sa.PrimaryKeyConstraint("account", "kind", "word", name="pk_first_sights"),
    )
    op.create_table(
        "health",
        _text("account"),
        _text("watch"),
        _text("state"),
        _number("failures"),
        _number("since"),
        _text("reason"),
        sa.PrimaryKeyConstraint("account", "watch", name="pk_health"),
    )
    op.create_table(
        "bad_signatures",
        _text("fingerprint"),
        _number("count"),
        _number("changed_at"),
        sa.PrimaryKeyConstraint("fingerprint", name="pk_bad_signatures"),
    )


def _ledger() -> None:
    op.create_table(
        "bookings",
        sa.Column("id", KEY, nullable=False),
        _text("account"),
        _text("provider"),
        sa.Column("scope_id", KEY, nullable=False),
        _text("job_id"),
        _text("job_name"),
        _text("model", null=True),
        _text("creator", null=True),
        _text("labels"),
        _number("at"),
        _number("tokens"),
        _text("cost", null=True),
        _text("currency", null=True),
        _flag("correction"),
        sa.ForeignKeyConstraint(["scope_id"], ["scopes.id"], name="fk_bookings_scope_id"),
        sa.PrimaryKeyConstraint("id", name="pk_bookings"),
    )
    op.create_index("ix_bookings_account_at", "bookings", ["account", "at"])
    op.create_index("ix_bookings_at", "bookings", ["at"])


def _routing() -> None:
    op.create_table("cursors", _text("name"), _number("seq"), sa.PrimaryKeyConstraint("name", name="pk_cursors"))
    op.create_table(
        "rule_state",
        _text("key"),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_rule_state"),
    )


def _notifications() -> None:
    op.create_table(
        "notifications",
        sa.Column("n", KEY, autoincrement=False, nullable=False),
        _text("id"),
        _text("rule"),
        _text("severity"),
        _text("reason"),
        _text("title"),
        _text("plain"),
        _text("markdown"),
        _number("created_at"),
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
        _text("id"),
        sa.Column("notification", KEY, nullable=False),
        _text("rule"),
        _text("sink"),
        _text("state"),
        _flag("ready"),
        sa.Column("attempt", sa.Integer(), nullable=False),
        _number("created_at"),
        _number("next_at", null=True),
        _number("settled_at", null=True),
        _text("detail"),
        sa.ForeignKeyConstraint(["notification"], ["notifications.n"], name="fk_deliveries_notification"),
        sa.PrimaryKeyConstraint("n", name="pk_deliveries"),
        sa.UniqueConstraint("id", name="uq_deliveries_id"),
    )
    _partial("ix_deliveries_claim", "deliveries", ["sink", "n", "next_at"], "ready IS true")
    _partial("ix_deliveries_due", "deliveries", ["sink", "next_at"], "ready IS true")
    op.create_index("ix_deliveries_notification", "deliveries", ["notification"])
    _partial("ix_deliveries_open", "deliveries", ["sink", "rule", "n"], "settled_at IS NULL")
    op.create_index("ix_deliveries_sink_n", "deliveries", ["sink", "n"])
    op.create_index("ix_deliveries_state_n", "deliveries", ["state", "n"])


def _attempts() -> None:
    op.create_table(
        "unsettled",
        _text("sink"),
        _text("rule"),
        _text("subject"),
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
        _number("started_at"),
        _number("ended_at", null=True),
        _text("outcome", null=True),
        _text("detail"),
        _text("reference", null=True),
        sa.ForeignKeyConstraint(["delivery"], ["deliveries.n"], name="fk_attempts_delivery"),
        sa.PrimaryKeyConstraint("delivery", "attempt", name="pk_attempts"),
    )
