"""What the rules may look up: events that they remember by number, and what is known beside them. Read only."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Protocol

from monitor.model import Event, EventType


class Recall(Protocol):
    """Answers as of the moment that the rules have come to."""

    def events(self, seqs: Collection[int]) -> Mapping[int, Event]:
        """Those events, as far as they are still stored."""
        ...

    def between(self, types: Collection[EventType], since: datetime, until: datetime) -> Iterable[Event]:
        """Events of these types that were detected from `since` on and before `until`, in order; no quiet ones."""
        ...

    def stock(self, account: str, flavor: str) -> Mapping[str, str]:
        """Zone -> stock word of a flavor as it is known now; empty where nothing is."""
        ...


class Heard:
    """A recall over events in memory, for `step` by itself, the lab and the back-test."""

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self._events = {event.seq: event for event in events}
        self._timeline: list[Event] = []
        """By detection; made anew when events were added since."""
        self._stock: dict[tuple[str, str], dict[str, str]] = {}

    def add(self, event: Event) -> None:
        self._events[event.seq] = event
        flavor = event.data.get("flavor")
        if isinstance(flavor, Mapping) and event.account is not None and flavor.get("zone"):
            zones = self._stock.setdefault((event.account, str(flavor.get("id"))), {})
            zones[str(flavor["zone"])] = str(flavor.get("stock"))

    def events(self, seqs: Collection[int]) -> Mapping[int, Event]:
        return {seq: self._events[seq] for seq in seqs if seq in self._events}

    def between(self, types: Collection[EventType], since: datetime, until: datetime) -> Iterable[Event]:
        if len(self._timeline) != len(self._events):
            self._timeline = sorted(self._events.values(), key=_detected)
        first = bisect_left(self._timeline, since, key=_detected)
        last = bisect_left(self._timeline, until, key=_detected)
        found = (event for event in self._timeline[first:last] if event.type in types and not event.quiet)
        return sorted(found, key=lambda event: event.seq)

    def stock(self, account: str, flavor: str) -> Mapping[str, str]:
        return self._stock.get((account, flavor), {})


def _detected(event: Event) -> datetime:
    return event.detected_at
