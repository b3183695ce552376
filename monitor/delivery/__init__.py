"""The last durable stage: claims deliveries, sends them, settles them, each sink by itself."""

from monitor.delivery.outbox import Outbox, SinkEntry
from monitor.delivery.policy import Policy
from monitor.delivery.trial import send_test

__all__ = ["Outbox", "Policy", "SinkEntry", "send_test"]
