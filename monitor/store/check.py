"""Is this database whole? Its revision, its pages, its references, its tables, and what must hold between its rows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, NullPool

from monitor.fields import Secret
from monitor.store.errors import NotADatabase
from monitor.store.invariants import broken
from monitor.store.migrate import HEAD, read_revision, require_directory, translated
from monitor.store.postgres import postgres_engine
from monitor.store.restore import put_back
from monitor.store.sqlite import snapshot, sqlite_read_engine
from monitor.store.url import SqlitePlace, parse_place


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreCheck:
    """`problems`: one plain line each; empty where all is well. `mend`: what to do where it is not."""

    place: str
    revision: str | None
    head: str
    problems: tuple[str, ...]
    mend: str

    @property
    def ok(self) -> bool:
        return not self.problems


async def check(url: str | Secret, state_dir: Path) -> StoreCheck:
    """Reads the whole database, beside a running daemon too; changes nothing. Raises StoreError where it cannot be
    read at all."""
    try:
        return await _checked(url, state_dir)
    except NotADatabase as error:  # elsewhere this command is the remedy that is named
        raise NotADatabase(str(error), error.hint.partition(" What is wrong:")[0]) from error


async def _checked(url: str | Secret, state_dir: Path) -> StoreCheck:
    place = parse_place(url, state_dir)
    if isinstance(place, SqlitePlace):
        require_directory(place, must_exist=True)
        engine = sqlite_read_engine(place)
    else:
        engine = postgres_engine(place, poolclass=NullPool, isolation_level="REPEATABLE READ")
    try:
        with translated(place):
            async with engine.connect() as conn:
                revision, problems = await conn.run_sync(_inspect)
    finally:
        await engine.dispose()
    return StoreCheck(
        place=str(place), revision=revision, head=HEAD, problems=tuple(problems), mend=_mend(revision, put_back(place))
    )


def _mend(revision: str | None, restoring: str) -> str:
    if revision == HEAD:
        return f"Stop the daemon, then: {restoring}"
    from monitor.store.alembic import knows

    if revision is None or knows(revision):
        return "training-monitor db upgrade"
    return f"A newer version made it: install that one again. Else stop the daemon, then: {restoring}"


def _inspect(conn: Connection) -> tuple[str | None, list[str]]:
    """On one snapshot: a daemon that writes meanwhile is no trouble."""
    problems: list[str] = []
    if conn.dialect.name == "sqlite":
        snapshot(conn)
        pages = conn.exec_driver_sql("PRAGMA integrity_check").scalars()
        problems += [f"integrity: {line}" for line in pages if line != "ok"]
        dangling = conn.exec_driver_sql("PRAGMA foreign_key_check")
        problems += [f"reference: a row of {row[0]} points at a row of {row[2]} that is not there" for row in dangling]
    revision = read_revision(conn)
    if revision != HEAD:
        problems.append(f"revision: the database has {revision or 'none'}, this program needs {HEAD}")
        return revision, problems
    from monitor.store.alembic import differences

    problems += [f"tables: {line}" for line in differences(conn)]
    return revision, problems + list(broken(conn))
