"""The first start on PostgreSQL, as docs/operation.md has it: tables by command, and a password that lies in a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kit.installed import CONFIG, Installed
from tests.kit.postgres import PASSWORD, PostgresServer


@pytest.mark.postgres
def test_the_tables_are_made_by_command_and_the_password_is_named_by_the_config(
    tmp_path: Path, postgres_server: PostgresServer
) -> None:
    made = Installed(tmp_path)
    made.state.mkdir()
    name = postgres_server.empty_database().rpartition("/")[2]
    (tmp_path / "password").write_text(PASSWORD + "\n")
    address = postgres_server.url(name, user="secured", password=f"${{file:{tmp_path}/password}}")
    made.config.write_text(CONFIG.format(state=made.state).replace("store: sqlite:monitor.db", f"store: {address}"))
    early = made.run("events", "list")
    assert early.stderr.splitlines()[0].endswith("has no tables yet.")
    assert early.stderr.splitlines()[1] == "hint: Run: training-monitor db upgrade"
    assert made.run("db", "upgrade").stdout == "The database was upgraded.\n"
    assert " is whole " in made.run("db", "check").stdout
    assert made.run("events", "list").returncode == 0
    assert PASSWORD not in early.stderr
