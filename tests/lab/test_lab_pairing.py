"""As many expectations as can be right get a message that makes them right, whatever the order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.lab.pairing import paired

START = datetime(2026, 1, 5, tzinfo=UTC)
TABLES = st.integers(0, 5).flatmap(
    lambda came: st.lists(st.lists(st.booleans(), min_size=came, max_size=came), max_size=5)
)


@settings(max_examples=60, deadline=None)
@given(fits=TABLES)
def test_no_other_pairing_makes_more_expectations_right(fits: list[list[bool]]) -> None:
    count = len(fits[0]) if fits else 0
    places = paired([[(each, 0) for each in row] for row in fits], [START] * count)
    taken = [place for place in places if place is not None]
    assert len(taken) == len(set(taken))
    best = 0
    slots = [*range(count), *[None] * len(fits)]
    for order in set(permutations(slots, len(fits))):
        best = max(best, sum(place is not None and row[place] for row, place in zip(fits, order, strict=True)))
    assert sum(fits[index][place] for index, place in enumerate(places) if place is not None) == best


def test_expectations_that_fit_the_same_messages_get_them_in_order() -> None:
    moments = [START + timedelta(hours=hour) for hour in range(3)]
    assert paired([[(True, 9)] * 3] * 3, moments) == [0, 1, 2]
    assert paired([[(True, 9)] * 900] * 900, [START] * 900) == list(range(900))


def test_what_fits_none_gets_the_most_alike_and_what_is_unlike_all_gets_none() -> None:
    scores = [[(False, 200), (False, 500)], [(False, 300), (False, 499)], [(False, -7), (False, -7)]]
    assert paired(scores, [START, START]) == [1, 0, None]
    assert paired([[(False, 100)]], [START]) == [None]
