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
    number_column("refusals"),
    text_column("detail"),
    time_column("delivered_at"),
    time_column("canary_at"),
    time_column("paced_to"),
)
"""`since`: the first of the `failures` in a row, NULL while it takes messages. `probe_at`: nothing is sent before it.
`told_at`: when its failing was told. `refusals`: different messages in a row that it refused. `paced_to`: up to when
its rate is used up."""
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
