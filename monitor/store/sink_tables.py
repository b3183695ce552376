"""The tables of how sinks are: what a restart must neither forget nor tell twice."""

from __future__ import annotations

from sqlalchemy import Table

from monitor.store.table_parts import metadata, name_column, number_column, text_column, time_column

sink_health = Table(
    "sink_health",
    metadata,
    name_column("sink"),
    time_column("since"),
    time_column("probe_at"),
    time_column("told_at"),
    number_column("failures"),
    number_column("messages"),
    number_column("refusals"),
    text_column("detail"),
    time_column("delivered_at"),
    time_column("canary_at"),
    time_column("paced_to"),
)
"""Times are NULL where there was none; what each column means is told at `store.sink_health.SinkHealth`."""
sink_losses = Table(
    "sink_losses",
    metadata,
    name_column("sink"),
    name_column("cause"),
    time_column("told_at", null=False),
    number_column("count"),
    text_column("last"),
)
"""Messages that were given up of the same cause: `count` of them since `told_at`, when that was last told; `last` is
the id of the newest of their deliveries."""
