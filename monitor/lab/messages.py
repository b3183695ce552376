"""What made a message of an event: a match, a reminder, a step of an escalation, a window that closed, an end."""

from __future__ import annotations

from datetime import datetime, timedelta

from monitor.lab.endings import ending
from monitor.lab.known import Hidden, Known, Told
from monitor.lab.pending import by_words
from monitor.model import Event, EventType, Reason
from monitor.rules.compile import Rule
from monitor.rules.engine.hiding import MUTE
from monitor.rules.holding import state_of
from monitor.rules.view import moment

_LATE = "Told late: "
"""Begins the line of a message that says what kept it."""


def made(rule: Rule | None, event: Event, row: Told, known: Known) -> str:
    """Why it was told then; goes on after `told at …`. `rule`: as it is now, None where it is the net or gone."""
    late = next((line for line in row.plain.splitlines() if line.startswith(_LATE)), "").rpartition(", while ")[2]
    return _made(rule, event, row, known) + (f", late: {late}" if late else "")


def _made(rule: Rule | None, event: Event, row: Told, known: Known) -> str:
    if row.reason is Reason.REMINDER:
        return _again(event, row, known)
    if row.reason is Reason.RESOLVED:
        return f", that it is over{_beside(row)}"
    if row.reason is Reason.CATCH_UP:
        return f", as no more came that was late{_beside(row)}"
    if row.reason is Reason.DIGEST:
        return _digest(rule, event, row, known)
    if rule is not None and rule.options.gathers and row.at > event.detected_at and rule.options.lasting is None:
        return f", when its {_gatherer(rule)} was over"
    return ""


def kept(row: Hidden) -> str:
    return f"kept from {', '.join(row.sinks) or 'nobody'} by {by_words(row.by)}"


def _beside(row: Told) -> str:
    others = row.count - 1
    return f", with {others:,} other{'' if others == 1 else 's'}" if others else ""


def _gatherer(rule: Rule) -> str:
    return "`throttle`" if rule.options.group_by is None else "group's wait"


def _again(event: Event, row: Told, known: Known) -> str:
    former = [each for each in known.told if each.rule == row.rule and each.at <= row.at and each is not row]
    heard = {sink for each in former for sink in each.sinks}
    if row.sinks and heard and heard.isdisjoint(row.sinks):
        return ", for nobody had acknowledged it"
    since = max((each.at for each in former), default=event.detected_at)
    if any(since <= each <= row.at for each in _snoozes(row.rule, known)):
        return ", again, as somebody had asked"
    return f", again, for it still was so{_beside(row)}"


def _snoozes(rule: str, known: Known) -> list[datetime]:
    """The ends of them."""
    said = [each for each in known.answers if each.type is EventType.NOTIFICATION_SNOOZED]
    return [at for each in said if each.data.get("rule") == rule and (at := moment(each.data.get("until"))) is not None]


def _digest(rule: Rule | None, event: Event, row: Told, known: Known) -> str:
    hider = next((each for each in reversed(known.hidden) if each.rule == row.rule and each.at <= row.at), None)
    if hider is not None:
        return f", when {by_words(hider.by)} ended: {_after(event, hider, row, known)}{_beside(row)}"
    if rule is not None and rule.options.digest is not None:
        return f", in its report{_beside(row)}"
    if rule is not None and any(
        gate.window.open_until(row.at - timedelta(minutes=2)) is not None for gate in rule.hold
    ):
        return f", when its `hold` window closed{_beside(row)}"
    if rule is not None and rule.options.gathers:
        return f", when its {_gatherer(rule)} was over{_beside(row)}"
    return _beside(row)


def _after(event: Event, hider: Hidden, row: Told, known: Known) -> str:
    """A silence that hid what does not hold any more is told to have done so."""
    end = ending(event, known.later)
    lasted = state_of(event) is not None and (end is None or end.detected_at > row.at)
    if lasted or hider.by == MUTE:
        return "it still held"
    return "a note of what it had kept back, for it did not hold any more"
