"""The plan of a clean-up: who goes by which policy, and who stays and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from monitor.actions import guard
from monitor.actions.options import CleanupOptions
from monitor.actions.plan import Candidate, Policy, Stays, Verdict, plan, too_many
from monitor.model import Account, Job, JobState, KnownJob
from monitor.rules.scope import Scope
from tests.kit.made import NOON

NORTH = Account(name="north", provider="modelarts", region="cn-north-4", labels={"team": "nlp"})
SOUTH = Account(name="south", provider="modelarts", region="cn-south-1", labels={})


def candidate(id: str, days: float = 10, *, account: Account = NORTH, **changes: Any) -> Candidate:
    """A job that succeeded so many days ago, an hour after it was made."""
    end = NOON - timedelta(days=days)
    facts = {key: changes.pop(key) for key in ("leaving", "forbidden", "refused", "elsewhere") if key in changes}
    job = Job(
        id=id,
        name=changes.pop("name", f"name-{id}"),
        state=changes.pop("state", JobState.SUCCEEDED),
        provider_state="Completed",
        created_at=changes.pop("created_at", end - timedelta(hours=1)),
        ended_at=end,
        base_model=changes.pop("base_model", None),
    )
    return Candidate(account=account, known=KnownJob(job=job, revision=1, state_since=end, **changes), **facts)


def policy(name: str = "nightly", under_way: int = 0, **options: Any) -> Policy:
    made = CleanupOptions.model_validate({"name": name, "enabled": True, **options})
    return Policy(made, Scope(made.when), under_way)


def planned(candidates: Sequence[Candidate], *policies: Policy, told: Sequence[str] = ()) -> list[Verdict]:
    """With one job more that is the newest of each account. `told`: jobs of which rules have told."""
    newest = [candidate(f"newest-{each.name}", 0.1, account=each, state=JobState.RUNNING) for each in (NORTH, SOUTH)]
    found = plan([*candidates, *newest], policies, now=NOON, delivered=lambda account, job, rule: job in told)
    return [each for each in found if not each.candidate.known.job.id.startswith("newest")]


def going(found: Sequence[Verdict]) -> list[str]:
    return [each.candidate.known.job.id for each in found if each.goes]


def reasons(found: Sequence[Verdict]) -> dict[str, str]:
    return {each.candidate.known.job.id: each.why for each in found}


def test_what_ended_long_ago_goes_and_the_oldest_first() -> None:
    found = planned([candidate("b", 8), candidate("a", 30), candidate("c", 6.9)], policy())
    assert going(found) == ["a", "b"]
    assert reasons(found) == {
        "a": "it succeeded, 30 d ago",
        "b": "it succeeded, 8 d ago",
        "c": "it ended less than 7 d ago",
    }


@pytest.mark.parametrize(
    ("job", "stays", "words"),
    [
        (candidate("a", state=JobState.RUNNING), Stays.ACTIVE, "it is running"),
        (candidate("a", leaving=True), Stays.LEAVING, "it is being deleted already"),
        (candidate("a", forbidden="the account is read_only"), Stays.FORBIDDEN, "the account is read_only"),
        (candidate("a", refused="it was tried"), Stays.REFUSED, "it was tried"),
        (candidate("a", usage_due=NOON), Stays.UNBOOKED, "the platform has not said yet what it used"),
        (candidate("a", created_at=None), Stays.NEWEST, "the platform does not say when it was created"),
        (candidate("a", created_at=NOON), Stays.NEWEST, "it is the newest job of its account"),
    ],
)
def test_what_must_not_go_stays_and_says_why(job: Candidate, stays: Stays, words: str) -> None:
    (found,) = planned([job], policy())
    assert found.stays is stays
    assert found.why.startswith(words)


def test_of_several_jobs_that_are_the_newest_together_that_is_said() -> None:
    made = NOON - timedelta(days=10, hours=1)
    jobs = [candidate(each, account=SOUTH, created_at=made) for each in ("a", "b", "c")]
    found = plan(jobs, [policy()], now=NOON, delivered=lambda account, job, rule: False)
    words = "it is one of 3 jobs that were created last, at the same moment; the newest is never deleted"
    assert [(each.stays, each.why) for each in found] == [(Stays.NEWEST, words)] * 3


def test_what_was_refused_is_tried_anew_by_that_policy_only_that_was_let_go_on() -> None:
    jobs = [candidate("a", refused="it was tried"), candidate("b", account=SOUTH, refused="it was tried")]
    resumed = replace(policy("resumed", accounts=["north"]), anew=True)
    found = planned(jobs, resumed, policy("other"))
    assert going(found) == ["a"]
    assert [each.stays for each in found] == [None, Stays.REFUSED]


def test_when_chooses_and_a_job_that_it_does_not_mean_is_not_told_of() -> None:
    jobs = [candidate("a", state=JobState.FAILED), candidate("b"), candidate("c", account=SOUTH, state=JobState.FAILED)]
    chosen = planned(jobs, policy(when='job.state == "failed" && account.labels["team"] == "nlp"'))
    assert reasons(chosen) == {"a": "it failed, 10 d ago"}
    assert list(reasons(planned(jobs, policy(accounts=["south"])))) == ["c"]


def test_an_expression_that_needs_what_is_absent_means_nothing() -> None:
    assert planned([candidate("a")], policy(when='job.error.code == "E1"')) == []


def test_two_policies_want_a_job_and_the_first_of_the_file_has_it() -> None:
    (found,) = planned([candidate("a")], policy("first"), policy("second"), policy("third", after="20d"))
    assert (found.policy, found.also, found.goes) == ("first", ("second",), True)


def test_a_policy_that_is_not_enabled_takes_no_job_from_one_that_is() -> None:
    (found,) = planned([candidate("a")], policy("trial", enabled=False), policy("real"))
    assert (found.policy, found.also) == ("real", ("trial",))


def test_a_policy_that_is_off_says_what_it_would_do_whatever_others_do_that_are_off() -> None:
    jobs = [candidate("a", 12), candidate("b")]
    off = policy("off", enabled=False, require_delivered=["ended"])
    found = planned(jobs, off, policy("off2", enabled=False, at_most=1), told=["a"])
    said = [(each.candidate.known.job.id, each.policy, each.stays, each.also) for each in found]
    assert said == [
        ("a", "off", None, ()),
        ("a", "off2", None, ()),
        ("b", "off", Stays.UNDELIVERED, ()),
        ("b", "off2", Stays.LATER, ()),
    ]


def test_only_who_would_delete_it_too_is_named_beside() -> None:
    jobs = [candidate("a", 12), candidate("b")]
    off = policy("off", enabled=False, require_delivered=["ended"])
    found = planned(jobs, off, policy("real", at_most=1), policy("more"), told=["a"])
    assert [(each.policy, each.also) for each in found] == [("real", ("more", "off")), ("real", ("more",))]


def test_of_two_that_would_have_it_later_the_sooner_is_named() -> None:
    (found,) = planned([candidate("a", 3)], policy("slow", after="30d"), policy("quick", after="5d"))
    assert (found.policy, found.stays, found.why) == ("quick", Stays.RECENT, "it ended less than 5 d ago")


def test_the_last_ones_are_kept_by_account_by_model_and_by_name() -> None:
    jobs = [candidate(f"j{day}", day, base_model="qwen" if day % 2 else "glm") for day in range(10, 16)]
    assert going(planned(jobs, policy(keep_last=2))) == ["j15", "j14", "j13", "j12"]
    assert going(planned(jobs, policy(keep_last={"count": 2, "per": "model"}))) == ["j15", "j14"]
    named = [*jobs, candidate("p1", 20, name="prod-1"), candidate("p2", 21, name="prod-2")]
    found = planned(named, policy(keep_last={"count": 1, "name": "prod-*"}))
    assert going(found)[0] == "p2"
    assert reasons(found)["p1"] == "it is the last finished job named prod-* of its account (keep_last of nightly)"


def test_what_keep_last_counts_are_all_finished_jobs_whatever_when_says() -> None:
    jobs = [candidate("bad", 12, state=JobState.FAILED), candidate("good", 10), candidate("odd", 20, leaving=True)]
    assert going(planned(jobs, policy(when='job.state == "failed"', keep_last=1))) == ["bad"]


def test_what_one_policy_keeps_no_other_takes_unless_the_keeper_is_off() -> None:
    jobs = [candidate("a"), candidate("b", 12)]
    keeper = {"when": "false", "keep_last": 2}
    assert going(planned(jobs, policy("greedy"), policy("keeper", **keeper))) == []
    assert going(planned(jobs, policy("greedy"), policy("keeper", **keeper, enabled=False))) == ["b", "a"]


def test_people_must_have_heard_of_its_end_where_a_policy_says_so() -> None:
    found = planned([candidate("a"), candidate("b")], policy(require_delivered=["ended"]), told=["b"])
    assert going(found) == ["b"]
    assert reasons(found)["a"] == "no message of the rule ended about its end has arrived"


def test_a_run_takes_so_many_at_most_and_counts_those_under_way() -> None:
    jobs = [candidate(f"j{day}", day) for day in range(10, 16)]
    assert going(planned(jobs, policy(at_most=2))) == ["j15", "j14"]
    assert going(planned(jobs, policy(at_most=2, under_way=1))) == ["j15"]
    found = planned(jobs, policy(at_most=2, under_way=9))
    assert {each.why for each in found} == {"a run deletes at most 2"}


def test_more_than_half_of_an_account_is_too_many_and_half_is_not() -> None:
    jobs = [candidate(f"j{n}") for n in range(4)] + [candidate("s", account=SOUTH)]
    assert too_many(jobs, [("north", "j0"), ("north", "j1")]) == []
    (found,) = too_many(jobs, [("north", "j0"), ("north", "j1"), ("north", "j2")])
    assert str(found) == "3 of the 4 jobs of north would go at once, which is more than half"
    jobs[3] = replace(jobs[3], leaving=True)
    (found,) = too_many(jobs, [("north", "j0"), ("north", "j1")])
    assert (found.going, found.leaving, found.soon) == (3, 1, False)
    (found,) = too_many([*jobs, candidate("j4", leaving=True)], [("north", "j0")])
    assert (found.going, found.soon) == (3, True)
    assert too_many(jobs, []) == [], "what others have asked for is not this run's"


def test_what_only_a_place_knows_that_is_not_looked_at_any_more_counts_for_nothing() -> None:
    moved = [candidate(f"moved-{day}", day, elsewhere=True, forbidden="not looked at") for day in (1, 2, 3, 4)]
    last = candidate("last", 10)
    here = [last, *(candidate(f"here-{day}", day) for day in (11, 12, 13))]
    found = plan([*moved, *here], [policy(keep_last=2)], now=NOON, delivered=lambda account, job, rule: True)
    assert going(found) == ["here-13", "here-12"]
    assert reasons(plan([*moved, last], [policy()], now=NOON, delivered=lambda *_: True))["last"] == guard.NEWEST
    (many,) = too_many([*moved, *here], [("north", each) for each in ("here-11", "here-12", "here-13")])
    assert many.known == 4
