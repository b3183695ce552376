"""The way of a message out: late, held back or grouped; then, when it falls due, hidden or told."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache

from monitor.model import Event, Reason, Severity
from monitor.model.lasting import weight
from monitor.rules.audience import audience
from monitor.rules.compile import Rule
from monitor.rules.effects import Notify
from monitor.rules.engine import hiding, piling, upkeep
from monitor.rules.engine.course import Course
from monitor.rules.holding import subject_of
from monitor.rules.message.story import Line
from monitor.rules.options import GROUP_INTERVAL, GROUP_WAIT, UNMATCHED
from monitor.rules.schema import VARIABLES, Kind, path_of
from monitor.rules.speak import speak
from monitor.rules.state import FULL
from monitor.rules.view import view


@dataclass(frozen=True, slots=True)
class Saying:
    """What a rule wants to say: everything but the events."""

    name: str
    """The rule's, or that of the net."""
    rule: Rule | None
    """None: the net, or a rule that is not in the file any more."""
    reason: Reason
    severity: Severity | None = None
    """None: the rule's, or that of the event."""
    lasted: bool = False
    """A state has lasted as long as the rule asked for, or longer than what hid it."""
    since: datetime | None = None
    """When it was told first; of a report: the begin of its period."""
    mark: str = ""
    group: str = ""
    escalated: bool = False
    asides: tuple[Line, ...] = ()
    times: int = 1
    """How often it was told, this message with it."""
    told_to: tuple[str, ...] = ()
    """Who was told before an escalation."""
    begun: Event | None = None
    """Of a message that a state is over: the event that began it."""
    headline: str = ""
    """A title that says more than one made of the events would."""
    personal: bool = False
    """A report of what belongs to who reads it."""
    over: frozenset[int] = frozenset()
    """By number those events after which nothing follows: they ended something, or are told for the last time."""
    missed: Mapping[int, str] = field(default_factory=dict)
    """By number of those events that fell due a while ago when that was, and why they come only now."""
    fresh: bool = True
    """Where the event is late, it is gathered with others."""
    last_seen: bool = False
    """What it says of things as they are is how they were when last seen."""

    @property
    def shadow(self) -> bool:
        return self.rule is not None and self.rule.options.shadow

    def weight(self, events: Sequence[Event]) -> Severity:
        if self.severity is not None:
            return self.severity
        if self.rule is not None and self.rule.options.severity is not None:
            return self.rule.options.severity
        if len(events) == 1:
            return events[0].severity
        return max((event.severity for event in events), key=lambda each: each.rank)


def tell(course: Course, saying: Saying, event: Event, without: Collection[str] = ()) -> bool:
    """To whom the rule says, but for those who are told otherwise. False where nobody is left."""
    assert saying.rule is not None
    options = saying.rule.options
    sinks = audience(course.ruleset, options.notify, event, options.fallback)
    if left := tuple(sink for sink in sinks if sink not in without):
        pass_on(course, saying, event, left)
    return bool(sinks)


def net(course: Course, event: Event, *, reason: Reason = Reason.NEW, why: str = "") -> bool:
    """Nobody took it. With `why` (a rule failed) it counts whatever its severity. True where somebody is told."""
    unmatched = course.ruleset.unmatched
    if unmatched is None or (not why and weight(event).rank < unmatched.min_severity.rank):
        return False
    sinks = audience(course.ruleset, unmatched.notify, event)
    if sinks:
        asides = (Line("Note", why),) if why else ()
        pass_on(course, Saying(UNMATCHED, None, reason, asides=asides, fresh=not why), event, sinks)
    return bool(sinks)


def failure(rule: Rule, what: str) -> str:
    """Why the net hears of an event, where a rule failed on it."""
    return f"rule {rule.name} failed on this: {what}"


def pass_on(course: Course, saying: Saying, event: Event, sinks: tuple[str, ...]) -> None:
    """Kept for later where the rule wants that, else told now."""
    rule = saying.rule
    severity = saying.weight([event])
    fresh = saying.fresh and saying.reason in (Reason.NEW, Reason.RESOLVED)
    if event.late and fresh and (rule is None or rule.options.late == "digest"):
        _pile(course, saying, "late", "", event, sinks, severity, course.now)
        return
    if rule is not None and (end := hiding.open_until(course, rule.hold, event, rule.name)) is not None:
        _pile(course, replace(saying, reason=Reason.DIGEST), "hold", "", event, sinks, severity, end)
        return
    if rule is not None and rule.options.gathers:
        _group(course, saying, rule, event, sinks, severity)
        return
    fall_due(course, saying, [event], sinks)


def _pile(
    course: Course,
    saying: Saying,
    kind: str,
    key: str,
    event: Event,
    sinks: tuple[str, ...],
    severity: Severity,
    due: datetime,
) -> None:
    piling.add(
        course,
        kind=kind,
        rule=saying.name,
        key=key,
        reason=saying.reason,
        severity=severity,
        sinks=sinks,
        events=[event],
        due=due,
        over=saying.over,
        told_at=saying.since,
        begun=saying.begun,
        missed=saying.missed.get(event.seq, ""),
    )


def _group(
    course: Course, saying: Saying, rule: Rule, event: Event, sinks: tuple[str, ...], severity: Severity
) -> None:
    """A group that was told lately keeps what comes until its interval is over."""
    key = group_of(rule, event)
    wait, interval = pace(rule)
    now_sinks = []
    for sink in sinks:
        name = piling.key_of("group", rule.name, key, saying.reason, sink)
        pile = course.memory.piles.get(name)
        if pile is None and wait == timedelta(0):
            now_sinks.append(sink)
            continue
        _pile(course, saying, "group", key, event, (sink,), severity, course.now + wait)
    if now_sinks and fall_due(course, replace(saying, group=key), [event], tuple(now_sinks)):
        for sink in now_sinks:
            piling.close(course, rule.name, key, saying.reason, sink, severity, course.now + interval)


_NEWS = (Reason.NEW, Reason.DIGEST, Reason.CATCH_UP)


def _paced(course: Course, rule: Rule, events: Sequence[Event], sinks: tuple[str, ...], severity: Severity) -> None:
    """Groups that were told otherwise than as groups (late, after a window or a silence) keep what comes now, too."""
    until = course.now + pace(rule)[1]
    for key in dict.fromkeys(group_of(rule, event) for event in events):
        for sink in sinks:
            if course.memory.piles.get(piling.key_of("group", rule.name, key, Reason.NEW, sink)) is None:
                piling.close(course, rule.name, key, Reason.NEW, sink, severity, until)


def pace(rule: Rule) -> tuple[timedelta, timedelta]:
    """How long a new group waits for more, and how long one that was told keeps what comes."""
    options, grouped = rule.options, rule.options.group_by is not None
    wait = (options.group_wait if options.group_wait is not None else GROUP_WAIT) if grouped else 0.0
    chosen = options.group_interval or options.throttle
    interval = chosen if chosen is not None else GROUP_INTERVAL if grouped else 0.0
    return timedelta(seconds=wait), timedelta(seconds=interval)


def group_of(rule: Rule, event: Event) -> str:
    """What an event is grouped by: the values of its fields, or its subject."""
    if rule.options.group_by is None:
        return subject_of(event)
    paths, wanted = _paths(tuple(rule.options.group_by))
    values = view(event, None, wanted)
    words = []
    for path in paths:
        value: object = values
        for part in path:
            value = value.get(part) if hasattr(value, "get") else None
        words.append("" if value is None else str(value))
    return "\x1f".join(words)


@lru_cache(maxsize=256)
def _paths(fields: tuple[str, ...]) -> tuple[list[tuple[str, ...]], dict[str, dict[str, Kind]]]:
    """The parts of each path, and what of an event has to be worked out for them."""
    paths = [path_of(field) for field in fields]
    wanted: dict[str, dict[str, Kind]] = {}
    for name, *rest in paths:
        if name in VARIABLES:
            kinds = VARIABLES[name]
            wanted.setdefault(name, {}).update({field: kinds[field] for field in rest[:1] if field in kinds})
    return paths, wanted


def fall_due(course: Course, saying: Saying, events: Sequence[Event], sinks: tuple[str, ...]) -> bool:
    """What nothing hides is told; what a window holds back by now is kept until it closes. True where something is
    told."""
    left: list[Event] = []
    hidden: dict[tuple[str, datetime], list[Event]] = {}
    for event in events:
        found = hiding.hider(course, saying.rule, event)
        if found is not None:
            hidden.setdefault(found, []).append(event)
        elif (
            saying.rule is not None
            and (end := hiding.open_until(course, saying.rule.hold, event, saying.name)) is not None
        ):
            kept = replace(saying, reason=Reason.DIGEST)
            _pile(course, kept, "hold", "", event, sinks, saying.weight([event]), end)
        else:
            left.append(event)
    for (by, until), kept_back in hidden.items():
        hiding.hide(
            course,
            by,
            until,
            rule=saying.name,
            events=kept_back,
            sinks=sinks,
            severity=saying.weight(kept_back),
            shadow=saying.shadow,
            over=saying.over,
        )
    if left:
        say(course, saying, left, sinks)
    return bool(left)


def say(course: Course, saying: Saying, events: Sequence[Event], sinks: tuple[str, ...]) -> None:
    """Writes the message, and looks after it from now on where the rule wants that."""
    rule, severity = saying.rule, saying.weight(events)
    text, wrong = speak(course, saying, events, severity)
    standing = saying.reason is not Reason.RESOLVED and any(event.seq not in saying.over for event in events)
    course.effects.append(
        Notify(
            rule=saying.name,
            severity=severity,
            reason=saying.reason,
            text=text,
            events=tuple(events[-FULL:]),  # a report of a month is read, not taken apart
            sinks=sinks,
            at=course.now,
            mark=saying.mark,
            shadow=saying.shadow,
            answerable=standing and rule is not None and bool(rule.options.remind_every or rule.options.escalate),
        )
    )
    if wrong is not None:
        course.complain("template", saying.name, wrong, events[0])
    if rule is not None and rule.options.gathers and saying.reason in _NEWS and not saying.group:
        _paced(course, rule, events, sinks, severity)
    if rule is not None and standing and (saying.reason is not Reason.REMINDER or saying.escalated):
        for event in events:
            if event.seq not in saying.over:
                upkeep.begin(course, rule, event, sinks, severity, saying.group, escalated=saying.escalated)
