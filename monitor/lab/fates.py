"""What became of an event at a rule, in the order of time: what hid it, who was told and why then, and what waits."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from monitor.lab.endings import ending
from monitor.lab.flaps import flapped
from monitor.lab.known import Known, Told
from monitor.lab.messages import kept, made
from monitor.lab.pending import Step, timer_of, waited, waits
from monitor.lab.weighing import weigh
from monitor.model import Event, EventType, rfc3339
from monitor.rules import RuleSet, RuleState
from monitor.rules.audience import audience
from monitor.rules.compile import Rule
from monitor.rules.options import UNMATCHED
from monitor.rules.written import span


def fates(
    ruleset: RuleSet, state: RuleState, rule: Rule | None, event: Event, known: Known, *, ended: bool = False
) -> tuple[str, ...]:
    """Sentences without a dot; `rule` None: the net. `ended`: the rule does not take the event, and tells an end."""
    if event.quiet:
        return ()
    name = rule.name if rule is not None else UNMATCHED
    past = [*_timer(ruleset, state, rule, event, known)] if rule is not None and not ended else []
    past += [Step(row.at, f"{kept(row)} at {rfc3339(row.at)}") for row in known.hidden if row.rule == name]
    past += [Step(row.at, f"{said(rule, event, row, known)}: {row.id}") for row in known.told if row.rule == name]
    past += [*_answers(name, known), *(_end(rule, event, known) if rule is not None and not ended else ())]
    coming = waits(state, name, rule, event, known)
    if not coming:
        past += _forgotten(name, known)
    steps = [*past, *coming] or flapped(state, event, known) or [*_elsewhere(ruleset, rule, event, known)]
    nobody = [*_nobody(ruleset, rule, event)] if rule is not None and not ended else []
    return (*nobody, *(step.what for step in sorted(steps, key=_time))) or (_nothing(known),)


def said(rule: Rule | None, event: Event, row: Told, known: Known) -> str:
    """Who was told, when and why then."""
    sinks = f" {', '.join(row.sinks)}" if row.sinks else ""
    who = "written, as on trial," if row.shadow else f"told{sinks}"
    return f"{who} at {rfc3339(row.at)}{made(rule, event, row, known)} ({row.reason.value})"


def _time(step: Step) -> datetime:
    return step.at


def _nothing(known: Known) -> str:
    if not known.routed:
        return "not decided yet: the rules have not taken the event"
    if known.forgotten:
        return "what came of it is not known any more"
    return "nothing is left of it: it was told with others, the rules were others then, or it is too long ago"


def _nobody(ruleset: RuleSet, rule: Rule, event: Event) -> Iterator[str]:
    if not audience(ruleset, rule.options.notify, event, rule.options.fallback):
        yield f"nobody is left to tell: `notify` ({', '.join(rule.options.notify)}) names nobody for this event"


def _timer(ruleset: RuleSet, state: RuleState, rule: Rule, event: Event, known: Known) -> Iterator[Step]:
    """What came of a timer that waits no more."""
    lasting = rule.options.lasting
    found = timer_of(state, rule, event)
    if lasting is None or (found is not None and found[1].due is not None):
        return
    if found is not None and found[1].seq != event.seq:
        yield Step(event.detected_at, f"told as event {found[1].seq}, which had set the same state before")
        return
    due = max(min(event.time, event.detected_at) + timedelta(seconds=lasting), event.detected_at)
    told = [row.at for row in known.told if row.rule == rule.name]
    told += [row.at for row in known.hidden if row.rule == rule.name]
    if told or found is not None:
        first = min(told, default=known.now)
        due = min(due, first)
        kept_from = waited(state, event, due, first)
        yield Step(due, f"at {rfc3339(due)} the state had lasted {span(lasting)} (`for`){kept_from}")
    elif (end := ending(event, known.later)) is not None and end.detected_at <= due:
        after = span(max(0, round((end.time - event.time).total_seconds())))
        over = f"before `for: {span(lasting)}` was over: event {end.seq}, {end.type.value}"
        yield Step(end.detected_at, f"the state ended after {after}, {over}")
    else:
        yield from _unheld(ruleset, rule, event, known)


def _unheld(ruleset: RuleSet, rule: Rule, event: Event, known: Known) -> Iterator[Step]:
    """The event from which on `while` did not hold."""
    source = rule.options.holds
    for each in (event, *known.later) if source is not None else ():
        weighed = weigh(ruleset, source or "", each)
        if weighed is not None and not weighed.matched:
            by = f"ended by event {each.seq}, {each.type.value}" if each is not event else "not begun"
            yield Step(
                each.detected_at, f"its timer was {by}: `while`: {', '.join(p.why() for p in weighed.deciding())}"
            )
            return


def _answers(name: str, known: Known) -> Iterator[Step]:
    for answer in known.answers:
        if answer.data.get("rule") == name:
            snoozed = answer.type is EventType.NOTIFICATION_SNOOZED
            what = "snoozed" if snoozed else "acknowledged"
            who = answer.data.get("by") or "somebody"
            yet = "; the monitor has not taken that yet" if answer.seq > (known.taken or answer.seq) else ""
            yield Step(answer.detected_at, f"{what} by {who} at {rfc3339(answer.detected_at)}{yet}")


def _elsewhere(ruleset: RuleSet, rule: Rule | None, event: Event, known: Known) -> Iterator[Step]:
    """Rules that share the changes of a stock tell once that it flaps."""
    if rule is None or event.type is not EventType.FLAVOR_FLAPPING:
        return
    sinks = {*audience(ruleset, rule.options.notify, event, rule.options.fallback)}
    others = dict.fromkeys(row.rule for row in known.told if sinks.intersection(row.sinks))
    if others:
        yield Step(event.detected_at, f"{' and '.join(others)} told it to the same sinks; it is told once")


def _end(rule: Rule, event: Event, known: Known) -> Iterator[Step]:
    """Of what is looked after once it was told: when it was over."""
    if not rule.options.follows:
        return
    end, first = ending(event, known.later), min((row.at for row in known.told if row.rule == rule.name), default=None)
    if end is not None and first is not None:
        yield Step(
            max(first, end.detected_at), f"over at {rfc3339(end.detected_at)}: event {end.seq}, {end.type.value}"
        )


def _forgotten(name: str, known: Known) -> Iterator[Step]:
    """Hidden, and not told when that was over."""
    last = max((row.at for row in known.hidden if row.rule == name), default=None)
    if last is not None and not any(row.rule == name and row.at >= last for row in known.told):
        yield Step(known.now, "it did not hold any more when that was over, so nobody was told")
