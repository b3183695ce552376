"""What the config file may say of the heartbeat: where an outside dead man's switch waits for it, and how often."""

from __future__ import annotations

from monitor.fields import Duration
from monitor.fields.strict import Strict
from monitor.sinks.address import Address


class HeartbeatOptions(Strict):
    """A sign of life to a dead man's switch outside (Healthchecks, an Uptime Kuma push monitor, Dead Man's Snitch): it
    calls you when the sign stays away. Sent only while everything that was not told already works."""

    url: Address
    """Asked with GET, exactly as it stands; redirects are not followed. It holds a token and is shown nowhere."""
    every: Duration = 300.0
    """How often. Have the other side wait three times as long before it calls."""
