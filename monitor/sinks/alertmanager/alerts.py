"""Decides what a message means to Alertmanager: which alerts begin or go on, and which that it has are over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from monitor.model import Delivery, Event, EventType, Reason, Severity, rfc3339
from monitor.model.lasting import ENDLESS, STATE_OF
from monitor.sinks.alertmanager.labels import label, labels_of, labels_of_message, link_of
from monitor.sinks.alertmanager.options import Options
from monitor.sinks.alertmanager.standing import Standing

_CLEAR = frozenset(
    {
        EventType.ACCOUNT_RECOVERED,
        EventType.SINK_RECOVERED,
        EventType.CLEANUP_RESUMED,
        EventType.BUDGET_RENEWED,
        EventType.QUOTA_EASED,
    }
)
"""They end what was wrong, and are nothing by themselves."""
_GOOD = frozenset({EventType.FLAVOR_RESTOCKED, EventType.FLAVOR_LISTED})
"""News, and no trouble that should stand until it ends."""
_MOST = 1000
"""Alerts that one message makes."""
_DESCRIBED = 50
"""Alerts that bear the whole text of the message; with more of them they bear its title only."""


@dataclass(frozen=True, slots=True)
class Change:
    """What to post: `begun` stand from now on, or still; `ended` are over."""

    begun: Sequence[Mapping[str, Any]]
    ended: Sequence[Mapping[str, Any]]


def newest(delivery: Delivery) -> tuple[list[Event], list[Event]]:
    """Of each subject the event that set its last state, and of what sets none the last of its type. Where all is over,
    whatever is told is the end of what was told of its subject."""
    over = delivery.notification.reason is Reason.RESOLVED
    states: dict[tuple[str | None, str], Event] = {}
    others: dict[tuple[str | None, str, str], Event] = {}
    for event in delivery.notification.events:
        if over or event.type in STATE_OF:
            states[event.account, event.subject] = event
        else:
            others[event.account, event.subject, event.type.value] = event
    return list(states.values()), list(others.values())


def change(delivery: Delivery, standing: Sequence[Standing], options: Options, now: datetime) -> Change:
    """`standing`: the alerts that Alertmanager has about the subjects of the message."""
    return _Decision(delivery, standing, options, now).made()


class _Decision:
    def __init__(self, delivery: Delivery, standing: Sequence[Standing], options: Options, now: datetime) -> None:
        self._delivery = delivery
        self._message = delivery.notification
        self._standing = standing
        self._options = options
        self._now = now
        self._over = self._message.reason is Reason.RESOLVED
        self._told: dict[tuple[str | None, str], set[str]] = {}
        """The states of each subject that this message tells of."""
        for event in self._message.events:
            if event.type in STATE_OF:
                self._told.setdefault((event.account, event.subject), set()).add(STATE_OF[event.type])

    def made(self) -> Change:
        states, others = newest(self._delivery)
        ended: list[Mapping[str, Any]] = []
        begun: list[Event] = []
        for event in states:
            over = list(self._ended_by(event))
            ended += [self._end(alert, event) for alert in over]
            if self._begins(event, over):
                begun.append(event)
        begun += () if self._over else others
        posted = [self._begin(event, described=len(begun) <= _DESCRIBED) for event in begun[-_MOST:]]
        if len(begun) > _MOST or not self._message.events:
            posted.append(self._whole())
        return Change(posted, ended)

    def _ended_by(self, event: Event) -> Iterator[Standing]:
        """What tells of another state of the same subject, whichever rule told it; and at the end of a state that this
        rule told, all that it told of the subject."""
        for alert in self._standing:
            about = (alert.labels.get("account", ""), alert.labels.get("subject"))
            if about != (label(event.account or ""), label(event.subject)):
                continue
            state = STATE_OF.get(event.type)
            other = None not in (state, alert.state) and state != alert.state
            if other or (self._over and alert.labels.get("alertname") == self._message.rule):
                yield alert

    def _begins(self, event: Event, over: Sequence[Standing]) -> bool:
        """Good news that ends what the rule told before, or tells in this same message, is its end and nothing more."""
        if self._over or event.type in _CLEAR:
            return False
        own = any(alert.labels.get("alertname") == self._message.rule for alert in over)
        several = len(self._told[event.account, event.subject]) > 1
        return event.severity is not Severity.INFO or not (own or several)

    def _begin(self, event: Event, *, described: bool) -> dict[str, Any]:
        lasts = event.type in STATE_OF and event.type not in ENDLESS and event.type not in _GOOD
        end = self._now + timedelta(seconds=self._options.state_lasts if lasts else self._options.event_lasts)
        return _written(
            labels_of(self._delivery, event, self._options.labels),
            self._annotations() if described else {"summary": self._message.text.title},
            link_of(event),
            min(event.time, self._now),
            end,
        )

    def _end(self, alert: Standing, event: Event) -> dict[str, Any]:
        """With the labels that Alertmanager knows it by, whatever they would be today."""
        end = max(alert.starts_at, min(event.time, self._now))
        annotations = {**alert.annotations, **self._annotations()}
        return _written(alert.labels, annotations, alert.link, alert.starts_at, end)

    def _whole(self) -> dict[str, Any]:
        """Of a message without events, or with more than there are alerts for."""
        end = self._now + timedelta(seconds=self._options.event_lasts)
        made = labels_of_message(self._delivery, self._options.labels)
        return _written(made, self._annotations(), None, min(self._message.created_at, self._now), end)

    def _annotations(self) -> dict[str, str]:
        text = self._message.text
        return {"summary": text.title, "description": text.plain}


def _written(
    labels: Mapping[str, str], annotations: Mapping[str, str], link: str | None, start: datetime, end: datetime
) -> dict[str, Any]:
    made: dict[str, Any] = {
        "labels": labels,
        "annotations": annotations,
        "startsAt": rfc3339(start),
        "endsAt": rfc3339(end),
    }
    return {**made, "generatorURL": link} if link else made
