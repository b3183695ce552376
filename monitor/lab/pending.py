"""What waits of an event at a rule, and until when: timers, groups and windows, reports, reminders, escalations."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from monitor.lab.known import Known
from monitor.model import Event, rfc3339
from monitor.rules import RuleState
from monitor.rules.compile import Rule
from monitor.rules.engine.hiding import MUTE
from monitor.rules.engine.seeing import darkness
from monitor.rules.holding import subject_of, watch_of
from monitor.rules.state import Followed, Pile, Timer
from monitor.rules.written import span


class Step(NamedTuple):
    """What happened, or is to come, and when; a sentence without a dot."""

    at: datetime
    what: str


def waits(state: RuleState, name: str, rule: Rule | None, event: Event, known: Known) -> list[Step]:
    """All of it at the rule of this name; None: the net."""
    found = [*_piles(state, name, rule, event, known)]
    if rule is not None:
        found += [*_timer(state, rule, event, known), *_report(state, rule, event), *_next(state, rule, event, known)]
    return found


def timer_of(state: RuleState, rule: Rule, event: Event) -> tuple[Followed, Timer] | None:
    """The timer of the state that the event set, or that lasted then, with the row that it stands in; one that has
    fired has no `due`. It is gone with its state: one that a later event began is of another state."""
    row = state.followed.get(subject_of(event))
    timer = row.timers.get(rule.name) if row is not None else None
    return (row, timer) if row is not None and timer is not None and timer.seq <= event.seq else None


def by_words(by: str) -> str:
    """Of `silence/<id>` or `mute`."""
    return f"silence {by.removeprefix('silence/')}" if by != MUTE else "its `mute` window"


def _timer(state: RuleState, rule: Rule, event: Event, known: Known) -> Iterator[Step]:
    found = timer_of(state, rule, event)
    if found is None or found[1].due is None or rule.options.lasting is None:
        return
    row, timer = found
    begun = "" if timer.seq == event.seq else f", begun by event {timer.seq}"
    what = f"its timer (`for: {span(rule.options.lasting)}`)"
    yield _due(state, row, found[1].due, known.now, f"{what} falls due at", f"{what} fell due at", begun)


def _next(state: RuleState, rule: Rule, event: Event, known: Known) -> Iterator[Step]:
    row = state.followed.get(subject_of(event))
    told = row.standings.get(rule.name) if row is not None else None
    if row is None or told is None or told.seq != event.seq:
        return
    if told.acknowledged_by is not None and not known.answers:
        yield Step(known.now, f"acknowledged by {told.acknowledged_by}")
    if told.remind_at is not None and told.snoozed:
        yield _due(state, row, told.remind_at, known.now, "snoozed until", "was snoozed until")
    elif told.remind_at is not None:
        yield _due(state, row, told.remind_at, known.now, "reminded of again at", "the next reminder fell due at")
    if told.escalate_at is not None:
        step = "the next step of the escalation"
        rest = ", if nobody acknowledges it"
        yield _due(state, row, told.escalate_at, known.now, f"{step} is at", f"{step} fell due at", rest)


def _due(state: RuleState, row: Followed, due: datetime, now: datetime, comes: str, came: str, rest: str = "") -> Step:
    """With what keeps it from being dealt with in time: nobody can see how the subject is."""
    found = darkness(state.dark.get, row.watch)
    why, at = "", due
    if found is not None and found[1].until is None:
        why = "the monitor is stopped" if found[0] == "*" else f"account {_account(row)} cannot be seen"
        why, at = f"; {why}, so it waits until that is over", max(due, now)
    elif found is not None and found[1].until is not None and found[1].until > due:
        just = "the monitor has just started" if found[0] == "*" else f"account {_account(row)} was just seen again"
        at = found[1].until
        why = f"; {just}, so it waits until {rfc3339(at)} for news of what changed meanwhile"
    elif due <= now:
        why, at = "; it waits until the monitor runs and sees how it is", now
    return Step(at, f"{comes if due > now else came} {rfc3339(due)}{rest}{why}")


def waited(state: RuleState, event: Event, due: datetime, told: datetime) -> str:
    """What kept a timer that was due then from being told, as far as that is known still."""
    found = darkness(state.dark.get, watch_of(event))
    if found is None or found[1].until is None or not due < found[1].until <= told:
        return ""
    just = "the monitor had just started" if found[0] == "*" else f"account {event.account} had just been seen again"
    return f"; it waited until {rfc3339(found[1].until)}, for {just}"


def _account(row: Followed) -> str:
    return (row.watch or "").partition("|")[0]


def _report(state: RuleState, rule: Rule, event: Event) -> Iterator[Step]:
    period = state.periods.get(rule.name)
    if rule.options.digest is None or period is None:
        return
    reported = event.seq <= period.after if period.after is not None else event.detected_at < period.since
    if not reported:
        yield Step(period.due, f"it is in the report that is made at {rfc3339(period.due)}")


def _piles(state: RuleState, name: str, rule: Rule | None, event: Event, known: Known) -> Iterator[Step]:
    """Sinks whose piles have it for the same reason until the same time are named together."""
    found: dict[tuple[str, str, datetime], list[Pile]] = {}
    for pile in state.piles.values():
        if pile.rule == name and event.seq in pile.seqs:
            found.setdefault((pile.kind, pile.key, pile.due), []).append(pile)
    for (_, _, due), piles in found.items():
        sinks = ", ".join(pile.sink for pile in piles)
        seen = (
            f"until {piles[0].watch.partition('|')[0]} can be seen again"
            if piles[0].watch
            else "until the monitor runs"
        )
        over = f"; it waits {seen}" if due <= known.now else ""
        yield Step(max(due, known.now), f"{_kept(piles[0], rule, sinks)}{over}")


def _kept(pile: Pile, rule: Rule | None, sinks: str) -> str:
    until = rfc3339(pile.due)
    if pile.kind == "late":
        return f"waits for {sinks} with other late events until {until}"
    if pile.kind == "hold":
        return f"waits for {sinks} until its `hold` window closes, at {until}"
    if pile.kind == "hide":
        return f"waits for {sinks} until {by_words(pile.key)} ends, at {until}; told then if it still holds"
    if rule is not None and rule.options.group_by is None:
        return f"waits for {sinks} until its `throttle` is over, at {until}"
    others = len(pile.entries) - 1
    beside = f" with {others} other{'' if others == 1 else 's'}" if others else ""
    return f"waits for {sinks} in its group{beside} until {until}"
