"""Every metric by name, type, labels and meaning: what `Metrics` counts, what a scrape reads, what the docs list. Those
of what accounts hold and use are in `holdings`."""

from __future__ import annotations

from typing import Final

from monitor.telemetry import holdings as h
from monitor.telemetry.measure import LOCAL, REMOTE, WAITS, Measure

POLLS: Final = Measure(
    "polls_total",
    "counter",
    "Polls by what came of them: `good`, a fault's kind (`transient`, `senseless`, `throttled`, `bad_signature`, "
    "`unauthorized`, `arrears`, `misconfigured`), `store` (it could not be written), `stale` (another process wrote "
    "first; read again), `bug`.",
    ("account", "watch", "outcome"),
)
POLL_SECONDS: Final = Measure(
    "poll_duration_seconds",
    "histogram",
    "How long a poll took, waits for the budget and for the back-off included.",
    ("account", "watch"),
    (*REMOTE, 300.0, 900.0),
)
REQUESTS: Final = Measure(
    "requests_total",
    "counter",
    "Requests sent to platforms: `answered`, or the fault's kind (one that a stop cut short is `transient`).",
    ("account", "outcome"),
)
REQUEST_SECONDS: Final = Measure(
    "request_duration_seconds",
    "histogram",
    "How long a platform took to answer, without the waits before the request left.",
    ("account",),
    REMOTE,
)
COMMIT_SECONDS: Final = Measure(
    "store_commit_duration_seconds",
    "histogram",
    "How long one transaction of the writer took.",
    (),
    LOCAL,
)
COMMIT_WRITES: Final = Measure(
    "store_commit_writes",
    "histogram",
    "Writes that shared one transaction (group commit).",
    (),
    (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0),
)
WRITES: Final = Measure(
    "store_writes_total",
    "counter",
    "Writes that were `committed`, or `failed` and left nothing. What was refused (a row had moved) is neither.",
    ("outcome",),
)
EVENTS: Final = Measure(
    "events_total", "counter", "Events that routing took from the log (those of a baseline are not routed).", ("type",)
)
NOTIFICATIONS: Final = Measure("notifications_total", "counter", "Notifications that rules made.", ("rule",))
ROUTE_SECONDS: Final = Measure(
    "route_duration_seconds",
    "histogram",
    "How long routing took for one batch of events, its commit included.",
    (),
    LOCAL,
)
ATTEMPTS: Final = Measure(
    "delivery_attempts_total",
    "counter",
    "Attempts to deliver: `delivered`, `retry` (it did not arrive), `unknown` (sent, no receipt), `refused` (it never "
    "will be taken).",
    ("sink", "outcome"),
)
ATTEMPT_SECONDS: Final = Measure(
    "delivery_duration_seconds", "histogram", "How long one attempt to deliver took.", ("sink",), REMOTE
)
DELIVERED_SECONDS: Final = Measure(
    "event_to_delivered_seconds",
    "histogram",
    "From the detection of a message's newest event until the sink took it; what rules hold back is in it.",
    ("sink",),
    WAITS,
)
GIVEN_UP: Final = Measure(
    "deliveries_given_up_total",
    "counter",
    "Messages that a sink refused for good, or that were tried in vain for all of `retry_for`.",
    ("sink",),
)
RELOADS: Final = Measure(
    "config_reloads_total", "counter", "Reloads of the config, `taken` or `refused`.", ("outcome",)
)
RELOAD_OK: Final = Measure(
    "config_last_reload_successful", "gauge", "1 where the last reload was taken (or there was none yet), else 0."
)
STREAMS: Final = Measure("event_streams_open", "gauge", "Streams of events (SSE) that are open.")

HEARTBEATS: Final = Measure(
    "heartbeats_total",
    "counter",
    "Times that a heartbeat was due: `sent`, `failed` (it did not arrive), `withheld` (looks at which something spoke "
    "against it).",
    ("outcome",),
)
LOOP_LAG: Final = Measure(
    "event_loop_lag_seconds",
    "histogram",
    "How late the event loop came to what was due, measured twice a second.",
    (),
    (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)
PRUNED: Final = Measure("store_pruned_records_total", "counter", "Records that retention removed.")
PRUNED_AT: Final = Measure(
    "store_last_prune_timestamp_seconds",
    "gauge",
    "When retention last looked through everything, in Unix time; 0 before the first time.",
)

COUNTED: Final = (
    POLLS,
    POLL_SECONDS,
    REQUESTS,
    REQUEST_SECONDS,
    COMMIT_SECONDS,
    COMMIT_WRITES,
    WRITES,
    EVENTS,
    NOTIFICATIONS,
    ROUTE_SECONDS,
    ATTEMPTS,
    ATTEMPT_SECONDS,
    DELIVERED_SECONDS,
    GIVEN_UP,
    h.DELETIONS,
    RELOADS,
    RELOAD_OK,
    STREAMS,
    HEARTBEATS,
    LOOP_LAG,
    PRUNED,
    PRUNED_AT,
)
"""Kept in memory, from the start of the process on."""

BUILD: Final = Measure("build_info", "gauge", "Always 1; the version is the label.", ("version",))
READY: Final = Measure(
    "ready", "gauge", "1 where all loops run, every watch was tried once and the store could be read, else 0."
)
DEAD_LOOPS: Final = Measure("dead_loops", "gauge", "Loops of the daemon that ended or hang; 0 is well.")
DATA_AGE: Final = Measure(
    "watch_data_age_seconds",
    "gauge",
    "Seconds since the last good poll; since the start of the daemon where there was none.",
    ("account", "watch"),
)
LATE_AFTER: Final = Measure(
    "watch_late_after_seconds",
    "gauge",
    "The age of its data from which the watch counts as late: three times its interval, and ten minutes.",
    ("account", "watch"),
)
ACCOUNT_STATE: Final = Measure(
    "account_state",
    "gauge",
    "1 for the state that the account is in, 0 for the others: `ok`, `unreachable`, `unauthorized`, `waiting` (no good "
    "poll yet). It is the worst of its watches.",
    ("account", "state"),
)
HEARTBEAT_AGE: Final = Measure(
    "heartbeat_age_seconds",
    "gauge",
    "Seconds since the last heartbeat that arrived, since the start of the daemon where none did; missing where the "
    "config asks for none.",
)
HEARTBEAT_EVERY: Final = Measure(
    "heartbeat_interval_seconds", "gauge", "How often a heartbeat is due; missing where the config asks for none."
)
HEARTBEAT_HELD: Final = Measure(
    "heartbeat_objections",
    "gauge",
    "What speaks against a heartbeat at the moment, counted; `doctor` and `/api/v1/status` name it. Missing where the "
    "config asks for none.",
)
THREADS: Final = Measure("threads", "gauge", "Threads of the process that Python knows.")
SCRAPE_FAILED: Final = Measure(
    "scrape_failed", "gauge", "1 where the store could not be read for this scrape: what is read from it is missing."
)
IN_MEMORY: Final = (
    BUILD,
    READY,
    DEAD_LOOPS,
    DATA_AGE,
    LATE_AFTER,
    ACCOUNT_STATE,
    HEARTBEAT_AGE,
    HEARTBEAT_EVERY,
    HEARTBEAT_HELD,
    h.BUDGET_USED,
    THREADS,
    SCRAPE_FAILED,
)
"""Found at the scrape without asking anybody."""

WAITING: Final = Measure("deliveries_waiting", "gauge", "Messages that wait to be sent, or are being sent.", ("sink",))
OLDEST: Final = Measure(
    "oldest_delivery_age_seconds",
    "gauge",
    "How long the message waits that waits for longest; one that was asked for again, since then; 0 where none waits.",
    ("sink",),
)
SINK_STATE: Final = Measure(
    "sink_state",
    "gauge",
    "1 for the state that the sink is in, 0 for the others: `ok`, `failing` (its last attempts failed), `open` (only a "
    "probe is sent now and then).",
    ("sink", "state"),
)
SINK_TOOK_AT: Final = Measure(
    "sink_last_delivery_timestamp_seconds",
    "gauge",
    "When the sink last took a message, a canary included, in Unix time; 0 where it never did.",
    ("sink",),
)
CANARY_AT: Final = Measure(
    "sink_last_canary_timestamp_seconds",
    "gauge",
    "When the last canary was written for the sink, or the wait for the first one began, in Unix time; missing where "
    "the config asks for none.",
    ("sink",),
)
LOST: Final = Measure(
    "deliveries_given_up_stored",
    "gauge",
    "Messages that were given up (`dead` or `refused`), not dropped since and still stored; of all sinks together at "
    "most the newest 10,000 of each state.",
    ("sink",),
)
BEHIND: Final = Measure("events_unrouted", "gauge", "How far routing is behind the newest event, in events.")
BEHIND_SECONDS: Final = Measure(
    "oldest_unrouted_age_seconds",
    "gauge",
    "How long the oldest event waits that routing has not taken; 0 where none waits.",
)
LAST_SEQ: Final = Measure("last_seq", "gauge", "The number of the newest event.")
STORE_BYTES: Final = Measure("store_size_bytes", "gauge", "Size of the database.")
BACKUP_AT: Final = Measure(
    "store_last_backup_timestamp_seconds",
    "gauge",
    "When `training-monitor db backup` last copied the database, in Unix time; 0 where it never did, or another tool "
    "does.",
)
READ: Final = (
    h.JOBS,
    h.QUOTA_USED,
    h.QUOTA_CAP,
    h.DELETIONS_OPEN,
    h.CLEANUP_STOPPED,
    h.BOOKED_TOKENS,
    h.BOOKED_NODE_SECONDS,
    h.BOOKED_CARD_SECONDS,
    h.BOOKED_COST,
    WAITING,
    OLDEST,
    SINK_STATE,
    SINK_TOOK_AT,
    CANARY_AT,
    LOST,
    BEHIND,
    BEHIND_SECONDS,
    LAST_SEQ,
    STORE_BYTES,
    BACKUP_AT,
)
"""Read from the store at the scrape."""
