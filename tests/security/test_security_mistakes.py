"""What is told of a mistake, or of a database that cannot be reached, without the secret that it is about."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path
from typing import Any

import pytest

from tests.kit.installed import Installed
from tests.kit.process import write_config

PASSWORD, KEY = "pOstgr3sPassword", "sk-A1piKeyA1piKeyA1piKey"
SECRET = "wEbh00kPathPart"
ACCOUNT = {"name": "a", "provider": "model-studio", "api_key": KEY, "jobs": {}}
COMMANDS = ("check", "jobs list", "db check", "db upgrade", "db backup", "doctor", "run", "--debug jobs list")


@pytest.mark.parametrize("command", COMMANDS)
def test_the_password_of_a_database_is_in_no_error(command: str, tmp_path: Path) -> None:
    url = f"postgresql://monitor:{PASSWORD}@127.0.0.1:1/monitor?application_name={PASSWORD}"
    write_config(tmp_path, {"store": url, "accounts": [ACCOUNT], "sinks": [{"name": "j", "type": "log"}]})
    installed = Installed(tmp_path)
    done = (installed.spawn if command in COMMANDS[-2:] else installed.run)(*command.split())
    said = done.stdout + done.stderr
    assert said
    assert ("Traceback" in said) == ("--debug" in command)
    assert PASSWORD not in said
    assert KEY not in said


def test_mistakes_in_the_config_file_are_told_without_what_a_reference_stands_for(tmp_path: Path) -> None:
    sinks: list[dict[str, Any]] = [
        {"type": "apprise", "url": "nosuch://ann:${env:SECRET}@example.org/${env:SECRET}"},
        {"type": "apprise", "url": "slack://${env:SECRET}"},
        {"type": "webhook", "url": "gopher://example.org/${env:SECRET}"},
        {"type": "webhook", "url": "https://example.org", "secret": "whsec_${env:SECRET}-!"},
        {"type": "webhook", "url": "https://example.org", "headers": {"X-A": "${env:SECRET}\n"}},
        {"type": "webhook", "url": "https://example.org", "timeout": "${env:SECRET}"},
        {"type": "file", "path": "${env:SECRET}"},
        {"type": "${env:SECRET}"},
    ]
    named = [{"name": f"s{number}", **sink} for number, sink in enumerate(sinks)]
    account = {
        **ACCOUNT,
        "api_key": "${env:SECRET}",
        "labels": {"a": "${env:SECRET}", "b": 5},
        "nosuch": "${env:SECRET}",
    }
    rules = [{"name": "r", "on": ["${env:SECRET}"], "when": "${env:SECRET} ==", "notify": ["${env:SECRET}"]}]
    write_config(tmp_path, {"accounts": [account], "sinks": named, "rules": rules, "http": {"token": "${env:SECRET}"}})
    done = Installed(tmp_path).run("check", SECRET=SECRET)
    said = done.stdout + done.stderr
    assert [number for number in range(len(sinks)) if f"sinks[{number}]" not in said] == []
    assert SECRET not in said


def test_a_bug_is_told_in_one_line_and_with_debug_shows_code_and_no_values(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python's own trace has source lines; what stands in variables is not in it."""

    def broken(file: str, text: str) -> Any:
        raise KeyError(len(file + text))

    monkeypatch.setattr(sys.modules["monitor.settings.load"], "read_document", broken)
    write_config(tmp_path, {"accounts": [ACCOUNT], "sinks": [{"name": "j", "type": "log"}]})
    done = Installed(tmp_path).run("check")
    assert (done.returncode, done.stderr.count("\n")) == (1, 2)
    assert "this is a bug" in done.stderr
    with pytest.raises(KeyError) as caught:
        Installed(tmp_path).run("--debug", "check")
    assert KEY not in "".join(traceback.format_exception(caught.value))
