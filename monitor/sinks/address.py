"""What a sink that posts to a web address of yours may say of it; the URL is a secret, for many hold a token."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field
from yarl import URL

from monitor.fields import Secret
from monitor.sinks.options import Place, SinkOptions

_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_OURS = frozenset({"content-type", "content-length", "host", "webhook-id", "webhook-timestamp", "webhook-signature"})


def _url(value: Secret) -> Secret:
    if value.missing is None:
        try:
            url = URL(value.reveal())
        except ValueError:
            url = URL()
        if url.scheme not in ("http", "https") or not url.host:
            raise ValueError("expected a URL like https://example.org/path")
    return value


Address = Annotated[Secret, AfterValidator(_url)]


def _headers(value: dict[str, Secret]) -> dict[str, Secret]:
    for name, text in value.items():
        if not _HEADER.fullmatch(name) or name.lower() in _OURS:
            raise ValueError(f"{name!r} cannot be set here; name a header that the sink itself does not use")
        if text.missing is None and (not text.reveal().isprintable() or not text.reveal().isascii()):
            raise ValueError(f"the value of {name!r} must be printable ASCII on one line")
    return value


class Addressed(SinkOptions):
    """Base of the options of kinds that post to one web address."""

    url: Address
    """Where to post. May hold a user and password, or a token in path or query: it is shown nowhere."""
    headers: Annotated[dict[str, Secret], AfterValidator(_headers)] = Field(default_factory=dict)
    """Sent beside the sink's own, as for `Authorization`."""

    def place(self) -> Place:
        url = URL(self.url.reveal())
        return Place(url.host or "", url.port or 0, url.scheme == "https")
