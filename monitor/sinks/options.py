"""What every sink in the config file may say, whatever its kind; kinds extend it in their own `options.py`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, Field

from monitor.fields import Duration
from monitor.fields.rate import Rate
from monitor.fields.strict import Name, Named

_SHORTEST_CANARY = 60.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sink connects to. Fit to be shown: no part of it may be a token."""

    host: str
    port: int
    tls: bool


@dataclass(frozen=True, slots=True)
class Obstacle:
    """What on this machine is in the way of a sink that stays here. `sure`: also for the user of the daemon."""

    detail: str
    hint: str
    sure: bool = True


def _calm(seconds: float) -> float:
    if seconds < _SHORTEST_CANARY:
        raise ValueError("shorter than 1m; a canary is a message like any other, and `1d` is often enough")
    return seconds


class SinkOptions(Named):
    """Base of every kind's `Options`. A kind adds `type: Literal["<kind>"]`."""

    name: Name
    """The sink's identity: rules and people name it in `notify`."""
    type: str
    """The sink's kind."""
    timeout: Duration = 30.0
    """How long one attempt may take."""
    concurrency: Annotated[int, Field(ge=1, le=64)] = 4
    """How many attempts may run at once."""
    retry_for: Duration = 259200.0
    """How long a message is tried before it is dead (3 days)."""
    rate: Rate | None = None
    """The most messages in any such time, like `1/s`, `30/m` or `500/h`, of which a third may go at once. What would
    wait for more than a minute is told in one message per rule; nothing is dropped."""
    canary: Annotated[Duration, AfterValidator(_calm)] | None = None
    """How often a small test message is sent, like `1d`, so that a sink that is broken is found before it is needed."""

    def place(self) -> Place | None:
        """Where messages go, for `check --online`; None where they leave no machine, or only a library knows. Needs the
        secrets, and raises LookupError without them."""
        return None

    def obstacle(self) -> Obstacle | None:
        """For `check --online`, of a sink that stays here. Looks at the disk and changes nothing."""
        return None

    @property
    def needs_ends(self) -> bool:
        """Whether it is told the end of every state whose begin it was told, also where the rule tells nobody else."""
        return False

    @property
    def stays_here(self) -> bool:
        """Whether messages never leave this machine, so that nothing about the way can be wrong."""
        return False
