"""What the config file may say of a `cloudevents` sink."""

from __future__ import annotations

from typing import Literal

from monitor.sinks.address import Addressed
from monitor.sinks.signing import SigningSecret


class Options(Addressed):
    type: Literal["cloudevents"]
    secret: SigningSecret | None = None
    """Signs every event (Standard Webhooks): `whsec_` and base64, or any text, whose UTF-8 bytes are the key."""
