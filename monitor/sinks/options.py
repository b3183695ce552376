"""What every sink in the config file may say, whatever its kind; kinds extend it in their own `options.py`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from monitor.fields import Duration
from monitor.fields.strict import Name, Named


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sink connects to. Fit to be shown: no part of it may be a token."""

    host: str
    port: int
    tls: bool


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

    def place(self) -> Place | None:
        """Where messages go, for `check --online`; None where they leave no machine, or only a library knows. Needs the
        secrets, and raises LookupError without them."""
        return None

    @property
    def needs_ends(self) -> bool:
        """Whether it is told the end of every state whose begin it was told, also where the rule tells nobody else."""
        return False

    @property
    def stays_here(self) -> bool:
        """Whether messages never leave this machine, so that nothing about the way can be wrong."""
        return False
