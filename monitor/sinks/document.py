"""A message as one JSON document (section 9 of the design): what `webhook` posts and `file` keeps."""

from __future__ import annotations

from typing import Any

from monitor.model import Delivery, rfc3339


def document(delivery: Delivery) -> dict[str, Any]:
    """`id` is the notification's, the same at every sink."""
    message = delivery.notification
    return {
        "id": message.id,
        "rule": message.rule,
        "severity": message.severity.value,
        "title": message.text.title,
        "body": message.text.plain,
        "created_at": rfc3339(message.created_at),
        "reason": message.reason.value,
        "events": [event.cloudevent() for event in message.events],
    }
