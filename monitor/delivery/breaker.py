"""Whether a sink takes messages, and how it is tried while it does not. Pure: time and chance are arguments.

One failure makes a sink doubtful: it is tried with one message at a time. Three in a row, of two messages or more,
hold it back: nothing is sent but one probe at growing intervals, until a message arrives. A single message that fails
paces itself, so that one bad message holds up no other; and one that fails while others arrive says nothing of the
sink.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from monitor.model import Delivery, Outcome, Reason, Receipt
from monitor.store.sink_health import SinkHealth

CANARY = "canary"
"""The rule that canaries name."""
HELD_AFTER = 3
"""Failures in a row."""
DIFFERENT = 2
"""Messages among them."""
REFUSED_ALL = 5
"""Messages refused in a row: it is not they that are wrong."""
GRACE = 120.0
"""Seconds that a sink fails, and `HELD_AFTER` times, before that is told."""
FIRST = 1.0
LONGEST = 300.0
"""Seconds between two probes at most."""
LONGEST_ASKED = 3600.0
"""Seconds that a sink may ask for (`Retry-After`); then it is probed with another message."""

Tried = tuple[datetime, datetime] | None
"""When a message's first and last attempt before this one began."""


def judged(
    health: SinkHealth, delivery: Delivery, receipt: Receipt, ended: Iterable[tuple[Delivery, Receipt]] = ()
) -> Receipt:
    """A refusal is final, but not while the sink refuses whatever it is sent, and never for a canary, in which nothing
    can be wrong: they wait, as for a sink that is down. `ended`: attempts of which `health` does not know yet."""
    said = delivery.notification
    if receipt.outcome is not Outcome.REFUSED or (said.reason is Reason.TEST and said.rule != CANARY):
        return receipt
    if said.reason is not Reason.TEST and _refusals(health, ended) < REFUSED_ALL:
        return receipt
    return replace(receipt, outcome=Outcome.RETRY, detail=f"{receipt.detail}; so it does with every message")


def _refusals(health: SinkHealth, ended: Iterable[tuple[Delivery, Receipt]]) -> int:
    """In a row, with those that were answered since: where several are sent at once, they are not lost for that."""
    count = health.refusals
    for delivery, receipt in ended:
        if receipt.outcome is Outcome.DELIVERED or receipt.partly:
            count = 0
        elif receipt.outcome is Outcome.REFUSED and delivery.notification.reason is not Reason.TEST:
            count += 1
    return count


def delivered(health: SinkHealth, at: datetime) -> SinkHealth:
    return SinkHealth(sink=health.sink, delivered_at=at, canary_at=health.canary_at, paced_to=health.paced_to)


def failed(
    health: SinkHealth, receipt: Receipt, at: datetime, roll: float, *, tried: Tried, in_row: bool
) -> SinkHealth:
    """`in_row`: the attempt began after the failure before it, so that it says something new. `roll`: from 0 to 1."""
    if tried is not None and health.delivered_at is not None and health.delivered_at > tried[0]:
        return health  # others arrive
    fresh = health.since is None or tried is None or tried[1] < health.since
    made = replace(
        health,
        since=health.since or at,
        failures=health.failures + in_row,
        messages=health.messages + fresh,
        detail=receipt.detail,
    )
    if not in_row and health.probe_at is not None:
        return (
            made if receipt.retry_after is None else replace(made, probe_at=max(health.probe_at, _asked(receipt, at)))
        )
    held = made.failures >= HELD_AFTER and made.messages >= DIFFERENT
    if not held and not receipt.retry_after:
        return replace(made, probe_at=None)
    probe_at, told_at = at + _wait(made, roll), tell_at(made)
    if told_at is not None and at < told_at < probe_at:
        probe_at = told_at  # before its failing is told it is asked once more
    return replace(made, probe_at=max(probe_at, _asked(receipt, at)))


def refused(health: SinkHealth, receipt: Receipt, at: datetime, roll: float) -> SinkHealth:
    """It answers; a sink that was held back is tried with the next message at once. Where it refuses all, it is held
    back itself."""
    made = replace(health, refusals=health.refusals + 1, probe_at=None if health.probe_at is None else at)
    if made.refusals < REFUSED_ALL:
        return made
    made = replace(
        made,
        since=health.since or at,
        failures=max(health.failures, HELD_AFTER),
        messages=max(health.messages, REFUSED_ALL),
        detail=receipt.detail,
    )
    return replace(made, probe_at=at + _wait(made, roll))


def tested(health: SinkHealth, receipt: Receipt, at: datetime) -> SinkHealth:
    """A test by hand has failed at a sink that is held back: nobody's message is to wait longer for that, but where the
    sink itself asks for it."""
    probe_at = health.probe_at if health.probe_at is None else max(health.probe_at, _asked(receipt, at))
    return replace(health, detail=receipt.detail, probe_at=probe_at)


def probing(health: SinkHealth, now: datetime, roll: float) -> SinkHealth:
    """A probe is on its way: the next one waits, whatever becomes of us meanwhile."""
    return health if health.probe_at is None else replace(health, probe_at=now + _wait(health, roll))


def planned(known: datetime | None, last: SinkHealth, health: SinkHealth, now: datetime) -> datetime | None:
    """When it would have been probed, had nobody asked for it to be tried at once since `last`, or before (`known`);
    None: nobody has, or that time has come."""
    moved = last.probe_at is not None and health.probe_at is not None and health.probe_at < last.probe_at
    times = [known, last.probe_at if moved else None]
    return min((at for at in times if at is not None and at > now), default=None)


def no_later(health: SinkHealth, at: datetime | None) -> SinkHealth:
    """Who asks for a try that fails puts off no probe that was due anyway."""
    if at is None or health.probe_at is None:
        return health
    return replace(health, probe_at=min(health.probe_at, at))


def held_until(health: SinkHealth, now: datetime) -> datetime | None:
    """Nothing is sent before; None where nothing holds it back. Further off than ever asked for: the clock was set
    back."""
    at = health.probe_at
    return None if at is None or at <= now or at > now + timedelta(seconds=LONGEST + LONGEST_ASKED) else at


def tell_at(health: SinkHealth) -> datetime | None:
    """When its failing is to be told; None: it is told, or there is nothing to tell yet."""
    if health.since is None or health.told_at is not None or health.failures < HELD_AFTER:
        return None
    return health.since + timedelta(seconds=GRACE)


def _wait(health: SinkHealth, roll: float) -> timedelta:
    return timedelta(seconds=roll * min(LONGEST, FIRST * 2.0 ** min(max(0, health.failures - 1), 30)))


def _asked(receipt: Receipt, at: datetime) -> datetime:
    return at + timedelta(seconds=min(receipt.retry_after or 0.0, LONGEST_ASKED))
