"""One set of rules over a history: the events as they came, the time between them, and the daemon's own restarts.

It drives the same engine as the daemon. What the daemon's rules themselves added to the history (that a stock flaps,
that a rule failed) is made anew by the rules that are tried here, and is not taken from it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from monitor.diff import flavor_flapping, rule_failed, template_failed
from monitor.model import Event, EventDraft, EventType, event_id
from monitor.rules import Effect, Engine, Failed, Flapping, Hide, Notify, RuleSet, RuleState
from monitor.rules.holding import SEEN_QUIET
from monitor.rules.state import Period

OWN: Final = frozenset({EventType.FLAVOR_FLAPPING, EventType.RULE_FAILED, EventType.TEMPLATE_FAILED})
"""What rules bring about themselves."""
FIRST_OWN: Final = 1 << 40
"""Their events are numbered from here on."""
PRUNE_EVERY: Final = 4096
"""Events after which those are let go that no rule remembers any more."""

Outcome = Notify | Hide
_OUTCOMES: Final = (Notify, Hide)


class Replay:
    """What these rules say while a history passes. `wordless`: they say it without words.

    Between `monitor.stopped` and `monitor.started` nobody looked: what happened and fell due meanwhile is dealt with at
    the start, and timers wait until the accounts have been seen again, as they do in the daemon.
    """

    def __init__(self, ruleset: RuleSet, *, wordless: bool = False) -> None:
        self._recall = Remembered(ruleset)
        self._engine = Engine(ruleset, RuleState(), self._recall, wordless=wordless)
        self._asleep: list[Event] | None = None
        self._heard = 0
        self._own = 0

    def hear(self, event: Event) -> Sequence[Outcome]:
        """What comes of the time until the event, and of the event."""
        self._recall.see(event)
        if (event.quiet and event.type not in SEEN_QUIET) or event.type in OWN:
            return ()
        if self._asleep is not None:
            self._asleep.append(event)
            return self._awake(self._asleep, event.detected_at) if event.type is EventType.MONITOR_STARTED else ()
        outcomes = self._take(event)
        if event.type is EventType.MONITOR_STOPPED:
            self._asleep = []
        return outcomes

    @property
    def broken(self) -> Exception | None:
        """What the engine itself last broke on: a bug."""
        return self._engine.broken

    def end(self, until: datetime) -> Sequence[Outcome]:
        """What falls due until then, if somebody still looks."""
        return list(self._pass(until)) if self._asleep is None else ()

    def _awake(self, missed: Iterable[Event], now: datetime) -> Sequence[Outcome]:
        self._asleep = None
        unseen = frozenset(row.watch for row in self._engine.state().followed.values() if row.watch is not None)
        return [outcome for event in missed for outcome in self._take(event, wall=now, unseen=unseen)]

    def _take(
        self, event: Event, wall: datetime | None = None, unseen: frozenset[str] = frozenset()
    ) -> Sequence[Outcome]:
        now, engine = event.detected_at, self._engine
        outcomes: list[Outcome] = []
        if engine.waiting or ((due := engine.next_due()) is not None and due < now):
            outcomes += self._pass(now, before=True, wall=wall, unseen=unseen)
        self._recall.add(event)
        if effects := engine.take(event):
            outcomes += self._carried(effects, now)
        self._heard += 1
        if self._heard % PRUNE_EVERY == 0:
            self._recall.prune(engine.state())
        return outcomes

    def _pass(
        self,
        to: datetime,
        *,
        before: bool = False,
        wall: datetime | None = None,
        unseen: frozenset[str] = frozenset(),
    ) -> Iterator[Outcome]:
        """Moment by moment, for what the rules bring about at one of them is looked at before the next."""
        last = None
        while (due := self._engine.next_due()) is not None and due < to and due != last:
            last = due
            yield from self._carried(self._engine.advance(due, unseen=unseen, wall=wall), due)
        if (due is None or due > to) and not self._engine.waiting:
            return
        yield from self._carried(self._engine.advance(to, before=before, unseen=unseen, wall=wall), to)

    def _carried(self, effects: Iterable[Effect], now: datetime) -> Iterator[Outcome]:
        for effect in effects:
            if isinstance(effect, _OUTCOMES):
                yield effect
            elif isinstance(effect, Failed):
                draft = rule_failed if effect.kind == "rule" else template_failed
                yield from self._add(draft(effect.rule, what=effect.what, now=now, event=effect.event.id))
            elif isinstance(effect, Flapping):
                yield from self._add(_flapping(effect))

    def _add(self, draft: EventDraft) -> Iterator[Outcome]:
        """An event that these rules brought about."""
        self._own += 1
        event = Event(
            seq=FIRST_OWN + self._own,
            id=event_id("replay", draft.account, draft.subject, draft.type.value, self._own),
            type=draft.type,
            account=draft.account,
            subject=draft.subject,
            revision=self._own,
            time=draft.time,
            detected_at=draft.detected_at,
            severity=draft.severity,
            data=draft.data,
            late=draft.late,
            quiet=draft.quiet,
        )
        if not event.quiet:
            self._recall.add(event)
            yield from self._carried(self._engine.take(event), event.detected_at)


def _flapping(effect: Flapping) -> EventDraft:
    return flavor_flapping(
        effect.event, changes=effect.changes, since=effect.since, settled=effect.settled, now=effect.at
    )


class Remembered:
    """A `rules.Recall` that keeps of a long history only what the rules may still ask for."""

    def __init__(self, ruleset: RuleSet) -> None:
        self._events: dict[int, Event] = {}
        self._stock: dict[tuple[str, str], dict[str, str]] = {}
        self._digests = ruleset.digests

    def __len__(self) -> int:
        return len(self._events)

    def see(self, event: Event) -> None:
        """What an event says of the stock, whether it is told or not."""
        flavor = event.data.get("flavor")
        if flavor and isinstance(flavor, Mapping) and event.account is not None and flavor.get("zone"):
            zones = self._stock.setdefault((event.account, str(flavor.get("id"))), {})
            zones[str(flavor["zone"])] = str(flavor.get("stock"))

    def add(self, event: Event) -> None:
        self._events[event.seq] = event

    def prune(self, state: RuleState) -> None:
        """Lets go of what nobody waits for and no report will tell."""
        kept = _remembered(state)
        reports = [(rule.types, state.periods[rule.name]) for rule in self._digests if rule.name in state.periods]
        self._events = {
            seq: event
            for seq, event in self._events.items()
            if seq in kept or any(event.type in types and _reported(event, period) for types, period in reports)
        }

    def events(self, seqs: Collection[int]) -> Mapping[int, Event]:
        return {seq: self._events[seq] for seq in seqs if seq in self._events}

    def between(self, types: Collection[EventType], since: datetime, until: datetime) -> Iterable[Event]:
        wanted = (e for e in self._events.values() if e.type in types and since <= e.detected_at < until)
        return sorted(wanted, key=lambda event: event.seq)

    def stock(self, account: str, flavor: str) -> Mapping[str, str]:
        return self._stock.get((account, flavor), {})


def _remembered(state: RuleState) -> set[int]:
    """The numbers of all events that the state names."""
    found = {seq for pile in state.piles.values() for seq in pile.seqs} | {row.seq for row in state.flips.values()}
    for row in state.followed.values():
        found |= {row.since, row.latest}
        found |= {timer.seq for timer in row.timers.values()} | {told.seq for told in row.standings.values()}
    return found


def _reported(event: Event, period: Period) -> bool:
    """Whether the next report tells it."""
    return event.detected_at >= period.since or (period.after is not None and event.seq > period.after)
