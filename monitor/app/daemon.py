"""The daemon's straight-line wiring: opens the rooms in the order of the data's way, ends them in the same order."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial

import aiohttp
import anyio
import structlog

from monitor import __version__, diff, store
from monitor.app.liveness import Liveness
from monitor.delivery import Outbox, SinkEntry
from monitor.fields import Clock
from monitor.fields.bell import Bell
from monitor.model import EventDraft
from monitor.polling.poller import Poller
from monitor.polling.surroundings import Surroundings
from monitor.routing import Router
from monitor.rules import RuleSet
from monitor.settings import Settings
from monitor.sinks import registry
from monitor.sinks.options import SinkOptions
from monitor.store import Connection, Store, open_store
from monitor.web import health
from monitor.wire import Http, new_session

GRACE = 8.0
"""Seconds that deliveries in flight have to be settled at the end; the whole stop takes at most ten."""

_log = structlog.get_logger("app")


async def daemon(
    settings: Settings,
    clock: Clock,
    *,
    stop: Callable[[], Awaitable[str]],
    ready: Callable[[int | None], None] = lambda port: None,
) -> None:
    """Runs until `stop()` returns its reason. `ready` is told the HTTP port (None: off) once everything is open.

    Raises StoreError or PortUnavailable where it cannot start. It is one function on purpose: the order of the lines
    is the order in which things open, and, backwards, in which they close.
    """
    settings.state_dir.mkdir(mode=0o750, parents=True, exist_ok=True)
    async with AsyncExitStack() as stack:
        db = await open_store(settings.store, state_dir=settings.state_dir, lock=True)
        stack.push_async_callback(db.aclose)
        polls = await stack.enter_async_context(new_session())
        slots = sum(sink.concurrency for sink in settings.sinks)  # a sink that hangs takes connections from nobody
        sends = await stack.enter_async_context(new_session(connections=slots))
        events = Bell()

        sinks = [_entry(options, sends, clock) for options in settings.sinks]
        for entry in sinks:
            stack.push_async_callback(entry.sink.aclose)
        ruleset = RuleSet.compile(
            settings.rules, settings.people, settings.unmatched, [sink.name for sink in settings.sinks]
        )
        outbox = Outbox(db, sinks, clock, events=events, catch_up_after=settings.catch_up_after, names=ruleset.names)
        router = Router(db, ruleset, clock, bell=events, wake=outbox.ring)
        around = Surroundings(
            store=db, clock=clock, bell=events, prices=settings.prices, catch_up_after=settings.catch_up_after
        )
        poller = Poller(settings.accounts, polls, around)
        await poller.open()

        live = Liveness()
        port = await _serve(stack, settings, live, poller, db, clock)
        await _tell(db, diff.monitor_started(version=__version__, now=clock.now()), events)
        ready(port)
        _log.info("started", accounts=len(settings.accounts), watches=len(poller.loops), sinks=len(sinks))

        async with anyio.create_task_group() as delivering:
            live.start(delivering, "delivery", partial(outbox.run, grace=GRACE))
            async with anyio.create_task_group() as routing:
                live.start(routing, "routing", router.run)
                async with anyio.create_task_group() as polling:
                    live.start(polling, "polling", poller.run)
                    reason = await stop()
                    _log.info("stopping", reason=reason)
                    delivering.cancel_scope.deadline = anyio.current_time() + GRACE + 1.0
                    polling.cancel_scope.cancel()
                await _tell(db, diff.monitor_stopped(version=__version__, reason=reason, now=clock.now()), events)
                router.stop()
            while await router.turn():  # so that the end itself is told, as far as the sinks have a free slot
                pass
            outbox.stop()
    _log.info("stopped")


def _entry(options: SinkOptions, session: aiohttp.ClientSession, clock: Clock) -> SinkEntry:
    build = registry.builder(options.type)
    return SinkEntry(sink=build(options, Http(session), clock), options=options)


async def _serve(
    stack: AsyncExitStack, settings: Settings, live: Liveness, poller: Poller, db: Store, clock: Clock
) -> int | None:
    """Health and readiness on the HTTP port. Raises PortUnavailable."""
    listen = settings.http.listen
    if listen is None:
        return None

    async def probe() -> None:
        await db.write(lambda conn: store.set_cursor(conn, "probe", int(clock.monotonic())))

    app = health.health_app(
        health.Health(dead_loops=live.dead, untried=poller.untried, probe_store=probe, troubles=poller.troubles)
    )
    return await stack.enter_async_context(health.serving(app, listen.host, listen.port))


async def _tell(db: Store, draft: EventDraft, events: Bell) -> None:
    def write(conn: Connection) -> None:
        store.append_events(conn, db.epoch, [(draft, store.next_revision(conn, None, draft.subject))])

    await db.write(write)
    events.ring()
