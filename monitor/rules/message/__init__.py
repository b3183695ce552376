"""What a message says without any template: title, plain text and Markdown, for no, one and many events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from monitor.model import Event, Reason, Severity, Text
from monitor.rules.message.budgets import budget_story
from monitor.rules.message.clean import one_line
from monitor.rules.message.deletions import cleanup_story, deletion_story
from monitor.rules.message.digest import digest
from monitor.rules.message.facts import Facts, clock, joined
from monitor.rules.message.jobs import job_story, owner
from monitor.rules.message.lasting import in_time
from monitor.rules.message.occasion import Occasion
from monitor.rules.message.own import own_story
from monitor.rules.message.people import answer_story, silence_story
from monitor.rules.message.places import account_story, flavor_story
from monitor.rules.message.quotas import quota_story
from monitor.rules.message.story import TITLE, Line, Story, told

_STORIES = {
    "job": job_story,
    "usage": job_story,
    "flavor": flavor_story,
    "account": account_story,
    "provider": account_story,
    "poll": account_story,
    "notification": answer_story,
    "silence": silence_story,
    "deletion": deletion_story,
    "cleanup": cleanup_story,
    "budget": budget_story,
    "quota": quota_story,
}


def render(
    events: Sequence[Event],
    *,
    rule: str,
    reason: Reason,
    severity: Severity,
    now: datetime,
    names: Mapping[str, str] | None = None,
) -> Text:
    """The text of a notification; never raises, whatever the events' data. No event at all is a test message.
    `names`: what people are called, by `<provider>:<id>`; others are shown by their id."""
    return render_on(events, Occasion(rule=rule, reason=reason, severity=severity, now=now), names or {})


def render_on(events: Sequence[Event], occasion: Occasion, names: Mapping[str, str]) -> Text:
    """The same, of a message that is more than news."""
    if not events:
        return _test(occasion.now)
    if len(events) == 1:
        text = _single(events[0], occasion, names)
    else:
        ordered = sorted(events, key=lambda event: event.seq)
        each = replace(occasion, times=1)
        text = digest(ordered, lambda event: in_time(story_of(event), event, each), names, occasion)
    headline = one_line(occasion.headline[:1].upper() + occasion.headline[1:], TITLE * 2)
    if not headline:
        return text
    return replace(text, title=told(occasion.prefix + headline, ()).title)


def story_of(event: Event) -> Story:
    """The story by the family of the event's type."""
    return _STORIES.get(event.type.value.partition(".")[0], own_story)(event)


def _single(event: Event, occasion: Occasion, names: Mapping[str, str]) -> Text:
    story = in_time(story_of(event), event, occasion)
    links = tuple(line for line in story.lines if line.url)
    lines = [line for line in story.lines if not line.url]
    if occasion.headline:
        lines.insert(0, Line("Kept back", story.title))
    if event.late and not occasion.lasted:
        lines.append(Line("Seen late", clock(event.detected_at)))
    account = Facts({"name": event.account}).text("name") if not event.subject.startswith("account/") else ""
    lines += [*occasion.asides, *occasion.sense]
    lines.append(Line("From", joined(account, owner(event, names))))
    lines.append(Line("Rule", occasion.origin))
    lines = [line for line in lines if line.value]
    return told(occasion.prefix + (story.alone or story.title), [*lines, *links])


def _test(now: datetime) -> Text:
    lines = [
        Line("", "If you can read this, messages of the training monitor arrive here."),
        Line("Time", clock(now)),
    ]
    return told("Test message from the training monitor", lines)
