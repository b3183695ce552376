"""Polling, routing and delivery at work, from their start to their graceful end; a reload exchanges what it changes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import inf

import aiohttp
import anyio
import structlog

from monitor import __version__, diff, store
from monitor.actions.quota_watch import QuotaWatch
from monitor.app.deleting import new_cleanup, new_deletions
from monitor.app.keeping import Kept, Tell, keep
from monitor.app.liveness import Liveness
from monitor.app.opened import OpenSink, Prepared, close_all, compile_rules, open_sinks, same_rules
from monitor.app.storeless import unwritable
from monitor.app.wishes import GRACE, Wishes
from monitor.budgets import Budgets
from monitor.delivery import Outbox
from monitor.fields import Clock
from monitor.fields.bell import Broadcast
from monitor.ledger import PriceOptions
from monitor.model import EventDraft
from monitor.polling.poller import Poller
from monitor.polling.surroundings import Surroundings
from monitor.routing import Router
from monitor.routing.links import Links
from monitor.rules import RuleSet
from monitor.settings import Settings
from monitor.settings.shipped import shipped_prices
from monitor.sinks.options import SinkOptions
from monitor.store import Connection, Store, StoreError
from monitor.store.vitals import read_backlogs
from monitor.telemetry.meter import Meter
from monitor.telemetry.trouble import store_trouble

RELOAD_GRACE = 30.0
"""Seconds that deliveries in flight have before their sink is exchanged: what is cut would be sent once more."""
RELOAD_ROUTING = 3.0
"""Seconds that a reload goes on routing by the rules before; those after it route the rest."""
STORE_PAUSE = 5.0
"""Seconds between two tries to write a reload while the store cannot be used."""

_log = structlog.get_logger("app")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lasting:
    """What lives as long as the process."""

    store: Store
    polls: aiohttp.ClientSession
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


class Stages:
    """The three stages. `run` once; `aclose` in any case."""

    def __init__(
        self, settings: Settings, lasting: Lasting, sinks: list[OpenSink], ruleset: RuleSet, links: Links | None
    ) -> None:
        self.settings = settings
        self.ruleset = ruleset
        self.waits = ""
        """What a reload that is under way waits for; nothing: there is none, or its file is still being read."""
        self._lasting = lasting
        self._sinks = {sink.name: sink for sink in sinks}
        self._torn = False
        """The store has a reload of which the stages do not know yet: nothing may be routed."""
        clock, meter, bell, after = lasting.clock, lasting.meter, lasting.events, settings.catch_up_after
        self.outbox = Outbox(
            lasting.store,
            [sink.entry for sink in sinks],
            clock,
            events=bell,
            catch_up_after=after,
            names=ruleset.names,
            meter=meter,
        )
        self._shipped = shipped_prices()
        prices = (*settings.prices, *self._shipped)
        self._around = Surroundings(
            store=lasting.store, clock=clock, bell=bell, prices=prices, catch_up_after=after, meter=meter
        )
        self.poller = Poller(settings.accounts, lasting.polls, self._around)
        self.deletions = new_deletions(self.poller, lasting.store, clock, bell, lambda: self.settings)
        self.cleanup = new_cleanup(settings, self.deletions, lasting.store, clock, bell)
        self.quotas = QuotaWatch(lasting.store, self.poller.reaches, settings.cleanup, clock, bell)
        self.budgets = Budgets(lasting.store, settings.budgets, clock, bell)
        self.router = Router(
            lasting.store,
            ruleset,
            clock,
            bell=bell,
            wake=self.outbox.ring,
            unseen=self.poller.unseen,
            watched=self.poller.watched,
            links=links,
            meter=meter,
        )

        self._closing: list[OpenSink] = []

    @classmethod
    async def open(cls, settings: Settings, lasting: Lasting) -> Stages:
        """Built, and ready to run. Raises StoreError, LookupError for a secret that was not resolved."""
        kept = await lasting.store.write(partial(keep, settings=settings))
        kept.begin(lasting.store)
        sinks = await open_sinks(settings.sinks, lasting.clock)
        try:
            made = cls(settings, lasting, sinks, compile_rules(settings), kept.links)
            await made.poller.open()
        except BaseException:
            await close_all(sinks)
            raise
        return made

    async def aclose(self) -> None:
        """May be called twice."""
        await close_all([*self._sinks.values(), *self._closing])

    async def run(self, wishes: Wishes, reload: Callable[[Settings], Awaitable[None]]) -> None:
        """Works until the end is wished, then ends in the order of the data's way, so that what was seen is told and
        what was told is sent. `reload` is awaited with each config that was read anew meanwhile. It is one function on
        purpose: the order of its lines is the order in which the stages start and, backwards, end."""
        live = self._lasting.live
        async with anyio.create_task_group() as bounding:
            async with anyio.create_task_group() as delivering:
                bounding.start_soon(wishes.bound, delivering.cancel_scope)
                live.start(delivering, "delivery", self.outbox.run, hung=self.outbox.hung)
                async with anyio.create_task_group() as routing:
                    live.start(routing, "routing", self.router.run, hung=self.router.hung)
                    async with anyio.create_task_group() as polling:
                        live.start(polling, "polling", self.poller.run, hung=self.poller.hung)
                        live.start(polling, "deletions", self.deletions.run, hung=self.deletions.hung)
                        live.start(polling, "cleanup", self.cleanup.run, hung=self.cleanup.hung)
                        live.start(polling, "quotas", self.quotas.run, hung=self.quotas.hung)
                        live.start(polling, "budgets", self.budgets.run, hung=self.budgets.hung)
                        while (wish := await wishes.next(self.settings)).settings is not None:
                            await reload(wish.settings)
                        live.forget("budgets", "quotas", "cleanup", "deletions", "polling", "routing", "delivery")
                        polling.cancel_scope.cancel()
                    await self._last_words(wish.reason)
                    self.router.stop()
                await self._route_the_rest(inf)
                self.outbox.stop(GRACE)
            bounding.cancel_scope.cancel()

    async def prepared(self, settings: Settings) -> Prepared:
        """Builds what those settings have and these have not; changes nothing. Raises LookupError for a secret that was
        not resolved."""
        watches = self.poller.built(settings.accounts)
        ruleset = self.ruleset if same_rules(self.settings, settings) else compile_rules(settings)
        fresh = [options for options in settings.sinks if not options.alike(self._options(options.name))]
        sinks = await open_sinks(fresh, self._lasting.clock)
        return Prepared(settings=settings, watches=watches, sinks=sinks, ruleset=ruleset)

    async def exchange(self, made: Prepared, tell: Tell) -> Kept:
        """Goes on by other settings; what is the same in them is not interrupted.

        What is to end ends first: sinks have time for what is in flight, accounts end between two commits. Then routing
        rests while one transaction brings the store to the names of the new settings, and the stages follow; so none of
        them ever works by names that the store has not. May be cancelled: then the next start does what is left."""
        wanted = {options.name: options for options in made.settings.sinks}
        parting = {name for name, sink in self._sinks.items() if not sink.entry.options.alike(wanted.get(name))}
        try:
            self.waits = f"what is being sent to {', '.join(sorted(parting))} has not arrived yet"
            await self.outbox.part(parting, RELOAD_GRACE)
            self.waits = "polls, rules or policies are in the middle of a step"
            await self.poller.part(made.settings.accounts)
            async with self.router.resting(), self.budgets.resting(), self.cleanup.resting(), self.quotas.resting():
                await self._route_the_rest(RELOAD_ROUTING)
                self._torn = True
                kept = await self._written(made, parting, tell)
                self._follow(made, kept, parting)
                self._torn = False
        except BaseException:
            await close_all(made.sinks)
            raise
        finally:
            self.waits = ""
        self._lasting.events.ring()
        await close_all(self._closing)
        self._closing.clear()
        return kept

    async def _written(self, made: Prepared, parting: Collection[str], tell: Tell) -> Kept:
        """A store that cannot be written is waited for."""
        storeless = store_trouble("app", "the reload")
        outbox, wanted = self.outbox, [sink.name for sink in made.settings.sinks]

        def write(conn: Connection) -> Kept:
            outbox.left(conn, parting)
            kept = keep(conn, made.settings, tell)
            waiting = {sink: each.count for sink, each in read_backlogs(conn).items() if sink not in wanted}
            outbox.end_removed(conn, wanted)
            return replace(kept, given_up=waiting)

        while True:
            try:
                kept = await self._lasting.store.write(write)
            except StoreError as error:
                storeless.met(reason=str(error))
                self.waits = unwritable(error)
                self.router.pulse.beat(STORE_PAUSE)
                self.budgets.pulse.beat(STORE_PAUSE)
                self.cleanup.pulse.beat(STORE_PAUSE)
                self.quotas.pulse.beat(STORE_PAUSE)
                await self._lasting.clock.sleep(STORE_PAUSE)
            else:
                storeless.over()
                return kept

    @property
    def prices(self) -> Sequence[PriceOptions]:
        """Those of the config, then those that are shipped."""
        return self._around.prices

    def _follow(self, made: Prepared, kept: Kept, parted: Collection[str]) -> None:
        """All stages at once, between two of their steps."""
        settings, names = made.settings, made.ruleset.names
        kept.begin(self._lasting.store)
        self.settings, self.ruleset = settings, made.ruleset
        self._around.prices = (*settings.prices, *self._shipped)
        self._around.catch_up_after = settings.catch_up_after
        self._closing += [self._sinks.pop(name) for name in parted]
        self._sinks |= {sink.name: sink for sink in made.sinks}
        entries = [self._sinks[options.name].entry for options in settings.sinks]
        self.outbox.take(entries, catch_up_after=settings.catch_up_after, names=names)
        self.poller.take(settings.accounts, made.watches, kept.health)
        self.poller.hasten()
        self.deletions.ring()
        self.cleanup.take(settings.cleanup, settings.accounts)
        self.quotas.take(settings.cleanup)
        self.budgets.take(settings.budgets)
        self.router.follow(made.ruleset, kept.links)

    def _options(self, name: str) -> SinkOptions | None:
        sink = self._sinks.get(name)
        return sink.entry.options if sink is not None else None

    async def _last_words(self, reason: str) -> None:
        now = self._lasting.clock.now()
        try:
            await self._lasting.tell(diff.monitor_stopped(version=__version__, reason=reason, now=now))
        except StoreError as error:
            _log.warning("the end could not be written", reason=str(error))

    async def _route_the_rest(self, seconds: float) -> None:
        """What polling saw last, and the end itself, are told as far as the sinks have a free slot. The end routes all
        that its deadline allows; a reload little, for those who were to end have ended and the cursor lasts."""
        clock = self._lasting.clock
        until = clock.monotonic() + seconds
        try:
            while not self._torn and await self.router.turn() and clock.monotonic() < until:
                pass
        except StoreError as error:
            _log.warning("what is left in the log is routed later", reason=str(error))
        except Exception as error:  # as while it works: what one turn runs into must not end a daemon that reloads
            _log.exception("a turn of routing broke; this is a bug", error=type(error).__name__)
