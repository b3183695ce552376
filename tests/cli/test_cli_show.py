"""`config show` and what `check` doubts, as commands."""

from __future__ import annotations

import json

from tests.kit.installed import Installed


def test_every_value_is_shown_with_its_line_without_looking_up_any_secret(bare: Installed) -> None:
    done = bare.run("config", "show", COLUMNS="120")
    assert (done.returncode, done.stderr) == (0, "")
    lines = {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines()}
    assert lines["accounts[0].api_key"] == ["***", "${env:NEVER_SET}", "training-monitor.yaml:4"]
    assert lines["accounts[1].resource_flavors.every"] == ["1m", "default"]


def test_only_what_was_changed_as_json(bare: Installed) -> None:
    found = json.loads(bare.run("config", "show", "--changed", "--output", "json").stdout)
    assert {"path": "sinks[0].name", "value": "journal", "source": "training-monitor.yaml:12", "changed": True} in found
    assert all(value["changed"] for value in found)
    assert "store" not in {value["path"] for value in found}, "it stands in the file and is the default"


def test_forty_columns_cut_nothing(bare: Installed) -> None:
    shown = bare.run("config", "show", COLUMNS="40").stdout
    assert max(map(len, shown.splitlines())) <= 40
    assert "…" not in shown
    assert "(training-monitor.yaml:4)" in shown


def test_a_broken_file_is_told_as_check_tells_it(bare: Installed) -> None:
    bare.config.write_text(bare.config.read_text() + "catch_up_after: soon\n")
    done = bare.run("config", "show")
    assert (done.returncode, done.stdout) == (2, "")
    assert "training-monitor.yaml:14:17: catch_up_after:" in done.stderr


def test_check_warns_of_a_variable_that_nobody_will_put_in(bare: Installed) -> None:
    bare.config.write_text(bare.config.read_text().replace("${env:NEVER_SET}", "$NEVER_SET"))
    done = bare.run("check", HOOK_URL="https://example.org")
    assert done.returncode == 0
    assert "warning: training-monitor.yaml:4:58: accounts[0].api_key: is taken as it stands" in done.stdout
    assert "${env:NAME}" in done.stdout


def test_check_warns_of_a_first_run_that_nobody_hears_of(bare: Installed) -> None:
    text = bare.config.read_text().replace("jobs: {}", "first_run: summary, jobs: {}", 1)
    bare.config.write_text(text + "rules:\n  - {name: mine, on: [job.finished], notify: [journal]}\n")
    done = bare.run("check", NEVER_SET="x", HOOK_URL="https://example.org")
    assert done.returncode == 0
    assert "accounts[0].first_run: nobody is told of it: no rule tells anybody of account.baselined" in done.stdout
