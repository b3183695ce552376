"""What the config file may say of an `alertmanager` sink."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from monitor.fields import Duration
from monitor.sinks.address import Address, Addressed

OURS = frozenset({"alertname", "severity", "type", "source", "account", "provider", "subject"})
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def _labels(value: dict[str, str]) -> dict[str, str]:
    for name in value:
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no name of a label: letters, digits and `_`, not beginning with a digit")
        if name in OURS:
            raise ValueError(f"{name!r} is a label that every alert has already")
    return value


class Options(Addressed):
    type: Literal["alertmanager"]
    url: Address
    """Where Alertmanager is, as `http://127.0.0.1:9093`. May hold a user and password: it is shown nowhere."""
    labels: Annotated[dict[str, str], AfterValidator(_labels)] = Field(default_factory=dict)
    """Added to every alert, as `cluster: a`."""
    event_lasts: Duration = 3600.0
    """How long the alert of an event stands that begins no state which ends, as of a job that failed."""
    state_lasts: Duration = 2_592_000.0
    """How long the alert of a state stands at most, if neither its end nor a reminder comes (30 days)."""

    @property
    def needs_ends(self) -> bool:
        return True
