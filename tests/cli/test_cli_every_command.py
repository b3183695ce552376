"""Each command that the program has is run here once as people type it, and says what it is for.

The commands are those of the program itself: one without a row fails, and so does a row without a command.
"""

from __future__ import annotations

import re
import signal
import subprocess
from pathlib import Path

import pytest

from monitor.store import delivery_id
from tests.docs.page_of_commands import commands
from tests.kit import silent
from tests.kit.forked import command, warmed
from tests.kit.installed import Installed

DEAD, SAID = delivery_id(f"{1:032x}", "hook"), f"{1:032x}"
RECIPE = str(Path(__file__).parents[1] / "lab/recipes/stuck-in-the-queue.yaml")
WORKS: dict[str, tuple[list[str], str]] = {
    "init": (["-", "--yes", "--provider", "model-studio"], r"^accounts:$"),
    "check": ([], r"^training-monitor\.yaml is in order\.$"),
    "doctor": (["--output", "json"], r'"about": "config"'),
    "usage": (["--by", "model"], r"^TOTAL +2 +2,000 +0\.30 CNY"),
    "jobs list": ([], r"^qwen-sft +running "),
    "jobs show": (["qwen-sft"], r"^tokens +1,234,567$"),
    "jobs delete": (["llm-beijing", "ft-20260101-aaaa-0002", "--dry-run"], r"^Nothing was deleted\.$"),
    "jobs deletions": (["--open"], r"^No deletion is known that fits\.$"),
    "jobs cleanup": ([], r"^The config has no clean-up policy"),
    "flavors list": ([], r"cn-north-4b +soldout "),
    "flavors history": (["modelarts.bm.npu.arm.8snt9b3.d"], r" flavor\.sold_out "),
    "events list": (["--type", "job.submitted"], r"^ +1 .* job\.submitted "),
    "events show": (["1"], r"^type +job\.submitted$"),
    "notifications list": ([], rf"^{SAID} "),
    "notifications show": ([SAID], r"^The whole text, "),
    "notifications ack": ([silent.STUCK], r"^abcdef\w+ is acknowledged: "),
    "notifications snooze": ([silent.STUCK, "--for", "1h"], r"^abcdef\w+ is put off until "),
    "silences add": (
        ["--match", "true", "--for", "2h", "--comment", "why", "--yes"],
        r"^End it earlier: training-monitor silences end \w{16}$",
    ),
    "silences list": ([], rf"^{silent.SILENCE} +active "),
    "silences show": ([silent.SILENCE], r"^owner +ann$"),
    "silences end": ([silent.SILENCE], r"^The silence \w+ of ann has ended\."),
    "deliveries list": (["--state", "dead"], rf"^{DEAD} "),
    "deliveries show": ([DEAD], r"the webhook answered 404"),
    "deliveries retry": ([DEAD], r"^1 delivery\b"),
    "deliveries drop": (["--all", "--sink", "hook", "--yes"], r"^1 delivery\b"),
    "sinks list": ([], r"^journal "),
    "sinks test": (["journal"], r"journal"),
    "rules test": ([RECIPE], r"^2 cases: 2 passed "),
    "rules backtest": (["--since", "1d"], r"^RULE +SENT +CURRENT"),
    "rules diff": (["training-monitor.yaml"], r"^The rules of training-monitor\.yaml are those of "),
    "rules explain": (["1"], r"^Event 1, job\.submitted: "),
    "rules schema": ([], r'"\$schema"'),
    "rules lint": ([], r"training-monitor\.yaml: 0 rules, nothing to look at\.$"),
    "config schema": ([], r'"\$schema"'),
    "budgets list": ([], r"^The config file has no budgets"),
    "config show": (["--changed"], r"^sinks\[0\]\.name +journal "),
    "db upgrade": ([], r"^The database "),
    "db check": ([], r" is whole"),
    "db backup": ([], r"^The database is in /.*/monitor-\d{8}T\d{6}Z\.db: \d+ kB, "),
    "db end-links": ([], r"^No message had a link yet; nothing was done\.$"),
    "db prune": (["--dry-run"], r"^Nothing is old enough to be removed \(events 400 d, messages 90 d\)\.$"),
    "db restore": (["--new-epoch"], r"^A new epoch begins, after \d+ events: "),
}
LASTS: dict[str, tuple[list[str], str]] = {
    "run": (["--log-format", "text"], r"started"),
    "demo": (["--for", "1"], r"^Two emulated platforms, 60 times"),
    "sandbox": (["--port", "0"], r"^Emulated platforms at http://127\.0\.0\.1:\d+"),
    "events follow": (["--limit", "1"], r"flavor\.sold_out"),
}
"""They go on until a signal."""
BESIDE = {"config reload"}
"""They are of use beside a daemon only; tests/app/test_app_reload_socket.py has one."""
CLOSED = """\
state_dir: {state}
control: {{socket: off}}
http: {{listen: off}}
accounts:
  - {{name: llm-beijing, provider: model-studio, api_key: k, endpoint: "http://127.0.0.1:9/api/v1", jobs: {{}}}}
sinks: [{{name: journal, type: log}}]
unmatched: {{notify: [journal], min_severity: critical}}
"""
"""Nobody listens there."""


def test_every_command_is_run_by_a_test_of_this_page() -> None:
    there = {name for name, _ in commands()}
    assert there == set(WORKS) | set(LASTS) | BESIDE
    assert not set(WORKS) & set(LASTS)


@pytest.mark.parametrize("name", sorted(BESIDE))
def test_a_command_that_needs_a_daemon_says_so_where_none_runs(installed: Installed, name: str) -> None:
    done = installed.run(*name.split(), NEVER_SET="x", HOOK_URL="https://example.org/in")
    assert (done.returncode, done.stdout) == (1, "")
    assert "No daemon runs here." in done.stderr
    assert "hint: Start it" in done.stderr


@pytest.mark.parametrize("name", WORKS)
def test_a_command_does_what_it_is_for(installed: Installed, name: str) -> None:
    arguments, said = WORKS[name]
    if set(arguments) & {silent.STUCK, silent.SILENCE} or name == "silences list":
        silent.install(installed)
    done = installed.run(*name.split(), *arguments, NEVER_SET="x", HOOK_URL="https://example.org/in", COLUMNS="160")
    assert done.returncode == 0 or name == "doctor", done.stderr
    assert re.search(said, done.stdout, re.MULTILINE), done.stdout + done.stderr


@pytest.mark.parametrize("name", LASTS)
def test_a_command_that_lasts_says_what_it_is_for_and_ends_on_ctrl_c_with_0(installed: Installed, name: str) -> None:
    arguments, said = LASTS[name]
    installed.config.write_text(CLOSED.format(state=installed.state))
    with subprocess.Popen(
        command(*name.split(), *arguments),
        pass_fds=[warmed().fileno()],
        cwd=installed.root,
        env=installed.environ(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        heard = []
        for line in process.stdout:  # pytest's time limit ends a silent one
            heard.append(line)
            if re.search(said, line):
                process.send_signal(signal.SIGINT)
                break
        heard += process.stdout.readlines()
    assert re.search(said, "".join(heard), re.MULTILINE), heard
    assert process.returncode == 0, heard
