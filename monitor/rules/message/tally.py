"""What a report counts: jobs by outcome, tokens and cost, time in stock, troubles. One pass over all its events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from monitor.model import Event, EventType
from monitor.rules.message.facts import Facts, amount
from monitor.rules.message.used import USAGE, booked
from monitor.rules.view import moment

_NOTHING: Final[Mapping[str, Any]] = {}
_NONE: Final = Decimal(0)
_TURNS: Final = frozenset({EventType.FLAVOR_SOLD_OUT, EventType.FLAVOR_RESTOCKED})
_JOBS: Final = frozenset(each for each in EventType if each.value.startswith("job."))
_FLAVORS: Final = frozenset(each for each in EventType if each.value.startswith("flavor."))
_ACCOUNTS: Final = frozenset(each for each in EventType if each.value.startswith("account."))
_STILL: Final = frozenset({EventType.JOB_CHECKPOINT, EventType.JOB_STOPPING, EventType.JOB_GONE, EventType.JOB_DELETED})
"""They do not take a job's end back."""

Key = tuple[str | None, str]
"""Account and subject."""


@dataclass(slots=True)
class Use:
    """What was booked, and what it cost; of the `unpriced` tokens and hours of nodes nobody knows that."""

    tokens: int = 0
    nodes: Decimal = _NONE
    """Hours."""
    cards: Decimal = _NONE
    unpriced: int = 0
    unpriced_nodes: Decimal = _NONE
    costs: dict[str, Decimal] = field(default_factory=dict)

    def add(self, tokens: int, nodes: Decimal, cards: Decimal, cost: Decimal | None, currency: str) -> None:
        self.tokens += tokens
        self.nodes += nodes
        self.cards += cards
        if cost is None:
            self.unpriced += tokens
            self.unpriced_nodes += nodes
        else:
            self.costs[currency] = self.costs.get(currency, _NONE) + cost

    def __add__(self, other: Use) -> Use:
        costs = dict(self.costs)
        for currency, cost in other.costs.items():
            costs[currency] = costs.get(currency, _NONE) + cost
        return Use(
            self.tokens + other.tokens,
            self.nodes + other.nodes,
            self.cards + other.cards,
            self.unpriced + other.unpriced,
            self.unpriced_nodes + other.unpriced_nodes,
            costs,
        )


@dataclass(slots=True)
class Shelf:
    """The stock of one flavor in one zone over the period. `seconds`: by the word that it had."""

    word: str
    begin: datetime
    at: datetime
    changes: int = 0
    seconds: dict[str, float] = field(default_factory=dict)

    def turn(self, when: datetime, word: str) -> None:
        when = max(when, self.at)
        self._pass(when)
        self.word, self.changes = word, self.changes + 1

    def close(self, until: datetime) -> None:
        self._pass(max(until, self.at))

    def share(self) -> float:
        """Of the time that is known, the part that it was in stock; 1 at most."""
        known = (self.at - self.begin).total_seconds()
        return self.seconds.get("normal", 0.0) / known if known > 0 else float(self.word == "normal")

    def _pass(self, when: datetime) -> None:
        self.seconds[self.word] = self.seconds.get(self.word, 0.0) + (when - self.at).total_seconds()
        self.at = when


@dataclass(slots=True)
class Troubles:
    """What an account had. `now` is the last event type."""

    counts: Counter[EventType] = field(default_factory=Counter)
    down: float = 0.0
    """Seconds without a look, as far as they are over."""
    now: EventType | None = None


@dataclass(slots=True)
class Tally:
    since: datetime
    until: datetime
    total: int = 0
    ended: dict[Key, Event] = field(default_factory=dict)
    """Jobs that ended and are over, by their last `job.finished`."""
    open: dict[Key, Event] = field(default_factory=dict)
    """Other jobs that something happened to, by their last event."""
    used: dict[tuple[str, str, str], Use] = field(default_factory=dict)
    """By the provider and creator of the job, and the model."""
    shelves: dict[Key, Shelf] = field(default_factory=dict)
    offers: dict[tuple[str | None, str], Mapping[str, Any]] = field(default_factory=dict)
    """Zones of a flavor as its last event knew them, by account and flavor."""
    accounts: dict[str, Troubles] = field(default_factory=dict)
    others: Counter[str] = field(default_factory=Counter)

    def add(self, event: Event) -> None:
        """Events come in order."""
        self.total += 1
        if event.type in USAGE:
            self._use(event)
        elif event.type in _JOBS:
            self._job(event)
        elif event.type in _FLAVORS:
            self._flavor(event)
        elif event.type in _ACCOUNTS and event.account is not None:
            self._account(event, event.account)
        else:
            self.others[event.type.value] += 1

    def _job(self, event: Event) -> None:
        key = (event.account, event.subject)
        if event.type is EventType.JOB_FINISHED:
            self.ended[key] = event
            self.open.pop(key, None)
        elif key not in self.ended:
            self.open[key] = event
        elif event.type not in _STILL:
            del self.ended[key]
            self.open[key] = event

    def _use(self, event: Event) -> None:
        usage = _part(event, "usage")
        tokens, nodes, cards = booked(Facts(usage), delta=True)
        if tokens is None and nodes is None and cards is None:
            return
        key = (*creator_of(event), _word(usage.get("model")))
        use = self.used.get(key)
        if use is None:
            use = self.used[key] = Use()
        cost, currency = amount(usage.get("cost")), _word(usage.get("currency"))
        use.add(tokens or 0, nodes or _NONE, cards or _NONE, cost, currency)

    def _flavor(self, event: Event) -> None:
        flavor = _part(event, "flavor")
        zones = flavor.get("zones")
        if isinstance(zones, Mapping):
            self.offers[event.account, _word(flavor.get("id"))] = zones
        if event.type not in _TURNS:
            self.others[event.type.value] += 1
            return
        now = "soldout" if event.type is EventType.FLAVOR_SOLD_OUT else "normal"
        shelf = self.shelves.get((event.account, event.subject))
        if shelf is None:
            shelf = self.shelves[event.account, event.subject] = self._begun(event, now)
        shelf.turn(min(event.time, self.until), now)

    def _begun(self, event: Event, now: str) -> Shelf:
        """Before its first change in the period it was what that event says; before it was seen first, nobody knows."""
        previous = _part(event, "previous")
        before = _word(previous.get("stock")) or ("normal" if now == "soldout" else "soldout")
        known = moment(previous.get("since"))
        begin = min(max(self.since, known) if known is not None else self.since, self.until)
        return Shelf(before, begin, begin)

    def _account(self, event: Event, account: str) -> None:
        troubles = self.accounts.get(account)
        if troubles is None:
            troubles = self.accounts[account] = Troubles()
        troubles.counts[event.type] += 1
        troubles.now = event.type
        down = event.data.get("down_for")
        if isinstance(down, int | float) and not isinstance(down, bool) and 0 <= down < 1e10:
            troubles.down += down


def tally(events: Iterable[Event], since: datetime, until: datetime) -> Tally:
    found = Tally(since, until)
    for event in events:
        found.add(event)
    for shelf in found.shelves.values():
        shelf.close(until)
    return found


def creator_of(event: Event) -> tuple[str, str]:
    """The provider, and the user there who made the job."""
    return _word(_part(event, "account").get("provider")), _word(_part(event, "job").get("creator"))


def _part(event: Event, name: str) -> Mapping[str, Any]:
    part = event.data.get(name)
    return part if isinstance(part, Mapping) else _NOTHING


def _word(value: object) -> str:
    return value if isinstance(value, str) else ""
