"""What a `webhook` sink posts: the JSON of section 9 of the design and its Standard Webhooks headers."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime

import msgspec

from monitor.model import Delivery, rfc3339


def body(delivery: Delivery) -> bytes:
    """The message as JSON. `id` is the notification's, the same at every sink; repeats are known by `webhook-id`."""
    message = delivery.notification
    return msgspec.json.encode(
        {
            "id": message.id,
            "rule": message.rule,
            "severity": message.severity.value,
            "title": message.text.title,
            "body": message.text.plain,
            "created_at": rfc3339(message.created_at),
            "reason": message.reason.value,
            "events": [event.cloudevent() for event in message.events],
        }
    )


def headers(delivery_id: str, now: datetime, content: bytes, key: bytes | None) -> dict[str, str]:
    """The headers of one attempt; `webhook-signature` only with a key.

    https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
    """
    stamp = str(int(now.timestamp()))
    made = {"content-type": "application/json", "webhook-id": delivery_id, "webhook-timestamp": stamp}
    if key is not None:
        signed = b".".join((delivery_id.encode(), stamp.encode(), content))
        digest = hmac.new(key, signed, hashlib.sha256).digest()
        made["webhook-signature"] = "v1," + base64.b64encode(digest).decode()
    return made
