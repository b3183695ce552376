"""Whatever comes from outside, each parser takes it or says what is wrong: quickly, and without telling a secret.

`make fuzz` runs the same parsers for longer, guided by what code an input reaches.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.all_parsers import PARSERS

EXAMPLES = 50


@pytest.mark.parametrize("name", PARSERS)
def test_no_input_harms_a_parser(name: str) -> None:
    parser = PARSERS[name]
    for seed in parser.seeds:
        parser.check(seed)

    @settings(max_examples=EXAMPLES // parser.weight, deadline=None)
    @given(st.integers(0, 2**64))
    def run(number: int) -> None:
        parser.check(parser.input(Random(number)))

    run()


def test_a_parser_that_raises_or_tells_a_secret_is_found() -> None:
    """The net itself: each of these is a defect that it must hold."""
    good = PARSERS["waits and dates"]
    with pytest.raises(ZeroDivisionError):
        replace(good, take=lambda data: [str(1 // len(data))]).check(b"")
    with pytest.raises(AssertionError, match="tells"):
        replace(good, take=lambda data: [data.decode()], secrets=("hidden",)).check(b"a hidden b")
    with pytest.raises(UnicodeEncodeError):
        replace(good, take=lambda data: ["\ud800"]).check(b"")
