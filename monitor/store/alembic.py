"""Alembic on a connection that is already inside its transaction; the only module that imports it."""

from __future__ import annotations

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from monitor.store.layout import migrations
from monitor.store.tables import metadata


def head() -> str | None:
    return _scripts().get_current_head()


def knows(revision: str) -> bool:
    """Whether this program has that revision among its migrations."""
    return any(script.revision == revision for script in _scripts().walk_revisions())


def upgrade_to_head(conn: Connection, revision: str = "head") -> None:
    """Runs what is missing on this connection, whose transaction the caller began and ends."""
    config = _config()
    config.attributes["connection"] = conn
    command.upgrade(config, revision)


def differences(conn: Connection) -> list[str]:
    """How the database's tables differ from this program's, one line each."""
    context = MigrationContext.configure(conn, opts={"compare_type": True})
    return [str(difference) for difference in compare_metadata(context, metadata)]


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(migrations()).replace("%", "%%"))
    return config
