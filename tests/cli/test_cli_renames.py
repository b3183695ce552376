"""`check` and `rules lint` say which former names the store has taken, so that they may go from the file."""

from __future__ import annotations

import json

from monitor.store import Connection, Rename, cleanup_ran, rename
from monitor.store.budgets import Mark, add_marks
from tests.kit.installed import Installed
from tests.kit.made import NOON

KEYS = {"NEVER_SET": "x", "HOOK_URL": "http://127.0.0.1:9/x"}
TAKEN = "llm-beijing is called nlp in the store by now; `was` may go"


def called_anew(installed: Installed) -> None:
    text = installed.config.read_text()
    text = text.replace("{name: llm-beijing,", "{name: nlp, was: llm-beijing,")
    text = text.replace("{name: journal,", "{name: log, was: journal,")
    installed.config.write_text(text)


def take(conn: Connection, epoch: str) -> None:
    assert rename(conn, Rename(kind="account", before="llm-beijing", after="nlp"))


def test_a_former_name_that_the_store_has_taken_is_told_with_its_place(installed: Installed) -> None:
    called_anew(installed)
    before = installed.run("check", **KEYS)
    assert "may go" not in before.stdout
    installed.write(take)
    found = installed.run("check", "--output", "json", **KEYS)
    (warning,) = [each for each in json.loads(found.stdout)["warnings"] if "may go" in each]
    assert warning == f"{installed.config.name}:4:17: accounts[0].was: {TAKEN}"
    assert found.returncode == 0


def test_the_lint_notes_it_and_what_it_ends_with_is_up_to_the_file_alone(installed: Installed) -> None:
    called_anew(installed)
    before = installed.run("rules", "lint")
    installed.write(take)
    after = installed.run("rules", "lint")
    assert "may go" not in before.stdout
    noted = " ".join(after.stdout.split())
    assert "note" in noted
    assert TAKEN in noted
    assert after.returncode == before.returncode


def test_without_a_store_and_with_one_that_cannot_be_read_nothing_is_said_of_it(bare: Installed) -> None:
    called_anew(bare)
    assert "may go" not in bare.run("check", **KEYS).stdout
    assert not list(bare.state.iterdir()), "looking makes nothing"
    (bare.state / "monitor.db").write_text("no database at all")
    done = bare.run("check", **KEYS)
    assert (done.returncode, done.stderr) == (0, "")
    assert "may go" not in done.stdout


def test_budgets_and_policies_have_former_names_as_well(installed: Installed) -> None:
    text = installed.config.read_text()
    budgets = "budgets: [{name: team, was: crew, tokens: 1000}]\n"
    installed.config.write_text(text + budgets + "cleanup: [{name: nightly, was: daily}]\n")
    assert "may go" not in installed.run("check", **KEYS).stdout

    def write(conn: Connection, epoch: str) -> None:
        add_marks(conn, [Mark(budget="crew", period="month 2026-11-01 #1", threshold="80", at=NOON)])
        cleanup_ran(conn, "daily", NOON)
        assert rename(conn, Rename(kind="budget", before="crew", after="team"))
        assert rename(conn, Rename(kind="cleanup", before="daily", after="nightly"))

    installed.write(write)
    done = installed.run("check", "--output", "json", **KEYS)
    warnings = [each for each in json.loads(done.stdout)["warnings"] if "may go" in each]
    assert [each.split(": ")[1] for each in warnings] == ["budgets[0].was", "cleanup[0].was"]
