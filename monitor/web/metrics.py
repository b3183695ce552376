"""`/metrics`: what was counted since the start, and what the daemon and its store are like at this moment."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from datetime import datetime
from functools import partial
from typing import Final, NamedTuple, Protocol, TypeVar

import structlog
from prometheus_client import Metric
from prometheus_client.exposition import choose_encoder

from monitor import __version__
from monitor.routing.router import CURSOR
from monitor.rules.options import UNMATCHED
from monitor.store import Amounts, StoreError
from monitor.store.booked import NOTHING, Booked
from monitor.store.gauges import Gauges, read_gauges
from monitor.store.sink_health import SinkHealth
from monitor.store.vitals import SINK_WORDS, sink_word
from monitor.telemetry import holdings as h
from monitor.telemetry import measures as m
from monitor.telemetry.measure import Measure
from monitor.telemetry.metrics import Metrics
from monitor.web.api.inside import Inside
from monitor.web.health import Health

STORE_PATIENCE = 4.0
"""Seconds that a scrape waits for the store; Prometheus itself gives up after ten."""
STATES: Final = ("ok", "unreachable", "unauthorized", "waiting")

Labels = TypeVar("Labels", bound=tuple[str, ...])

_log = structlog.get_logger("monitor.web")


class Watches(Protocol):
    """What `polling.Poller` tells of its watches."""

    def last_good(self) -> Mapping[tuple[str, str], datetime | None]: ...

    def states(self) -> Mapping[str, str]: ...

    def late_after(self) -> Mapping[tuple[str, str], float]: ...


class Exposition(NamedTuple):
    body: bytes
    content_type: str


class Exposer:
    """Answers scrapes. `health` and `watches` are asked with each one, for a reload makes others."""

    def __init__(
        self, metrics: Metrics, inside: Inside, *, health: Callable[[], Health], watches: Callable[[], Watches]
    ) -> None:
        self._metrics = metrics
        self._inside = inside
        self._health = health
        self._watches = watches
        self._reading: asyncio.Task[Gauges | None] | None = None
        self._begun = inside.started_at or inside.clock.now()
        self._seen: dict[tuple[str, str], datetime] = {}
        self._booked: tuple[frozenset[str], Booked] = (frozenset(), NOTHING)

    async def exposition(self, accept: str = "") -> Exposition:
        """OpenMetrics where `accept` asks for it, else text 0.0.4. A store that cannot be read never fails it."""
        gauges = await self._gauges()
        page = _Page([*self._metrics_with_zeros(), *self._present(gauges is None), *self._stored(gauges)])
        encode, content_type = choose_encoder(accept)
        return Exposition(encode(page), content_type)

    async def _gauges(self) -> Gauges | None:
        """None where the store fails or is slow. A slow read goes on, and the next scrape waits for it instead of
        beginning another; so do scrapes at the same time."""
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read(), name="metrics: read the store")
        reading = self._reading
        await asyncio.wait([reading], timeout=STORE_PATIENCE)
        return reading.result() if reading.done() else None

    async def _read(self) -> Gauges | None:
        accounts = frozenset(account.name for account in self._inside.settings.accounts)
        known, booked = self._booked
        if accounts != known:  # one may have taken over what was booked under another name
            booked = NOTHING
        try:
            found = await self._inside.store.read(partial(read_gauges, routing=CURSOR, booked=booked))
        except StoreError as error:
            _log.debug("metrics go without the store", reason=str(error))
            return None
        self._booked = (accounts, found.booked)
        return found

    def _metrics_with_zeros(self) -> Iterable[Metric]:
        settings = self._inside.settings
        rules = [rule.name for rule in settings.rules] + ([UNMATCHED] if settings.unmatched else [])
        sinks = [sink.name for sink in settings.sinks]
        self._metrics.expect(watches=self._watches().last_good(), rules=rules, sinks=sinks)
        return self._metrics.collect()

    def _present(self, failed: bool) -> Iterator[Metric]:
        health, watches, now = self._health(), self._watches(), self._inside.clock.now()
        dead = len(health.dead_loops())
        yield _gauge(m.BUILD, {(__version__,): 1})
        yield _gauge(m.READY, {(): not (dead or health.untried() or failed)})
        yield _gauge(m.DEAD_LOOPS, {(): dead})
        seen = {watch: at or self._seen.get(watch, self._begun) for watch, at in watches.last_good().items()}
        self._seen = seen  # after a reload the watches know nothing for a moment
        ages = {watch: (now - at).total_seconds() for watch, at in seen.items()}
        yield _gauge(m.DATA_AGE, {watch: max(0.0, age) for watch, age in ages.items()})
        yield _gauge(m.LATE_AFTER, watches.late_after())
        states = {(name, each): float(state == each) for name, state in watches.states().items() for each in STATES}
        yield _gauge(m.ACCOUNT_STATE, states)
        yield from self._heartbeat(now)
        counted = self._inside.budgets() or ()
        yield _gauge(h.BUDGET_USED, {(each.options.name,): float(each.standing(now).percent / 100) for each in counted})
        yield _gauge(m.THREADS, {(): threading.active_count()})
        yield _gauge(m.SCRAPE_FAILED, {(): failed})

    def _heartbeat(self, now: datetime) -> Iterator[Metric]:
        beat = self._inside.heartbeat()
        age = (now - (beat.at or self._begun)).total_seconds() if beat else 0.0
        yield _gauge(m.HEARTBEAT_AGE, {(): max(0.0, age)} if beat else {})
        yield _gauge(m.HEARTBEAT_EVERY, {(): beat.every} if beat else {})
        yield _gauge(m.HEARTBEAT_HELD, {(): len(beat.held)} if beat else {})

    def _stored(self, found: Gauges | None) -> Iterator[Metric]:
        if found is None:
            return
        now, settings = self._inside.clock.now(), self._inside.settings
        accounts = {account.name for account in settings.accounts}
        yield _gauge(h.JOBS, {key: count for key, count in found.jobs.items() if key[0] in accounts})
        quotas = {(each.account, each.quota.resource): each.quota for each in found.quotas if each.account in accounts}
        yield _gauge(h.QUOTA_USED, {key: each.used for key, each in quotas.items()})
        yield _gauge(h.QUOTA_CAP, {key: each.cap for key, each in quotas.items() if each.cap is not None})
        yield from self._spent(found, accounts)
        vitals = found.vitals
        waiting = {sink.name: vitals.waiting.get(sink.name) for sink in settings.sinks}
        ages = {sink: (now - each.since).total_seconds() if each else 0.0 for sink, each in waiting.items()}
        yield _gauge(m.WAITING, {(sink,): each.count if each else 0 for sink, each in waiting.items()})
        yield _gauge(m.OLDEST, {(sink,): max(0.0, age) for sink, age in ages.items()})
        states = {sink: sink_word(vitals.sinks.get(sink)) for sink in waiting}
        pairs = {(sink, each): float(word == each) for sink, word in states.items() for each in SINK_WORDS}
        yield _gauge(m.SINK_STATE, pairs)
        known = {sink: vitals.sinks.get(sink, SinkHealth(sink=sink)) for sink in waiting}
        yield _gauge(m.SINK_TOOK_AT, {(sink,): _unix(each.delivered_at) for sink, each in known.items()})
        canaries = [sink.name for sink in settings.sinks if sink.canary is not None]
        yield _gauge(m.CANARY_AT, {(sink,): _unix(known[sink].canary_at) for sink in canaries})
        yield _gauge(m.LOST, {(sink,): found.given_up.get(sink, 0) for sink in waiting})
        yield _gauge(m.BEHIND, {(): found.unrouted})
        behind = (now - vitals.unrouted_since).total_seconds() if vitals.unrouted_since else 0.0
        yield _gauge(m.BEHIND_SECONDS, {(): max(0.0, behind)})
        yield _gauge(m.LAST_SEQ, {(): found.last_seq})
        yield _gauge(m.STORE_BYTES, {(): found.size})
        yield _gauge(m.BACKUP_AT, {(): found.backup_at})

    def _spent(self, found: Gauges, accounts: Set[str]) -> Iterator[Metric]:
        yield _gauge(h.DELETIONS_OPEN, {(name,): found.deleting.get(name, 0) for name in sorted(accounts)})
        policies = self._inside.settings.cleanup
        yield _gauge(
            h.CLEANUP_STOPPED, {(each.name,): each.enabled and each.name in found.stopped for each in policies}
        )
        booked = {name: found.booked.amounts.get(name, Amounts()) for name in sorted(accounts)}
        yield _gauge(h.BOOKED_TOKENS, {(name,): each.tokens for name, each in booked.items()})
        yield _gauge(h.BOOKED_NODE_SECONDS, {(name,): each.node_ms / 1000 for name, each in booked.items()})
        yield _gauge(h.BOOKED_CARD_SECONDS, {(name,): each.card_ms / 1000 for name, each in booked.items()})
        cost = {key: float(each) for key, each in sorted(found.booked.cost.items()) if key[0] in accounts}
        yield _gauge(h.BOOKED_COST, cost)


class _Page:
    """What an encoder of prometheus_client takes."""

    def __init__(self, metrics: list[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        return self._metrics


def _unix(at: datetime | None) -> float:
    return at.timestamp() if at is not None else 0.0


def _gauge(measure: Measure, values: Mapping[Labels, float]) -> Metric:
    metric = Metric(measure.full_name, measure.meaning, measure.kind)
    for labels, value in values.items():
        metric.add_sample(measure.full_name, dict(zip(measure.labels, labels, strict=True)), float(value))
    return metric
