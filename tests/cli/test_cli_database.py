"""`db backup`, `db restore` and `db prune` as people type them, beside a running daemon and without one."""

from __future__ import annotations

import json
import os
import re
from datetime import UTC, datetime, timedelta

import pytest

from monitor.store import Connection, append_events, set_cursor
from monitor.store.answers import make_link_key
from tests.kit import silent
from tests.kit.installed import Installed
from tests.kit.made import draft

WIDTH = {"COLUMNS": "80"}


def test_beside_a_daemon_a_backup_is_made_and_a_restore_is_refused(daemon: Installed) -> None:
    made = daemon.run("db", "backup", "b.db", **WIDTH)
    first, again = made.stdout.splitlines()
    assert re.fullmatch(r"The database is in b\.db: \d+ kB, \d+ events\.", first)
    assert again == "Restore it with the daemon stopped: training-monitor db restore b.db"
    refused = daemon.run("db", "restore", "b.db", **WIDTH)
    assert refused.returncode == 1
    assert refused.stderr.splitlines()[0].endswith(f"monitor.db is in use by the process {os.getpid()}.")
    assert daemon.run("events", "list").returncode == 0


def test_a_backup_that_was_restored_says_what_follows(installed: Installed) -> None:
    before = json.loads(installed.run("events", "list", "--output", "json").stdout)
    installed.run("db", "backup", "b.db")
    done = installed.run("db", "restore", "b.db", **WIDTH)
    state = re.escape(str(installed.state))
    assert re.fullmatch(
        rf"b\.db is the database {state}/monitor\.db now\.\n"
        rf"The one before is kept: {state}/monitor\.db\.replaced-\d{{8}}T\d{{6}}Z\n"
        rf"A new epoch begins, after {len(before)} events: no later one bears the id of an earlier one\.\n"
        r"1 message will be sent that may have been sent before\.\n",
        done.stdout,
    )
    assert json.loads(installed.run("events", "list", "--output", "json").stdout) == before


KINDS = ("events", "messages", "deliveries", "jobs", "silences", "deletions")


@pytest.mark.parametrize("beside", [True, False])
def test_what_is_old_is_foretold_and_then_removed(beside: bool, request: pytest.FixtureRequest) -> None:
    installed: Installed = request.getfixturevalue("installed")
    old = datetime.now(UTC) - timedelta(days=401)

    def write(conn: Connection, epoch: str) -> None:
        made = append_events(conn, epoch, [(draft(subject=f"job/{n}", detected_at=old), 1) for n in range(1200)])
        set_cursor(conn, "routing", made[-1].seq)

    installed.write(write)
    if beside:
        request.getfixturevalue("daemon")
    for arguments, said in (
        (["--dry-run"], "Would be removed (events 400 d, messages 90 d):\nevents  1,200\n"),
        ([], "Removed (events 400 d, messages 90 d):\nevents  1,200\n"),
        ([], "Nothing is old enough to be removed (events 400 d, messages 90 d).\n"),
    ):
        assert installed.run("db", "prune", *arguments, **WIDTH).stdout == said
    found = json.loads(installed.run("db", "prune", "--output", "json").stdout)
    assert found == {"removed": True, **dict.fromkeys(KINDS, 0)}


@pytest.mark.parametrize("beside", [True, False])
def test_all_links_are_ended_and_that_is_said(beside: bool, request: pytest.FixtureRequest) -> None:
    installed: Installed = request.getfixturevalue("installed")
    silent.install(installed)
    installed.write(lambda conn, epoch: make_link_key(conn))
    if beside:
        request.getfixturevalue("daemon")
    done = installed.run("db", "end-links", **WIDTH)
    said = "All links in messages that were sent so far have ended; later messages have new ones."
    assert " ".join(done.stdout.split()) == said
    assert json.loads(installed.run("db", "end-links", "--output", "json").stdout) == {"ended": True}
