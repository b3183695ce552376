"""When a delivery is tried again and when it is given up. Pure: time and chance are arguments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.delivery.breaker import CANARY
from monitor.model import Delivery, DeliveryState, Outcome, Reason, Receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Full jitter: before attempt n + 1 a random time between 0 and min(`longest`, `first` * 2^(n-1)) passes, so that
    many messages that failed together do not come back together. What the sink asks for (`Retry-After`) is the least.
    The last attempt is made when `retry_for` is over, however far off the next one would have been; it counts from the
    message, or from when somebody asked for it to be tried again."""

    retry_for: float = 259_200.0
    first: float = 1.0
    longest: float = 300.0
    test_for: float = 30.0
    """A test message is for now: it is not tried for days."""
    canary_for: float = 3600.0
    """Nor is a canary; there is another one soon."""

    def settle(self, delivery: Delivery, receipt: Receipt, now: datetime, roll: float) -> Settlement:
        """What comes of an attempt. `roll` is a random number from 0 to 1."""
        if receipt.outcome is Outcome.DELIVERED:
            return Settlement(DeliveryState.DELIVERED)
        # A test or a canary that did not arrive is nothing that anybody has to send again, and no message that is lost.
        beside = delivery.notification.reason is Reason.TEST
        if receipt.outcome is Outcome.REFUSED:
            return Settlement(DeliveryState.DROPPED if beside else DeliveryState.REFUSED)
        patience = self._patience(delivery)
        end = (delivery.renewed_at or delivery.notification.created_at) + timedelta(seconds=patience)
        if now >= end:
            return Settlement(DeliveryState.DROPPED if beside else DeliveryState.DEAD)
        delay = roll * min(self.longest, self.first * 2.0 ** min(delivery.attempt - 1, 30))
        # A `Retry-After` of years must not overflow a datetime.
        delay = min(max(delay, receipt.retry_after or 0.0), patience)
        return Settlement(DeliveryState.PENDING, min(now + timedelta(seconds=delay), end))

    def _patience(self, delivery: Delivery) -> float:
        if delivery.notification.reason is not Reason.TEST:
            return self.retry_for
        return min(self.retry_for, self.canary_for if _is_canary(delivery) else self.test_for)


def _is_canary(delivery: Delivery) -> bool:
    return delivery.notification.reason is Reason.TEST and delivery.notification.rule == CANARY


@dataclass(frozen=True, slots=True)
class Settlement:
    """`next_at` stands with PENDING only."""

    state: DeliveryState
    next_at: datetime | None = None
