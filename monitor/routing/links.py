"""The link by which a person answers a message: a signed name of it that needs no log-in, and that ends. No I/O."""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from monitor.model import Text

LIFE = timedelta(days=7)
"""How long a link is good for."""
PATH = "/answer/"
LONGEST = 200
"""Characters of a token that is looked at."""
_SAYS = "Acknowledge or snooze"
_PURPOSE = b"answer\0"
"""What the key signs beside the token, so that a proof made with it for anything else opens nothing here."""
_TIME = 5
_PROOF = hashlib.sha256().digest_size


class BadLink(Exception):
    """Nobody here has signed that."""


class LinkEnded(Exception):
    """It was signed with the key before this one: somebody has ended all links of then."""


class LinkExpired(Exception):
    """It was good once. `notification`: whose it was."""

    def __init__(self, notification: str, until: datetime) -> None:
        super().__init__(notification)
        self.notification = notification
        self.until = until


@dataclass(frozen=True, slots=True)
class Links:
    """Makes the links of a store's messages. `key`: the store's own secret; `public_url`: where people reach the
    port."""

    key: bytes
    public_url: str

    def __repr__(self) -> str:
        return f"Links({self.public_url!r})"

    def of(self, key: bytes | None) -> Links:
        """By the key that the store has by now, for people may end all links at any time."""
        return self if key is None or key == self.key else replace(self, key=key)

    def added(self, text: Text, notification: str, now: datetime) -> Text:
        """The text with the link as its last line."""
        address = f"{self.public_url}{PATH}{sign(self.key, notification, now + LIFE)}"
        return replace(
            text,
            plain=f"{text.plain}\n{_SAYS}: {address}".lstrip("\n"),
            markdown=f"{text.markdown}\n\n[{_SAYS}]({address})".lstrip("\n"),
        )


def sign(key: bytes, notification: str, until: datetime) -> str:
    """The token that stands for this notification until then (whole seconds)."""
    payload = int(until.timestamp()).to_bytes(_TIME, "big") + notification.encode()
    return urlsafe_b64encode(payload + _proof(key, payload)).decode().rstrip("=")


def read(key: bytes, token: str, now: datetime, before: bytes | None = None) -> str:
    """The notification that the token stands for. `before`: the key before this one. Raises BadLink, LinkEnded,
    LinkExpired. How far a forged one is right cannot be told from the time that this takes."""
    try:
        payload = _signed(key, token)
    except BadLink:
        if before is None:
            raise
        _signed(before, token)
        raise LinkEnded from None
    until = datetime.fromtimestamp(int.from_bytes(payload[:_TIME], "big"), UTC)
    notification = payload[_TIME:].decode()
    if now >= until:
        raise LinkExpired(notification, until)
    return notification


def _signed(key: bytes, token: str) -> bytes:
    """What was signed. Raises BadLink."""
    if not token.isascii() or len(token) > LONGEST:
        raise BadLink
    try:
        raw = urlsafe_b64decode(token.encode() + b"=" * (-len(token) % 4))
    except ValueError:
        raise BadLink from None
    payload, proof = raw[:-_PROOF], raw[-_PROOF:]
    whole = len(payload) > _TIME and urlsafe_b64encode(raw).decode().rstrip("=") == token
    if not (hmac.compare_digest(proof, _proof(key, payload)) and whole):  # the same work, whatever is wrong with it
        raise BadLink
    return payload


def _proof(key: bytes, payload: bytes) -> bytes:
    return hmac.new(key, _PURPOSE + payload, hashlib.sha256).digest()
