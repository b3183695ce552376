"""One event's way through the rules, in the order of the file, and into the net below them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from monitor.model import Event, EventType, Reason
from monitor.rules.audience import audience
from monitor.rules.compile import Rule
from monitor.rules.engine import flapping, following, hiding, telling
from monitor.rules.engine.course import ABOUT_RULES, Course
from monitor.rules.engine.telling import Saying
from monitor.rules.holding import words
from monitor.rules.state import Waits
from monitor.rules.verdict import MATCHED, NOT_MATCHED, Verdict

_WAITING = ("queued", "pending")
KEPT = 100
"""Waits in the queue that are remembered for each thing that jobs run on."""


def sort(course: Course, event: Event, *, told: bool, told_elsewhere: bool) -> None:
    """Each rule that matches takes the event, until one says `stop`; what none took goes to the net.

    `told`: somebody heard of it already, as of the end of what went before. `told_elsewhere`: it is one of many changes
    that are told as one: only timers look at it.
    """
    learn(course, event)
    told, failed = told or told_elsewhere, ""
    about_rules = event.type in ABOUT_RULES
    for rule in (rules := course.ruleset.by_type.get(event.type, ())):
        if about_rules and event.subject == f"rule/{rule.name}":
            continue  # its report could make it fail again, for ever
        verdict = judge(course, rule, event)
        if verdict.error is not None:
            course.complain("rule", rule.name, verdict.error, event)
        wrong = verdict.error or ""
        if verdict.matched:
            taken, wrong = _take(course, rule, event, told_elsewhere, _spoken_for(course, rules, rule, event))
        elif verdict is NOT_MATCHED:
            continue
        if rule.options.shadow:
            continue
        failed = failed or (telling.failure(rule, wrong) if wrong else "")
        told = told or (verdict.matched and taken)
        if verdict.matched and rule.options.stop:
            break
    if (failed or not told) and event.type not in hiding.PEOPLES:
        telling.net(course, event, reason=Reason.RESOLVED if flapping.settled(event) else Reason.NEW, why=failed)


def judge(course: Course, rule: Rule, event: Event) -> Verdict:
    return MATCHED if rule.when is None else rule.when.decide(course.bind(event))


def _spoken_for(course: Course, rules: Sequence[Rule], rule: Rule, event: Event) -> frozenset[str]:
    """Sinks that hear of a flapping by another rule. One that takes it only in place of the changes that it names
    leaves it to those before it, and to those that name it: two that share the changes tell it once."""
    if event.type is not EventType.FLAVOR_FLAPPING or rule.options.shadow or flapping.named(rule):
        return frozenset()
    found: set[str] = set()
    passed = False
    for other in rules:
        passed = passed or other is rule
        if other is not rule and (other.options.shadow or (passed and not flapping.named(other))):
            continue
        if other is not rule and not judge(course, other, event).matched:
            continue
        if other is not rule and other.options.digest is None:
            found.update(audience(course.ruleset, other.options.notify, event, other.options.fallback))
        if other.options.stop:
            break
    return frozenset(found)


def _take(course: Course, rule: Rule, event: Event, told_elsewhere: bool, without: Collection[str]) -> tuple[bool, str]:
    """True where somebody is told, now or later; and what the rule failed on. `without`: sinks that are told by another
    rule."""
    if rule.options.lasting is not None:
        return following.start(course, rule, event)
    if told_elsewhere:
        return True, ""
    if rule.options.digest is not None:
        return bool(audience(course.ruleset, rule.options.notify, event, rule.options.fallback)), ""
    reason = Reason.RESOLVED if flapping.settled(event) else Reason.NEW
    return telling.tell(course, Saying(rule.name, rule, reason), event, without), ""


def learn(course: Course, event: Event) -> None:
    """How long jobs wait in the queue, by what they run on."""
    if event.type is not EventType.JOB_STARTED:
        return
    previous, seconds = event.data.get("previous"), None
    if isinstance(previous, Mapping) and previous.get("state") in _WAITING:
        seconds = previous.get("duration")
    key = queue_of(event)
    if isinstance(seconds, int | float) and not isinstance(seconds, bool) and seconds >= 0 and key is not None:
        before = course.memory.waits.get(key)
        course.memory.waits.set(key, Waits((*(before.seconds if before is not None else ()), float(seconds))[-KEPT:]))


def queue_of(event: Event) -> str | None:
    """`<provider>|<flavor, else base model>`: jobs that wait for the same thing."""
    account, job = event.data.get("account"), event.data.get("job")
    if not isinstance(account, Mapping) or not isinstance(job, Mapping):
        return None
    thing = job.get("flavor") or job.get("base_model") or job.get("model")
    return words(f"{account.get('provider')}|{thing}") if thing else None
