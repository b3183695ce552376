"""A daemon's day on a virtual clock: events and moments go through the engine, and what it decides is kept."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from monitor.diff import flavor_flapping, rule_failed, silence_ended, template_failed
from monitor.lab.to_come import to_come
from monitor.model import Event, EventDraft, event_id
from monitor.rules import Effect, Engine, Failed, Flapping, Heard, Hide, Notify, RuleSet, RuleState, SilenceOver, drive

EPOCH = "lab"
ENDLESS = 20_000
"""Messages, and events of the rules' own, that may come of one case."""


class Runaway(Exception):
    """It would never end."""


class Day:
    """What is told and hidden, in order. Time only goes on when somebody says so."""

    def __init__(self, ruleset: RuleSet, start: datetime) -> None:
        self.now = start
        self.told: list[Notify] = []
        self.hidden: list[Hide] = []
        self.events: list[Event] = []
        self.story: list[tuple[datetime, Event | Notify | Hide]] = []
        """All of these as they came, each with what the clock would show if nobody had set it."""
        self._set_by = timedelta()
        self.running = True
        self._unread: list[Event] = []
        """Written while the daemon was down."""
        self._made = 0
        self._ruleset = ruleset
        self._recall = Heard()
        self._engine = Engine(ruleset, RuleState(), self._recall)
        self._revisions: dict[tuple[str | None, str], int] = {}
        self._carry_out(self._engine.advance(start))

    @property
    def broken(self) -> Exception | None:
        """What the rules themselves broke on: a bug."""
        return self._engine.broken

    def happen(self, drafts: Iterable[EventDraft], *, unseen: Iterable[str] = ()) -> None:
        """These are detected now. A daemon that is down reads them when it is started. `unseen`: watches of which it is
        not known how they are."""
        self._unread += [self._stored(draft) for draft in drafts]
        blind = frozenset(unseen)
        while self.running and self._unread:
            events, self._unread = self._unread, []
            made: list[EventDraft] = []
            for event in events:
                made += self._keep(drive(self._engine, [event], unseen=blind, wall=self.now))
            self._unread += [self._stored(draft) for draft in made]
            self._made += len(made)
            if self._made > ENDLESS:
                raise Runaway("the rules make events of their own events without end")

    def pass_until(self, moment: datetime, *, before: bool = False) -> None:
        """Lets the time go on, and everything fall due at its own moment. `before`: what is due at `moment` itself
        waits, for what happens then comes first."""
        if self.running and self._engine.waiting:  # what could not be seen before may be seen now
            self._carry_out(self._engine.advance(self.now, before=True, wall=self.now))
        while self.running and (due := self._engine.next_due()) is not None:
            if due > moment or (before and due == moment):
                break
            if len(self.told) > ENDLESS:
                raise Runaway(f"more than {ENDLESS:,} messages come of it; wait less, or remind less often")
            self.now = max(self.now, due)
            self._carry_out(self._engine.advance(due, wall=self.now))
        self.now = max(self.now, moment)
        if self.running:
            self._carry_out(self._engine.advance(moment, before=before, wall=self.now))

    def stop(self) -> None:
        self.running = False

    def start(self) -> None:
        """The rules go on from what was remembered."""
        self._engine = Engine(self._ruleset, self._engine.state(), self._recall)
        self.running = True

    def set_clock(self, by: timedelta) -> None:
        """The wall clock was set; what is due by it falls due at once."""
        self.now += by
        self._set_by += by
        if self.running:
            self._engine.jump(by)

    def to_come(self) -> tuple[Notify, ...]:
        """What would still be told if nothing more happened; nothing of it is kept. Reports come in any case, so they
        count only where nothing else was told or waits."""
        state = self._engine.state()
        found = to_come(self._ruleset, state, self._recall, reports=False)
        return found or (() if self.told else to_come(self._ruleset, state, self._recall, reports=True))

    def _carry_out(self, effects: Iterable[Effect]) -> None:
        self.happen(self._keep(effects))

    def _keep(self, effects: Iterable[Effect]) -> list[EventDraft]:
        """What the effects come to; the events that the daemon itself would append."""
        made: list[EventDraft] = []
        for effect in effects:
            if isinstance(effect, Notify | Hide):
                self.story.append((effect.at - self._set_by, effect))
            if isinstance(effect, Notify):
                self.told.append(effect)
            elif isinstance(effect, Hide):
                self.hidden.append(effect)
            else:
                made.append(appended(effect, self.now))
        return made

    def _stored(self, draft: EventDraft) -> Event:
        key = (draft.account, draft.subject)
        revision = self._revisions[key] = self._revisions.get(key, 0) + 1
        facts = {name: getattr(draft, name) for name in EventDraft.__dataclass_fields__}
        event = Event(
            seq=len(self.events) + 1,
            id=event_id(EPOCH, draft.account, draft.subject, draft.type.value, revision),
            revision=revision,
            **facts,
        )
        self.events.append(event)
        self.story.append((event.detected_at - self._set_by, event))
        self._recall.add(event)
        return event


def appended(effect: Failed | Flapping | SilenceOver, now: datetime) -> EventDraft:
    """The event that routing appends for such an effect."""
    if isinstance(effect, Failed):
        build = rule_failed if effect.kind == "rule" else template_failed
        return build(effect.rule, what=effect.what, now=now, event=effect.event.id)
    if isinstance(effect, Flapping):
        return flavor_flapping(
            effect.event, changes=effect.changes, since=effect.since, settled=effect.settled, now=effect.at
        )
    return silence_ended(
        effect.id, owner=effect.owner, comment=effect.comment, by=None, hidden=effect.hidden, now=effect.at
    )
