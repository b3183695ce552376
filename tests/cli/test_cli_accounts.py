"""`--account` with a name that nobody knows: every command that has it says so and what there is."""

from __future__ import annotations

import pytest

from tests.cli.test_cli_help import COMMANDS
from tests.docs.page_of_commands import commands
from tests.kit.installed import Installed

GIVEN = {
    "jobs show": ["qwen-sft"],
    "flavors history": ["modelarts.bm.npu.arm.8snt9b3.d"],
    "events follow": ["--limit", "0"],
}
"""What else is to be typed."""
ASKED = [name for name, command in commands() if any("--account" in each.opts for each in command.params)]


def test_the_commands_that_take_an_account_are_among_those_there_are() -> None:
    assert {"usage", "events list", "events follow"} <= set(ASKED) <= set(COMMANDS)


@pytest.mark.parametrize("name", ASKED)
def test_an_account_that_nobody_knows_is_told_with_those_there_are(installed: Installed, name: str) -> None:
    done = installed.run(*name.split(), *GIVEN.get(name, []), "--account", "nope")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: No account is named 'nope'.\nhint: There are: llm-beijing, ascend-north.\n"


def test_an_account_of_which_there_is_nothing_is_no_mistake(installed: Installed) -> None:
    done = installed.run("usage", "--account", "ascend-north")
    assert (done.returncode, done.stdout, done.stderr) == (0, "No usage is booked that fits.\n", "")
