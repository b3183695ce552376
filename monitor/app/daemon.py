"""The daemon's straight-line wiring: what lives as long as the process, and how it begins and ends."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial

import anyio
import structlog

from monitor import __version__, diff
from monitor.app.heartbeat import Heartbeat
from monitor.app.liveness import Liveness
from monitor.app.pruning import keep_pruning
from monitor.app.reign import Reign
from monitor.app.site import new_site
from monitor.app.stages import Lasting, Stages
from monitor.app.status import Supervision
from monitor.app.storeless import Storeless
from monitor.app.systemd import Systemd
from monitor.app.vital import Vital
from monitor.app.wishes import Reload, Verdict, Wishes
from monitor.fields import Clock
from monitor.fields.bell import Broadcast
from monitor.settings import Settings
from monitor.store import open_store
from monitor.store.state_dir import begun, make_state_dir
from monitor.telemetry.lag import LoopLag
from monitor.telemetry.metrics import Metrics
from monitor.web.free import require_free
from monitor.web.server import Site, serving
from monitor.wire import Http, new_session

_log = structlog.get_logger("app")


async def daemon(
    settings: Settings,
    clock: Clock,
    *,
    stop: Callable[[], Awaitable[str]],
    reload: Reload | None = None,
    ready: Callable[[int | None], None] = lambda port: None,
    systemd: Systemd | None = None,
) -> None:
    """Runs until `stop()` returns its reason. `ready` is told the HTTP port (None: off) once everything is open,
    and again after each reload.

    Raises StoreError, PortUnavailable or ControlUnavailable where it cannot start. It is one function on purpose: the
    order of the lines is the order in which things open, and, backwards, in which they close.
    """
    systemd = systemd or Systemd()
    if settings.http.listen is not None and not begun(settings.store, settings.state_dir):
        await require_free(settings.http.listen)  # else who has the store is told, which says more
    make_state_dir(settings.state_dir)
    metrics = Metrics()
    async with AsyncExitStack() as stack:
        db = await open_store(settings.store, state_dir=settings.state_dir, lock=True, meter=metrics)
        stack.push_async_callback(db.aclose)
        polls = await stack.enter_async_context(new_session())
        signs = await stack.enter_async_context(new_session(connections=1))
        live, events, lag = Liveness(clock), Broadcast(), LoopLag(metrics)
        lasting = Lasting(store=db, polls=polls, clock=clock, events=events, live=live, meter=metrics)
        reign = Reign(await Stages.open(settings, lasting), lasting)
        stack.push_async_callback(reign.aclose)

        storeless = Storeless(db, clock)
        site = new_site(lasting, metrics, lambda: reign.stages, reign.troubles, storeless.failing)
        control = settings.control
        port = await stack.enter_async_context(
            serving(site, listen=settings.http.listen, socket=control.socket, group=control.group)
        )
        await lasting.tell(diff.monitor_started(version=__version__, now=clock.now()))
        supervision = Supervision(systemd, live, clock, status=reign.status, troubles=reign.troubles)

        async def refused(problems: list[str]) -> None:
            await reign.refused(problems)
            await supervision.ready(str(Verdict(problems=problems)))

        wishes = Wishes(stop, reload, systemd=systemd, refused=refused)

        async def taken(fresh: Settings) -> None:
            verdict = await reign.take(fresh, wishes.ending)
            site.inside.settings = reign.stages.settings
            heartbeat.changed.ring()
            if not wishes.ending.is_set():
                ready(port)
                await supervision.ready(str(verdict))
            wishes.settle(verdict)

        site.reload = wishes.ask if reload is not None else None
        site.reload_waits = lambda: reign.waits(storeless.troubles())
        heartbeat = _heartbeat(reign, lasting, site, Http(signs), wishes.ending)
        reign.beside = lambda: [*storeless.troubles(), *heartbeat.troubles()]
        ready(port)
        _log.info("started", page=settings.http.page(port), **reign.size())
        await supervision.ready()

        async with anyio.create_task_group() as beside:
            for watching in (partial(live.probe, db), supervision.run, wishes.listen, heartbeat.run, lag.run):
                beside.start_soon(watching)
            beside.start_soon(storeless.run, lasting.tell)
            beside.start_soon(keep_pruning, db, lambda: reign.stages.settings.retention, clock, metrics)
            await reign.stages.run(wishes, taken)
            beside.cancel_scope.cancel()
    _log.info("stopped")


def _heartbeat(reign: Reign, lasting: Lasting, site: Site, http: Http, ending: anyio.Event) -> Heartbeat:
    """Ready to run; what it knows of itself is told beside the status."""
    vital = Vital(
        lasting.store,
        lasting.clock,
        site.health,
        watches=lambda: reign.stages.poller.loops,
        settings=lambda: reign.stages.settings,
    )
    made = Heartbeat(
        lambda: reign.stages.settings.heartbeat,
        http,
        lasting.clock,
        vital.objections,
        ending=ending,
        meter=lasting.meter,
    )
    site.inside.heartbeat = made.state
    site.inside.rejected = lambda: reign.rejected
    return made
