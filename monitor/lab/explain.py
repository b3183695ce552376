"""Why an event was told, and why not: each rule's verdict with what decided, and what became of it since.

Pure: whoever asks brings the rules, their state, and what the store knows of the event.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.lab.fates import fates
from monitor.lab.weighing import Weighed, weigh
from monitor.model import Event, EventType
from monitor.rules import RuleSet, RuleState
from monitor.rules.audience import audience
from monitor.rules.compile import Rule
from monitor.rules.engine.hiding import PEOPLES
from monitor.rules.options import UNMATCHED

ABOUT_RULES = (EventType.RULE_FAILED, EventType.TEMPLATE_FAILED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A message that has the event in it."""

    id: str
    rule: str
    reason: str
    at: datetime
    shadow: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Hidden:
    """`by`: `silence/<id>` or `mute`."""

    by: str
    rule: str
    sinks: Sequence[str]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of an event besides itself. `later`: newer events about its subject, oldest first. `routed`: the
    rules have taken it."""

    told: Sequence[Told] = ()
    hidden: Sequence[Hidden] = ()
    later: Sequence[Event] = ()
    routed: bool = True
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One rule's say. `verdict`: `matched`, `not matched`, `absent`, `failed`, `other type`, `not asked`."""

    rule: str
    verdict: str
    why: tuple[str, ...] = ()
    shadow: bool = False
    whole: Weighed | None = None
    fate: tuple[str, ...] = ()
    """What became of it there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """`net`: whether `unmatched` told it, and `net_why` why or why not."""

    rules: tuple[Judged, ...]
    net: bool
    net_why: str
    notes: tuple[str, ...] = ()


def explain(ruleset: RuleSet, state: RuleState, event: Event, known: Known) -> Explanation:
    """The rules as they are now, held against the event as of its detection. Never raises for what an event holds."""
    judged: list[Judged] = []
    stopped: str | None = None
    for rule in ruleset.rules:
        found = _judge(ruleset, rule, event, stopped)
        if found.verdict == "matched":
            fate = fates(ruleset, state, rule, event, known)
            found = Judged(
                rule=rule.name, verdict="matched", why=found.why, shadow=found.shadow, whole=found.whole, fate=fate
            )
            if rule.options.stop and not rule.options.shadow:
                stopped = rule.name
        judged.append(found)
    net, why = _net(ruleset, event, judged, known)
    return Explanation(rules=tuple(judged), net=net, net_why=why, notes=tuple(_notes(ruleset, event, judged, known)))


def _judge(ruleset: RuleSet, rule: Rule, event: Event, stopped: str | None) -> Judged:
    shadow = rule.options.shadow
    if event.type not in rule.types:
        why = f"`on` ({', '.join(rule.options.on)}) does not name {event.type.value}"
        return Judged(rule=rule.name, verdict="other type", why=(why,), shadow=shadow)
    if stopped is not None:
        return Judged(rule=rule.name, verdict="not asked", why=(f"{stopped} took it and says `stop`",), shadow=shadow)
    if event.type in ABOUT_RULES and event.subject == f"rule/{rule.name}":
        why = "it is about this rule itself, which could fail again for ever"
        return Judged(rule=rule.name, verdict="not asked", why=(why,), shadow=shadow)
    source = rule.options.when
    whole = weigh(ruleset, source, event) if source is not None else None
    if whole is None:
        return Judged(rule=rule.name, verdict="matched", why=("it has no `when`",), shadow=shadow)
    why_so = tuple(part.why() for part in whole.deciding())
    verdict = "matched" if whole.matched else "failed" if whole.error else "absent" if whole.absent else "not matched"
    return Judged(rule=rule.name, verdict=verdict, why=why_so, shadow=shadow, whole=whole)


def _net(ruleset: RuleSet, event: Event, judged: Sequence[Judged], known: Known) -> tuple[bool, str]:
    """Whether the net has it, and why or why not."""
    net = ruleset.unmatched
    if any(told.rule == UNMATCHED for told in known.told):
        return True, "no rule took it, a rule failed on it, or nobody was left to tell"
    if event.quiet:
        return False, "it belongs to a silent first run, of which nobody is told"
    if net is None:
        return False, "the config has no `unmatched`"
    if event.type in PEOPLES:
        return False, "what people did by themselves never falls into it"
    failed = [each.rule for each in judged if each.verdict == "failed"]
    takers = [each.rule for each in judged if each.verdict == "matched" and not each.shadow]
    if takers and not failed:
        return False, f"{' and '.join(takers)} took it"
    if not failed and event.severity.rank < net.min_severity.rank:
        least = f"`min_severity: {net.min_severity.value}`"
        return False, f"its severity, {event.severity.value}, is below {least}"
    if not audience(ruleset, net.notify, event):
        return False, "nobody is left whom it could tell"
    if not known.routed:
        return False, "the rules have not taken the event yet"
    return False, "it would take the event by the rules as they are now, but did not: they were others then"


def _notes(ruleset: RuleSet, event: Event, judged: Sequence[Judged], known: Known) -> list[str]:
    notes = []
    if event.quiet:
        notes.append("It belongs to a silent first run: it is stored, and no rule is asked.")
    elif not known.routed:
        notes.append("The rules have not taken it yet.")
    matched = {each.rule for each in judged if each.verdict == "matched"} | {UNMATCHED}
    for rule in dict.fromkeys(told.rule for told in known.told if told.rule not in matched):
        there = ruleset.named(rule) is not None
        what = "does not match it as it is now" if there else "is not in the config any more"
        notes.append(f"{rule} told it, and {what}.")
    return notes
