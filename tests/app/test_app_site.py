"""What the app puts before the web: the probe of `/readyz` writes for all who ask at most once a second."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.app.liveness import Liveness
from monitor.app.site import new_site
from monitor.app.stages import Lasting, Stages
from monitor.fields.bell import Broadcast
from monitor.store import StoreError, StoreFull, get_cursor
from monitor.telemetry.metrics import Metrics
from monitor.wire import new_session
from tests.kit.clock import VirtualClock
from tests.kit.web import fresh_store, settings


async def test_readiness_writes_at_most_once_a_second(tmp_path: Path) -> None:
    found, clock, metrics = settings(tmp_path), VirtualClock(), Metrics()
    store = await fresh_store(found.state_dir)
    async with new_session() as polls:
        lasting = Lasting(
            store=store, polls=polls, clock=clock, events=Broadcast(), live=Liveness(clock), meter=metrics
        )
        stages = await Stages.open(found, lasting)
        failed: list[StoreError] = []
        site = new_site(lasting, metrics, lambda: stages, failing=lambda: failed[0] if failed else None)
        written = []
        for wait in (0.5, 0.7, 0.4):
            clock.advance(wait)
            await site.health.probe_store()
            written.append(await store.read(lambda conn: get_cursor(conn, "probe")) - 1000)
        assert written == [0, 0, 1], "each write says when it was"
        failed.append(StoreFull("The disk is full."))
        clock.advance(1.0)
        with pytest.raises(StoreFull):  # its own small write went well, and yet
            await site.health.probe_store()
        assert site.inside.last_good() == stages.poller.last_good() != {}
        await stages.aclose()
    await store.aclose()
