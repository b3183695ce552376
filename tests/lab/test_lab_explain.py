"""Why an event was told, and why not: one row for each way that an event can go."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.lab.explain import explain
from monitor.lab.known import Explanation, Hidden, Judged, Known, Told
from monitor.lab.weighing import weigh
from monitor.model import Event, Reason
from monitor.rules import Engine, FlappingOptions, Heard, Hide, Notify, RuleSet, RuleState, drive
from tests.kit.played import account, answer, at, job, rule, ruleset, silence, stock


def explained(rules: RuleSet, events: list[Event], until: float, seq: int = 1, **known: object) -> Explanation:
    """After the engine has taken the events and time has come to `until`: of the event with that number."""
    heard = Heard(events)
    engine = Engine(rules, RuleState(), heard)
    effects = list(drive(engine, events, at(until)))
    said = [
        Told(
            id=f"n{number}",
            seq=each.seq,
            rule=effect.rule,
            reason=effect.reason,
            at=effect.at,
            sinks=() if effect.shadow else effect.sinks,
            count=len(effect.events),
            shadow=effect.shadow,
            plain=effect.text.plain,
        )
        for number, effect in enumerate(each for each in effects if isinstance(each, Notify))
        for each in effect.events
    ]
    hidden = [
        Hidden(by=each.by, rule=each.rule, sinks=each.sinks, at=each.at)
        for each in effects
        if isinstance(each, Hide) and seq in each.seqs
    ]
    event = next(each for each in events if each.seq == seq)
    about = [each for each in events if each.subject == event.subject]
    found = Known(
        told=[row for row in said if row.seq == seq],
        hidden=hidden,
        earlier=[each for each in about if each.seq < seq],
        later=[each for each in about if each.seq > seq],
        before=[row for row in said if row.seq < seq],
        answers=[each for each in events if each.type.startswith("notification.")],
        now=at(until),
    )
    return explain(rules, engine.state(), event, replace(found, **known))


def only(found: Explanation) -> Judged:
    (judged,) = found.rules
    return judged


def test_a_message_that_was_told_names_itself_and_keeps_the_net_out() -> None:
    found = explained(ruleset(rule("job.finished"), net="info"), [job(1, "finished", 5)], 6)
    assert only(found).verdict == "matched"
    assert only(found).fate == ("told s at 2026-01-05T10:05:00Z (new): n0",)
    assert (found.net, found.net_why) == (False, "r took it")


def test_another_type_a_stop_and_a_condition_are_told_apart() -> None:
    rules = ruleset(
        rule("flavor.*", "other"),
        rule("job.*", "cond", when='job.state == "failed" && (job.name == "b" || job.tokens > 10)'),
        rule("job.*", "first", stop=True),
        rule("job.*", "last"),
    )
    found = explained(rules, [job(1, "finished", 5, tokens=3)], 6)
    assert [each.verdict for each in found.rules] == ["other type", "not matched", "matched", "not asked"]
    assert found.rules[0].why == ("`on` (flavor.*) does not name job.finished",)
    assert found.rules[1].why == (
        '`job.state == "failed"` is false (job.state is finished)',
        '`job.name == "b"` is false (job.name is a)',
        "`job.tokens > 10` is false (job.tokens is 3)",
    )
    assert found.rules[3].why == ("first took it and says `stop`",)


def test_an_absent_value_and_a_failure_are_named() -> None:
    rules = ruleset(
        rule("job.*", "absent", when='previous.state == "queued"'),
        rule("job.*", "fails", when="1 / (job.name.size() - 1) > 0"),
        net="info",
    )
    found = explained(rules, [job(1, "finished", 5)], 6)
    assert [each.verdict for each in found.rules] == ["absent", "failed"]
    assert found.rules[0].why == ('`previous.state == "queued"` needs previous, which is absent',)
    assert "divide by zero" in found.rules[1].why[0]
    assert found.net


@pytest.mark.parametrize(
    ("events", "until", "said"),
    [
        ([job(1, "queued", 0)], 30, "its timer (`for: 2h`) falls due at 2026-01-05T12:00:00Z"),
        (
            [job(1, "queued", 0), job(2, "started", 12)],
            30,
            "the state ended after 12m, before `for: 2h` was over: event 2",
        ),
        ([job(1, "queued", 0)], 130, "at 2026-01-05T12:00:00Z the state had lasted 2h (`for`)"),
        (
            [job(1, "queued", 0), account(2, "unreachable", 60)],
            130,
            "account acc cannot be seen, so it waits until that is over",
        ),
    ],
    ids=["waits", "ended", "lasted", "dark"],
)
def test_a_state_that_must_last(events: list[Event], until: float, said: str) -> None:
    found = explained(ruleset(rule("job.queued", lasting="2h")), events, until)
    assert any(said in fate for fate in only(found).fate), only(found).fate


def test_a_second_match_waits_with_the_first() -> None:
    events = [job(1, "queued", 0), job(2, "queued", 10)]
    found = explained(ruleset(rule("job.queued", lasting="2h")), events, 30, seq=2)
    assert only(found).fate == ("its timer (`for: 2h`) falls due at 2026-01-05T12:00:00Z, begun by event 1",)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"group_by": []}, "waits for s, t in its group until 2026-01-05T10:00:30Z"),
        (
            {"hold": {"between": ["09:00", "11:00"]}},
            "waits for s, t until its `hold` window closes, at 2026-01-05T11:00:00Z",
        ),
        (
            {"mute": {"between": ["09:00", "11:00"]}},
            "waits for s, t until its `mute` window ends, at 2026-01-05T11:00:00Z; told then if",
        ),
        ({"digest": {"at": "12:00"}}, "it is in the report that is made at 2026-01-05T12:00:00Z"),
        ({"shadow": True}, "written, as on trial, at 2026-01-05T10:00:00Z (new): n0"),
        (
            {"escalate": {"after": "1h", "notify": ["boss"]}},
            "the next step of the escalation is at 2026-01-05T11:00:00Z",
        ),
        ({"remind_every": "3h"}, "reminded of again at 2026-01-05T13:00:00Z"),
    ],
    ids=["group", "hold", "mute", "digest", "shadow", "escalate", "remind"],
)
def test_where_it_waits_and_what_follows(options: dict[str, object], said: str) -> None:
    rules = ruleset(rule("job.queued", notify=["s", "t"], **options))
    found = explained(rules, [job(1, "queued", 0)], 0)
    assert any(fate.startswith(said) for fate in only(found).fate), only(found).fate


def test_a_late_event_is_gathered() -> None:
    found = explained(ruleset(rule("job.queued")), [job(1, "queued", 0, late=True)], 0)
    assert only(found).fate[0].startswith("waits for s with other late events until")


def test_a_silence_is_named_and_so_is_whom_it_kept_it_from() -> None:
    events = [silence(1, 0, 60), job(2, "finished", 5)]
    found = explained(ruleset(rule("job.finished")), events, 6, seq=2)
    assert only(found).fate == (
        "kept from s by silence 1 at 2026-01-05T10:05:00Z",
        "waits for s until silence 1 ends, at 2026-01-05T11:00:00Z; told then if it still holds",
    )


def test_who_acknowledged_it_is_named() -> None:
    events = [job(1, "queued", 0), answer(2, "acknowledged", 5)]
    found = explained(ruleset(rule("job.queued", remind_every="3h", resolved=True)), events, 6)
    assert only(found).fate[-1] == "acknowledged by bob at 2026-01-05T10:05:00Z"


def test_an_owner_whom_nobody_knows() -> None:
    found = explained(ruleset(rule("job.finished", notify=["owner"])), [job(1, "finished", 5, creator="zoe")], 6)
    assert only(found).fate[0] == "nobody is left to tell: `notify` (owner) names nobody for this event"


def test_a_stock_that_flaps() -> None:
    rules = ruleset(rule("flavor.*"), flapping=FlappingOptions(changes=3, within="1h"))
    flips = [stock(n, ("sold_out", "restocked")[n % 2], n) for n in range(1, 5)]
    found = explained(rules, flips, 5, seq=4)
    assert only(found).fate == ("the stock changed too often: told as flavor.flapping instead",)


@pytest.mark.parametrize(
    ("event", "net", "why"),
    [
        (job(1, "finished", 5), None, "the config has no `unmatched`"),
        (job(1, "finished", 5), "warning", "its severity, info, is below `min_severity: warning`"),
        (silence(1, 5, 60), "info", "what people did by themselves never falls into it"),
        (
            replace(job(1, "finished", 5), quiet=True),
            "info",
            "it belongs to a silent first run, of which nobody is told",
        ),
    ],
    ids=["none", "severity", "people", "quiet"],
)
def test_why_the_net_does_not_tell(event: Event, net: str | None, why: str) -> None:
    found = explained(ruleset(net=net), [event], 6)
    assert (found.net, found.net_why) == (False, why)


def test_the_net_tells_what_nobody_takes() -> None:
    assert explained(ruleset(net="info"), [job(1, "finished", 5)], 6).net


def test_what_was_not_routed_yet_and_what_other_rules_told_is_said() -> None:
    event, rules = job(1, "finished", 5), ruleset(rule("job.finished"))
    known = Known(told=[Told(id="n", seq=1, rule="gone", reason=Reason.NEW, at=at(5))], routed=False, now=at(6))
    found = explain(rules, RuleState(), event, known)
    assert found.notes == (
        "The rules have not taken it yet.",
        "gone, which is not in the config any more: told at 2026-01-05T10:05:00Z (new).",
    )
    assert only(found).fate == ("not decided yet: the rules have not taken the event",)


def test_an_event_whose_messages_may_have_been_removed_is_not_said_to_have_had_none() -> None:
    rules = ruleset(rule("job.finished"), rule("job.gone", "other"), net="info")
    known = Known(forgotten="90d", now=at(6))
    taken = explain(rules, RuleState(), job(1, "finished", 5), known)
    assert taken.rules[0].fate == ("what came of it is not known any more",)
    assert taken.notes == (
        "No message of it is stored; that says nothing, for those of then may have been removed: they are kept for 90d "
        "(`retention.deliveries`).",
    )
    fell = explain(rules, RuleState(), job(2, "queued", 5), known)
    assert fell.net_why == "it would take the event by the rules as they are now; whether it did is not known any more"


def test_the_first_true_part_of_an_or_decides_and_a_not_is_looked_into() -> None:
    rules, event = ruleset(), job(1, "finished", 5)
    either = weigh(rules, 'job.name == "a" || job.name == "b"', event)
    assert either is not None
    assert [part.text for part in either.deciding()] == ['job.name == "a"']
    neither = weigh(rules, '!(job.name == "a")', event)
    assert neither is not None
    assert [part.why() for part in neither.deciding()] == ['`job.name == "a"` is true (job.name is a)']
    assert weigh(rules, "job.nme", event) is None
