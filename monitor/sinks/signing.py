"""Signs what sinks post, by Standard Webhooks: who knows the secret sees that it comes from here, whole and new.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator

from monitor.fields import Secret

PREFIX = "whsec_"


def signing_key(secret: Secret) -> bytes:
    """The key that a Standard Webhooks secret stands for: `whsec_` and base64, or any other text as it is.

    Raises ValueError, never with the secret in it.
    """
    text = secret.reveal()
    if not text.startswith(PREFIX):
        return text.encode()
    encoded = text.removeprefix(PREFIX)
    try:
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not key:
        raise ValueError(f"starts with {PREFIX}, so base64 must follow; leave {PREFIX} out to use the text itself")
    return key


def _checked(value: Secret) -> Secret:
    if value.missing is None:
        signing_key(value)
    return value


SigningSecret = Annotated[Secret, AfterValidator(_checked)]


def headers(id: str, now: datetime, content: bytes, key: bytes | None) -> dict[str, str]:
    """The headers of one attempt: `webhook-id` is the same on each; `webhook-signature` only with a key."""
    stamp = str(int(now.timestamp()))
    made = {"webhook-id": id, "webhook-timestamp": stamp}
    if key is not None:
        signed = b".".join((id.encode(), stamp.encode(), content))
        digest = hmac.new(key, signed, hashlib.sha256).digest()
        made["webhook-signature"] = "v1," + base64.b64encode(digest).decode()
    return made
