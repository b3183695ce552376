"""From what the rules decided to what must be written. No I/O; the router reads and writes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b

from monitor.diff import flavor_flapping, rule_failed, silence_ended, template_failed
from monitor.model import EventDraft
from monitor.routing.links import Links
from monitor.rules import Effect, Failed, Flapping, Hide, Notify
from monitor.store import HiddenWrite, NotificationWrite


@dataclass(slots=True)
class Writes:
    """What a batch comes to, ready for one transaction."""

    notifications: list[NotificationWrite] = field(default_factory=list)
    hidden: list[HiddenWrite] = field(default_factory=list)
    events: list[EventDraft] = field(default_factory=list)
    over: list[tuple[str, datetime]] = field(default_factory=list)
    """Silences that came to their end by themselves, and when."""

    @property
    def sinks(self) -> set[str]:
        return {sink for write in self.notifications if not write.shadow for sink in write.sinks}

    def __bool__(self) -> bool:
        return bool(self.notifications or self.hidden or self.events)


def writes(effects: Iterable[Effect], epoch: str, now: datetime, links: Links | None = None) -> Writes:
    """Carries out the effects. `links`: put into messages that somebody may answer."""
    made = Writes()
    for effect in effects:
        if isinstance(effect, Notify):
            made.notifications.append(notification(effect, epoch, now, links))
        elif isinstance(effect, Hide):
            if not effect.shadow:
                write = HiddenWrite(by=effect.by, rule=effect.rule, sinks=effect.sinks, seqs=effect.seqs, at=effect.at)
                made.hidden.append(write)
        elif isinstance(effect, Failed):
            draft = rule_failed if effect.kind == "rule" else template_failed
            made.events.append(draft(effect.rule, what=effect.what, now=now, event=effect.event.id))
        elif isinstance(effect, Flapping):
            made.events.append(
                flavor_flapping(
                    effect.event, changes=effect.changes, since=effect.since, settled=effect.settled, now=effect.at
                )
            )
        else:
            made.over.append((effect.id, effect.at))
            made.events.append(
                silence_ended(
                    effect.id, owner=effect.owner, comment=effect.comment, by=None, hidden=effect.hidden, now=effect.at
                )
            )
    return made


def notification(effect: Notify, epoch: str, now: datetime, links: Links | None = None) -> NotificationWrite:
    """Its id is the same for the same rule, reason, events and mark: a batch that is done twice tells nothing twice."""
    parts = (epoch, effect.rule, effect.reason.value, effect.mark, *(event.id for event in effect.events))
    named = blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()
    answerable = effect.answerable and not effect.shadow
    return NotificationWrite(
        id=named,
        rule=effect.rule,
        severity=effect.severity,
        reason=effect.reason,
        text=links.added(effect.text, named, now) if links is not None and answerable else effect.text,
        created_at=now,
        event_seqs=tuple(event.seq for event in effect.events),
        subjects=tuple(dict.fromkeys(f"{event.account or ''}|{event.subject}" for event in effect.events)),
        sinks=effect.sinks,
        shadow=effect.shadow,
    )
