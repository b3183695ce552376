"""Whatever the rules, the events and the clock: it matters neither how they are driven nor when the daemon is started
anew, no event is lost, and nobody is told twice."""

from __future__ import annotations

from datetime import datetime
from fnmatch import fnmatchcase
from random import Random
from typing import Any

from hypothesis import example, given, settings

from monitor.model import Event, EventType, Reason
from monitor.rules import Effect, Engine, FlappingOptions, Heard, Hide, Notify, RuleSet, RuleState, drive
from monitor.rules.effects import Flapping
from monitor.rules.engine.hiding import PEOPLES
from tests.kit.dice import DICE
from tests.kit.played import about, account, answer, at, job, reborn, rule, ruleset, silence, stock, unsilence

QUEUED = {"on": "job.queued", "lasting": "30m"}
NIGHT = {"between": ["12:00", "16:00"]}
RULES: list[dict[str, Any]] = [
    {"on": "job.*"},
    {"on": "flavor.*", "severity": "critical"},
    {"on": "job.*", "when": "job.name == 'a'", "stop": True},
    {"on": ["job.queued", "flavor.*"], "notify": ["owner"]},
    {"on": "job.*", "notify": ["s", "owner"], "throttle": "2h"},
    {"on": ["job.*", "flavor.*", "account.*"], "group_by": ["event.type"]},
    {"on": "job.*", "group_by": [], "group_wait": "0s", "group_interval": "1h", "late": "each"},
    {**QUEUED, "remind_every": "1h", "notify": ["s", "t"]},
    {**QUEUED, "escalate": [{"after": "20m", "notify": ["boss"]}, {"after": "1h", "notify": ["t", "owner"]}]},
    {**QUEUED, "while": "job.tokens < 5", "remind_every": "30m"},
    {"on": "flavor.sold_out", "lasting": "6m", "remind_every": "2h", "group_by": ["account.name"]},
    {"on": ["flavor.sold_out", "flavor.restocked"], "lasting": "10m", "mute": NIGHT},
    {"on": ["flavor.*"], "hold": NIGHT, "resolved": True},
    {"on": "job.*", "hold": {**NIGHT, "except": "job.name == 'a'"}, "mute": {"between": ["15:00", "18:00"]}},
    {"on": ["job.started", "job.queued"], "remind_every": "1h", "hold": NIGHT},
    {"on": "job.*", "mute": NIGHT, "notify": ["t", "owner"]},
    {"on": ["job.*", "usage.*"], "digest": {"at": "13:00"}, "notify": ["s", "owner"]},
    {"on": "flavor.*", "digest": {"at": "09:30", "days": ["tue", "wed"]}, "stop": True},
    {"on": "*", "shadow": True, "escalate": {"after": "1h", "notify": ["boss"]}},
    {"on": ["job.checkpoint", "account.*"], "escalate": {"after": "45m", "notify": ["boss"]}},
    {"on": "account.unreachable", "remind_every": "1h", "lasting": "10m"},
    {"on": "job.*", "when": "job.tokens + 9223372036854775807 > 0"},
]
TYPES = ["submitted", "queued", "started", "checkpoint", "restarted", "requeued", "stopping", "finished", "gone"]


def rulesets(dice: Random) -> tuple[RuleSet, list[dict[str, Any]]]:
    chosen = dice.sample(RULES, dice.randint(1, 4))
    made = [rule(name=f"r{index}", **options) for index, options in enumerate(chosen)]
    flapping = dice.choice((None, FlappingOptions.model_validate({"changes": 3, "within": "30m"})))
    return ruleset(*made, net=dice.choice(("info", None)), flapping=flapping), chosen


def histories(dice: Random) -> list[Event]:
    """Up to a day and more of jobs, stock, an account that is not always there, and people who answer."""
    now, made = 0.0, []
    for seq in range(1, dice.randint(1, 14) + 1):
        now += dice.choice((0, 0, 0.1, 0.6, 4, 4, 12, 31, 65, 190, 600))
        now -= dice.choice((0, 0, 0, 0.05))
        made.append(_event(dice, dice.choice("jjjjjffffaspnum"), seq, now))
    return made


def _event(dice: Random, kind: str, seq: int, now: float) -> Event:
    name, late = dice.choice("ab"), dice.random() < 1 / 3
    if kind == "j":
        behind, tokens, creator = dice.choice((0, 0, 20, 100)), dice.choice((1, 9)), dice.choice(("ann", "bob", "eve"))
        return job(seq, dice.choice(TYPES), now, name, behind=behind, late=late, tokens=tokens, creator=creator)
    if kind == "f":
        return stock(seq, dice.choice(("sold_out", "restocked")), now, name, late=late)
    if kind == "a":
        return account(seq, dice.choice(("unreachable", "recovered")), now)
    if kind == "s":
        match = dice.choice(("true", "event.type == 'job.queued'", "flavor.zone == 'z'"))
        return silence(seq, now, now + dice.choice((10, 300)), match, name)
    if kind == "u":
        return unsilence(seq, now, name)
    if kind == "p":
        return answer(seq, "acknowledged", now, f"job/{name}", dice.choice(("r0", "r1")))
    if kind == "n":
        return answer(seq, "snoozed", now, f"job/{name}", dice.choice(("r0", "r1")), until=now + 90)
    return about(seq, dice.choice(("monitor.started", "monitor.stopped", "config.reloaded")), now, "monitor")


def stories(dice: Random) -> tuple[RuleSet, list[dict[str, Any]], list[Event]]:
    return *rulesets(dice), histories(dice)


END = at(60 * 24 * 14)


def straight(rules: RuleSet, events: list[Event], *, wordless: bool = True) -> tuple[list[Effect], RuleState]:
    """All events at once, then two weeks."""
    engine = Engine(rules, RuleState(), Heard(events), wordless=wordless)
    effects = list(drive(engine, events, END))
    assert engine.broken is None
    return effects, engine.state()


def halting(rules: RuleSet, events: list[Event], dice: Random) -> tuple[list[Effect], RuleState]:
    """In batches of any size; between them the daemon is started anew, or looks at the clock."""
    heard, made, done = Heard(events), [], 0
    engine = Engine(rules, RuleState(), heard, wordless=True)
    while done < len(events):
        size = dice.randint(1, 3)
        made += list(drive(engine, events[done : done + size]))
        done += size
        next_one = min((event.detected_at for event in events[done:]), default=END)
        before = max(event.detected_at for event in events[:done])
        for part in sorted(dice.random() * 0.99 for _ in range(dice.randint(0, 2))):
            if next_one > before:
                made += engine.advance(before + (next_one - before) * part)
        if dice.random() < 0.5:
            assert engine.broken is None
            engine = Engine(rules, reborn(engine.state()), heard, wordless=True)
    made += engine.advance(END)
    assert engine.broken is None
    return made, engine.state()


@settings(max_examples=60)
@given(DICE)
def test_it_matters_neither_in_what_batches_events_come_nor_when_the_daemon_is_started_anew(dice: Random) -> None:
    rules, _, events = stories(dice)
    assert halting(rules, events, dice) == straight(rules, events)


def absorbed(effects: list[Effect], event: Event) -> bool:
    """Whether it is one of the changes that `flavor.flapping` tells."""
    begun: datetime | None = None
    for each in effects:
        if isinstance(each, Flapping) and each.event.subject == event.subject:
            if each.at > event.detected_at or (each.settled and each.at == event.detected_at):
                break
            begun = None if each.settled else each.at
    return begun is not None and event.type in (EventType.FLAVOR_SOLD_OUT, EventType.FLAVOR_RESTOCKED)


def tells_ends(rules: list[dict[str, Any]], message: Notify) -> bool:
    """Whether the end of a state may be among what it tells: by itself, or gathered with old news or what was held."""
    stay = {f"r{index}": each for index, each in enumerate(rules) if {"lasting", "remind_every"} & each.keys()}
    holding = {name for name, each in stay.items() if "hold" in each}
    gathers = {Reason.CATCH_UP: stay.keys(), Reason.DIGEST: holding}
    return message.reason is Reason.RESOLVED or message.rule in gathers.get(message.reason, ())


def types_of(options: dict[str, Any]) -> list[str]:
    return [options["on"]] if isinstance(options["on"], str) else list(options["on"])


def timed(rules: list[dict[str, Any]], event: Event) -> bool:
    """Whether it is a matter of a rule that waits."""
    return any(event.type.value in types_of(each) for each in rules if "lasting" in each)


def named(rules: list[dict[str, Any]], event: Event) -> bool:
    """Whether any rule, but for those on trial, names its type."""
    patterns = [on for each in rules if "shadow" not in each for on in types_of(each)]
    return any(fnmatchcase(event.type.value, pattern) for pattern in patterns)


REMINDED = {**QUEUED, "remind_every": "1h"}
LATE_END = (
    ruleset(rule(name="r0", **REMINDED), net="info"),
    [REMINDED],
    [job(1, "queued", 0, "a"), job(2, "submitted", 31, "a", late=True)],
)
HELD = {"on": ["job.started", "job.queued"], "remind_every": "1h", "hold": NIGHT}
HELD_END = (
    ruleset(rule(name="r0", **HELD), net="info"),
    [HELD],
    [job(1, "started", 600, "b"), job(2, "submitted", 1645, "b", late=True)],
)


@settings(max_examples=60)
@example(LATE_END)
@example(HELD_END)
@given(DICE.map(stories))
def test_every_event_is_told_or_timed_or_hidden_or_one_of_a_flapping_and_the_net_takes_the_rest(
    story: tuple[RuleSet, list[dict[str, Any]], list[Event]],
) -> None:
    rules, chosen, events = story
    effects, state = straight(rules, events)
    trial = {each.name for each in rules.rules if each.options.shadow}
    messages = [each for each in effects if isinstance(each, Notify) and each.rule not in trial]
    heard = {event.seq for each in messages for event in each.events}
    caught = {event.seq for each in messages if each.rule == "unmatched" for event in each.events}
    ended = {event.seq for each in messages if tells_ends(chosen, each) for event in each.events}
    hidden = {seq for each in effects if isinstance(each, Hide) and not each.shadow for seq in each.seqs}
    assert all(pile.watch is not None for pile in state.piles.values() if pile.entries)  # of what nobody sees again
    for event in events:
        if rules.unmatched is None or event.type in PEOPLES:
            assert event.seq not in caught
            continue
        elsewhere = event.seq in hidden or absorbed(effects, event)
        assert event.seq in heard or timed(chosen, event) or elsewhere, event
        assert named(chosen, event) or event.seq in caught | ended or elsewhere, event


@settings(max_examples=60)
@given(DICE)
def test_nobody_hears_twice_of_an_event_by_a_rule_but_for_reminders_and_what_was_hidden(dice: Random) -> None:
    rules, chosen, events = stories(dice)
    effects, _ = straight(rules, events)
    again = {f"r{index}" for index, each in enumerate(chosen) if "hold" in each and "remind_every" in each}
    hidden = {seq for each in effects if isinstance(each, Hide) for seq in each.seqs}
    messages = [each for each in effects if isinstance(each, Notify)]
    firsts = [
        (each.rule, sink, event.seq)
        for each in messages
        if each.rule not in again and each.reason not in (Reason.REMINDER, Reason.RESOLVED)
        for sink in each.sinks
        for event in each.events
        if event.seq not in hidden
    ]
    assert len(firsts) == len(set(firsts))
    ids = [(each.rule, each.reason, each.mark, tuple(event.seq for event in each.events)) for each in messages]
    assert len(ids) == len(set(ids)), "routing would take two messages for one"


@settings(max_examples=15)
@given(DICE)
def test_every_message_has_words_and_no_repeats(dice: Random) -> None:
    rules, _, events = stories(dice)
    effects, _ = straight(rules, events, wordless=False)
    for each in effects:
        if isinstance(each, Notify):
            assert each.text.title
            assert each.text.plain
            assert 0 < len(set(each.sinks)) == len(each.sinks)
            assert len({event.seq for event in each.events}) == len(each.events)
