"""docs/prometheus/grafana-dashboard.json from a table of panels: `python -m tests.telemetry.dashboard` writes it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

PLACE = Path(__file__).parents[2] / "docs" / "prometheus" / "grafana-dashboard.json"
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
WIDTH = 24
_M = "training_monitor_"
_BY = 'instance=~"$instance"'


@dataclass(frozen=True, slots=True)
class Panel:
    """`queries`: (what a line is called, expression). `bad`: from this value on it is red (None: it has no colour)."""

    title: str
    says: str
    queries: Sequence[tuple[str, str]]
    unit: str = "short"
    kind: Literal["timeseries", "stat"] = "timeseries"
    width: int = 8
    bad: float | None = None


def _quantile(q: float, name: str, by: str = "") -> str:
    names = f"{by}, le" if by else "le"
    return f"histogram_quantile({q}, sum by ({names}) (rate({_M}{name}_bucket{{{_BY}}}[$__rate_interval])))"


def _rate(name: str, by: str, more: str = "") -> str:
    return f"sum by ({by}) (rate({_M}{name}{{{_BY}{more}}}[$__rate_interval]))"


ROWS: dict[str, list[Panel]] = {
    "Is it well?": [
        Panel("Up", "Prometheus reaches it.", [("{{instance}}", f'up{{job="training-monitor", {_BY}}}')], kind="stat",
              width=3),
        Panel("Ready", "All loops run, every watch was tried, the store answers.",
              [("{{instance}}", f"{_M}ready{{{_BY}}}")], kind="stat", width=3),
        Panel("Dead loops", "A restart brings them back.", [("{{instance}}", f"{_M}dead_loops{{{_BY}}}")], kind="stat",
              width=3, bad=1),
        Panel("Oldest data", "The watch that was not seen for longest.",
              [("", f"max({_M}watch_data_age_seconds{{{_BY}}})")], unit="s", kind="stat", width=4),
        Panel("Oldest message", "The message that waits for longest.",
              [("", f"max({_M}oldest_delivery_age_seconds{{{_BY}}})")], unit="s", kind="stat", width=4, bad=900),
        Panel("Heartbeat", "Since the last one that arrived.", [("", f"max({_M}heartbeat_age_seconds{{{_BY}}})")],
              unit="s", kind="stat", width=4),
        Panel("Version", "What runs.", [("{{version}}", f"{_M}build_info{{{_BY}}}")], kind="stat", width=3),
    ],
    "Platforms": [
        Panel("Age of data", "By watch; it saws between 0 and the interval.",
              [("{{account}}/{{watch}}", f"{_M}watch_data_age_seconds{{{_BY}}}")], unit="s"),
        Panel("Accounts that cannot be read", "1 while it is so.",
              [("{{account}} {{state}}", f'{_M}account_state{{{_BY}, state=~"unreachable|unauthorized"}}')], bad=1),
        Panel("Polls", "By what came of them.", [("{{outcome}}", _rate("polls_total", "outcome"))], unit="ops"),
        Panel("Length of a poll", "Half, and 95 of 100, are shorter; waits for budget and back-off included.",
              [("{{account}} p50", _quantile(0.5, "poll_duration_seconds", "account")),
               ("{{account}} p95", _quantile(0.95, "poll_duration_seconds", "account"))], unit="s"),
        Panel("Requests", "To the platforms, by account and outcome.",
              [("{{account}} {{outcome}}", _rate("requests_total", "account, outcome"))], unit="reqps"),
        Panel("Answer time of the platforms", "95 of 100 are faster.",
              [("{{account}}", _quantile(0.95, "request_duration_seconds", "account"))], unit="s"),
        Panel("Active jobs", "Jobs that have not ended, by state.",
              [("{{account}} {{state}}", f"{_M}jobs_active{{{_BY}}}")], width=12),
        Panel("Events", "What routing took from the log, by type, in an hour.",
              [("{{type}}", f"sum by (type) (increase({_M}events_total{{{_BY}}}[1h])) > 0")], width=12),
    ],
    "Messages": [
        Panel("Waiting", "By sink, being sent included.", [("{{sink}}", f"{_M}deliveries_waiting{{{_BY}}}")]),
        Panel("Age of the oldest", "By sink.", [("{{sink}}", f"{_M}oldest_delivery_age_seconds{{{_BY}}}")], unit="s",
              bad=900),
        Panel("Sinks held back", "1 while a sink is tried only now and then, or fails.",
              [("{{sink}} {{state}}", f'{_M}sink_state{{{_BY}, state!="ok"}}')], bad=1),
        Panel("Since the last success", "By sink, its canaries included; one that never took a message is not here.",
              [("{{sink}}", f"time() - ({_M}sink_last_delivery_timestamp_seconds{{{_BY}}} > 0)"),
               ("{{sink}}: last canary", f"time() - ({_M}sink_last_canary_timestamp_seconds{{{_BY}}} > 0)")], unit="s"),
        Panel("Attempts", "By sink and outcome.",
              [("{{sink}} {{outcome}}", _rate("delivery_attempts_total", "sink, outcome"))], unit="ops"),
        Panel("Length of an attempt", "95 of 100 are shorter.",
              [("{{sink}}", _quantile(0.95, "delivery_duration_seconds", "sink"))], unit="s"),
        Panel("From the event to the person", "95 of 100 are told sooner; what rules hold back is in it.",
              [("{{sink}}", _quantile(0.95, "event_to_delivered_seconds", "sink"))], unit="s"),
        Panel("Messages by rule", "In an hour.",
              [("{{rule}}", f"sum by (rule) (increase({_M}notifications_total{{{_BY}}}[1h]))")]),
        Panel("Given up", "In an hour, and those that are stored.",
              [("{{sink}} in 1 h", f"sum by (sink) (increase({_M}deliveries_given_up_total{{{_BY}}}[1h]))"),
               ("{{sink}} stored", f"{_M}deliveries_given_up_stored{{{_BY}}}")], bad=1),
        Panel("Events that no rule has seen", "How many, and how long the oldest waits (in seconds).",
              [("events", f"{_M}events_unrouted{{{_BY}}}"),
               ("seconds", f"{_M}oldest_unrouted_age_seconds{{{_BY}}}")]),
    ],
    "Spending": [
        Panel("Budgets", "How much of each is used in the period that lasts; 100 % is all of it.",
              [("{{budget}}", f"max by (budget) ({_M}budget_used_ratio{{{_BY}}})")], unit="percentunit", bad=1),
        Panel("Jobs against the cap", "How much of the jobs that it may have an account has; 100 % is all of it.",
              [("{{account}} {{resource}}",
                f"{_M}quota_used{{{_BY}}} / {_M}quota_cap{{{_BY}}}")], unit="percentunit", bad=0.95),
        Panel("Deletions", "In an hour by what came of them, and those that have not ended.",
              [("{{account}} {{outcome}}",
                f"sum by (account, outcome) (increase({_M}deletions_total{{{_BY}}}[1h]))"),
               ("{{account}} under way", f"sum by (account) ({_M}deletions_open{{{_BY}}})")]),
        Panel("Cleanup policies that stand still", "1 until somebody lets it go on.",
              [("{{policy}}", f"max by (policy) ({_M}cleanup_policy_stopped{{{_BY}}})")], bad=1),
        Panel("Tokens", "What was booked in a day.",
              [("{{account}}", f"sum by (account) (delta({_M}booked_tokens{{{_BY}}}[1d]))")]),
        Panel("Time of nodes and cards", "What was booked in a day, in hours.",
              [("{{account}} nodes", f"sum by (account) (delta({_M}booked_node_seconds{{{_BY}}}[1d])) / 3600"),
               ("{{account}} cards", f"sum by (account) (delta({_M}booked_card_seconds{{{_BY}}}[1d])) / 3600")]),
        Panel("Money", "What was booked in a day, by currency.",
              [("{{account}} {{currency}}",
                f"sum by (account, currency) (delta({_M}booked_cost{{{_BY}}}[1d]))")]),
    ],
    "Inside": [
        Panel("Lag of the event loop", "Half, and 99 of 100, are shorter.",
              [("p50", _quantile(0.5, "event_loop_lag_seconds")), ("p99", _quantile(0.99, "event_loop_lag_seconds"))],
              unit="s", bad=1),
        Panel("Commits", "Half, and 99 of 100, are shorter.",
              [("p50", _quantile(0.5, "store_commit_duration_seconds")),
               ("p99", _quantile(0.99, "store_commit_duration_seconds"))], unit="s"),
        Panel("Writes", "To the store, by outcome.", [("{{outcome}}", _rate("store_writes_total", "outcome"))],
              unit="wps"),
        Panel("Size of the database", "Retention keeps it bounded.", [("", f"{_M}store_size_bytes{{{_BY}}}")],
              unit="bytes"),
        Panel("Removed by retention", "Records in an hour.",
              [("records", f"increase({_M}store_pruned_records_total{{{_BY}}}[1h])")]),
        Panel("Since the last backup", "By `db backup`; where another tool copies the store nothing is here.",
              [("{{instance}}", f"time() - ({_M}store_last_backup_timestamp_seconds{{{_BY}}} > 0)")], unit="s"),
        Panel("Heartbeats", "By what came of them.", [("{{outcome}}", _rate("heartbeats_total", "outcome"))],
              unit="ops"),
        Panel("Memory", "Resident.",
              [("{{instance}}", f'process_resident_memory_bytes{{job="training-monitor", {_BY}}}')], unit="bytes"),
        Panel("Processor", "Seconds of work in a second.",
              [("{{instance}}", f'rate(process_cpu_seconds_total{{job="training-monitor", {_BY}}}[$__rate_interval])')],
              unit="percentunit"),
        Panel("Open files and threads", "Of the process.",
              [("files", f'process_open_fds{{job="training-monitor", {_BY}}}'), ("threads", f"{_M}threads{{{_BY}}}")]),
    ],
}  # fmt: skip


def dashboard() -> dict[str, Any]:
    """As Grafana imports it."""
    return {
        "uid": "training-monitor",
        "title": "Training Monitor",
        "description": "How the monitor itself does; docs/metrics.md explains the metrics.",
        "tags": ["training-monitor"],
        "schemaVersion": 39,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "timezone": "",
        "annotations": {"list": []},
        "links": [],
        "templating": {"list": [_datasource(), _instance()]},
        "panels": list(_panels()),
    }


def _datasource() -> dict[str, Any]:
    return {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus", "hide": 0}


def _instance() -> dict[str, Any]:
    query = f"label_values({_M}build_info, instance)"
    return {
        "name": "instance",
        "label": "Instance",
        "type": "query",
        "datasource": DATASOURCE,
        "definition": query,
        "query": {"query": query, "refId": "instance"},
        "refresh": 2,
        "includeAll": True,
        "allValue": ".*",
        "multi": True,
        "sort": 1,
        "hide": 0,
    }


def _panels() -> Iterator[dict[str, Any]]:
    number, y = 1, 0
    for title, panels in ROWS.items():
        place = {"h": 1, "w": WIDTH, "x": 0, "y": y}
        yield {"id": number, "type": "row", "title": title, "collapsed": False, "gridPos": place, "panels": []}
        number, y, x, height = number + 1, y + 1, 0, 4 if panels[0].kind == "stat" else 8
        for panel in panels:
            if x + panel.width > WIDTH:
                x, y = 0, y + height
            yield _panel(panel, number, {"h": height, "w": panel.width, "x": x, "y": y})
            number, x = number + 1, x + panel.width
        y += height


def _panel(panel: Panel, number: int, place: dict[str, int]) -> dict[str, Any]:
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    if panel.bad is not None:
        steps.append({"color": "red", "value": panel.bad})
    stat = panel.kind == "stat"
    shown = {"reduceOptions": {"calcs": ["lastNotNull"]}, "textMode": "name" if panel.title == "Version" else "auto"}
    lines = {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi", "sort": "desc"}}
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.says,
        "datasource": DATASOURCE,
        "gridPos": place,
        "fieldConfig": {
            "defaults": {
                "unit": panel.unit,
                "min": 0,
                "color": {"mode": "thresholds" if stat else "palette-classic"},
                "thresholds": {"mode": "absolute", "steps": steps},
            },
            "overrides": [],
        },
        "options": shown if stat else lines,
        "targets": [
            {
                "refId": chr(ord("A") + at),
                "datasource": DATASOURCE,
                "editorMode": "code",
                "expr": expression,
                "legendFormat": legend,
                "range": not stat,
                "instant": stat,
            }
            for at, (legend, expression) in enumerate(panel.queries)
        ],
    }


def text() -> str:
    return json.dumps(dashboard(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PLACE.write_text(text(), encoding="utf-8")
