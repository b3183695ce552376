"""What a message says without any template: title, plain text and Markdown, for no, one and many events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from monitor.model import Event, Reason, Severity, Text
from monitor.rules.message.clean import one_line
from monitor.rules.message.digest import digest
from monitor.rules.message.facts import Facts, clock, joined
from monitor.rules.message.jobs import job_story, owner
from monitor.rules.message.own import own_story
from monitor.rules.message.people import answer_story, silence_story
from monitor.rules.message.places import account_story, flavor_story
from monitor.rules.message.story import Line, Story, told
from monitor.rules.options import UNMATCHED

_STORIES = {
    "job": job_story,
    "usage": job_story,
    "flavor": flavor_story,
    "account": account_story,
    "provider": account_story,
    "poll": account_story,
    "notification": answer_story,
    "silence": silence_story,
}


def render(
    events: Sequence[Event],
    *,
    rule: str,
    reason: Reason,
    severity: Severity,
    now: datetime,
    names: Mapping[str, str] | None = None,
    asides: Sequence[Line] = (),
) -> Text:
    """The text of a notification; never raises, whatever the events' data. No event at all is a test message.
    `names`: what people are called, by `<provider>:<id>`; others are shown by their id. `asides`: lines
    about the message itself."""
    if not events:
        return _test(now)
    if len(events) == 1:
        return _single(events[0], rule=rule, severity=severity, names=names or {}, asides=asides)
    ordered = sorted(events, key=lambda event: event.seq)
    return digest(ordered, story_of, names or {}, origin=_origin(rule), reason=reason, severity=severity, asides=asides)


def story_of(event: Event) -> Story:
    """The story by the family of the event's type."""
    return _STORIES.get(event.type.value.partition(".")[0], own_story)(event)


def _single(event: Event, *, rule: str, severity: Severity, names: Mapping[str, str], asides: Sequence[Line]) -> Text:
    story = story_of(event)
    prefix = "Critical: " if severity is Severity.CRITICAL else ""
    links = tuple(line for line in story.lines if line.url)
    lines = [line for line in story.lines if not line.url]
    if event.late:
        lines.append(Line("Seen late", clock(event.detected_at)))
    account = Facts({"name": event.account}).text("name") if not event.subject.startswith("account/") else ""
    lines += asides
    lines.append(Line("From", joined(account, owner(event, names))))
    lines.append(Line("Rule", _origin(rule)))
    lines = [line for line in lines if line.value]
    return told(prefix + (story.alone or story.title), [*lines, *links])


def _origin(rule: str) -> str:
    return "none took it" if rule == UNMATCHED else one_line(rule, 80)


def _test(now: datetime) -> Text:
    lines = [
        Line("", "If you can read this, messages of the training monitor arrive here."),
        Line("Time", clock(now)),
    ]
    return told("Test message from the training monitor", lines)
