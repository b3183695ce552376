"""Polling, routing and delivery by one config, from their start to their graceful end; a reload makes the next one."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass
from math import inf

import aiohttp
import anyio
import structlog

from monitor import __version__, diff, store
from monitor.app.liveness import Liveness
from monitor.app.wishes import GRACE, Wish, Wishes
from monitor.delivery import Outbox, SinkEntry
from monitor.fields import Clock
from monitor.fields.bell import Broadcast
from monitor.model import EventDraft
from monitor.polling.poller import Poller
from monitor.polling.surroundings import Surroundings
from monitor.routing import Router
from monitor.routing.links import Links
from monitor.rules import RuleSet
from monitor.settings import Settings
from monitor.sinks import registry
from monitor.sinks.options import SinkOptions
from monitor.store import Connection, Store, StoreError
from monitor.store.answers import make_link_key
from monitor.telemetry.meter import Meter
from monitor.wire import Http, new_session

RELOAD_GRACE = 30.0
"""Seconds that deliveries in flight have before the next generation: what is cut would be sent once more."""
RELOAD_ROUTING = 3.0
"""Seconds that a reload goes on routing while nobody polls; the next generation routes the rest."""

_log = structlog.get_logger("app")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lasting:
    """What all generations of one process share."""

    store: Store
    polls: aiohttp.ClientSession
    """Its connections outlive a reload."""
    clock: Clock
    events: Broadcast
    live: Liveness
    meter: Meter

    async def tell(self, draft: EventDraft) -> None:
        """Adds an event of the daemon's own to the log. Raises StoreError."""

        def write(conn: Connection) -> None:
            store.append_events(conn, self.store.epoch, [(draft, store.next_revision(conn, None, draft.subject))])

        await self.store.write(write)
        self.events.ring()


class Generation:
    """The three stages at work. `run` once; `aclose` in any case."""

    def __init__(
        self, settings: Settings, lasting: Lasting, sends: aiohttp.ClientSession, links: Links | None = None
    ) -> None:
        """Builds everything; sends nothing. Raises LookupError for a secret that was not resolved."""
        self.settings = settings
        self._lasting = lasting
        clock, meter, after = lasting.clock, lasting.meter, settings.catch_up_after
        self._sinks = [_entry(options, sends, clock) for options in settings.sinks]
        self.ruleset = ruleset = RuleSet.compile(
            settings.rules,
            settings.people,
            settings.unmatched,
            [sink.name for sink in settings.sinks],
            settings.flapping,
        )
        self.outbox = Outbox(
            lasting.store,
            self._sinks,
            clock,
            events=lasting.events,
            catch_up_after=after,
            names=ruleset.names,
            meter=meter,
        )
        around = Surroundings(
            store=lasting.store,
            clock=clock,
            bell=lasting.events,
            prices=settings.prices,
            catch_up_after=after,
            meter=meter,
        )
        self.poller = Poller(settings.accounts, lasting.polls, around)
        self.router = Router(
            lasting.store,
            ruleset,
            clock,
            bell=lasting.events,
            wake=self.outbox.ring,
            unseen=self.poller.unseen,
            watched=self.poller.watched,
            links=links,
            meter=meter,
        )
        self._closing = AsyncExitStack()
        self._closing.push_async_callback(sends.close)
        for entry in self._sinks:
            self._closing.push_async_callback(entry.sink.aclose)

    @classmethod
    async def open(cls, settings: Settings, lasting: Lasting) -> Generation:
        """Built, and ready to run. Raises StoreError, LookupError."""
        slots = sum(sink.concurrency for sink in settings.sinks)  # a sink that hangs takes connections from nobody
        sends = new_session(connections=slots)
        try:
            made = cls(settings, lasting, sends, await _links(settings, lasting.store))
            await made.poller.open()
        except BaseException:
            await sends.close()
            raise
        return made

    async def aclose(self) -> None:
        """May be called twice."""
        with anyio.CancelScope(shield=True):
            await self._closing.aclose()

    async def run(self, wishes: Wishes) -> Wish:
        """Works until somebody wishes something, then ends in the order of the data's way, so that what was seen is
        told and what was told is sent. It is one function on purpose: the order of its lines is the order in which the
        stages start and, backwards, end."""
        live, wish = self._lasting.live, Wish(reason="")
        async with anyio.create_task_group() as bounding:
            async with anyio.create_task_group() as delivering:
                bounding.start_soon(wishes.bound, delivering.cancel_scope)
                live.start(delivering, "delivery", self.outbox.run, hung=self.outbox.hung)
                async with anyio.create_task_group() as routing:
                    live.start(routing, "routing", self.router.run, hung=self.router.hung)
                    async with anyio.create_task_group() as polling:
                        live.start(polling, "polling", self.poller.run, hung=self.poller.hung)
                        wish = await wishes.next(self.settings)
                        live.forget("polling", "routing", "delivery")
                        polling.cancel_scope.cancel()
                    await self._last_words(wish)
                    self.router.stop()
                await self._route_the_rest(wish)
                self.outbox.stop(RELOAD_GRACE if wish.settings else GRACE)
            bounding.cancel_scope.cancel()
        return wish

    async def _last_words(self, wish: Wish) -> None:
        if wish.settings is not None:
            return
        now = self._lasting.clock.now()
        try:
            await self._lasting.tell(diff.monitor_stopped(version=__version__, reason=wish.reason, now=now))
        except StoreError as error:
            _log.warning("the end could not be written", reason=str(error))

    async def _route_the_rest(self, wish: Wish) -> None:
        """What polling saw last, and the end itself, are told as far as the sinks have a free slot. The
        end routes all that its deadline allows; a reload little, for nobody polls and the cursor lasts."""
        clock = self._lasting.clock
        until = clock.monotonic() + (inf if wish.settings is None else RELOAD_ROUTING)
        try:
            while await self.router.turn() and clock.monotonic() < until:
                pass
        except StoreError as error:
            _log.warning("what is left in the log is routed by the next start", reason=str(error))
        except Exception as error:  # as while it works: what one turn runs into must not end a daemon that reloads
            _log.exception("a turn of routing broke; this is a bug", error=type(error).__name__)


async def _links(settings: Settings, opened: Store) -> Links | None:
    """None where nobody could follow them."""
    if settings.http.public_url is None or settings.http.listen is None:
        return None
    return Links(await opened.write(make_link_key), settings.http.public_url)


def _entry(options: SinkOptions, session: aiohttp.ClientSession, clock: Clock) -> SinkEntry:
    build = registry.builder(options.type)
    return SinkEntry(sink=build(options, Http(session), clock), options=options)
