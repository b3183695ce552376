"""What is said where of many changes some failed: each reason once, and how many there were of it."""

from __future__ import annotations

import pytest

from monitor.cli.failure import FAILED, PARTLY, Failure
from monitor.cli.oneach import MOST_NAMED, Outcome

GONE = "The config has no sink 'refu'."


def complaint(outcome: Outcome) -> Failure:
    with pytest.raises(Failure) as found:
        outcome.complain(lambda number: f"{number} could not be changed.")
    return found.value


def test_those_of_one_reason_are_one_line_with_their_number() -> None:
    failed = [(f"{number:04x}", Failure(GONE, "Name it.")) for number in range(44)] + [("nix", Failure("None such."))]
    said = complaint(Outcome(done=[{"id": "x"}], failed=failed))
    assert (str(said), said.hint, said.code) == ("45 could not be changed.", "Name it.", PARTLY)
    assert said.details == (f"0000, 0001 and 42 more: {GONE}", "nix: None such.")


def test_of_many_reasons_the_rest_is_counted() -> None:
    failed = [(str(number), Failure(f"Reason {number}.")) for number in range(MOST_NAMED + 24)]
    said = complaint(Outcome(failed=failed))
    assert (len(said.details), said.code) == (MOST_NAMED + 1, FAILED)
    assert said.details[-1] == "… and 24 more"


def test_the_only_one_has_its_own_words() -> None:
    only = Failure(GONE)
    assert complaint(Outcome(failed=[("a", only)])) is only
