"""What delivery writes, each a plain function of one transaction: outcomes, the events they make, claims."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.delivery import breaker, canary, pace
from monitor.delivery.losses import TOGETHER, Loss, add_losses, worth_telling
from monitor.delivery.policy import Settlement
from monitor.diff import sink_failing, sink_recovered
from monitor.fields import format_duration
from monitor.model import Delivery, DeliveryState, EventDraft, Outcome, Reason, Receipt
from monitor.sinks.options import SinkOptions
from monitor.store import (
    Connection,
    StoreError,
    append_events,
    claim,
    get_delivery,
    list_deliveries,
    next_due,
    next_revision,
    settle,
)
from monitor.store.backlog import count_waiting, expire
from monitor.store.deliveries import First
from monitor.store.sink_health import SinkHealth, bring_forward, load_sink_health, save_sink_health, tried_before
from monitor.store.sink_losses import first_untold

UNSURE = "whether this claim was stored was unclear"
OVERFLOW = 60.0
"""Seconds for which a message may wait for its turn at a sink with a rate; where more wait, they are told at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """An attempt that is over and has to be settled. `failures`: how many in a row the sink had when it began."""

    delivery: Delivery
    receipt: Receipt
    at: datetime
    settlement: Settlement
    failures: int = 0


@dataclass(frozen=True, slots=True)
class Room:
    """How many attempts may run at once, and how many run. `claims`: whether any may be begun now."""

    width: int
    busy: int
    claims: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What one transaction brought: what to send now, when to come back, whether an event was written."""

    claimed: Sequence[Delivery]
    due: datetime | None
    """None: not before an attempt ends or something is written."""
    told: bool
    health: SinkHealth
    back: bool = False
    """The sink takes messages again; nothing was claimed, for what waits for long is told at once."""
    overflow: bool = False
    """More waits than the rate lets through soon."""
    more: bool = False
    """More is due than could be claimed."""
    planned: datetime | None = None
    """When the sink would have been probed, had nobody asked for it to be tried before that."""


def take_turn(
    conn: Connection,
    epoch: str,
    options: SinkOptions,
    *,
    ended: Sequence[Ended],
    room: Room,
    now: datetime,
    roll: float,
    last: Turn | None = None,
) -> Turn:
    """Settles what ended and claims as much as may be sent, in one transaction. `roll`: a random number, 0 to 1.
    `last`: the turn before this one."""
    before = load_sink_health(conn, options.name)
    health: SinkHealth = before
    lost: list[Loss] = []
    for each in ended:
        health = _noted(conn, health, each, roll)
        lost += _settled(conn, each)
    if health.probe_at is not None and any(each.receipt.outcome is not Outcome.DELIVERED for each in ended):
        lost += _expired(conn, health, options.retry_for, now)
    health, drafts = _told(conn, before, health, now, failed=health.failures > before.failures)
    untold = first_untold(conn, options.name)
    if lost or (untold is not None and not now - TOGETHER < untold <= now):
        drafts += add_losses(conn, options.name, lost, now)
        untold = first_untold(conn, options.name)
    append_events(conn, epoch, [(draft, next_revision(conn, None, draft.subject)) for draft in drafts])
    back = before.since is not None and health.since is None
    if back and before.probe_at is not None:
        bring_forward(conn, options.name, now)
    if room.claims and (at := canary.canary_at(health, options.canary, now)) is not None and at <= now:
        health = canary.let_fly(conn, health, options.canary or 0.0, now)
    claimed: list[Delivery] = []
    if room.claims and not back:
        health, claimed = _claimed(conn, options, health, room, now, roll)
    planned = None
    if last is not None and not any(each.receipt.retry_after for each in ended):
        planned = breaker.planned(last.planned, last.health, before, now)
        health = breaker.no_later(health, planned)
    if health != before:
        save_sink_health(conn, health)
    full = room.busy + len(claimed) >= (1 if health.since else room.width)
    waits = next_due(conn, options.name) if full and claimed else None
    overflow = _overflows(conn, options, health, claimed, now)
    due = now if back else None if full or not room.claims else _next(conn, options, health, untold, now)
    more = waits is not None and waits <= now
    turn = Turn(claimed=claimed, due=due, told=bool(drafts), health=health, back=back, overflow=overflow, more=more)
    return replace(turn, planned=planned)


def next_look(conn: Connection, options: SinkOptions, health: SinkHealth, now: datetime) -> datetime | None:
    """When a turn has something to do; None: not before something is written."""
    return _next(conn, options, health, first_untold(conn, options.name), now)


def _next(
    conn: Connection, options: SinkOptions, health: SinkHealth, untold: datetime | None, now: datetime
) -> datetime | None:
    sink, waits = options.name, next_due(conn, options.name)
    held = breaker.held_until(health, now)
    tests = next_due(conn, sink, tests=True) if held is not None and waits is not None else None
    times = [waits if waits is None or held is None else max(waits, held), tests]
    if options.rate is not None:
        paced = pace.next_at(options.rate, health.paced_to, now)
        times = [None if at is None else max(at, paced) for at in times]
    times += [None if held is None else breaker.tell_at(health), canary.canary_at(health, options.canary, now)]
    times.append(None if untold is None else untold + TOGETHER)
    return min((at for at in times if at is not None), default=None)


def release_unsure(conn: Connection, sink: str, in_hand: Collection[str], now: datetime) -> int:
    """After a claim that may or may not have been committed: what is marked as being sent and is in nobody's hand
    becomes due again."""
    marked = list_deliveries(conn, sink=sink, state=DeliveryState.SENDING, limit=1000)
    orphans = [row.id for row in marked if row.id not in in_hand]
    receipt = Receipt(outcome=Outcome.UNKNOWN, detail=UNSURE)
    for orphan in orphans:
        settle(conn, orphan, state=DeliveryState.PENDING, receipt=receipt, now=now, next_at=now)
    return len(orphans)


def _noted(conn: Connection, health: SinkHealth, ended: Ended, roll: float) -> SinkHealth:
    """What the attempt says of the sink."""
    receipt, at = ended.receipt, ended.at
    if receipt.outcome is Outcome.DELIVERED or receipt.partly:
        return breaker.delivered(health, at)
    if receipt.outcome is Outcome.REFUSED:
        by_hand = ended.delivery.notification.reason is Reason.TEST
        return health if by_hand else breaker.refused(health, receipt, at, roll)
    said = ended.delivery.notification
    if said.reason is Reason.TEST and said.rule != breaker.CANARY and health.probe_at is not None:
        return breaker.tested(health, receipt, at)
    tried, in_row = tried_before(conn, ended.delivery.id), ended.failures == health.failures
    return breaker.failed(health, receipt, at, roll, tried=tried, in_row=in_row)


def _settled(conn: Connection, ended: Ended) -> list[Loss]:
    state, next_at = ended.settlement.state, ended.settlement.next_at
    given_up = state in (DeliveryState.DEAD, DeliveryState.REFUSED)
    told = given_up and worth_telling(ended.delivery) and _still_open(conn, ended.delivery.id)
    with suppress(StoreError):  # it is no longer there: dropped or pruned while it was being sent
        settle(conn, ended.delivery.id, state=state, receipt=ended.receipt, now=ended.at, next_at=next_at)
    if not told:
        return []
    said = ended.delivery.notification
    one = Loss(detail=ended.receipt.detail, delivery=ended.delivery.id, title=said.text.title, rule=said.rule)
    return [replace(one, attempts=ended.delivery.attempt)]


def _still_open(conn: Connection, delivery_id: str) -> bool:
    """False where this very settlement was stored before, though the store could not confirm it: one event is enough.
    Or where the sink was removed meanwhile, which was told."""
    found = get_delivery(conn, delivery_id)
    return found is not None and not found.row.state.settled


def _expired(conn: Connection, health: SinkHealth, retry_for: float, now: datetime) -> list[Loss]:
    """A sink that is held back is tried with one message for all: what waits for `retry_for` ends with it."""
    reason = f"not taken for {format_duration(retry_for)}: {health.detail}"
    ids = expire(conn, health.sink, reason, before=now - timedelta(seconds=retry_for), now=now)
    return [Loss(detail=reason, delivery=ids[-1], count=len(ids))] if ids else []


def _told(
    conn: Connection, before: SinkHealth, health: SinkHealth, now: datetime, *, failed: bool
) -> tuple[SinkHealth, list[EventDraft]]:
    """Failing is told once, and its end if it was. It is told with a failure, or where the sink asked for a longer time
    without any message."""
    drafts = []
    if before.told_at is not None and before.since is not None and health.since is None:
        waiting = count_waiting(conn, health.sink)
        drafts.append(sink_recovered(health.sink, since=before.since, waiting=waiting, now=now))
    at = breaker.tell_at(health)
    if at is not None and health.since is not None and at <= now and (failed or breaker.held_until(health, now)):
        waiting, since, attempts = count_waiting(conn, health.sink), health.since, health.failures
        failing = sink_failing(
            health.sink, detail=health.detail, since=since, attempts=attempts, waiting=waiting, now=now
        )
        drafts.append(failing)
        health = replace(health, told_at=now)
    return health, drafts


def _claimed(
    conn: Connection, options: SinkOptions, health: SinkHealth, room: Room, now: datetime, roll: float
) -> tuple[SinkHealth, list[Delivery]]:
    rate = options.rate
    limit = (1 if health.since is not None else room.width) - room.busy
    if rate is not None:
        limit = min(limit, pace.allowed(rate, health.paced_to, now))
    if limit <= 0:
        return health, []
    first = First.OLDEST if rate is None else First.URGENT
    if health.since is not None:
        first = First.UNTRIED if breaker.held_until(health, now) is None else First.TESTS
    claimed = claim(conn, options.name, now=now, limit=limit, first=first)
    if claimed and rate is not None:
        health = replace(health, paced_to=pace.spent(rate, health.paced_to, now, len(claimed)))
    probes = bool(claimed) and first is not First.TESTS
    return (breaker.probing(health, now, roll) if probes else health), claimed


def _overflows(
    conn: Connection, options: SinkOptions, health: SinkHealth, claimed: Sequence[Delivery], now: datetime
) -> bool:
    rate = options.rate
    if rate is None or health.since is not None or pace.allowed(rate, health.paced_to, now):
        return False
    most = pace.within(rate, OVERFLOW)
    return count_waiting(conn, options.name, most + len(claimed) + 1) > most + len(claimed)
