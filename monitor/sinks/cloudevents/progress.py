"""Which events of a message are done with, so that the next attempt goes on where the last one stopped."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from monitor.model import Delivery

_MOST = 256
"""Messages that are remembered at once. One that is forgotten is sent whole again, with the ids that it had."""


@dataclass(slots=True)
class Done:
    """The ids of events that were taken, and of those that were refused, with what was said last."""

    taken: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    said: str = ""

    def __contains__(self, id: str) -> bool:
        return id in self.taken or id in self.refused


class Progress:
    """Of one sink, in memory: after a restart a message in hand is sent whole again."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, object], Done] = OrderedDict()

    def of(self, delivery: Delivery) -> Done:
        """What somebody asked for anew begins anew."""
        key = (delivery.id, delivery.renewed_at)
        done = self._known.setdefault(key, Done())
        self._known.move_to_end(key)
        while len(self._known) > _MOST:
            self._known.popitem(last=False)
        return done

    def forget(self, delivery: Delivery) -> None:
        self._known.pop((delivery.id, delivery.renewed_at), None)
