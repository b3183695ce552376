"""What of a message has arrived, where it goes out in several parts: the next attempt goes on where one stopped."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from typing import Generic, TypeVar

from monitor.model import Delivery

T = TypeVar("T")
_MOST = 256
"""Messages that are remembered at once. One that is forgotten is sent whole again, with the ids that it had."""


class Progress(Generic[T]):
    """Of one sink, in memory: after a restart a message in hand is sent whole again. `fresh` makes the record of one
    of which nothing has arrived yet."""

    def __init__(self, fresh: Callable[[], T]) -> None:
        self._fresh = fresh
        self._known: OrderedDict[tuple[str, datetime | None], T] = OrderedDict()

    def of(self, delivery: Delivery) -> T:
        """The record, to be changed in place. What somebody asked for anew begins anew."""
        key = (delivery.id, delivery.renewed_at)
        if key not in self._known:
            self._known[key] = self._fresh()
        self._known.move_to_end(key)
        while len(self._known) > _MOST:
            self._known.popitem(last=False)
        return self._known[key]

    def forget(self, delivery: Delivery) -> None:
        self._known.pop((delivery.id, delivery.renewed_at), None)
