"""Lines about a message itself: that it comes late, who heard of it before, and what is usual in the queue."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from statistics import quantiles
from typing import TYPE_CHECKING

from monitor.fields.duration import format_duration
from monitor.model import Event, Reason
from monitor.rules.holding import state_of
from monitor.rules.message.clean import cut, one_line
from monitor.rules.message.facts import Facts, clock, joined
from monitor.rules.message.places import stock_word
from monitor.rules.message.story import Line

if TYPE_CHECKING:
    from monitor.rules.engine.course import Course
    from monitor.rules.engine.telling import Saying
    from monitor.rules.state import Silence, Standing

LATE = timedelta(seconds=60)
"""What is dealt with later than this after it fell due (the daemon was down, the account was not seen) is told as of
then."""
ENOUGH = 5
"""So many waits say what is usual; fewer say nothing."""
_WAITING = ("queued", "pending")
_ZONES = 8
_NAMES = 5


def missed(course: Course, watch: str | None, due: datetime | None) -> str:
    """Of what fell due a while ago when that was, and what kept it; "" of what falls due now."""
    if due is None or course.now - due <= LATE:
        return ""
    account = watch.partition("|")[0] if watch else ""
    why = f"account {one_line(account, 48)} could not be seen"
    if not account or (
        _was_dark(course, "*", due) and not any(_was_dark(course, key, due) for key in (watch, account))
    ):
        why = "the monitor was down"
    return f"{clock(due)}, while {why}"


def told_late(missed: Sequence[str], held: int) -> tuple[Line, ...]:
    """`missed`: of each event that fell due a while ago what `missed` says; `held`: so many there are in all."""
    if not missed:
        return ()
    first = min(missed)
    if len(missed) == 1:
        return (Line("Told late", f"{'it' if held == 1 else f'1 of {held}'} fell due {first}"),)
    since, _, why = first.partition(", ")
    return (Line("Told late", f"{len(missed)} of {held} fell due from {since} on, {why}"),)


def last_seen(course: Course, watches: Iterable[str | None]) -> tuple[Line, ...]:
    """Since when nobody sees the things of these watches, as far as that is known."""
    told: dict[str, datetime | None] = {}
    for watch in watches:
        account = watch.partition("|")[0] if watch else ""
        keys = (watch, account, "*")
        dark = next((key for key in keys if key and _was_dark(course, key, course.now)), None)
        row = course.memory.dark.get(dark) if dark is not None else None
        why = "the monitor has just started" if dark == "*" else f"account {one_line(account, 48)} cannot be reached"
        told[why] = row.since if row is not None and dark != "*" else None
    words = (why + (f" since {clock(since)}" if since is not None else "") for why, since in sorted(told.items()))
    return (Line("As last seen", cut("; ".join(words), 300)),)


def _was_dark(course: Course, key: str | None, due: datetime) -> bool:
    dark = course.memory.dark.get(key) if key else None
    return dark is not None and (dark.until is None or dark.until > due)


def history(course: Course, saying: Saying) -> tuple[Line, ...]:
    """Who heard of it before, and when."""
    first = saying.since
    if first is None:
        return ()
    if saying.reason is Reason.RESOLVED:
        return (Line("You were told", clock(first)),)
    if saying.escalated:
        return (Line("Told before", f"{_named(saying.told_to)}; first at {clock(first)}"),)
    if saying.reason is Reason.REMINDER:
        return (Line("First told", clock(first)),)
    return ()


def snoozed(told: Iterable[Standing]) -> tuple[Line, ...]:
    """Of a reminder that comes only because somebody wanted to hear of it again."""
    return (Line("Snoozed", "until now, as somebody asked"),) if all(each.snoozed for each in told) else ()


def hidden_by(silence: Silence | None) -> str:
    """`the silence of ann (“maintenance”)`."""
    if silence is None:
        return "a silence"
    comment = one_line(silence.comment, 80)
    return f"the silence of {one_line(silence.owner, 48)}" + (f" (“{comment}”)" if comment else "")


def queue_sense(course: Course, events: Sequence[Event]) -> tuple[Line, ...]:
    """Of jobs that wait for one and the same thing: what wait is usual there, and where it is in stock now."""
    from monitor.rules.engine.sorting import queue_of

    keys = {queue_of(event) for event in events}
    if len(keys) != 1 or any(state_of(event) not in _WAITING for event in events):
        return ()
    (key,) = keys
    place = Facts(events[0].data).part("job").number("queue_position") if len(events) == 1 else ""
    lines = [
        Line("Usual wait", _usual(course, key) if key is not None else ""),
        Line("Place in the queue", f"{place} when it came there" if place else ""),
        *_stock(course, events),
    ]
    return tuple(line for line in lines if line.value)


def _usual(course: Course, key: str) -> str:
    waits = course.memory.waits.get(key)
    if waits is None or len(waits.seconds) < ENOUGH:
        return ""
    tenths = quantiles(waits.seconds, n=10, method="inclusive")
    median, ninth = format_duration(tenths[4]), format_duration(tenths[8])
    thing = one_line(key.partition("|")[2], 80)
    return f"{median}, one in ten over {ninth} (the last {len(waits.seconds)} jobs on {thing})"


def _stock(course: Course, events: Sequence[Event]) -> list[Line]:
    """By word of the zones; a flavor of another account is another one."""
    flavors = {(event.account, str(Facts(event.data).part("job").raw("flavor") or "")) for event in events}
    account, flavor = next(iter(flavors))
    if len(flavors) != 1 or account is None or not flavor:
        return []
    zones: dict[str, list[str]] = {}
    for zone, word in sorted(course.recall.stock(account, flavor).items()):
        zones.setdefault(word, []).append(one_line(zone, 48))
    parts = [f"{stock_word(one_line(word, 48))} in {_named(zones[word], _ZONES)}" for word in sorted(zones)]
    return [Line("Stock now", cut(joined(*parts, by="; "), 300))]


def _named(names: Sequence[str], most: int = _NAMES) -> str:
    shown = ", ".join(one_line(name, 48) for name in names[:most])
    return shown + (f" and {len(names) - most} more" if len(names) > most else "")
