"""How the command behaves: exit codes, errors, pipes, speed of the help."""

from __future__ import annotations

import csv
import io
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.kit.forked import command, warmed
from tests.kit.installed import Installed


def until_sleeping(pid: int) -> None:
    """Until the process waits in a sleep; a command that never comes there is ended by the test's own time limit."""
    end = time.monotonic() + 30
    while Path(f"/proc/{pid}/wchan").read_text() not in ("hrtimer_nanosleep", "do_nanosleep", "common_nsleep"):
        assert time.monotonic() < end
        time.sleep(0.02)


LOADED = """
import sys
from monitor.cli.main import entry
try:
    entry({arguments})
except SystemExit:
    print(*sys.modules)
"""
"""Prints which modules a command has imported when it ends."""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nonsense",), "error: No such command 'nonsense'."),
        (("jobs", "lst"), "Did you mean 'list'?"),
        (("jobs", "list", "--limit", "0"), "it must be at least 1"),
        (("jobs", "list", "--output", "xml"), "'xml' is not one of"),
        (("jobs", "list", "--state", "runing"), "'runing' is no state of a job."),
        (("jobs", "show"), "Missing argument 'JOB'."),
        (("events", "list", "--type", "job.finishd"), "did you mean job.finished?"),
        (("events", "list", "--since", "yesterday"), "--since 'yesterday' is no moment."),
        (("usage", "--by", "colour"), "--by 'colour' is no grouping."),
        (("usage", "--timezone", "Shanghai"), "--timezone: there is no time zone 'Shanghai'."),
        (("sinks", "test", "nobody"), "No sink is named 'nobody'."),
        (("sinks", "test", "journal", "--timeout", "long"), "'long' is no duration"),
        (("jobs", "list", "--config", "nix.yaml"), "There is no config file nix.yaml."),
    ],
)
def test_a_mistake_on_the_command_line_is_one_sentence_and_a_hint_and_exit_2(
    installed: Installed, arguments: tuple[str, ...], said: str
) -> None:
    done = installed.run(*arguments)

    assert (done.returncode, done.stdout) == (2, "")
    error, hint = done.stderr.splitlines()
    assert error.startswith("error: ")
    assert said in error
    assert hint.startswith("hint: ")


def test_the_process_ends_with_the_same(installed: Installed) -> None:
    done = installed.spawn("jobs", "show", "nobody")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == installed.run("jobs", "show", "nobody").stderr


def test_without_a_config_file_the_hint_is_how_to_name_one(bare: Installed) -> None:
    bare.config.unlink()
    done = bare.run("jobs", "list")
    assert done.returncode == 2
    assert "error: There is no config file training-monitor.yaml or /etc/" in done.stderr
    assert "--config FILE" in done.stderr


def test_check_reports_every_mistake_with_its_place_and_ends_with_2(bare: Installed) -> None:
    bare.config.write_text(
        bare.config.read_text() + "catch_up_after: soon\nrules:\n  - {name: r, on: [nix], notify: [x]}\n"
    )
    done = bare.run("check")

    assert (done.returncode, done.stdout) == (2, "")
    places = [line.split(": ")[0] for line in done.stderr.splitlines() if line.startswith("training-monitor.yaml:")]
    assert len(places) == 6, "three secrets, the duration, and of the rule both the type and the sink"
    assert "error: 6 mistakes in the config file training-monitor.yaml; nothing was done." in done.stderr


def test_check_says_what_was_understood(bare: Installed) -> None:
    done = bare.run("check", NEVER_SET="hunter2", HOOK_URL="https://example.org/hunter2")
    assert done.returncode == 0
    assert "hunter2" not in done.stdout
    assert "jobs every 30 s" in done.stdout
    assert done.stdout.endswith("training-monitor.yaml is in order.\n")

    found = json.loads(bare.run("check", "--output", "json", NEVER_SET="x", HOOK_URL="https://e.org").stdout)
    assert [account["requests_per_minute"] for account in found["accounts"]] == [2.0, 1.0]


def test_config_schema_is_json(bare: Installed) -> None:
    for typed in ((), ("--config", "any.yaml")):
        assert json.loads(bare.run("config", "schema", *typed).stdout)["required"] == ["accounts", "sinks"]


def test_the_version_is_told(bare: Installed) -> None:
    assert bare.run("--version").stdout.startswith("training-monitor ")


def test_a_group_without_a_command_shows_its_help(bare: Installed) -> None:
    done = bare.run("jobs")
    assert done.returncode == 2
    assert "Commands:" in done.stderr


@pytest.mark.parametrize(
    "arguments", [(), ("jobs", "list"), ("events", "follow"), ("sinks", "test"), ("run",)], ids=str
)
def test_the_help_fits_80_columns(bare: Installed, arguments: tuple[str, ...]) -> None:
    done = bare.run(*arguments, "--help")
    assert done.returncode == 0
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_the_help_imports_nothing_heavy(bare: Installed) -> None:
    program = LOADED.format(arguments=["--help"])
    environ = bare.environ(PYTHONPATH=str(Path(__file__).parents[2]))
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environ, check=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    assert "typer" in loaded
    assert loaded & {"sqlalchemy", "pydantic", "aiohttp", "apprise", "alembic", "structlog", "rich.table"} == set()


def test_listing_jobs_loads_no_library_of_sinks_rules_or_http(installed: Installed) -> None:
    program = LOADED.format(arguments=["jobs", "list"])
    environ = installed.environ(PYTHONPATH=str(Path(__file__).parents[2]))
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environ, check=True, cwd=installed.root
    )
    loaded = set(done.stdout.splitlines()[-1].split())
    assert "sqlalchemy" in loaded
    assert loaded & {"aiohttp", "apprise", "alembic", "cel_expr_python", "jinja2"} == set()


def test_a_bug_is_one_line_and_its_trace_only_on_request(bare: Installed) -> None:
    program = (
        "import monitor.cli.opening as o\n"
        "def broken(*a, **k): raise ZeroDivisionError('secret thing')\n"
        "o.load_settings = broken\n"
        "from monitor.cli.main import entry; entry()"
    )
    environ = bare.environ(PYTHONPATH=str(Path(__file__).parents[2]))

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", program, *arguments]
        return subprocess.run(command, capture_output=True, text=True, env=environ, check=False, cwd=bare.root)

    done = run("jobs", "list")
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "error: Unexpected error (ZeroDivisionError); this is a bug.",
        "hint: Run again with --debug to see where.",
    ]
    assert "Traceback" in run("jobs", "list", "--debug").stderr


def test_a_closed_pipe_ends_a_list_quietly(installed: Installed) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        command("events", "list", "--output", "jsonl"),
        pass_fds=[warmed().fileno()],
        stdout=writer,
        stderr=subprocess.PIPE,
        env=installed.environ(),
        cwd=installed.root,
        check=False,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")


def test_head_ends_a_long_list_without_a_word(installed: Installed) -> None:
    listing = shlex.join(command("jobs", "list"))
    program = f"{listing} | head -1"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {program}"],
        cwd=installed.root, env=installed.environ(), pass_fds=[warmed().fileno()],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr, len(done.stdout.splitlines())) == (0, "", 1)


def test_ctrl_c_ends_a_command_that_waits_at_once_and_as_shells_expect(bare: Installed) -> None:
    asked = "import monitor.cli.asking as a, time\na.asking = lambda config: time.sleep(60)\n"
    program = asked + "print('here', flush=True)\nfrom monitor.cli.main import entry; entry(['jobs', 'list'])"
    environ = bare.environ(PYTHONPATH=str(Path(__file__).parents[2]))
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environ, cwd=bare.root
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        until_sleeping(process.pid)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert (process.returncode, said) == (130, b"")


def test_no_color_and_a_locale_without_utf_8_are_obeyed(installed: Installed) -> None:
    plain = installed.run("usage", COLUMNS="80", LC_ALL="C", PYTHONUTF8="0").stdout
    assert plain.isascii()
    assert "###" in plain
    assert "█" in installed.run("usage", COLUMNS="80").stdout
    assert json.loads(installed.run("jobs", "list", "--output", "json", LC_ALL="C", PYTHONUTF8="0").stdout) is not None


def test_usage_as_csv_is_for_spreadsheets(installed: Installed) -> None:
    done = installed.run("usage", "--by", "owner,model", "--output", "csv")
    rows = list(csv.DictReader(io.StringIO(done.stdout, newline="")))
    assert [row["currency"] for row in rows] == ["CNY", "USD", ""] or len(rows) == 3
    assert set(rows[0]) == {
        *("owner", "owner_name", "model", "jobs", "tokens", "node_hours", "card_hours", "cost", "currency"),
        *("unpriced_tokens", "unpriced_node_hours", "unpriced_card_hours"),
    }


def test_an_output_that_cannot_show_chinese_gets_escapes_instead_of_an_error(installed: Installed) -> None:
    done = installed.spawn("jobs", "list", PYTHONUTF8="0", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, "")
    assert "\\u" in done.stdout


def test_colours_are_for_terminals(installed: Installed) -> None:
    leader, follower = os.openpty()
    with subprocess.Popen(
        command("jobs", "list"), stdout=follower, stderr=follower, env=installed.environ(TERM="xterm"),
        cwd=installed.root, pass_fds=[warmed().fileno()],
    ) as process:  # fmt: skip
        os.close(follower)
        shown = b""
        try:
            while part := os.read(leader, 65536):
                shown += part
        except OSError:  # the terminal's other end is gone: the process has ended
            pass
        assert process.wait(timeout=30) == 0
    os.close(leader)
    assert b"\x1b[31mfailed" in shown
    assert b"\x1b[2J" not in shown
    assert b"\x1b" not in installed.run("jobs", "list").stdout.encode()


def test_the_help_is_quick(bare: Installed) -> None:
    """CPU time of the process, for the machine may be busy; alone it takes 0.2 s."""
    before = os.times()
    bare.spawn("--help")
    after = os.times()
    assert after.children_user + after.children_system - before.children_user - before.children_system < 0.7


def test_an_error_of_a_task_group_is_told_by_its_cause(capsys: pytest.CaptureFixture[str]) -> None:
    from monitor.cli.main import _unexpected
    from monitor.store import StoreLocked

    inner = ExceptionGroup("inner", [ValueError("x"), StoreLocked("The database is in use.", "Stop the other one.")])
    assert _unexpected(ExceptionGroup("outer", [inner])) == 1
    assert capsys.readouterr().err == "error: The database is in use.\nhint: Stop the other one.\n"


def test_check_warns_of_trouble_that_nobody_would_hear_of(bare: Installed) -> None:
    bare.config.write_text(bare.config.read_text() + "rules:\n  - {name: mine, on: [job.finished], notify: [owner]}\n")
    done = bare.run("check", NEVER_SET="x", HOOK_URL="https://example.org")
    assert done.returncode == 0
    assert "warning: nobody is told of account.unauthorized, account.view_shrunk, delivery.dead; add" in done.stdout
    assert "warning: the rule mine tells only `owner`, and `people` names nobody" in done.stdout
    bare.config.write_text(bare.config.read_text().replace("notify: [owner]}", "notify: [owner], fallback: [hook]}"))
    again = bare.run("check", NEVER_SET="x", HOOK_URL="https://example.org")
    assert (again.returncode, "tells only `owner`" in again.stdout) == (0, False)
