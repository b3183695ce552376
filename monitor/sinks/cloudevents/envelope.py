"""What a `cloudevents` sink posts, one after the other: the events of a message, or one that stands for its text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from monitor.model import Delivery, rfc3339

CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"


def envelopes(delivery: Delivery) -> Iterator[dict[str, Any]]:
    """In the order in which they happened. A message without events (a test, an empty report) is one event of the type
    `notification.<reason>`, whose id is the message's."""
    message = delivery.notification
    if message.events:
        yield from (event.cloudevent() for event in message.events)
        return
    yield {
        "specversion": "1.0",
        "id": message.id,
        "type": f"notification.{message.reason.value}",
        "source": "training-monitor",
        "subject": f"notification/{message.id}",
        "time": rfc3339(message.created_at),
        "datacontenttype": "application/json",
        "data": {
            "rule": message.rule,
            "severity": message.severity.value,
            "title": message.text.title,
            "body": message.text.plain,
        },
    }
