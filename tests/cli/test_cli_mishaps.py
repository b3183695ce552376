"""What goes wrong on the first day is told as what it is, with its remedy, and never as a bug."""

from __future__ import annotations

import grp
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from monitor.cli import demo, exam_daemon, sandbox
from monitor.cli.job_page import _what
from monitor.fields import SystemClock
from monitor.store import StoreUnavailable
from monitor.store.state_dir import make_state_dir, obstacle
from tests.kit.forked import command, warmed
from tests.kit.installed import CONFIG, Installed

ANY_PORT = 'http: {listen: "127.0.0.1:0"}\n'
"""The usual one may be a daemon's that runs on this machine."""
SECRETS = {"NEVER_SET": "x", "HOOK_URL": "http://127.0.0.1:1/in"}


@pytest.fixture(params=["a file", "below a file", "in /proc"])
def impossible(request: pytest.FixtureRequest, tmp_path: Path) -> Installed:
    """A config whose state directory nobody can make, not even root."""
    made = Installed(tmp_path)
    (tmp_path / "taken").write_text("")
    folder = {"a file": "taken", "below a file": "taken/state", "in /proc": "/proc/state"}[request.param]
    made.config.write_text(CONFIG.format(state=tmp_path / folder) + ANY_PORT)
    return made


@pytest.mark.parametrize("typed", [("run",), ("sinks", "test", "journal"), ("check", "--online")])
def test_a_state_directory_that_cannot_be_made_is_told_with_its_path_and_the_reason(
    impossible: Installed, typed: tuple[str, ...]
) -> None:
    done = impossible.run(*typed, **SECRETS)
    error, hint = done.stderr.splitlines()[-2:]
    assert done.returncode == 1
    assert error.startswith("error: The state directory /")
    assert " cannot be made: " in error
    assert "`state_dir:`" in hint


def test_doctor_tells_a_state_directory_that_a_file_is_in_the_way_of(tmp_path: Path) -> None:
    made = Installed(tmp_path)
    (tmp_path / "taken").write_text("")
    made.config.write_text(CONFIG.format(state=tmp_path / "taken/state"))
    findings = json.loads(made.run("doctor", "--output", "json", **SECRETS).stdout)
    (store,) = (each for each in findings if each["about"] == "store")
    assert (store["state"], store["text"].endswith("taken is no directory")) == ("failed", True)


def test_an_obstacle_is_only_what_is_one(tmp_path: Path) -> None:
    assert obstacle(tmp_path) is None
    assert obstacle(tmp_path / "new" / "state") is None


@pytest.mark.parametrize("port", ["80000", "-1"])
def test_a_port_that_is_none_is_a_mistake_on_the_command_line(bare: Installed, port: str) -> None:
    done = bare.run("sandbox", "--port", port)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Invalid value for '--port'" in done.stderr


def _ended(installed: Installed, program: str) -> tuple[int, str]:
    """A pipeline's exit code and what stood on stderr."""
    environ = installed.environ(PYTHONPATH=str(Path(__file__).parents[2]))
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {program}"],
        cwd=installed.root, env=environ, capture_output=True, text=True, check=False, pass_fds=[warmed().fileno()],
    )  # fmt: skip
    return done.returncode, done.stderr


TOO_MUCH = """
import monitor.cli.lists as lists
from monitor.cli import out
def listed(*args, **query):
    for _ in range(20_000): out.line("a line of a list that is longer than any pipe or buffer")
lists.listed = listed
from monitor.cli.main import entry; entry(["jobs", "list"])
"""


@pytest.mark.parametrize("much", [False, True])
def test_output_to_a_full_disk_is_told_as_that(bare: Installed, much: bool) -> None:
    typed = [sys.executable, "-c", TOO_MUCH] if much else command("check")
    code, said = _ended(bare, f"NEVER_SET=x HOOK_URL=http://127.0.0.1:1/ {shlex.join(typed)} > /dev/full")
    assert code == 1
    assert said.splitlines()[0] == "error: The output could not be written: No space left on device."


def test_head_of_more_than_a_pipe_holds_ends_with_0(bare: Installed) -> None:
    assert _ended(bare, f"{shlex.join([sys.executable, '-c', TOO_MUCH])} | head -1") == (0, "")


@pytest.mark.parametrize("output", ["table", "jsonl"])
@pytest.mark.parametrize("group", ["jobs", "flavors", "events"])
def test_an_account_that_is_none_is_told_with_those_there_are(installed: Installed, group: str, output: str) -> None:
    done = installed.run(group, "list", "--account", "nope", "--output", output)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines() == [
        "error: No account is named 'nope'.",
        "hint: There are: llm-beijing, ascend-north.",
    ]


def test_only_without_a_daemon_an_empty_list_tells_to_start_one(installed: Installed) -> None:
    said = installed.run("jobs", "list", "--search", "no job has this").stdout
    assert said.splitlines() == ["No job is known that fits.", "A daemon finds them: training-monitor run"]


def test_beside_a_daemon_an_empty_list_does_not_tell_to_start_one(daemon: Installed) -> None:
    assert daemon.run("jobs", "list", "--search", "no job has this").stdout == "No job is known that fits.\n"
    assert daemon.run("flavors", "list", "--search", "no flavor has this").stdout == "No flavor is known that fits.\n"


def test_the_hint_of_a_mistake_in_a_named_file_names_it_again(bare: Installed) -> None:
    (bare.root / "my file.yaml").write_text("accounts: 1\n")
    done = bare.run("check", "--config", "my file.yaml")
    assert done.stderr.splitlines()[-1].endswith(": training-monitor check --config 'my file.yaml'")
    bare.config.write_text("accounts: 1\n")
    assert bare.run("check").stderr.splitlines()[-1].endswith(": training-monitor check")


def test_a_control_socket_with_too_long_a_path_ends_the_start_with_path_and_remedy(tmp_path: Path) -> None:
    made, state = Installed(tmp_path), tmp_path / ("s" * 100)
    made.config.write_text(CONFIG.format(state=state) + ANY_PORT)
    done = made.run("run", **SECRETS)
    error, hint = done.stderr.splitlines()[-2:]
    assert done.returncode == 1
    assert error == f"error: The path of the control socket is longer than 107 bytes: {state}/control.sock."
    assert "`control.socket` a shorter path" in hint
    assert "Traceback" not in done.stderr


@contextmanager
def shut_out(folder: Path) -> Iterator[None]:
    """Whoever runs the test may not enter the directory: root is nobody meanwhile."""
    folder.chmod(0)
    root = os.geteuid() == 0
    try:
        if root:
            os.seteuid(65534)
        yield
    finally:
        if root:
            os.seteuid(0)
        folder.chmod(0o700)


def test_a_state_directory_behind_a_shut_one_is_told_as_that_and_its_socket_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shut = tmp_path / "shut"
    shut.mkdir()
    assert grp.getgrgid(0), "loaded before nobody has to find it"
    monkeypatch.setenv("TRAINING_MONITOR_SOCKET", str(shut / "control.sock"))
    with shut_out(shut):
        for folder in (shut / "state", shut):
            with pytest.raises(StoreUnavailable, match=f"{folder} cannot be used: .* may not be entered"):
                make_state_dir(folder)
            assert str(obstacle(folder)).endswith("may not be entered")
        alive, found = exam_daemon.running(None)
    assert [finding.state for finding in found] == ["failed"]
    assert not alive, "or the second look would complain of the same once more"


@pytest.mark.parametrize(("speed", "runs"), [(1.0, True), (60.0, False)])
def test_a_fast_sandbox_warns_instead_of_sending_people_to_run(
    speed: float, runs: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    sandbox._announce("http://127.0.0.1:8651", speed)
    said = " ".join(capsys.readouterr().err.split())
    assert ("training-monitor run --config FILE" in said) is runs
    assert ("warning: `run` needs --speed 1" in said) is not runs


def test_a_word_that_is_no_choice_is_told_without_the_librarys_own_words(bare: Installed) -> None:
    done = bare.run("jobs", "list", "--output", "foo")
    assert done.stderr.startswith(
        "error: Invalid value for '--output': 'foo' is not one of 'table', 'json', 'jsonl'.\n"
    )


def test_what_the_demo_says_fits_the_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    demo._welcome(60.0, None)
    body = f"Why: {'no memory was left ' * 6}\nConsole: https://example.org/{'x' * 80}"
    demo._show({"severity": "info", "title": "It failed", "body": body}, SystemClock())
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if len(line) > 60] == [f"       Console: https://example.org/{'x' * 80}"]
    assert sum("memory" in line for line in lines) > 1


@pytest.mark.parametrize(("flavor", "word"), [("modelarts.vm.npu", "engine"), (None, "model")])
def test_what_a_job_on_a_flavor_runs_is_its_engine_as_in_messages(flavor: str | None, word: str) -> None:
    job: dict[str, object] = dict.fromkeys(("kind", "base_model", "output_model", "nodes", "accelerators"))
    job |= {"model": "MindSpore 2.3", "flavor": flavor}
    assert [key for key, value in _what(job) if value == "MindSpore 2.3"] == [word]
