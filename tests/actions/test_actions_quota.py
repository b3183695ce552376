"""When a quota is told: by the share of the cap that is used, and by what was told before."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.actions.quota import EASE, THRESHOLDS, Turn, count, decide
from monitor.model import JobState, Quota
from tests.kit.made import NOON


def quota(used: int, cap: int | None) -> Quota:
    return Quota(resource="jobs", used=used, cap=cap, seen_at=NOON)


@pytest.mark.parametrize(
    ("used", "cap", "told", "turn"),
    [
        (15, 20, 0, Turn(0)),
        (16, 20, 0, Turn(80, reached=80)),
        (16, 20, 80, Turn(80)),
        (19, 20, 80, Turn(95, reached=95)),
        (19, 20, 0, Turn(95, reached=95)),
        (25, 20, 95, Turn(95)),
        (18, 20, 95, Turn(95)),
        (17, 20, 95, Turn(80)),
        (15, 20, 95, Turn(80)),
        (14, 20, 95, Turn(0, eased=True)),
        (14, 20, 80, Turn(0, eased=True)),
        (14, 20, 0, Turn(0)),
        (15, 20, 80, Turn(80)),
        (5, None, 0, Turn(0)),
        (5, None, 95, Turn(0, eased=True)),
        (7999, 10_000, 0, Turn(0)),
        (0, 1, 0, Turn(0)),
        (1, 1, 0, Turn(95, reached=95)),
    ],
)
def test_a_threshold_is_told_once_until_the_share_has_fallen_five_points_below_it(
    used: int, cap: int | None, told: int, turn: Turn
) -> None:
    assert decide(quota(used, cap), told) == turn


@given(st.lists(st.integers(0, 130), max_size=40))
def test_whatever_the_course_thresholds_and_their_end_alternate(course: list[int]) -> None:
    told, standing = 0, False
    armed = dict.fromkeys(THRESHOLDS, True)
    for used in course:
        turn = decide(quota(used, 100), told)
        armed = {step: on or used < step - EASE for step, on in armed.items()}
        due = [step for step in THRESHOLDS if used >= step and armed[step]]
        if due and max(due) > told:
            assert turn.reached == max(due)
            standing = True
        else:
            assert turn.reached is None
        armed = {step: on and used < step for step, on in armed.items()}
        assert turn.eased == (standing and used < THRESHOLDS[0] - EASE)
        standing = standing and not turn.eased
        assert standing == (turn.told > 0)
        told = turn.told


def test_only_the_states_that_a_platform_counts_are_counted_and_all_where_it_names_none() -> None:
    here = {"running": 2, "succeeded": 15, "failed": 40}
    counting = frozenset({JobState.RUNNING, JobState.SUCCEEDED})
    assert count(here, counting, 20, NOON) == quota(17, 20)
    assert count(here, frozenset(), 60, NOON) == quota(57, 60)
