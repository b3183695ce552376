"""Why an event was told, and why not: each rule's verdict with what decided, and what became of it since.

Pure: whoever asks brings the rules, their state, and what the store knows of the event.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from monitor.lab.endings import begun
from monitor.lab.fates import fates, said
from monitor.lab.known import Explanation, Judged, Known
from monitor.lab.netting import net
from monitor.lab.weighing import weigh
from monitor.model import Event, EventType, silent
from monitor.rules import RuleSet, RuleState
from monitor.rules.audience import audience
from monitor.rules.compile import Rule
from monitor.rules.options import UNMATCHED

ABOUT_RULES = (EventType.RULE_FAILED, EventType.TEMPLATE_FAILED)


def explain(ruleset: RuleSet, state: RuleState, event: Event, known: Known) -> Explanation:
    """The rules as they are now, held against the event as of its detection. Never raises for what an event holds."""
    judged: list[Judged] = []
    stopped: str | None = None
    for rule in ruleset.rules:
        found = _judge(ruleset, rule, event, stopped)
        if found.verdict == "matched":
            if rule.options.stop and not rule.options.shadow:
                stopped = rule.name
            found = _taken(ruleset, rule, event, found)
        elif (first := begun(state, rule.name, event, known)) is not None:
            found = Judged(
                rule=rule.name,
                verdict="ended",
                why=(first.words(),),
                shadow=found.shadow,
                takes=not found.shadow,
                reaches=True,
            )
        if found.verdict in ("matched", "ended"):
            ended = found.verdict == "ended"
            found = replace(found, fate=fates(ruleset, state, rule, event, known, ended=ended))
        judged.append(found)
    fell, why = net(ruleset, state, event, judged, known)
    return Explanation(
        rules=tuple(judged),
        net=fell,
        net_why=why,
        net_fate=fates(ruleset, state, None, event, known) if fell else (),
        notes=tuple(_notes(ruleset, event, judged, known)),
        whys={row.id: said(ruleset.named(row.rule), event, row, known) for row in known.told},
    )


def _taken(ruleset: RuleSet, rule: Rule, event: Event, found: Judged) -> Judged:
    """With whether it counts for the net that the rule took it, and whether somebody is told by it."""
    options = rule.options
    reaches = not found.shadow and bool(audience(ruleset, options.notify, event, options.fallback))
    if options.lasting is None:
        return replace(found, takes=reaches, reaches=reaches)
    goes_on = weigh(ruleset, options.holds, event) if options.holds is not None else None
    if goes_on is None or goes_on.matched:
        return replace(found, takes=not found.shadow, reaches=reaches)
    return replace(found, reaches=reaches)


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


def _notes(ruleset: RuleSet, event: Event, judged: Sequence[Judged], known: Known) -> Iterator[str]:
    if event.quiet:
        yield f"It belongs to {silent(event.type)}: it is stored, and no rule is asked."
    elif not known.routed:
        yield "The rules have not taken it yet."
    elif known.forgotten:
        kept = f"they are kept for {known.forgotten} (`retention.deliveries`)"
        yield f"No message of it is stored; that says nothing, for those of then may have been removed: {kept}."
    explained = {each.rule for each in judged if each.verdict in ("matched", "ended")} | {UNMATCHED}
    for row in known.told:
        if row.rule not in explained:
            rule = ruleset.named(row.rule)
            now = "is not in the config any more" if rule is None else "does not match it as it is now"
            yield f"{row.rule}, which {now}: {said(rule, event, row, known)}."
