"""`init`: by flags, by questions on a real terminal, and what is written either way."""

from __future__ import annotations

import os
import pty
import select
import signal
import stat
import subprocess
import time
from collections.abc import Sequence
from fcntl import ioctl
from pathlib import Path
from struct import pack
from termios import TIOCSWINSZ

import pytest

from tests.kit.forked import command, warmed
from tests.kit.installed import Installed

SLACK = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/"
PROJECT = "0123456789abcdef0123456789abcdef"
STUDIO = {"DASHSCOPE_API_KEY": "sk-hunter2"}
ARTS = {
    "HUAWEICLOUD_SDK_AK": "AKhunter2",
    "HUAWEICLOUD_SDK_SK": "SKhunter2",
    "HUAWEICLOUD_SDK_PROJECT_ID": PROJECT,
    "HUAWEICLOUD_SDK_REGION": "cn-north-4",
}


@pytest.fixture
def fresh(tmp_path: Path) -> Installed:
    """Nothing at all, as on the first day."""
    return Installed(tmp_path)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_yes_takes_what_the_variables_say_and_check_accepts_it_without_a_warning(fresh: Installed) -> None:
    environ = {**STUDIO, **ARTS, "SLACK_WEBHOOK_URL": SLACK, "DATABASE_URL": "postgres://x"}
    done = fresh.run("init", "--yes", **environ)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.splitlines()[-2:] == ["  training-monitor check --online", "  training-monitor run"]
    assert "hunter2" not in fresh.config.read_text()
    assert mode(fresh.config) == 0o640
    checked = fresh.run("check", **environ)
    assert checked.returncode == 0
    assert "warning" not in checked.stdout
    for said in ("job-ended, stock, trouble", "slack (apprise), journal (log)", "model-studio", "modelarts"):
        assert said in checked.stdout


@pytest.mark.parametrize(
    ("arguments", "missing"),
    [
        ((), ["--provider model-studio or --provider modelarts"]),
        (("--provider", "modelarts"), ["--region", "--project-id"]),
        (("--provider", "modelarts", "--region", "cn-north-4"), ["--project-id"]),
    ],
)
def test_without_a_terminal_every_missing_flag_is_named(
    fresh: Installed, arguments: Sequence[str], missing: Sequence[str]
) -> None:
    done = fresh.run("init", *arguments)
    assert done.returncode == 2
    assert all(flag in done.stderr for flag in missing)
    assert list(fresh.root.iterdir()) == []


def test_flags_alone_say_which_variables_are_still_to_be_set(fresh: Installed) -> None:
    done = fresh.run(
        "init", "my.yaml", "--provider", "model-studio", "--region", "ap-southeast-1", "--sink", "CHAT_URL"
    )
    assert done.returncode == 0
    assert "  export DASHSCOPE_API_KEY=...\n  export CHAT_URL=...\n" in done.stderr
    assert "training-monitor run --config my.yaml" in done.stderr
    assert "dashscope-intl.aliyuncs.com" in (fresh.root / "my.yaml").read_text()


@pytest.mark.parametrize(
    ("sink", "kind"),
    [("HOOK_URL", "webhook"), ("ops=NATIVE_URL", "apprise"), (SLACK, "apprise"), ("${env:HOOK_URL}", "webhook")],
)
def test_a_sink_is_a_variable_a_reference_or_the_url_itself(fresh: Installed, sink: str, kind: str) -> None:
    environ = {
        **STUDIO,
        "HOOK_URL": "https://example.org/hunter2",
        "NATIVE_URL": "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
    }
    done = fresh.run("init", "--yes", "--sink", sink, **environ)
    assert done.returncode == 0
    text = fresh.config.read_text()
    assert f"type: {kind}" in text
    assert "hunter2" not in text
    assert "TIiajkdnlazkcOXrIdevi7FQ" not in text
    assert fresh.run("check", **environ).returncode == 0


@pytest.mark.parametrize("sink", ["no words here", "=x", "a=b c", "://", "slack://hunter2", "chat=foo://hunter2"])
def test_what_is_no_sink_is_said_to_be_none(fresh: Installed, sink: str) -> None:
    done = fresh.run("init", "--yes", "--sink", sink, **STUDIO)
    assert done.returncode == 2
    assert "--sink" in done.stderr
    assert "hunter2" not in done.stderr
    assert list(fresh.root.iterdir()) == []


def test_a_variable_for_a_sink_is_looked_into_and_one_that_nobody_named_is_passed_over(fresh: Installed) -> None:
    environ = {**STUDIO, "MAIL_URL": "slack://hunter2"}
    done = fresh.run("init", "--yes", "--sink", "MAIL_URL", **environ)
    assert done.returncode == 2
    assert "--sink, the variable MAIL_URL: It is no URL that Apprise takes; check what slack:// needs" in done.stderr
    assert fresh.run("init", "--yes", **environ).returncode == 0
    assert "MAIL_URL" not in fresh.config.read_text()


def test_credentials_in_files_are_for_their_owner_only(fresh: Installed) -> None:
    done = fresh.run("init", "--yes", "--credentials", "file", "--sink", "hook=https://example.org/hunter3", **STUDIO)
    assert done.returncode == 0
    kept = sorted(fresh.root.glob("*.secret"))
    assert [path.read_text() for path in kept] == ["sk-hunter2\n", "https://example.org/hunter3\n"]
    assert {mode(path) for path in kept} == {0o600}
    assert fresh.run("check").returncode == 0, "no variable is needed any more"


def test_systemd_credentials_come_with_the_lines_for_the_unit(fresh: Installed) -> None:
    done = fresh.run("init", "--yes", "--credentials", "systemd", **ARTS)
    assert "  LoadCredential=huaweicloud-sk:/etc/credstore/huaweicloud-sk\n" in done.stderr
    assert done.stderr.endswith("training-monitor check --online\n  systemctl restart training-monitor\n")
    folder = fresh.root / "credentials"
    folder.mkdir()
    for name in ("huaweicloud-ak", "huaweicloud-sk"):
        (folder / name).write_text("SK1")
    assert fresh.run("check", CREDENTIALS_DIRECTORY=str(folder)).returncode == 0


def test_a_file_that_is_there_is_replaced_by_force_only_and_the_old_one_is_kept(fresh: Installed) -> None:
    fresh.config.write_text("mine")
    done = fresh.run("init", "--yes", **STUDIO)
    assert (done.returncode, fresh.config.read_text()) == (1, "mine")
    assert fresh.run("init", "--yes", "--force", **STUDIO).returncode == 0
    (kept,) = fresh.root.glob("*.before-*")
    assert kept.read_text() == "mine"


def test_a_dash_is_stdout_and_writes_no_file(fresh: Installed) -> None:
    done = fresh.run("init", "-", "--yes", **STUDIO)
    assert (done.returncode, list(fresh.root.iterdir())) == (0, [])
    fresh.config.write_text(done.stdout)
    assert fresh.run("check", **STUDIO).returncode == 0


def test_every_flag_that_cannot_be_right_is_told_before_anything_is_written(fresh: Installed) -> None:
    environ = {**ARTS, "HUAWEICLOUD_SDK_PROJECT_ID": "cn-north-4"}  # the project's name, which is no id
    done = fresh.run("init", "--yes", "--region", "cn north", "--sink", "slack://x", "--sink", SLACK, **environ)
    assert done.returncode == 2
    for said in ("--region, or the variable", "--project-id, or the variable", "32 characters", "--sink number 1: "):
        assert said in done.stderr
    assert "--sink number 2" not in done.stderr
    assert list(fresh.root.iterdir()) == []


def test_a_directory_that_may_not_be_written_is_one_sentence(fresh: Installed) -> None:
    done = fresh.run("init", "/proc/x.yaml", "--yes", **STUDIO)
    assert done.returncode == 1
    assert done.stderr.startswith("error: /proc/")


def test_a_directory_that_is_not_there_is_named_and_not_made(fresh: Installed) -> None:
    done = fresh.run("init", "confs/of mine/x.yaml", "--yes", **STUDIO)
    folder = fresh.root / "confs" / "of mine"
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: There is no directory {folder}; nothing was written.\n")
    assert f"mkdir -p '{folder}'" in done.stderr
    assert list(fresh.root.iterdir()) == []


def test_sinks_that_nobody_named_get_names_of_their_own(fresh: Installed) -> None:
    urls = {name: f"https://example.org/{name}" for name in ("HOOK_URL", "HOOK_WEBHOOK_URL", "JOURNAL_HOOK_URL")}
    sinks = [part for what in (*urls, "journal_URL", "https://example.org/x") for part in ("--sink", what)]
    done = fresh.run("init", "--yes", *sinks, **STUDIO, **urls, journal_URL="https://example.org/j")
    assert done.returncode == 0, done.stderr
    checked = fresh.run("check", **STUDIO, **urls, journal_URL="https://example.org/j")
    for name in ("hook", "hook-2", "journal-2", "webhook"):
        assert f" {name} (webhook)" in " ".join(checked.stdout.split())


class Terminal:
    """The command on a pseudo-terminal; `answers` are typed each time it waits for input."""

    def __init__(self, installed: Installed, columns: int, *arguments: str, **environ: str) -> None:
        self._leader, follower = pty.openpty()
        ioctl(follower, TIOCSWINSZ, pack("HHHH", 24, columns, 0, 0))
        given = installed.environ(PYTHONPATH=str(Path(__file__).parents[2]), TERM="xterm", **environ)
        given.pop("COLUMNS")
        begun = installed.command("init", *arguments) if "PYTHONUTF8" in environ else command("init", *arguments)
        self.process = subprocess.Popen(
            begun, pass_fds=[warmed().fileno()],
            stdin=follower, stdout=follower, stderr=follower, env=given, cwd=installed.root, start_new_session=True,
        )  # fmt: skip
        os.close(follower)
        self.shown = ""

    def until(self, text: str) -> None:
        end = time.monotonic() + 30
        while text not in " ".join(self.shown.split()):
            ready = select.select([self._leader], [], [], end - time.monotonic())[0]
            assert ready, self.shown
            try:
                self.shown += os.read(self._leader, 65536).decode()
            except OSError:
                raise AssertionError(self.shown) from None

    def type(self, text: bytes) -> None:
        self.shown = ""
        os.write(self._leader, text)

    def end(self) -> int:
        try:
            while part := os.read(self._leader, 65536):
                self.shown += part.decode()
        except OSError:  # the other end is gone: the process has ended
            pass
        os.close(self._leader)
        return self.process.wait(timeout=30)


def test_a_person_is_asked_and_a_typed_secret_is_neither_shown_nor_in_the_config(fresh: Installed) -> None:
    terminal = Terminal(fresh, 40)
    everything = ""
    for question, answer in [
        ("do you train on? [1]:", b"7\n"),
        ("Please type a number from 1 to 3.", b"2\n"),
        ("A name for this account [modelarts]:", b"b\xc3\xa4d name\n"),
        ("beginning with a letter or digit.", b"north\n"),
        ("Region [cn-north-4]:", b"cn-nort-4\n"),
        ("did you mean cn-north-4. Is cn-nort-4 meant? [y/N]:", b"\n"),
        ("Region [cn-north-4]:", b"\n"),
        ("(console: My Credentials):", b"cn-north-4\n"),
        ("it is not the name. Project id (console: My Credentials):", PROJECT.encode() + b"\n"),
        ("access key:", b"AKhunter2\n"),
        ("secret key:", b"SKhunter2\n"),
        ("URL:", b"hunter2\n"),
        ("dingtalk:// or https://. URL:", b"slack://hunter2\n"),
        ("needs in the Apprise wiki. URL:", b"https://example.org/hunter2\n"),
        ("A name for it [webhook]:", b"journal\n"),
        ("names must differ. A name for it [webhook]:", b"\n"),
        ("Write training-monitor.yaml? [Y/n]:", b"y\n"),
    ]:
        terminal.until(question)
        everything += terminal.shown
        terminal.type(answer)
    assert terminal.end() == 0
    everything += terminal.shown
    assert "hunter2" not in everything
    folded = [
        line for line in everything.replace("\r", "").replace(PROJECT, "").splitlines() if not line.startswith("  ")
    ]
    assert max(map(len, folded)) <= 40 + len("cn-north-4")  # an answer that is typed stands behind its question
    text = fresh.config.read_text()
    assert "hunter2" not in text
    assert {mode(path) for path in fresh.root.glob("*.secret")} == {0o600}
    assert len(list(fresh.root.glob("*.secret"))) == 3
    assert fresh.run("check").returncode == 0


def test_a_file_that_is_there_and_a_wrong_flag_are_told_before_any_question(fresh: Installed) -> None:
    terminal = Terminal(fresh, 80, "other.yaml", "--provider", "modelarts", "--project-id", "mine")
    assert terminal.end() == 2
    assert "--project-id, or the variable for it: A project id has 32 characters" in " ".join(terminal.shown.split())
    fresh.config.write_text("mine")
    terminal = Terminal(fresh, 80)
    assert terminal.end() == 1
    assert "is there already; nothing was written." in terminal.shown
    for asked in (": ", "]:"):
        assert asked not in terminal.shown.replace("error: ", "").replace("hint: ", "")


@pytest.mark.parametrize(
    ("ending", "said", "code"),
    [(b"\x03", "Interrupted; nothing was written.", 130), (b"\x04", "The input ended before the last answer", 1)],
)
def test_ctrl_c_and_the_end_of_the_input_leave_nothing_behind(
    fresh: Installed, ending: bytes, said: str, code: int
) -> None:
    terminal = Terminal(fresh, 80, PYTHONUTF8="0", LC_ALL="C", LANG="C", **STUDIO)
    terminal.until("do you train on? [1]:")
    terminal.type(b"\n")
    terminal.until("A name for this account")
    if ending == b"\x03":
        terminal.process.send_signal(signal.SIGINT)
    else:
        terminal.type(ending)
    assert terminal.end() == code
    assert said in terminal.shown
    assert list(fresh.root.iterdir()) == []


def test_variables_that_are_set_are_offered(fresh: Installed) -> None:
    terminal = Terminal(fresh, 80, "--provider", "model-studio", **STUDIO, SLACK_URL=SLACK)
    for question in (
        "A name",
        "was the API key made? [1]:",
        "DASHSCOPE_API_KEY is set; use",
        "SLACK_URL is set;",
        "Write",
    ):
        terminal.until(question)
        terminal.type(b"\n")
    assert terminal.end() == 0
    text = fresh.config.read_text()
    assert "${env:DASHSCOPE_API_KEY}" in text
    assert "${env:SLACK_URL}" in text


def test_two_accounts_do_not_get_one_name(fresh: Installed) -> None:
    terminal = Terminal(fresh, 80, *["--provider", "model-studio", "--provider", "modelarts", "--region", "cn-north-4"],
                        **STUDIO, **ARTS)  # fmt: skip
    for question, answer in [
        ("A name for this account [model-studio]:", b"llm\n"),
        ("was the API key made? [1]:", b"\n"),
        ("DASHSCOPE_API_KEY is set; use", b"\n"),
        ("A name for this account [modelarts]:", b"llm\n"),
        ("names must differ. A name for this account [modelarts]:", b"arts\n"),
    ]:
        terminal.until(question)
        terminal.type(answer)
    terminal.until("Project id")
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.end() == 130
