"""The help: examples in every command, and texts that fit."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from monitor.cli.examples import EXAMPLES
from monitor.cli.help import folded
from monitor.cli.main import build
from tests.kit.installed import Installed


def paths(command: Any, path: str = "") -> Iterator[str]:
    yield path
    for name, each in getattr(command, "commands", {}).items():
        yield from paths(each, f"{path} {name}".strip())


COMMANDS = list(paths(typer.main.get_command(build())))


@pytest.mark.parametrize("path", COMMANDS)
def test_every_command_and_group_shows_an_example(bare: Installed, path: str) -> None:
    shown = bare.run(*path.split(), "--help").stdout
    assert "\nExamples:\n" in shown
    assert f"\n  training-monitor {path}".rstrip() in shown


@pytest.mark.parametrize("width", [40, 80])
def test_the_help_fits_the_terminal(bare: Installed, width: int) -> None:
    for path in COMMANDS:
        shown = bare.run(*path.split(), "--help", COLUMNS=str(width)).stdout
        assert [line for line in shown.splitlines() if len(line) > width] == [], path


def test_a_folded_example_is_the_same_command() -> None:
    for typed in (typed for each in EXAMPLES.values() for _, typed in each):
        lines = folded(f"training-monitor {typed}", 38)
        assert max(map(len, lines)) <= 70
        assert shlex.split("\n".join(lines).replace("\\\n", "")) == shlex.split(f"training-monitor {typed}")
