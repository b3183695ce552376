"""Which of the messages that came is meant by which expectation: as many as can be right, then the most alike."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

ALIKE = 150
"""From here on a message is likely to be meant, though it came otherwise: its rule or its time is right."""
Scores = Sequence[Sequence[tuple[bool, int]]]
"""For each expectation, and each message that came: whether it fits, and how alike they are."""


def paired(scores: Scores, moments: Sequence[datetime]) -> list[int | None]:
    """For each expectation its message. Of expectations that fit the same messages the first takes the earliest."""
    places = _fitting(scores)
    _in_order(places, scores, moments)
    left = [index for index, place in enumerate(places) if place is None]
    free = {place for place in range(len(moments)) if place not in places}
    alike = sorted((-scores[index][place][1], index, place) for index in left for place in free)
    for score, index, place in alike:
        if places[index] is None and place in free and -score > ALIKE:
            places[index] = place
            free.discard(place)
    return places


def _fitting(scores: Scores) -> list[int | None]:
    """The largest set of pairs that fit, found by augmenting paths; each step prefers what came early."""
    owner: dict[int, int] = {}

    def take(index: int, tried: set[int]) -> bool:
        fitting = [place for place, (fits, _) in enumerate(scores[index]) if fits and place not in tried]
        for place in (*(each for each in fitting if each not in owner), *(each for each in fitting if each in owner)):
            if place in tried:
                continue
            tried.add(place)
            if place not in owner or take(owner[place], tried):
                owner[place] = index
                return True
        return False

    for index in range(len(scores)):
        take(index, set())
    places: list[int | None] = [None] * len(scores)
    for place, index in owner.items():
        places[index] = place
    return places


def _in_order(places: list[int | None], scores: Scores, moments: Sequence[datetime]) -> None:
    """Swaps messages that fit crosswise, so that what is expected first came first."""
    for first in range(len(places)):
        for second in range(first + 1, len(places)):
            one, other = places[first], places[second]
            if one is None or other is None or moments[one] <= moments[other]:
                continue
            if scores[first][other][0] and scores[second][one][0]:
                places[first], places[second] = other, one
