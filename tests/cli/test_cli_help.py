"""The help: examples in every command, and texts that fit."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from monitor.cli.examples import EXAMPLES
from monitor.cli.help import folded
from monitor.cli.main import build
from monitor.store import delivery_id
from tests.docs.page_of_commands import page
from tests.kit import silent
from tests.kit.installed import Installed

LASTING = ("run", "sandbox", "demo", "events follow")
"""They end by a signal; each has tests of its own."""
ASKING = ("init", "--install-completion")
"""They ask, or change the home directory."""
BESIDE = ("rules diff", "config reload")
"""They are for a running daemon; they have tests of their own."""
DELETING = ("jobs delete llm-beijing JOB", "jobs cleanup --resume")
"""They need a platform, or a policy; tests/cli/test_cli_deleting.py has both."""
LOOKING = ("doctor", "rules lint")
"""What is wrong is what they find."""
TYPES = re.compile(r"[{}<]|\blist\[|x>=|\brange\b|\b\d+\.0\b(?!\.)")
"""What Typer writes of types and bounds by itself."""
GIVEN = {
    "cases.yaml": str(Path(__file__).parents[1] / "lab/recipes/stuck-in-the-queue.yaml"),
    "DELIVERY": delivery_id(f"{1:032x}", "hook"),
    "NOTIFICATION": f"{1:032x}",
    "MESSAGE": silent.STUCK,
    "SILENCE": silent.SILENCE,
    "1234": "1",
    "3fa8c1d2": f"{1:032x}",
}


def paths(command: Any, path: str = "") -> Iterator[str]:
    yield path
    for name, each in getattr(command, "commands", {}).items():
        yield from paths(each, f"{path} {name}".strip())


COMMANDS = list(paths(typer.main.get_command(build())))


@pytest.mark.parametrize("width", [40, 80])
def test_every_command_and_group_shows_an_example_and_fits_the_terminal(bare: Installed, width: int) -> None:
    for path in COMMANDS:
        shown = bare.run(*path.split(), "--help", COLUMNS=str(width)).stdout
        assert [line for line in shown.splitlines() if len(line) > width] == [], path
        assert TYPES.findall(shown.replace(" > ", "")) == [], path
        shown, plain = " ".join(shown.split()), " ".join(EXAMPLES[path][0][0].split())
        assert f"Examples: # {plain} training-monitor" in shown.replace(" # ", " ").replace(
            "Examples: ", "Examples: # "
        )


def test_values_bounds_and_arguments_read_as_people_write_them(bare: Installed) -> None:
    demo = bare.run("demo", "--help").stdout
    assert re.findall(r"--(?:for|speed|seed) \w+", demo) == ["--for SECONDS", "--speed TIMES", "--seed N", "--for 60"]
    assert "[default: 60; 1 to 600]" in demo
    assert "The port on 127.0.0.1; 0 takes a free one." in bare.run("sandbox", "--help").stdout
    assert "--output table|json|jsonl|csv  A table" in bare.run("usage", "--help").stdout
    for command, usage in (("jobs show", "JOB"), ("init", "[FILE]"), ("deliveries retry", "[ID]...")):
        assert f"{command} [OPTIONS] {usage}\n" in bare.run(*command.split(), "--help").stdout


def test_every_value_has_a_name_on_the_page_of_commands() -> None:
    without = [line for line in page().splitlines() if re.match(r"\| (`[^`]*` )*`?--[\w-]+`  \|", line)]
    valued = [line for line in page().splitlines() if line.startswith("| `--speed` `TIMES` |")]
    assert (without, len(valued)) == ([], 2)


def test_a_folded_example_is_the_same_command() -> None:
    for typed in (typed for each in EXAMPLES.values() for _, typed in each):
        lines = folded(f"training-monitor {typed}", 38)
        assert max(map(len, lines)) <= 70
        assert shlex.split("\n".join(lines).replace("\\\n", "")) == shlex.split(f"training-monitor {typed}")


@pytest.mark.slow
def test_every_example_does_what_it_says(installed: Installed) -> None:
    silent.install(installed)
    (installed.root / "new-rules.yaml").write_text("rules: [{name: new, on: [job.finished], notify: [journal]}]\n")
    for typed in sorted({typed for each in EXAMPLES.values() for _, typed in each}):
        if typed.startswith(LASTING + ASKING + BESIDE + DELETING):
            continue
        arguments = [GIVEN.get(word, word) for word in shlex.split(typed.split(" > ")[0])]
        done = installed.run(*arguments, NEVER_SET="x", HOOK_URL="https://example.org/in", COLUMNS="80")
        assert done.returncode == 0 or typed.startswith(LOOKING), (typed, done.stderr)
        assert done.stdout, typed
        assert "this is a bug" not in done.stderr, (typed, done.stderr)


def test_no_example_is_of_a_command_that_does_not_exist() -> None:
    assert set(EXAMPLES) - set(COMMANDS) == set()
