"""Stories for rules in time: rules and events that dice made, and a live router that lives through them on a real
store, with the clock stopping at every moment at which something happens or falls due."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache, partial
from random import Random
from typing import Any

from sqlalchemy import select

from monitor.diff import acknowledged, silence_added, silence_ended, snoozed
from monitor.fields.bell import Bell
from monitor.model import EventDraft, EventType, Severity
from monitor.routing import Router
from monitor.rules import RuleOptions, RuleSet, UnmatchedOptions
from monitor.rules.options import FlappingOptions
from monitor.store import (
    Connection,
    Store,
    append_events,
    get_cursor,
    list_deliveries,
    next_revision,
    read_events,
    set_cursor,
)
from monitor.store.notifications import load_notifications
from monitor.store.tables import hidden, notifications
from tests.kit.clock import VirtualClock
from tests.kit.outbox import START, job_event

RULES: dict[str, dict[str, Any]] = {
    "stuck": {
        "on": ["job.queued"],
        "for": "30m",
        "remind_every": "1h",
        "escalate": [{"after": "40m", "notify": ["b"]}, {"after": "2h", "notify": ["journal"]}],
    },
    "slow": {"on": ["job.started"], "for": "1h", "remind_every": "90m", "notify": ["b"]},
    "storm": {"on": ["job.*"], "group_by": ["account.name"], "group_wait": "5m", "group_interval": "20m"},
    "calm": {"on": ["job.finished"], "throttle": "1h", "notify": ["a", "b"]},
    "held": {"on": ["job.finished"], "hold": {"between": ["09:00", "11:30"]}},
    "muted": {"on": ["job.started", "flavor.*"], "mute": {"between": ["10:00", "12:00"]}},
    "daily": {"on": ["job.*"], "digest": {"at": "12:00"}, "notify": ["b"]},
    "stock": {"on": ["flavor.sold_out", "flavor.restocked"], "notify": ["a", "b"]},
    "soldout": {"on": ["flavor.sold_out"], "for": "10m"},
    "trial": {"on": ["job.*"], "shadow": True},
    "broken": {"on": ["job.finished"], "when": "1 / (job.name.size() - 2) > 0"},
    "each": {"on": ["job.*"], "late": "each", "notify": ["b"]},
    "first": {"on": ["job.queued"], "when": "severity == 'warning'", "stop": True},
    "outage": {"on": ["account.unreachable"], "remind_every": "45m"},
}
JOBS = ("x1", "x2", "x33", "x44")
MOVES = (EventType.JOB_QUEUED, EventType.JOB_STARTED, EventType.JOB_FINISHED, EventType.JOB_REQUEUED)
Said = tuple[str, str, tuple[str, ...], tuple[int, ...], datetime, str, str]
"""Rule, reason, sinks, events, moment, title and text of a notification."""
POSITION = "story"
"""The cursor that says how many steps were taken."""


@dataclass(frozen=True, slots=True)
class Story:
    """`steps`: what happens, in the order of time, what is seen at one moment together. `end`: until when it is
    lived."""

    rules: tuple[str, ...]
    steps: tuple[tuple[EventDraft, ...], ...]
    end: datetime

    def ruleset(self) -> RuleSet:
        return _compiled(self.rules)


@lru_cache(maxsize=4)
def _compiled(names: tuple[str, ...]) -> RuleSet:
    rules = [RuleOptions(**{"name": name, "notify": ["a"], **RULES[name]}) for name in names]
    net = UnmatchedOptions(notify=["journal"])
    return RuleSet.compile(rules, [], net, ["a", "b", "journal"], FlappingOptions(changes=3, within="40m"))


def invent(dice: Random, length: int, rules: int | None = None) -> Story:
    names = list(RULES)
    chosen = names if rules is None else dice.sample(names, rules)
    now, steps = START, []
    for number in range(length):
        now += timedelta(seconds=dice.choice((1, 20, 60, 300, 300, 900, 1800)))
        steps.append(tuple(_happens(dice, now, number) for _ in range(dice.choice((1, 1, 1, 1, 2, 3)))))
    return Story(tuple(chosen), tuple(steps), now + timedelta(hours=3))


def _happens(dice: Random, now: datetime, number: int) -> EventDraft:
    kind = dice.choice(("job",) * 12 + ("flavor",) * 6 + ("account", "silence", "ended", "answer"))
    if kind == "flavor":
        return _flips(dice, now)
    if kind == "account":
        went = dice.choice((EventType.ACCOUNT_UNREACHABLE, EventType.ACCOUNT_RECOVERED))
        return job_event("", now, type=went, subject="account/acc", data={"account": {"name": "acc"}})
    if kind == "silence":
        until = now + timedelta(minutes=dice.choice((5, 40, 150)))
        match = f"job.name == '{dice.choice(JOBS)}'"
        about = {"match": match, "owner": "ann", "comment": "c", "start": now, "until": until}
        return silence_added(f"s{number % 3}", **about, by="ann", now=now)
    if kind == "ended":
        return silence_ended(f"s{number % 3}", owner="ann", comment="c", by="bob", hidden=0, now=now)
    if kind == "answer":
        about = {"rule": dice.choice(("stuck", "slow")), "subjects": [f"acc|job/{dice.choice(JOBS)}"], "title": "t"}
        if dice.random() < 0.5:
            return acknowledged("n", **about, by="ann", now=now)
        return snoozed("n", **about, until=now + timedelta(minutes=50), by="ann", now=now)
    more = {"severity": Severity.WARNING} if dice.random() < 0.3 else {}
    late, quiet = dice.random() < 0.15, dice.random() < 0.1
    return job_event(dice.choice(JOBS), now, type=dice.choice(MOVES), late=late, quiet=quiet, **more)


def _flips(dice: Random, now: datetime) -> EventDraft:
    gone = dice.random() < 0.5
    flavor = {"id": "f", "name": "f", "zone": "z", "stock": "soldout" if gone else "normal", "zones": {}}
    data = {"account": {"name": "acc", "provider": "modelarts"}, "flavor": {**flavor, "catalogue": "flavors"}}
    change = EventType.FLAVOR_SOLD_OUT if gone else EventType.FLAVOR_RESTOCKED
    return job_event("", now, type=change, subject="flavor/f/z", data=data)


async def live_through(
    store: Store,
    story: Story,
    restarts: Callable[[], bool] = lambda: False,
    after: Callable[[datetime], Awaitable[None]] | None = None,
) -> None:
    """Lives the story from where the store is in it. Where `restarts` says so a new router takes over. `after` each
    step something else may be done to the store."""
    ruleset, clock = story.ruleset(), VirtualClock(START)
    taken = await store.read(partial(get_cursor, name=POSITION))
    if taken:
        (newest,) = await store.read(partial(read_events, newest_first=True, limit=1))
        clock.advance((newest.detected_at - START).total_seconds())

    def router() -> Router:
        return Router(store, ruleset, clock, bell=Bell(), wake=lambda sinks: None)

    at = router()
    await _turn(at)
    for number, drafts in enumerate((*story.steps, ())):
        if number < taken:
            continue
        moment = drafts[0].detected_at if drafts else story.end
        while (due := _due(at)) is not None and due < moment:
            clock.advance(max(0.0, (due - clock.now()).total_seconds()))
            at = router() if restarts() else at
            await _turn(at)
            if after is not None:
                await after(clock.now())
        clock.advance((moment - clock.now()).total_seconds())
        if drafts:
            await store.write(partial(_step, store=store, drafts=drafts, number=number + 1))
        at = router() if restarts() else at
        await _turn(at)
        if after is not None:
            await after(clock.now())


def _step(conn: Connection, store: Store, drafts: Sequence[EventDraft], number: int) -> None:
    append_events(conn, store.epoch, [(draft, next_revision(conn, draft.account, draft.subject)) for draft in drafts])
    set_cursor(conn, POSITION, number)


async def _turn(router: Router) -> None:
    while await router.turn():
        pass


def _due(router: Router) -> datetime | None:
    assert router._at is not None
    return router._at.engine.next_due()


def said(conn: Connection) -> list[Said]:
    """All that was told, in its order."""
    ids = conn.execute(select(notifications.c.n)).scalars().all()
    sinks: dict[str, list[str]] = {}
    for row in list_deliveries(conn, limit=100_000):
        sinks.setdefault(row.notification, []).append(row.sink)
    return [
        (
            each.rule,
            each.reason.value,
            tuple(sorted(sinks.get(each.id, ()))),
            tuple(event.seq for event in each.events),
            each.created_at,
            each.text.title,
            each.text.plain,
        )
        for _, each in sorted(load_notifications(conn, ids).items())
    ]


def hid(conn: Connection) -> list[tuple[str, str, int, datetime]]:
    table = hidden.c
    query = select(table.by, table.rule, table.seq, table.at).order_by(table.n)
    return [(row.by, row.rule, row.seq, row.at) for row in conn.execute(query)]
