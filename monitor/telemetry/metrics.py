"""Counts what the rooms say, in a registry of its own. Only the daemon imports this: it loads prometheus_client."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    Metric,
    PlatformCollector,
    ProcessCollector,
)

from monitor.model import EventType, Outcome
from monitor.telemetry import holdings as h
from monitor.telemetry import measures as m
from monitor.telemetry.measure import Measure
from monitor.telemetry.meter import Meter

T = TypeVar("T", Counter, Gauge, Histogram)


class Metrics(Meter):
    """One per process: a reload keeps it, so that no counter falls back. A call costs a few microseconds."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry(auto_describe=False)
        self._named: dict[str, list[Counter | Gauge | Histogram]] = {}
        """By label, what bears it."""
        self._names: dict[str, frozenset[str]] = {}
        """Of each label that holds names of the config, those that it has now."""
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        GCCollector(registry=self._registry)
        self._polls = self._counter(m.POLLS)
        self._poll_seconds = self._histogram(m.POLL_SECONDS)
        self._requests = self._counter(m.REQUESTS)
        self._request_seconds = self._histogram(m.REQUEST_SECONDS)
        self._commit_seconds = self._histogram(m.COMMIT_SECONDS)
        self._commit_writes = self._histogram(m.COMMIT_WRITES)
        writes = self._counter(m.WRITES)
        self._written, self._unwritten = writes.labels("committed"), writes.labels("failed")
        events = self._counter(m.EVENTS)
        self._events = {kind.value: events.labels(kind.value) for kind in EventType}
        self._notifications = self._counter(m.NOTIFICATIONS)
        self._route_seconds = self._histogram(m.ROUTE_SECONDS)
        self._attempts = self._counter(m.ATTEMPTS)
        self._attempt_seconds = self._histogram(m.ATTEMPT_SECONDS)
        self._delivered_seconds = self._histogram(m.DELIVERED_SECONDS)
        self._given_up = self._counter(m.GIVEN_UP)
        self._deletions = self._counter(h.DELETIONS)
        reloads = self._counter(m.RELOADS)
        self._taken, self._refused = reloads.labels("taken"), reloads.labels("refused")
        self._reload_ok = self._gauge(m.RELOAD_OK)
        self._reload_ok.set(1)
        self._streams = self._gauge(m.STREAMS)
        heartbeats = self._counter(m.HEARTBEATS)
        self._heartbeats = {word: heartbeats.labels(word) for word in ("sent", "failed", "withheld")}
        self._lag = self._histogram(m.LOOP_LAG)
        self._pruned = self._counter(m.PRUNED)
        self._pruned_at = self._gauge(m.PRUNED_AT)

    def polled(self, account: str, watch: str, outcome: str, seconds: float) -> None:
        self._polls.labels(account, watch, outcome).inc()
        self._poll_seconds.labels(account, watch).observe(seconds)

    def requested(self, account: str, outcome: str, seconds: float) -> None:
        self._requests.labels(account, outcome).inc()
        self._request_seconds.labels(account).observe(seconds)

    def committed(self, writes: int, failed: int, seconds: float) -> None:
        self._commit_seconds.observe(seconds)
        self._commit_writes.observe(writes)
        self._written.inc(writes - failed)
        if failed:
            self._unwritten.inc(failed)

    def routed(self, types: Sequence[str], rules: Sequence[str], seconds: float) -> None:
        for kind in types:
            self._events[kind].inc()
        for rule in rules:
            self._notifications.labels(rule).inc()
        self._route_seconds.observe(seconds)

    def attempted(self, sink: str, outcome: str, seconds: float) -> None:
        self._attempts.labels(sink, outcome).inc()
        self._attempt_seconds.labels(sink).observe(seconds)

    def delivered(self, sink: str, seconds: float) -> None:
        self._delivered_seconds.labels(sink).observe(seconds)

    def given_up(self, sink: str) -> None:
        self._given_up.labels(sink).inc()

    def deletion(self, account: str, outcome: str) -> None:
        self._deletions.labels(account, outcome).inc()

    def reloaded(self, ok: bool) -> None:
        (self._taken if ok else self._refused).inc()
        self._reload_ok.set(ok)

    def heartbeat(self, outcome: str) -> None:
        self._heartbeats[outcome].inc()

    def lagged(self, seconds: float) -> None:
        self._lag.observe(seconds)

    def pruned(self, records: int, at: float) -> None:
        self._pruned.inc(records)
        self._pruned_at.set(at)

    def streaming(self, change: int) -> None:
        self._streams.inc(change)

    def expect(self, *, watches: Iterable[tuple[str, str]], rules: Iterable[str], sinks: Iterable[str]) -> None:
        """What the config names is shown as 0 before it first happens: Prometheus sees no step from nothing to 1. What
        it does not name any more is forgotten with the next `collect`."""
        watches, rules, sinks = list(watches), list(rules), list(sinks)
        accounts = frozenset(account for account, _ in watches)
        self._names = {"account": accounts, "rule": frozenset(rules), "sink": frozenset(sinks)}
        for account in accounts:
            for outcome in ("deleted", "refused", "failed"):
                self._deletions.labels(account, outcome)
        for account, watch in watches:
            for outcome in ("good", "store"):
                self._polls.labels(account, watch, outcome)
            self._requests.labels(account, "answered")
        for rule in rules:
            self._notifications.labels(rule)
        for sink in sinks:
            self._given_up.labels(sink)
            for outcome in Outcome:
                self._attempts.labels(sink, outcome.value)

    def collect(self) -> Iterable[Metric]:
        """What was counted, for an encoder of prometheus_client; without the `_created` times, which double the lines
        and tell nothing that the process's start does not."""
        gone: set[tuple[str, str]] = set()
        for metric in self._registry.collect():
            metric.samples = [sample for sample in metric.samples if not sample.name.endswith("_created")]
            for sample in list(metric.samples):
                if strays := self._strays(sample.labels):
                    gone |= strays
                    metric.samples.remove(sample)
            yield metric
        for label, name in gone:
            for each in self._named[label]:
                each.remove_by_labels({label: name})

    def _strays(self, labels: Mapping[str, str]) -> set[tuple[str, str]]:
        """Names that the config had once."""
        known = self._names.items()
        return {(label, labels[label]) for label, names in known if label in labels and labels[label] not in names}

    def _counter(self, measure: Measure) -> Counter:
        return self._kept(measure, Counter(**self._arguments(measure)))

    def _gauge(self, measure: Measure) -> Gauge:
        return self._kept(measure, Gauge(**self._arguments(measure)))

    def _histogram(self, measure: Measure) -> Histogram:
        return self._kept(measure, Histogram(buckets=measure.buckets, **self._arguments(measure)))

    def _kept(self, measure: Measure, metric: T) -> T:
        for label in measure.labels:
            self._named.setdefault(label, []).append(metric)
        return metric

    def _arguments(self, measure: Measure) -> dict[str, Any]:
        return {
            "name": measure.full_name,
            "documentation": measure.meaning,
            "labelnames": measure.labels,
            "registry": self._registry,
        }
