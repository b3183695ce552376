"""Numbers of pacing: back-off and budget."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.polling.backoff import LONGEST, PROBE, Backoff, TokenBucket
from monitor.wire import Fault, FaultKind

PASSING = [FaultKind.TRANSIENT, FaultKind.SENSELESS, FaultKind.THROTTLED]


@pytest.mark.parametrize("kind", PASSING)
def test_a_passing_fault_never_makes_a_wait_over_a_minute(kind: FaultKind) -> None:
    backoff = Backoff(random.Random(1))
    waits = [backoff.after(Fault(kind, "x")) for _ in range(200)]
    assert max(waits) <= LONGEST
    assert max(waits) > LONGEST / 2, "it grows to the cap"
    assert waits[0] <= 2.0, "and begins small"


def test_one_good_answer_ends_the_backoff() -> None:
    backoff = Backoff(random.Random(1))
    for _ in range(20):
        backoff.after(Fault(FaultKind.TRANSIENT, "x"))
    backoff.good()
    assert backoff.after(Fault(FaultKind.TRANSIENT, "x")) <= 2.0


def test_jitter_is_full_so_that_watches_spread_over_the_whole_wait() -> None:
    waits = []
    for seed in range(300):
        backoff = Backoff(random.Random(seed), faults=5)
        waits.append(backoff.after(Fault(FaultKind.TRANSIENT, "x")))
    assert min(waits) < 3
    assert max(waits) > 55


@pytest.mark.parametrize(("asked", "waited"), [(0.5, 0.5), (7.0, 7.0), (1800.0, 1800.0), (90000.0, PROBE)])
def test_retry_after_is_obeyed_up_to_a_probe_each_hour(asked: float, waited: float) -> None:
    assert Backoff().after(Fault(FaultKind.THROTTLED, "x", retry_after=asked)) == waited


def test_a_bad_signature_waits_an_hour_before_the_next_try() -> None:
    assert Backoff().after(Fault(FaultKind.BAD_SIGNATURE, "x")) == PROBE


@given(
    rate=st.floats(0.1, 50),
    burst=st.integers(1, 20),
    gaps=st.lists(st.floats(0, 3), min_size=1, max_size=60),
)
def test_a_budget_is_never_overspent(rate: float, burst: int, gaps: list[float]) -> None:
    bucket, now, begun = TokenBucket(rate, burst), 100.0, 100.0
    for taken, gap in enumerate(gaps, start=1):
        now += gap
        wait = bucket.take(now)
        while wait > 0:
            now += wait
            wait = bucket.take(now)
        assert taken <= burst + rate * (now - begun) + 1e-6
