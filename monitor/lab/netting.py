"""Why an event fell to `unmatched`, and why it did not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from monitor.lab.flaps import flapped
from monitor.lab.known import Judged, Known
from monitor.model import Event, silent
from monitor.model.lasting import weight
from monitor.rules import RuleSet, RuleState
from monitor.rules.audience import audience
from monitor.rules.engine.hiding import PEOPLES
from monitor.rules.options import UNMATCHED

_NOTE = "Note: "
"""Begins the line of a message of the net that says which rule failed, or what else went wrong."""


def net(ruleset: RuleSet, state: RuleState, event: Event, judged: Sequence[Judged], known: Known) -> tuple[bool, str]:
    """Whether it fell to the net, and why or why not."""
    rules = {row.rule for row in known.told} | {row.rule for row in known.hidden}
    waits = any(pile.rule == UNMATCHED and event.seq in pile.seqs for pile in state.piles.values())
    if waits or UNMATCHED in rules:
        return True, _why(event, judged, known)
    return False, _why_not(ruleset, state, event, judged, known)


def _why(event: Event, judged: Sequence[Judged], known: Known) -> str:
    plain = next((row.plain for row in known.told if row.rule == UNMATCHED), "")
    wrong = [line.removeprefix(_NOTE) for line in plain.splitlines() if line.startswith(_NOTE)]
    wrong = wrong or [*_failures(judged)]
    if wrong:
        return "; ".join(wrong)
    asked = [each for each in judged if each.verdict not in ("other type", "ended")]
    takers = [each.rule for each in asked if each.takes and each.reaches]
    if takers:
        return f"nobody took it then; {' and '.join(takers)} would by the rules as they are now"
    matched = [each for each in asked if each.verdict == "matched"]
    if nobody := [each.rule for each in matched if not each.shadow and not each.reaches]:
        return f"{' and '.join(nobody)} matched, and nobody is left whom to tell"
    if over := [each.rule for each in matched if not each.shadow]:
        return f"{' and '.join(over)} matched, but `while` did not hold"
    if matched:
        return f"only rules on trial take it ({', '.join(each.rule for each in matched)}), which tell nobody"
    if not judged:
        return "there are no rules"
    return f"none of the rules that take {event.type.value} matched" if asked else f"no rule takes {event.type.value}"


def _failures(judged: Sequence[Judged]) -> Iterator[str]:
    for each in judged:
        if each.verdict == "failed" and not each.shadow:
            yield f"rule {each.rule} failed on it: {' '.join(each.why)}"


def _why_not(ruleset: RuleSet, state: RuleState, event: Event, judged: Sequence[Judged], known: Known) -> str:
    options = ruleset.unmatched
    if event.quiet:
        return f"it belongs to {silent(event.type)}, of which nobody is told"
    if options is None:
        return "the config has no `unmatched`"
    if event.type in PEOPLES:
        return "what people did by themselves never falls into it"
    failed = [*_failures(judged)]
    takers = [each.rule for each in judged if each.takes]
    if takers and not failed:
        return f"{' and '.join(takers)} took it"
    if tellers := [*dict.fromkeys(row.rule for row in known.told if not row.shadow)]:
        return f"{' and '.join(tellers)} told it"
    if not failed and flapped(state, event, known):
        return "the stock changed too often, which is told as flavor.flapping instead"
    if not failed and weight(event).rank < options.min_severity.rank:
        least = f"`min_severity: {options.min_severity.value}`"
        return f"its severity, {event.severity.value}, is below {least}"
    if not audience(ruleset, options.notify, event):
        return "nobody is left whom it could tell"
    if not known.routed:
        return "the rules have not taken the event yet"
    if known.forgotten:
        return "it would take the event by the rules as they are now; whether it did is not known any more"
    return "it would take the event by the rules as they are now, but did not: they were others then"
