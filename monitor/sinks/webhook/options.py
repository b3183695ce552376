"""What the config file may say of a `webhook` sink; the URL is a secret, for many hold a token in path or query."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from yarl import URL

from monitor.fields import Secret
from monitor.sinks.options import Place, SinkOptions

PREFIX = "whsec_"
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_OURS = frozenset({"content-type", "content-length", "host", "webhook-id", "webhook-timestamp", "webhook-signature"})


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


def _url(value: Secret) -> Secret:
    if value.missing is None:
        try:
            url = URL(value.reveal())
        except ValueError:
            url = URL()
        if url.scheme not in ("http", "https") or not url.host:
            raise ValueError("expected a URL like https://example.org/path")
    return value


def _secret(value: Secret) -> Secret:
    if value.missing is None:
        signing_key(value)
    return value


def _headers(value: dict[str, Secret]) -> dict[str, Secret]:
    for name, text in value.items():
        if not _HEADER.fullmatch(name) or name.lower() in _OURS:
            raise ValueError(f"{name!r} cannot be set here; name a header that the webhook itself does not use")
        if text.missing is None and (not text.reveal().isprintable() or not text.reveal().isascii()):
            raise ValueError(f"the value of {name!r} must be printable ASCII on one line")
    return value


class Options(SinkOptions):
    type: Literal["webhook"]
    url: Annotated[Secret, AfterValidator(_url)]
    """Where to post. May hold a user and password, or a token in path or query: it is shown nowhere."""
    secret: Annotated[Secret, AfterValidator(_secret)] | None = None
    """Signs every message (Standard Webhooks): `whsec_` and base64, or any text, whose UTF-8 bytes are the key."""
    headers: Annotated[dict[str, Secret], AfterValidator(_headers)] = Field(default_factory=dict)
    """Sent beside the webhook's own, as for `Authorization`."""

    def place(self) -> Place:
        url = URL(self.url.reveal())
        return Place(url.host or "", url.port or 0, url.scheme == "https")
