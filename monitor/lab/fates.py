"""What became of an event at a rule that took it: where it waits, what hid it, who was told, and how it ended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from monitor.model import Event, rfc3339
from monitor.rules import RuleSet, RuleState
from monitor.rules.audience import audience
from monitor.rules.compile import Rule
from monitor.rules.holding import STOCK, state_of, subject_of
from monitor.rules.written import span

if TYPE_CHECKING:
    from monitor.lab.explain import Hidden, Known, Told

    R = TypeVar("R", Hidden, Told)

_KEPT = {
    "late": "gathered with other late events",
    "group": "waits in its group",
    "hold": "kept by a `hold` window",
    "hide": "hidden",
}


def fates(ruleset: RuleSet, state: RuleState, rule: Rule, event: Event, known: Known) -> tuple[str, ...]:
    """Sentences without a dot, in the order in which things happen."""
    if event.quiet:
        return ()
    found = [*_sinks(ruleset, rule, event), *_timer(state, rule, event, known)]
    found += _report(state, rule, event)
    found += _piles(state, rule, event)
    found += [f"kept from {_names(row.sinks)} at {_at(row.at)} by {_by(row.by)}" for row in _of(known.hidden, rule)]
    found += [
        f"{'written, as on trial,' if row.shadow else 'told'} at {_at(row.at)} ({row.reason}): {row.id}"
        for row in _of(known.told, rule)
    ]
    found += _standing(state, rule, event)
    if event.type in STOCK and (flips := state.flips.get(subject_of(event))) is not None and flips.since is not None:
        found.append(f"the stock changes too often since {_at(flips.since)}: it is told as flavor.flapping")
    return tuple(found) if found else (_nothing(known),)


def _nothing(known: Known) -> str:
    if not known.routed:
        return "not decided yet: the rules have not taken the event"
    return "nothing is left of it: it was told with others, the rules were others then, or it is too long ago"


def _sinks(ruleset: RuleSet, rule: Rule, event: Event) -> Iterator[str]:
    if not audience(ruleset, rule.options.notify, event, rule.options.fallback):
        yield f"nobody is left to tell: `notify` ({', '.join(rule.options.notify)}) names nobody for this event"


def _timer(state: RuleState, rule: Rule, event: Event, known: Known) -> Iterator[str]:
    lasting = rule.options.lasting
    if lasting is None:
        return
    row = state.followed.get(subject_of(event))
    timer = row.timers.get(rule.name) if row is not None else None
    if timer is not None and timer.due is not None:
        begun = "" if timer.seq == event.seq else f", begun by event {timer.seq}"
        unseen = "; the account cannot be seen, so it waits" if _dark(state, event, timer.due, known.now) else ""
        yield f"its timer (`for: {span(lasting)}`) falls due at {_at(timer.due)}{begun}{unseen}"
        return
    if any(row.rule == rule.name for row in known.told):
        yield f"the state lasted {span(lasting)} (`for`)"
        return
    due = max(min(event.time, event.detected_at) + timedelta(seconds=lasting), event.detected_at)
    if (end := ending(event, known.later)) is not None and end.detected_at <= due:
        after = (end.time - event.time).total_seconds()
        yield (
            f"the state ended after {span(max(0, round(after)))}, before `for: {span(lasting)}` was over:"
            f" event {end.seq}, {end.type.value}"
        )
    elif rule.options.holds is not None:
        yield "its timer was ended: `while` did not hold any more"


def ending(event: Event, later: Sequence[Event]) -> Event | None:
    """The event that ended the state which this one set."""
    state = state_of(event)
    return next((each for each in later if state is not None and state_of(each) not in (None, state)), None)


def _dark(state: RuleState, event: Event, due: datetime, now: datetime) -> bool:
    row = state.dark.get(event.account or "")
    return due <= now and row is not None and (row.until is None or row.until > now)


def _report(state: RuleState, rule: Rule, event: Event) -> Iterator[str]:
    period = state.periods.get(rule.name)
    if rule.options.digest is not None and period is not None and period.since <= event.detected_at < period.due:
        yield f"it is in the report that is made at {_at(period.due)}"


def _piles(state: RuleState, rule: Rule, event: Event) -> Iterator[str]:
    """Sinks whose piles have it for the same reason until the same time are named together."""
    found: dict[tuple[str, str, datetime], list[str]] = {}
    for pile in state.piles.values():
        if pile.rule == rule.name and event.seq in pile.seqs:
            found.setdefault((pile.kind, pile.key, pile.due), []).append(pile.sink)
    for (kind, key, due), sinks in found.items():
        by = f" by {_by(key)}; told then if it still holds," if kind == "hide" else ""
        yield f"{_KEPT.get(kind, kind)}{by} for {_names(sinks)} until {_at(due)}"


def _standing(state: RuleState, rule: Rule, event: Event) -> Iterator[str]:
    row = state.followed.get(subject_of(event))
    told = row.standings.get(rule.name) if row is not None else None
    if told is None or told.seq != event.seq:
        return
    if told.acknowledged_by is not None:
        yield f"acknowledged by {told.acknowledged_by}"
    if told.remind_at is not None:
        yield f"{'snoozed until' if told.snoozed else 'reminded of again at'} {_at(told.remind_at)}"
    if told.escalate_at is not None:
        yield f"the next step of the escalation is at {_at(told.escalate_at)}, if nobody acknowledges it"


def _of(rows: Sequence[R], rule: Rule) -> list[R]:
    return [row for row in rows if row.rule == rule.name]


def _by(key: str) -> str:
    return f"silence {key.removeprefix('silence/')}" if key.startswith("silence/") else "a `mute` window"


def _names(sinks: Sequence[str]) -> str:
    return ", ".join(sinks) or "nobody"


def _at(moment: datetime) -> str:
    return rfc3339(moment)
