"""Beside a daemon: the answers are the same over its socket, quicker, and nothing heavy is loaded for them."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from monitor.model import EventType
from monitor.store import Connection, append_events, delivery_id
from tests.kit.forked import command, warmed
from tests.kit.installed import Installed, draft

ROOT = str(Path(__file__).parents[2])
ASKING = [
    ("jobs", "list"),
    ("jobs", "show", "qwen-sft"),
    ("flavors", "list"),
    ("flavors", "history", "modelarts.bm.npu.arm.8snt9b3.d"),
    ("usage", "--by", "owner,model"),
    ("events", "list"),
    ("events", "show", "2"),
    ("notifications", "list"),
    ("notifications", "show", f"{1:032x}"),
    ("deliveries", "list"),
    ("deliveries", "show", delivery_id(f"{1:032x}", "hook")),
    ("sinks", "list"),
]
HEAVY = {
    "sqlalchemy",
    "aiohttp",
    "anyio",
    "asyncio",
    "msgspec",
    "structlog",
    "alembic",
    "cel_expr_python",
    "rich.console",
}
HEAVY |= {"monitor.settings", "monitor.store", "monitor.fields", "monitor.rules", "monitor.web"}
LOADED = """
import sys
from monitor.cli.main import entry
try:
    entry({arguments})
except SystemExit as end:
    assert not end.code, end.code
    print(*sys.modules)
"""


def timeless(value: Any) -> Any:
    """Without what grows while one looks at it."""
    if isinstance(value, list):
        return [timeless(each) for each in value]
    if isinstance(value, dict):
        return {key: timeless(each) for key, each in value.items() if key not in ("elapsed", "duration")}
    return value


def test_every_answer_is_the_same_without_state_directory_or_secrets(
    daemon: Installed, installed: Installed, tmp_path_factory: pytest.TempPathFactory
) -> None:
    alone = Installed(tmp_path_factory.mktemp("alone"))
    alone.config.write_text(daemon.config.read_text() + 'control: {socket: "off"}\n')
    for arguments in ASKING:
        given = [*arguments, "--output", "json"]
        by_socket, by_itself = daemon.run(*given), alone.run(*given)
        assert (by_socket.returncode, by_socket.stderr) == (0, ""), arguments
        assert timeless(json.loads(by_socket.stdout)) == timeless(json.loads(by_itself.stdout)), arguments


@pytest.mark.parametrize("arguments", ASKING[:1] + ASKING[4:6] + ASKING[9:10], ids=" ".join)
def test_beside_a_daemon_nothing_heavy_is_loaded(daemon: Installed, arguments: tuple[str, ...]) -> None:
    program = LOADED.format(arguments=list(arguments))
    environ = daemon.environ(PYTHONPATH=ROOT)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environ, check=True, cwd=daemon.root
    )
    loaded = set(done.stdout.splitlines()[-1].split())
    assert "monitor.cli.over_socket" in loaded
    assert loaded & HEAVY == set()


def test_a_mistake_in_a_filter_is_told_the_same_way(daemon: Installed) -> None:
    done = daemon.run("events", "list", "--type", "job.finishd")
    assert done.returncode == 2
    assert "did you mean job.finished?" in done.stderr
    missing = daemon.run("deliveries", "show", "nix")
    assert (missing.returncode, missing.stdout) == (1, "")
    assert missing.stderr.startswith("error: There is no delivery 'nix'.\nhint: ")


def test_a_long_list_is_read_page_by_page(daemon: Installed) -> None:
    lines = daemon.run("events", "list", "--limit", "1000000", "--output", "jsonl").stdout.splitlines()
    assert [json.loads(line)["seq"] for line in lines] == [1, 2, 3, 4]


def test_the_stream_of_the_daemon_is_followed_and_ends_on_ctrl_c(daemon: Installed) -> None:
    with subprocess.Popen(
        command("events", "follow", "--limit", "1", "--output", "jsonl"), stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, env=daemon.environ(), cwd=daemon.root, pass_fds=[warmed().fileno()],
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        assert json.loads(process.stdout.readline())["seq"] == 4
        daemon.write(more, lock=False)
        assert json.loads(process.stdout.readline())["subject"] == "job/new"
        process.send_signal(signal.SIGINT)
        assert (process.wait(30), process.stderr.read()) == (0, b"")


def test_a_sink_is_tested_by_the_daemon_without_any_secret(daemon: Installed) -> None:
    done = daemon.run("sinks", "test", "journal", "--timeout", "1s")
    assert done.returncode == 1
    assert "still waits after 1 s; the running daemon has not tried it yet." in done.stderr
    assert daemon.run("sinks", "test", "nix").stderr.startswith(
        "error: No sink is named 'nix'.\nhint: There are: journal"
    )


def more(conn: Connection, epoch: str) -> None:
    append_events(conn, epoch, [(draft(EventType.JOB_STARTED, "job/new", minutes=30, job={"id": "new"}), 1)])
