"""What every watch works with: the store, the clock, who is woken, and how the config wants changes told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.fields import Clock
from monitor.fields.bell import Bell
from monitor.ledger import PriceOptions
from monitor.providers.options import WatchOptions
from monitor.store import Store
from monitor.telemetry.meter import NO_METER, Meter


@dataclass(slots=True, kw_only=True)
class Surroundings:
    """One for all watches. Not frozen: a reload puts other prices and another gap into it, and the watches go on."""

    store: Store
    clock: Clock
    bell: Bell
    """Rung after a commit that made events or bookings; routing and budgets listen."""
    prices: Sequence[PriceOptions] = ()
    catch_up_after: float = 900.0
    """Seconds without a good poll after which changes are told as one message."""
    meter: Meter = NO_METER

    def gap(self, last_good: datetime | None, now: datetime, watch: WatchOptions) -> bool:
        """Whether nobody looked for long. A watch that is polled seldom has none as long as it is polled. A store that
        was restored since then has forgotten what was seen, however young the backup is."""
        if last_good is None:
            return False
        restored, usual = self.store.restored_at, 2 * max(watch.every, watch.idle_every or 0.0)
        forgot = restored is not None and last_good <= restored <= now
        return forgot or (now - last_good).total_seconds() > max(self.catch_up_after, usual)
