"""What is refused is told in the words that were typed: options, not parameters of the API or types of a library."""

from __future__ import annotations

import shlex

import pytest

from monitor.cli.trial import Trial
from tests.kit.installed import Installed


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("deliveries list --state nix", "--state must be one of pending, sending, "),
        ("events list --type nix", "--type: no event type matches 'nix'."),
        ("silences add --match 'x(' --comment c --for 1h", "--match is wrong at column 3: "),
        ("silences add --match true --comment c --for 2y", "--for: '2y' is no duration; "),
        ("jobs list --limit x", "Invalid value for '--limit': it must be a whole number"),
        ("jobs list --limit 0", "Invalid value for '--limit': it must be at least 1"),
        ("jobs list --output nix", "Invalid value for '--output': 'nix' is not one of "),
        ("sinks test journal --timeout 0s", "--timeout: 0s is no time to wait."),
    ],
)
def test_an_option_that_is_wrong_is_named_as_it_was_typed(installed: Installed, command: str, said: str) -> None:
    done = installed.run(*shlex.split(command))
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {said}"), done.stderr
    assert "parameter" not in done.stderr


def test_so_it_is_where_the_same_is_wrong_of_several_things(installed: Installed) -> None:
    done = installed.run("notifications", "snooze", f"{1:032x}", f"{2:032x}", "--for", "2y")
    assert done.returncode == 2
    assert "--for: '2y' is no duration" in done.stderr


@pytest.mark.parametrize(("tries", "said"), [(1, "tried once."), (2, "tried 2 times.")])
def test_one_try_is_once(tries: int, said: str) -> None:
    waits = {"state": "pending", "attempt": tries, "attempts": []}
    assert Trial("hook", waits, True, 5.0).sentence().endswith(said)
