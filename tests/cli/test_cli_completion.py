"""Shell completion as shells ask for it: names of the config, ids of the daemon, silence where anything is wrong."""

from __future__ import annotations

import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from monitor.cli.completion import PATIENCE
from monitor.cli.main import PROGRAM
from tests.kit.installed import CHINESE, Installed

BIN = str(Path(sys.executable).parent)
ASK = """\
source ~/.bashrc
COMP_WORDS=({words}) COMP_CWORD={last}
"$(complete -p {program} | sed 's/.*-F \\([^ ]*\\) .*/\\1/')" {program}
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


def environ(installed: Installed, **extra: str) -> dict[str, str]:
    return installed.environ(**extra) | {"PATH": f"{BIN}:{os.environ['PATH']}"}


def bash(installed: Installed, program: str) -> subprocess.CompletedProcess[str]:
    command = ["bash", "--norc", "-c", program]
    return subprocess.run(
        command, cwd=installed.root, env=environ(installed), capture_output=True, text=True, check=False, timeout=30
    )


def asked(installed: Installed, typed: str, **extra: str) -> list[str]:
    """What is offered for the last word, over bash's protocol, in this process."""
    words = shlex.split(typed) + ([""] if typed.endswith(" ") else [])
    last = str(len(words) - 1)
    done = installed.run(COMP_WORDS=typed, COMP_CWORD=last, _TRAINING_MONITOR_COMPLETE="complete_bash", **extra)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split()


def test_bash_is_taught_by_one_command_and_offers_what_there_is(daemon: Installed) -> None:
    done = bash(daemon, f"{PROGRAM} --install-completion; true")
    assert "bash completion installed in" in done.stdout

    for typed, offered in (
        (f"{PROGRAM} not", ["notifications"]),
        (f"{PROGRAM} jobs show ft-20260101-c", ["ft-20260101-cccc-0006", "ft-20260101-cccc-0005"]),
    ):
        words = typed.split()
        for _ in range(20):  # a key has 0.3 s, and is pressed again where all cores are busy
            done = bash(daemon, ASK.format(words=" ".join(words), last=len(words) - 1, program=PROGRAM))
            if done.stdout.split():
                break
        assert (done.stdout.split(), done.stderr) == (offered, "")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the alarm may ring in a destructor
@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("jobs list --account l", ["llm-beijing"]),
        ("jobs list --state s", ["stopping", "succeeded"]),
        ("jobs list --output json", ["json", "jsonl"]),
        ("deliveries list --sink ", ["journal", "hook"]),
        ("deliveries retry --all --state de", ["delivered", "dead"]),
        ("notifications list --severity w", ["warning"]),
        ("events list --type job.re", ["job.requeued", "job.restarted", "job.reopened"]),
        ("events follow --type flavor.*", ["flavor.*"]),
        ("sinks test j", ["journal"]),
        ("check --online --retry-key a", ["ascend-north"]),
        ("usage --by m", ["month", "model"]),
        ("jobs show nix", []),
    ],
)
def test_words_are_offered_from_the_config_and_the_program(bare: Installed, typed: str, offered: list[str]) -> None:
    assert asked(bare, f"{PROGRAM} {typed}") == offered


def test_names_and_ids_are_offered_from_the_daemon(daemon: Installed) -> None:
    names = ["qwen-sft-with-a-long-name-that-does-not-fit-anywhere-at-all", CHINESE, "qwen-sft"]
    everything: list[str] = []
    for _ in range(10):  # on a busy machine a key's patience may end before the daemon answers
        if everything := asked(daemon, f"{PROGRAM} jobs show "):
            break
    assert everything[:3] == names, "what a shell would act upon is not among them, nor a name that two jobs have"
    assert len(everything) == 3 + 6
    assert asked(daemon, f"{PROGRAM} jobs show qwen") == [names[0], names[2]]
    assert asked(daemon, f"{PROGRAM} flavors history m") == ["modelarts.bm.npu.arm.8snt9b3.d"]
    assert len(asked(daemon, f"{PROGRAM} deliveries show ")) == 3


def test_who_may_not_read_the_config_gets_its_names_from_the_daemon(daemon: Installed) -> None:
    daemon.config.rename(daemon.root / "hidden.yaml")
    place = str(daemon.state / "control.sock")
    for typed, offered in (("jobs list --account ll", "llm-beijing"), ("sinks test j", "journal")):
        assert asked(daemon, f"{PROGRAM} {typed}", TRAINING_MONITOR_SOCKET=place) == [offered]


def test_a_daemon_that_hangs_holds_no_key(bare: Installed) -> None:
    before = signal.getsignal(signal.SIGALRM)
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(bare.state / "control.sock"))
        silent.listen()
        began = time.monotonic()
        assert asked(bare, f"{PROGRAM} jobs show f") == []
        assert PATIENCE * 0.9 < time.monotonic() - began < PATIENCE + 2
    assert signal.getsignal(signal.SIGALRM) is before


def test_another_config_file_is_the_one_that_is_read(bare: Installed) -> None:
    other = bare.config.rename(bare.root / "other.yaml")
    assert asked(bare, f"{PROGRAM} sinks test --config {other.name} j") == ["journal"]
    assert asked(bare, f"{PROGRAM} sinks test j") == []


@pytest.mark.parametrize("text", ["accounts: [", "accounts: 3", "", "accounts: [{name: 7}, 8]"])
def test_a_config_that_is_wrong_offers_nothing_and_says_nothing(bare: Installed, text: str) -> None:
    bare.config.write_text(text)
    assert asked(bare, f"{PROGRAM} jobs list --account l") == []
    assert asked(bare, f"{PROGRAM} jobs show f") == []


def test_a_name_that_a_shell_would_act_upon_is_not_offered(bare: Installed) -> None:
    bare.config.write_text(bare.config.read_text().replace("name: journal", "name: '$(touch owned)'"))
    assert asked(bare, f"{PROGRAM} sinks test ") == ["hook"]


@pytest.mark.parametrize(("shell", "shown"), [("zsh", "_arguments '*: :((\"journal\"))'\n"), ("fish", "journal\n")])
def test_other_shells_are_answered_in_their_own_way(bare: Installed, shell: str, shown: str) -> None:
    asking = {
        "_TRAINING_MONITOR_COMPLETE": f"complete_{shell}",
        "_TYPER_COMPLETE_ARGS": f"{PROGRAM} sinks test j",
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }
    assert bare.run(**asking).stdout == shown


def test_the_script_is_shown_for_who_keeps_it_elsewhere(bare: Installed) -> None:
    shown = bash(bare, f"{PROGRAM} --show-completion; true").stdout
    assert "complete_bash" in shown
    subprocess.run(["bash", "-n"], input=shown, text=True, check=True)
