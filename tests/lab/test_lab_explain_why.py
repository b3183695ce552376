"""Why a message was told that no match made: ends, reminders, escalations, notes of silences; and the net."""

from __future__ import annotations

import pytest

from monitor.lab.explain import explain
from monitor.lab.known import Known, Told
from monitor.model import Event, Reason
from monitor.rules import FlappingOptions, RuleState
from tests.kit.played import about, account, answer, at, job, rule, ruleset, silence, stock
from tests.lab.test_lab_explain import explained, only

END = "it told event 1, job.queued, at 2026-01-05T{}Z; this event ended that"
DAY = {"between": ["09:00", "11:00"]}


@pytest.mark.parametrize(
    ("options", "told", "fate"),
    [
        ({"lasting": "5m"}, "10:05:00", "told s at 2026-01-05T10:10:00Z, that it is over (resolved): n1"),
        (
            {"group_by": [], "group_wait": "1m", "group_interval": "1h"},
            "10:01:00",
            "waits for s in its group until 2026-01-05T10:11:00Z",
        ),
        ({"throttle": "1h"}, "10:00:00", "told s at 2026-01-05T10:10:00Z, that it is over (resolved): n1"),
    ],
    ids=["told", "group", "throttle"],
)
def test_an_end_says_what_it_ended_and_where_it_waits(options: dict[str, object], told: str, fate: str) -> None:
    rules = ruleset(rule("job.queued", resolved=True, **options), net="info")
    found = explained(rules, [job(1, "queued", 0), job(2, "started", 10)], 10, seq=2)
    assert only(found).verdict == "ended"
    assert only(found).why == (END.format(told),)
    assert only(found).fate == (fate,)
    assert (found.net, found.net_why, found.notes) == (False, "r took it", ())


def test_an_end_that_is_not_of_the_condition_is_an_end_too() -> None:
    rules = ruleset(rule(["job.queued", "job.started"], when='job.state == "queued"', remind_every="1h"))
    found = explained(rules, [job(1, "queued", 0), job(2, "started", 10)], 10, seq=2)
    assert (only(found).verdict, only(found).why) == ("ended", (END.format("10:00:00"),))


def test_an_end_that_is_silenced_or_held_waits_and_says_so() -> None:
    events = [job(1, "queued", 0), silence(2, 5, 60), job(3, "started", 10)]
    found = explained(ruleset(rule("job.queued", resolved=True)), events, 11, seq=3)
    assert only(found).why == (END.format("10:00:00"),)
    assert only(found).fate == (
        "kept from s by silence 1 at 2026-01-05T10:10:00Z",
        "waits for s until silence 1 ends, at 2026-01-05T11:00:00Z; told then if it still holds",
    )
    held = ruleset(rule("job.queued", resolved=True, hold={"between": ["10:05", "11:00"]}))
    found = explained(held, [job(1, "queued", 0), job(2, "started", 10)], 11, seq=2)
    assert only(found).fate == ("waits for s until its `hold` window closes, at 2026-01-05T11:00:00Z",)
    found = explained(held, [job(1, "queued", 0), job(2, "started", 10)], 61, seq=2)
    assert only(found).verdict == "ended"
    assert only(found).fate[0].startswith("told s at 2026-01-05T11:00:00Z, when its `hold` window closed (digest)")


def test_reminders_escalations_and_the_end_stand_in_the_order_of_time() -> None:
    steps = [{"after": "90m", "notify": ["boss"]}]
    rules = ruleset(rule("job.queued", remind_every="1h", escalate=steps))
    found = explained(rules, [job(1, "queued", 0), job(2, "started", 125)], 130)
    assert only(found).fate == (
        "told s at 2026-01-05T10:00:00Z (new): n0",
        "told s at 2026-01-05T11:00:00Z, again, for it still was so (reminder): n1",
        "told boss at 2026-01-05T11:30:00Z, for nobody had acknowledged it (reminder): n2",
        "told s, boss at 2026-01-05T12:00:00Z, again, for it still was so (reminder): n3",
        "over at 2026-01-05T12:05:00Z: event 2, job.started",
    )
    assert found.whys["n2"] == "told boss at 2026-01-05T11:30:00Z, for nobody had acknowledged it (reminder)"
    waiting = explained(rules, [job(1, "queued", 0)], 10)
    assert [fate.partition(" 2026")[0] for fate in only(waiting).fate[1:]] == [
        "reminded of again at",
        "the next step of the escalation is at",
    ]


def test_what_a_snooze_brought_back_says_that_somebody_asked() -> None:
    rules = ruleset(rule("job.queued", remind_every="6h"))
    found = explained(rules, [job(1, "queued", 0), answer(2, "snoozed", 5, until=60)], 61)
    assert only(found).fate[1] == "snoozed by bob at 2026-01-05T10:05:00Z"
    untaken = explained(rules, [job(1, "queued", 0), answer(2, "snoozed", 5, until=60)], 6, taken=1)
    assert only(untaken).fate[1].endswith("10:05:00Z; the monitor has not taken that yet")
    assert only(found).fate[2].startswith("told s at 2026-01-05T11:00:00Z, again, as somebody had asked (reminder)")


@pytest.mark.parametrize(
    ("ends", "why"),
    [(None, "it still held"), (10, "a note of what it had kept back, for it did not hold any more")],
    ids=["holds", "over"],
)
def test_what_comes_when_a_silence_ends_says_whether_it_still_held(ends: float | None, why: str) -> None:
    events = [silence(1, 0, 60), job(2, "queued", 5), *([job(3, "started", ends)] if ends else [])]
    found = explained(ruleset(rule("job.queued")), events, 61, seq=2)
    assert only(found).fate[1] == f"told s at 2026-01-05T11:00:00Z, when silence 1 ended: {why} (digest): n0"


def test_what_a_mute_window_ate_says_so() -> None:
    rules = ruleset(rule("job.queued", mute=DAY))
    found = explained(rules, [job(1, "queued", 5), job(2, "started", 6)], 61)
    assert only(found).fate[1] == "it did not hold any more when that was over, so nobody was told"


def test_groups_reports_and_late_ones_say_with_how_many_others() -> None:
    events = [job(1, "finished", 0), job(2, "finished", 0.1, "b")]
    found = explained(ruleset(rule("job.finished", group_by=[])), events, 2)
    assert "when its group's wait was over, with 1 other (digest)" in only(found).fate[0]
    found = explained(ruleset(rule("job.finished", digest={"at": "12:00"})), events, 130)
    assert "in its report, with 1 other (digest)" in only(found).fate[0]
    late = [job(1, "finished", 0, late=True), job(2, "finished", 0.1, "b", late=True)]
    found = explained(ruleset(rule("job.finished")), late, 2)
    assert "as no more came that was late, with 1 other (catch_up)" in only(found).fate[0]


@pytest.mark.parametrize(
    ("started", "said"),
    [
        (130, "the monitor has just started, so it waits until 2026-01-05T12:11:00Z for news"),
        (None, "the monitor is stopped, so it waits until that is over"),
    ],
    ids=["started", "stopped"],
)
def test_a_reminder_or_a_timer_that_waits_to_be_seen_names_why(started: float | None, said: str) -> None:
    events = [job(1, "queued", 0), about(2, "monitor.stopped", 60, "monitor")]
    events += [about(3, "monitor.started", started, "monitor")] if started else []
    for options in ({"lasting": "2h"}, {"remind_every": "2h"}):
        found = explained(ruleset(rule("job.queued", **options)), events, 130.2)
        assert f"fell due at 2026-01-05T12:00:00Z; {said}" in only(found).fate[-1], only(found).fate


def test_a_timer_waits_a_minute_after_the_account_was_seen_again() -> None:
    events = [job(1, "queued", 0), account(2, "unreachable", 60), account(3, "recovered", 125)]
    found = explained(ruleset(rule("job.queued", lasting="2h")), events, 125.5)
    assert only(found).fate == (
        "its timer (`for: 2h`) fell due at 2026-01-05T12:00:00Z; account acc was just seen again, so it waits until"
        " 2026-01-05T12:06:00Z for news of what changed meanwhile",
    )


def _fails(**options: object) -> dict[str, object]:
    return {"when": "1 / (job.name.size() - 1) > 0", **options}


@pytest.mark.parametrize(
    ("options", "event", "why"),
    [
        ({"on": "job.started"}, job(1, "finished", 5), "no rule takes job.finished"),
        (_fails(on="job.*"), job(1, "finished", 5), "rule r failed on this: divide by zero"),
        (
            {"on": "job.queued", "lasting": "1h", "holds": "1 / (job.name.size() - 1) > 0"},
            job(1, "queued", 5),
            "rule r failed on this: divide by zero",
        ),
        (
            {"on": "job.*", "when": 'job.name == "z"'},
            job(1, "finished", 5),
            "none of the rules that take job.finished matched",
        ),
        (
            {"on": "job.*", "notify": ["owner"]},
            job(1, "finished", 5, creator="zoe"),
            "r matched, and nobody is left whom to tell",
        ),
        ({"on": "job.*", "shadow": True}, job(1, "finished", 5), "only rules on trial take it (r), which tell nobody"),
        (
            {"on": "job.queued", "lasting": "1h", "holds": 'job.name == "z"'},
            job(1, "queued", 5),
            "r matched, but `while` did not hold",
        ),
    ],
    ids=["no type", "failed", "while failed", "no match", "nobody", "trial", "while"],
)
def test_the_net_names_the_reason(options: dict[str, object], event: Event, why: str) -> None:
    on = str(options["on"])
    rest = {key: value for key, value in options.items() if key != "on"}
    found = explained(ruleset(rule(on, **rest), net="info"), [event], 6)
    assert (found.net, found.net_why) == (True, why)
    assert found.net_fate[0].startswith("told net at 2026-01-05T10:05:00Z (new): n")


def test_what_waits_for_the_net_or_is_kept_from_it_fell_to_it() -> None:
    found = explained(ruleset(net="info"), [job(1, "finished", 0, late=True)], 0.1)
    assert (found.net, found.net_why) == (True, "there are no rules")
    assert found.net_fate == ("waits for net with other late events until 2026-01-05T10:00:30Z",)
    found = explained(ruleset(net="info"), [silence(1, 0, 60), job(2, "finished", 5)], 6, seq=2)
    assert found.net_fate[0] == "kept from net by silence 1 at 2026-01-05T10:05:00Z"


def test_a_flapping_without_rules_is_no_business_of_the_net() -> None:
    rules = ruleset(rule("job.*"), net="info", flapping=FlappingOptions(changes=3, within="1h"))
    flips = [stock(n, ("sold_out", "restocked")[n % 2], n) for n in range(1, 5)]
    found = explained(rules, flips, 5, seq=4)
    assert found.net_why == "the stock changed too often, which is told as flavor.flapping instead"
    flaps = about(5, "flavor.flapping", 4, "flavor/f/z", settled=False)
    after = [*flips, flaps, stock(6, "sold_out", 5), about(7, "flavor.flapping", 65, "flavor/f/z", settled=True)]
    found = explained(ruleset(rule("flavor.sold_out"), flapping=rules.flapping), after, 66, seq=6)
    assert only(found).fate == (
        "the stock changed too often: told as flavor.flapping instead (event 5; event 7 says how it settled)",
    )


def test_what_a_while_ends_says_so() -> None:
    rules = ruleset(rule("job.queued", holds='job.name == "a"', remind_every="3h"))
    renamed = about(2, "job.checkpoint", 20, "job/a", job={"id": "a", "name": "b"})
    found = explained(rules, [job(1, "queued", 0), renamed], 21, seq=2)
    told = "it told event 1, job.queued, at 2026-01-05T10:00:00Z; by this event its `while` does not hold any more"
    assert (only(found).verdict, only(found).why) == ("ended", (told,))
    timer = ruleset(rule("job.queued", holds='job.name == "a"', lasting="3h"))
    found = explained(timer, [job(1, "queued", 0), renamed], 21)
    ended = "its timer was ended by event 2, job.checkpoint: `while`:"
    assert only(found).fate == (f'{ended} `job.name == "a"` is false (job.name is b)',)


def test_a_second_state_has_a_timer_of_its_own_and_one_that_was_late_says_why() -> None:
    rules = ruleset(rule(["flavor.sold_out", "flavor.restocked"], lasting="5m"))
    flips = [stock(1, "sold_out", 0), stock(2, "restocked", 20), stock(3, "sold_out", 22)]
    found = explained(rules, flips, 23)
    assert only(found).fate[-1].startswith("told s at 2026-01-05T10:05:00Z")
    found = explained(rules, flips, 23, seq=2)
    assert only(found).fate == ("the state ended after 2m, before `for: 5m` was over: event 3, flavor.sold_out",)
    down = [job(1, "queued", 0), about(2, "monitor.stopped", 5, "m"), about(3, "monitor.started", 60, "m")]
    found = explained(ruleset(rule("job.queued", lasting="10m")), down, 62)
    assert only(found).fate == (
        "at 2026-01-05T10:10:00Z the state had lasted 10m (`for`); it waited until 2026-01-05T11:01:00Z,"
        " for the monitor had just started",
        "told s at 2026-01-05T11:01:00Z, late: the monitor was down (new): n0",
    )


def test_rules_that_share_the_changes_of_a_stock_tell_its_flapping_once() -> None:
    rules = ruleset(rule("flavor.sold_out", "a"), rule("flavor.restocked", "b"))
    found = explained(rules, [about(1, "flavor.flapping", 0, "flavor/f/z", settled=False)], 1)
    assert found.rules[0].fate[0].startswith("told s at ")
    assert found.rules[1].fate == ("a told it to the same sinks; it is told once",)


def test_the_net_leaves_out_what_a_rule_told_that_was_another_then_and_takes_what_only_a_trial_ended() -> None:
    told = Told(id="n", seq=1, rule="gone", reason=Reason.NEW, at=at(5))
    found = explain(ruleset(net="info"), RuleState(), job(1, "finished", 5), Known(told=[told], now=at(6)))
    assert (found.net, found.net_why) == (False, "gone told it")
    rules = ruleset(rule("job.queued", remind_every="3h", shadow=True), net="info")
    found = explained(rules, [job(1, "queued", 0), job(2, "started", 10)], 10, seq=2)
    assert (only(found).verdict, found.net_why) == ("ended", "no rule takes job.started")
