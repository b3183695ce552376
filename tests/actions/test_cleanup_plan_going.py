"""The plan that is made only of what goes: it names the same jobs as the whole one, and reads less."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from monitor.actions.plan import Candidate, Policy, plan
from monitor.actions.policies import compiled
from monitor.model import JobState
from tests.actions.test_cleanup_plan import NORTH, SOUTH, candidate, policy
from tests.kit.made import NOON

WHENS = (None, 'job.state == "failed"', 'job.base_model == "m-1"', 'account.labels["team"] == "nlp"')


def _some(random: Random) -> list[Candidate]:
    return [
        candidate(
            f"j{number:02}",
            random.uniform(0, 20),
            account=random.choice((NORTH, SOUTH)),
            state=random.choice((JobState.SUCCEEDED, JobState.FAILED, JobState.RUNNING)),
            base_model=f"m-{random.randrange(3)}",
            leaving=random.random() < 0.1,
            refused="it was tried" if random.random() < 0.1 else "",
            elsewhere=random.random() < 0.1,
            forbidden="the account is read_only" if random.random() < 0.05 else "",
        )
        for number in range(40)
    ]


def _policies(random: Random) -> list[Policy]:
    return [
        policy(
            f"p{number}",
            enabled=random.random() < 0.7,
            when=random.choice(WHENS),
            after=f"{random.randrange(1, 12)}d",
            at_most=random.choice((1, 3, 100)),
            keep_last={"count": random.randrange(1, 4), "per": random.choice(("account", "model"))},
            accounts=random.choice((["north"], ["south", "north"])),
        )
        for number in range(random.randrange(1, 5))
    ]


@pytest.mark.parametrize("seed", range(40))
def test_what_goes_is_the_same_by_both_plans(seed: int) -> None:
    random = Random(seed)
    candidates, policies = _some(random), _policies(random)
    shared = compiled(tuple(each.options.when for each in policies))
    whole, going = (
        plan(candidates, policies, now=NOON, delivered=lambda *_: True, only_going=only) for only in (False, True)
    )
    named = [(each.candidate.known.job.id, each.policy, each.why) for each in whole if each.goes]
    assert [(each.candidate.known.job.id, each.policy, each.why) for each in going] == named
    alike = [replace(each, scope=scope) for each, scope in zip(policies, shared, strict=True)]
    assert plan(candidates, alike, now=NOON, delivered=lambda *_: True) == whole


def test_an_expression_is_compiled_once() -> None:
    assert compiled((None, 'job.state == "failed"')) is compiled((None, 'job.state == "failed"'))


def test_an_age_is_counted_from_what_a_job_cannot_have_ended_before() -> None:
    (old,) = plan(
        [candidate("a", 8), candidate("b", 1)], [policy()], now=NOON, delivered=lambda *_: True, only_going=True
    )
    assert old.candidate.ended_at <= NOON - timedelta(days=7)
