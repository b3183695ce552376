"""Beside a daemon: the answers are the same over its socket, quicker, and nothing heavy is loaded for them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from monitor.store import delivery_id
from tests.kit.installed import Installed

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
