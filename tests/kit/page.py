"""The status page over a new store, behind the real server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from monitor.fields import SystemClock
from monitor.fields.bell import Broadcast
from monitor.settings import Listen, load
from monitor.web.api import Api, Inside
from monitor.web.health import Health
from monitor.web.server import Site, serving
from tests.kit.web import Served, fresh_store, metrics, well
from tests.kit.world import now

CONFIG = """\
state_dir: {state}
http: {{listen: "127.0.0.1:8650"{http}}}
accounts:
{accounts}
people:
  - {{name: Ann, ids: ["model-studio:1396993924585947", "modelarts:ann"], notify: [team-slack]}}
  - {{name: 王伟, ids: ["model-studio:1396990000000001", "modelarts:wangwei"], notify: [mail]}}
sinks:
  - {{name: team-slack, type: log}}
  - {{name: mail, type: log}}
  - {{name: oncall, type: log}}
rules:
  - {{name: job-ended, on: [job.finished], notify: [team-slack]}}
  - {{name: stuck, on: [job.queued], remind_every: 8h, notify: [team-slack]}}
"""
ACCOUNTS = """\
  - {name: llm-beijing, provider: model-studio, api_key: k, labels: {team: nlp}, jobs: {every: 30s}}
  - {name: llm-singapore, provider: model-studio, api_key: k2, jobs: {every: 30s}}
  - name: ascend-north
    provider: modelarts
    region: cn-north-4
    project_id: p
    access_key: a
    secret_key: s
    jobs: {every: 30s}
    resource_flavors: {every: 60s}
"""
COSTS = """\
budgets:
  - {name: team-nlp, cost: 11000, currency: CNY, period: 30d, scope: 'account.labels["team"] == "nlp"'}
  - {name: tokens, tokens: 400000000, period: month, timezone: Asia/Shanghai, thresholds: ["50%", "80%", "150%"]}
  - {name: npu, card_hours: 800, period: 30d, scope: account.provider == "modelarts"}
cleanup:
  - {name: nightly, enabled: true, when: job.state == "failed", after: 3d, every: 1d}
  - {name: prod, enabled: true, accounts: [ascend-north], after: 3d, keep_last: 3}
  - {name: leftovers, after: 7d}
"""
"""Sections with something to show of what training costs and of what is tidied up."""


@asynccontextmanager
async def page_served(
    folder: Path, *, token: str | None = None, port: int = 0, more: str = ""
) -> AsyncIterator[Served]:
    """Serves a new store with three accounts in its config; nothing is known of them yet. `more`: further sections."""
    path = folder / "training-monitor.yaml"
    http = f", token: {token}" if token else ""
    path.write_text(CONFIG.format(state=folder / "state", accounts=ACCOUNTS, http=http) + more)
    settings = load(path, resolve=True, environ={}, credentials_dir=None)
    opened = await fresh_store(settings.state_dir)
    try:
        inside = Inside(store=opened, clock=SystemClock(), settings=settings, started_at=now() - timedelta(days=12))
        ready = Health(dead_loops=tuple, untried=tuple, probe_store=well)
        site = Site(api=Api(inside), inside=inside, health=ready, metrics=metrics, events=Broadcast())
        async with serving(site, listen=Listen("127.0.0.1", port)) as bound:
            assert bound is not None
            yield Served(site=site, settings=settings, port=bound, socket=folder / "none")
    finally:
        await opened.aclose()
