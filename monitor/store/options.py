"""What the config file may say of the store: how long it keeps what is over."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from monitor.fields.duration import Duration
from monitor.fields.strict import Strict

DAY = 86400.0


def _a_day(seconds: float) -> float:
    if seconds < DAY:
        raise ValueError("shorter than 1d; what happened a day ago is always kept")
    return seconds


Age = Annotated[Duration, AfterValidator(_a_day)]


class RetentionOptions(Strict):
    """How long what is over is kept. Whatever something still refers to is kept longer: see the page on operation."""

    events: Age = 400 * DAY
    """Events, what silences hid, silences that ended, deletions that ended, and jobs that are gone from their platform.
    What the ledger has booked is kept for good."""
    deliveries: Age = 90 * DAY
    """Messages with their deliveries and attempts, from the end of the last delivery on."""
