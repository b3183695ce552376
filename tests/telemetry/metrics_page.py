"""docs/metrics.md from the table of measures: `python tests/telemetry/metrics_page.py > docs/metrics.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

from monitor.telemetry.measure import Measure
from monitor.telemetry.measures import COUNTED, IN_MEMORY, READ

HEAD = """\
# Metrics

`GET /metrics` on the HTTP port, and on the control socket, in the text format of Prometheus, or as OpenMetrics where
the request's `Accept` asks for it. `python tests/telemetry/metrics_page.py` writes this page from the code, and a test
holds it equal.

All names begin with `training_monitor_`; beside them stand `process_*`, `python_gc_*` and `python_info` of
prometheus_client. Labels come from the config file or from closed sets: never a job, an event or a word of a platform,
so the number of series grows with the config and with nothing else. Times are seconds by the daemon's clock. A reload
keeps the counters, a restart begins them at 0. What the config names stands there with 0 before it first happens.

`watch` is the watch's name in the config file, and `/` with the workspace where it has one: `jobs/research`.

[docs/prometheus](prometheus/) holds a scrape config, alerting rules and a Grafana dashboard that look at these.
"""


def page() -> str:
    """The whole page."""
    return "\n".join([HEAD, *_section("Counted since the start", COUNTED), *_section(_PRESENT, IN_MEMORY), *_stored()])


_PRESENT = "At the moment of the scrape"


def _stored() -> Iterator[str]:
    note = "These are missing while the store cannot be read (`scrape_failed` is 1); all others still come."
    yield from _section("Read from the store at the scrape", READ, note)


def _section(title: str, measures: Sequence[Measure], note: str = "") -> Iterator[str]:
    yield f"## {title}\n"
    if note:
        yield f"{note}\n"
    yield "| name | type | labels | meaning |"
    yield "|---|---|---|---|"
    for measure in measures:
        labels = ", ".join(f"`{label}`" for label in measure.labels)
        yield f"| `{measure.name}` | {measure.kind} | {labels} | {measure.meaning} |"
    yield ""


if __name__ == "__main__":
    sys.stdout.write(page())
