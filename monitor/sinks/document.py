"""A message as one JSON document (section 9 of the design), what `webhook` posts and `file` keeps; and its bytes."""

from __future__ import annotations

import json
from typing import Any

import msgspec

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


def as_json(document: object) -> bytes:
    """In UTF-8, on one line; what stands for no sign in any encoding becomes a question mark."""
    try:
        return msgspec.json.encode(document)
    except UnicodeEncodeError:
        return json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")
