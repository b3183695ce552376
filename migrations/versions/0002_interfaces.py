"""What the interfaces ask for: who made a job and with which model, counts of jobs, a new life for a delivery."""

import json
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

CHUNK = 1000
_JOBS = sa.table("jobs", *(sa.column(name) for name in ("id", "account", "state", "gone", "doc", "creator", "model")))
_INDEXES = {
    "jobs": (["creator", "created_at", "id"], ["model", "created_at", "id"]),
    "events": (["severity", "seq"],),
    "notifications": (["rule", "n"], ["severity", "n"], ["created_at"]),
    "deliveries": (["rule", "n"], ["sink", "state", "n"]),
}
_PARTIAL = {
    "ix_jobs_active_account": (["account", "created_at", "id"], "active IS true"),
    "ix_jobs_here": (["created_at", "id"], "gone IS false"),
    "ix_jobs_here_account": (["account", "created_at", "id"], "gone IS false"),
    "ix_jobs_here_account_state": (["account", "state", "created_at", "id"], "gone IS false"),
    "ix_jobs_here_state": (["state", "created_at", "id"], "gone IS false"),
}
_ONE_MORE = (
    "INSERT INTO job_counts (account, state, count) VALUES (NEW.account, NEW.state, 1)"
    " ON CONFLICT (account, state) DO UPDATE SET count = job_counts.count + 1"
)
_ONE_LESS = "UPDATE job_counts SET count = count - 1 WHERE account = OLD.account AND state = OLD.state"
_MOVED = "(OLD.state <> NEW.state OR OLD.account <> NEW.account OR OLD.gone <> NEW.gone)"


def upgrade() -> None:
    op.add_column("jobs", sa.Column("creator", sa.String(), nullable=True))
    op.add_column("jobs", sa.Column("model", sa.String(), nullable=True))
    op.add_column("deliveries", sa.Column("renewed_at", sa.BigInteger(), nullable=True))
    _fill()
    for table, indexes in _INDEXES.items():
        for columns in indexes:
            op.create_index(f"ix_{table}_{'_'.join(columns)}", table, columns)
    for name, (columns, where) in _PARTIAL.items():
        on_sqlite = where.replace("true", "1").replace("false", "0")
        op.create_index(name, "jobs", columns, sqlite_where=sa.text(on_sqlite), postgresql_where=sa.text(where))
    _counts()


def _fill() -> None:
    """Read here and not by the database: PostgreSQL's JSON refuses what a platform may have written."""
    conn = op.get_bind()
    change = sa.update(_JOBS).where(_JOBS.c.id == sa.bindparam("of_id"))
    change = change.values(creator=sa.bindparam("by"), model=sa.bindparam("with_model"))
    for rows in _chunks(conn):
        conn.execute(change, [_columns(row) for row in rows])


def _chunks(conn: sa.Connection) -> Iterator[list[Any]]:
    last = 0
    while True:
        query = sa.select(_JOBS.c.id, _JOBS.c.doc).where(_JOBS.c.id > last).order_by(_JOBS.c.id).limit(CHUNK)
        rows = list(conn.execute(query))
        if not rows:
            return
        yield rows
        last = rows[-1].id


def _columns(row: Any) -> dict[str, Any]:
    job = json.loads(row.doc)["job"]
    creator, model = job.get("creator"), job.get("base_model") or job.get("model")
    return {"of_id": row.id, "by": _shown(creator), "with_model": _shown(model)}


def _shown(text: str | None) -> str | None:
    """PostgreSQL refuses the character NUL."""
    return None if text is None else text.replace("\0", "\ufffd")


def _counts() -> None:
    """Kept by triggers, in the transaction that moves a job: counting a hundred thousand jobs takes too long."""
    op.create_table(
        "job_counts",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account", "state", name="pk_job_counts"),
    )
    op.execute(
        "INSERT INTO job_counts (account, state, count)"
        " SELECT account, state, count(*) FROM jobs WHERE NOT gone GROUP BY account, state"
    )
    if op.get_bind().dialect.name == "sqlite":
        _sqlite_triggers()
    else:
        _postgresql_triggers()


def _sqlite_triggers() -> None:
    for name, when, what in (
        ("job_counts_insert", "AFTER INSERT ON jobs WHEN NOT NEW.gone", _ONE_MORE),
        ("job_counts_delete", "AFTER DELETE ON jobs WHEN NOT OLD.gone", _ONE_LESS),
        ("job_counts_leave", f"AFTER UPDATE ON jobs WHEN {_MOVED} AND NOT OLD.gone", _ONE_LESS),
        ("job_counts_enter", f"AFTER UPDATE ON jobs WHEN {_MOVED} AND NOT NEW.gone", _ONE_MORE),
    ):
        op.execute(f"CREATE TRIGGER {name} {when} BEGIN {what}; END")


def _postgresql_triggers() -> None:
    op.execute(
        "CREATE FUNCTION job_counts() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" IF TG_OP = 'UPDATE' THEN IF NOT {_MOVED} THEN RETURN NULL; END IF; END IF;"
        f" IF TG_OP <> 'INSERT' THEN IF NOT OLD.gone THEN {_ONE_LESS}; END IF; END IF;"
        f" IF TG_OP <> 'DELETE' THEN IF NOT NEW.gone THEN {_ONE_MORE}; END IF; END IF;"
        " RETURN NULL; END $$"
    )
    op.execute(
        "CREATE TRIGGER job_counts AFTER INSERT OR UPDATE OR DELETE ON jobs FOR EACH ROW EXECUTE FUNCTION job_counts()"
    )
