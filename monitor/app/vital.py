"""What has to hold before the heartbeat may say that all is well (section 12 of the design, made exact)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import anyio

from monitor.delivery.pace import allowed
from monitor.fields import Clock, format_duration
from monitor.polling.freshness import Freshness
from monitor.polling.loop import WatchLoop
from monitor.routing.router import CURSOR
from monitor.settings import Settings
from monitor.store import Store, StoreError
from monitor.store.errors import in_brief
from monitor.store.vitals import Vitals, read_vitals
from monitor.web.health import STORE_PATIENCE, Health

OVERDUE = 900.0
"""Seconds that an event may wait for routing, and a message for its sink. A blip is over by then (attempts are at most
five minutes apart), and a sink that takes nothing was told as failing; so what waits for longer is nobody's news."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Awaited:
    """One sink. `since`: how long the oldest message waits (None: none does). `told`: that it fails was told as an
    event. `far`: its messages leave this machine. `paced`: its rate is used up, so they wait because the config says
    so."""

    sink: str
    since: datetime | None = None
    told: bool = False
    far: bool = True
    paced: bool = False


def objections(
    watches: Sequence[Freshness],
    awaited: Sequence[Awaited],
    now: datetime,
    *,
    unrouted_since: datetime | None = None,
) -> list[str]:
    """Why no heartbeat may be sent, in plain words that hold no secrets; none means that all is well. Pure."""
    found = [_late(watch, now) for watch in watches if not watch.reported and not watch.fresh(now)]
    if (waits := _over(unrouted_since, now)) is not None:
        found.append(f"rules have not looked at an event for {waits}")
    heard = any(sink.far and not sink.told for sink in awaited)
    for sink in awaited:
        waits = _over(sink.since, now)
        if waits is None or sink.paced or (sink.told and heard):
            continue
        alone = f"; {sink.sink} fails, and no other sink could tell so" if sink.told else ""
        found.append(f"a message for {sink.sink} has waited for {waits}{alone}")
    return found


def _late(watch: Freshness, now: datetime) -> str:
    if watch.last_good is None:
        return f"{watch.watch} was not polled well yet"
    return f"{watch.watch} was last seen {_long((now - watch.last_good).total_seconds())} ago"


def _over(since: datetime | None, now: datetime) -> str | None:
    """How long that is, where it is too long."""
    seconds = 0.0 if since is None else (now - since).total_seconds()
    return _long(seconds) if seconds > OVERDUE else None


def _long(seconds: float) -> str:
    return format_duration(round(seconds / 60) * 60.0 if seconds > 120 else max(1.0, round(seconds)))


class Vital:
    """Asks the daemon at work."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        health: Health,
        *,
        watches: Callable[[], Iterable[WatchLoop]],
        settings: Callable[[], Settings],
    ) -> None:
        """`watches` and `settings` are those at work: a reload exchanges them."""
        self._store = store
        self._clock = clock
        self._health = health
        self._watches = watches
        self._settings = settings

    async def objections(self) -> list[str]:
        """Why no heartbeat may be sent now. The writer is tried first: without it nothing else can be believed."""
        if (broken := await self._unwritable()) is not None:
            return [broken]
        try:
            vitals = await self._store.read(partial(read_vitals, routing=CURSOR))
        except StoreError:
            return ["the store cannot be read"]
        now = self._clock.now()
        watches = [loop.freshness() for loop in self._watches()]
        awaited = awaited_of(self._settings(), vitals, now)
        return objections(watches, awaited, now, unrouted_since=vitals.unrouted_since)

    async def _unwritable(self) -> str | None:
        try:
            with anyio.fail_after(STORE_PATIENCE):
                await self._health.probe_store()
        except TimeoutError:
            return f"the store did not answer within {STORE_PATIENCE:g} s"
        except Exception as error:  # whatever the store raises: it is not writable, and the kind says why
            return f"the store is not writable: {in_brief(error)}"
        return None


def awaited_of(settings: Settings, vitals: Vitals, now: datetime) -> list[Awaited]:
    """The sinks of the config; what waits for another one is ended by delivery."""
    found = []
    for sink in settings.sinks:
        waits, state = vitals.waiting.get(sink.name), vitals.sinks.get(sink.name)
        paced = sink.rate is not None and state is not None and not allowed(sink.rate, state.paced_to, now)
        found.append(
            Awaited(
                sink=sink.name,
                since=waits.since if waits else None,
                told=state is not None and state.told_at is not None,
                far=not sink.stays_here,
                paced=paced,
            )
        )
    return found
