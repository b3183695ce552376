"""Timers (`for`): started by the event that sets a state, ended by the one that ends it, fired when it has lasted."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from monitor.model import Event, Reason
from monitor.rules import asides
from monitor.rules.compile import Rule
from monitor.rules.engine import flapping, standing, telling
from monitor.rules.engine.course import Course
from monitor.rules.engine.telling import Saying
from monitor.rules.holding import ENDLESS, state_of, watch_of, words
from monitor.rules.options import UNMATCHED
from monitor.rules.state import Followed, Timer
from monitor.rules.verdict import Verdict
from monitor.rules.view import moment


def start(course: Course, rule: Rule, event: Event) -> tuple[bool, str]:
    """Whether the rule waits for the event's state to last, and what failed in its `while`. A second match does not
    start the waiting anew, nor does it after the state was told. It runs from when the state began, by the platform's
    clock where that is behind ours, and falls due now at the earliest."""
    assert rule.options.lasting is not None
    if state_of(event) is None:
        return False, ""
    goes_on = course.decide(rule.holds, event, rule.name)
    if not goes_on.matched:
        return False, goes_on.error or ""
    row = course.memory.follow(event)
    if rule.name not in row.timers and rule.name not in row.standings:
        due = min(event.time, event.detected_at) + timedelta(seconds=rule.options.lasting)
        timer = Timer(seq=event.seq, due=max(due, event.detected_at))
        course.memory.keep(replace(row, timers={**row.timers, rule.name: timer}))
    return True, ""


def observe(course: Course, event: Event, subject: str) -> bool:
    """What an event means for who waits for its subject. True where somebody is told that the state is over."""
    row = course.memory.followed.get(subject)
    if row is None:
        return False
    state = state_of(event)
    if state is None or state == row.state:
        return _still(course, replace(row, latest=event.seq), event)
    ended = {name: told for name, told in row.standings.items() if told.bound}
    left = {name: told for name, told in row.standings.items() if not told.bound}
    if left or row.piled:
        course.memory.keep(replace(row, state=state, since=event.seq, latest=event.seq, timers={}, standings=left))
    else:
        course.memory.followed.set(subject, None)
    return standing.resolve(course, ended, event)


def _still(course: Course, row: Followed, event: Event) -> bool:
    """The state lasts; what a `while` does not let go on ends, and what was told of a flapping that has settled.
    True where somebody is told that what was told does not hold any more."""
    verdicts = {
        name: goes_on(course, rule, row, event)
        for name in {**row.timers, **row.standings}
        if (rule := course.ruleset.named(name)) is not None and rule.holds is not None
    }
    over = {name for name, verdict in verdicts.items() if not verdict.matched}
    over |= {name for name, told in row.standings.items() if flapping.settled(event) and not told.bound}
    timers = {name: timer for name, timer in row.timers.items() if name not in over}
    standings = {name: told for name, told in row.standings.items() if name not in over}
    course.memory.keep(replace(row, timers=timers, standings=standings))
    ended = {name: told for name, told in row.standings.items() if name in over and told.bound}
    for name in list(ended):
        rule = course.ruleset.named(name)
        at_once = rule is not None and rule.options.lasting is None and standing.takes(course, rule, event)
        if at_once or verdicts[name].error is not None:  # it is told anew, or nobody can say whether it holds
            del ended[name]
    return standing.resolve(course, ended, event, narrowed=True)


def goes_on(course: Course, rule: Rule, row: Followed, latest: Event) -> Verdict:
    """What `while` says. Where nobody can say whether it does, people hear of the event that waits."""
    verdict = course.decide(rule.holds, latest, rule.name)
    timer = row.timers.get(rule.name)
    if verdict.error is not None and timer is not None and timer.due is not None and not rule.options.shadow:
        event = course.event(timer.seq)
        if event is not None:
            telling.net(course, event, why=telling.failure(rule, verdict.error))
    return verdict


def begin_anew(course: Course, event: Event) -> None:
    """A watch got a new baseline, for the endpoint or the filter was changed: nobody looks any more at what was
    followed there before, so that no event will end it. It ends without a word. What waits in a group or window goes
    out all the same, for that has happened; what a silence hides does not hold any more."""
    watch, since = words(f"{event.account}|{event.data.get('watch')}"), moment(event.data.get("since"))
    if event.account is None or since is None:
        return
    workspace = event.data.get("workspace")
    for row in course.memory.followed.rows().values():
        if row.watch == watch and _of_before(course.event(row.latest), since, workspace):
            course.memory.keep(replace(row, state=None, timers={}, standings={}))
    for key, flips in course.memory.flips.rows().items():
        last = course.event(flips.seq)
        if last is not None and watch_of(last) == watch and _of_before(last, since, workspace):
            course.memory.flips.put(key, None)


def _of_before(latest: Event | None, since: datetime, workspace: object) -> bool:
    """Whether it was seen last before then, in that workspace as far as that is known."""
    if latest is None:
        return True
    job = latest.data.get("job")
    where = job.get("workspace") if isinstance(job, Mapping) else None
    return latest.detected_at < since and (workspace is None or where in (None, workspace))


def fall_due(course: Course, keys: Iterable[str], when: datetime) -> None:
    """Timers that fell due are told, in the order of the file; then reminders and steps of escalations."""
    rows = [row for key in keys if (row := course.memory.followed.get(key)) is not None]
    fired = [
        (course.place(name), timer.seq, row.subject, name)
        for row in rows
        for name, timer in row.timers.items()
        if timer.due is not None and timer.due <= when
    ]
    for _, _, subject, name in sorted(fired):
        _fire(course, subject, name)
    standing.fall_due(course, [row.subject for row in rows], when)


def _fire(course: Course, subject: str, name: str) -> None:
    row, rule = course.memory.followed.get(subject), course.ruleset.named(name)
    timer = row.timers.get(name) if row is not None else None
    if row is None or rule is None or timer is None or timer.due is None:
        return
    fired = replace(timer, due=None)
    course.memory.keep(replace(row, timers={**row.timers, name: fired}))
    event = course.event(timer.seq)
    latest = event if row.latest == timer.seq else course.event(row.latest)
    lasts = event is not None and latest is not None and goes_on(course, rule, row, latest).matched
    if event is not None and lasts:
        late = asides.missed(course, row.watch, timer.due)
        at_once = timer.due <= event.detected_at
        saying = Saying(name, rule, Reason.NEW, lasted=True, fresh=at_once, missed={event.seq: late} if late else {})
        told = telling.tell(course, saying, event)
        if not told and not rule.options.shadow:
            telling.net(course, event)
    if event is None or not lasts or event.type in ENDLESS:  # a state that never ends would be remembered for ever
        _drop(course, subject, name)


def _drop(course: Course, subject: str, name: str) -> None:
    row = course.memory.followed.get(subject)
    if row is not None:
        course.memory.keep(replace(row, timers={each: timer for each, timer in row.timers.items() if each != name}))


def forsake(course: Course) -> None:
    """A rule that is not in the file any more waits for nothing."""
    names = course.ruleset.by_name.keys() | {UNMATCHED}
    for row in course.memory.followed.rows().values():
        if row.timers.keys() <= names and row.standings.keys() <= names:
            continue
        timers = {name: timer for name, timer in row.timers.items() if name in names}
        standings = {name: told for name, told in row.standings.items() if name in names}
        course.memory.keep(replace(row, timers=timers, standings=standings))


def forsake_accounts(course: Course, polled: Collection[str]) -> None:
    """An account that is polled no more is in no state any more that somebody could see, and no event will end what
    was told of it: it ends without a word. Its jobs and flavors wait, until it is polled again."""
    for row in course.memory.followed.rows().values():
        account, _, about = row.subject.partition("|")
        if account and about == f"account/{account}" and account not in polled:
            course.memory.keep(replace(row, state=None, timers={}, standings={}))


def shift(course: Course, by: timedelta) -> None:
    """The wall clock was set by so much; what has lasted has lasted."""
    for key, row in course.memory.followed.rows().items():
        timers = {
            name: replace(timer, due=timer.due + by if timer.due is not None else None)
            for name, timer in row.timers.items()
        }
        standings = {name: standing.shifted(told, by) for name, told in row.standings.items()}
        course.memory.followed.put(key, replace(row, timers=timers, standings=standings))
