"""Puts together what the HTTP port and the control socket serve; a reload changes what it shows, not what it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from monitor import store
from monitor.app.stages import Lasting, Stages
from monitor.store import StoreError
from monitor.telemetry.metrics import Metrics
from monitor.web.api import Api, Inside
from monitor.web.health import Health, SharedProbe
from monitor.web.metrics import Exposer
from monitor.web.server import Site


def new_site(
    lasting: Lasting,
    metrics: Metrics,
    current: Callable[[], Stages],
    all_troubles: Callable[[], Sequence[str]] | None = None,
    failing: Callable[[], StoreError | None] = lambda: None,
) -> Site:
    """`current`: the stages at work. `all_troubles`: what is wrong outside, where that is more than what they know.
    `failing`: why somebody else could not write, which a small write that goes well does not disprove.
    `inside.settings` are the caller's to renew."""
    db, clock = lasting.store, lasting.clock

    async def probe() -> None:
        await db.write(lambda conn: store.set_cursor(conn, "probe", int(clock.monotonic())))
        if (error := failing()) is not None:
            raise error

    def wake(sinks: Iterable[str] | None = None) -> None:
        current().outbox.ring(sinks)

    def troubles() -> Sequence[str]:
        return current().poller.troubles() if all_troubles is None else all_troubles()

    health = Health(
        dead_loops=lasting.live.dead,
        untried=lambda: current().poller.untried(),
        probe_store=SharedProbe(probe, clock),
        troubles=troubles,
    )
    inside = Inside(
        store=db,
        clock=clock,
        settings=current().settings,
        started_at=clock.now(),
        troubles=troubles,
        last_good=lambda: current().poller.last_good(),
        wake=wake,
        ring=lasting.events.ring,
        ruleset=lambda: current().ruleset,
        clean=lambda: current().cleanup.ring(),
        deletions=lambda: current().deletions,
        budgets=lambda: current().budgets.countings(),
        prices=lambda: current().prices,
    )
    exposer = Exposer(metrics, inside, health=lambda: health, watches=lambda: current().poller)
    return Site(
        api=Api(inside), inside=inside, health=health, metrics=exposer.exposition, events=lasting.events, meter=metrics
    )
