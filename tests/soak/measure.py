"""What a soak looks at, and when what it sees has grown too far."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families as parse

TABLES = ("events", "notifications", "notification_events", "deliveries", "attempts", "jobs", "rule_state", "unsettled")
MEMORY = (1.15, 12.0)
"""Resident memory may grow by this factor and so many MB: the allocator, not the daemon, decides the last ones."""
FILES, THREADS = 8, 4
"""So many more may be open, or alive, at the one moment than at the other."""
LAG = 0.5
"""Real seconds by which 99 of 100 turns of the event loop are late at most, in each half."""
ROWS = (1.3, 500)
"""Rows may grow by this factor and so many …"""
STEADY = 2.2 * 86400.0
"""… once the clock has shown so many seconds: retention (a day) has come round by half of it. Before that as much as
the events do."""
ATTEMPTS = 2
"""For each delivery, on average, at most: how many there are depends on who fails just then."""
WAITING = 60
"""Messages and events that wait at the end, at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """`at`: seconds of the daemon's clock since its start. `slow`, `turns`: of the event loop's, those that were late
    by more than `LAG`, and all. `bytes`: the database."""

    at: float
    memory: float
    files: int
    threads: int
    turns: int
    slow: int
    waiting: int
    unrouted: int
    polls: int
    last_seq: int
    bytes: int
    rows: dict[str, int]

    def line(self) -> str:
        rows = ", ".join(f"{name} {count:,}" for name, count in self.rows.items())
        return (
            f"{self.at / 3600:7.1f} h  {self.memory:6.1f} MB  {self.files:3d} files  {self.threads:2d} threads  "
            f"{self.slow}/{self.turns} late turns  {self.waiting:3d} wait  {self.polls:,} polls  "
            f"{self.last_seq:,} seq  {self.bytes / 1e6:.1f} MB store: {rows}"
        )


def sample(page: str, database: Path, at: float) -> Sample:
    """Of a page of `/metrics` and of the tables themselves."""
    found: dict[str, float] = {}
    late: dict[str, float] = {}
    for family in parse(page):
        for each in family.samples:
            found[each.name] = found.get(each.name, 0.0) + each.value
            if each.name == "training_monitor_event_loop_lag_seconds_bucket":
                late[each.labels["le"]] = each.value
    turns = found["training_monitor_event_loop_lag_seconds_count"]
    return Sample(
        at=at,
        memory=found["process_resident_memory_bytes"] / 1e6,
        files=int(found["process_open_fds"]),
        threads=int(found["training_monitor_threads"]),
        turns=int(turns),
        slow=int(turns - late["0.5"]),
        waiting=int(found["training_monitor_deliveries_waiting"]),
        unrouted=int(found["training_monitor_events_unrouted"]),
        polls=int(found["training_monitor_polls_total"]),
        last_seq=int(found["training_monitor_last_seq"]),
        bytes=int(found["training_monitor_store_size_bytes"]),
        rows=count(database),
    )


def count(database: Path) -> dict[str, int]:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as raw:
        return {name: raw.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in TABLES}


def too_much(samples: Sequence[Sample], log: Iterable[str] = ()) -> list[str]:
    """What grew beyond its bound from the middle to the end; what was before that is the start, and is not judged."""
    half, end = samples[len(samples) // 2], samples[-1]
    found = []
    if end.memory > half.memory * MEMORY[0] + MEMORY[1]:
        found.append(f"memory grew from {half.memory:.1f} to {end.memory:.1f} MB")
    if end.files > half.files + FILES:
        found.append(f"open files grew from {half.files} to {end.files}")
    if end.threads > half.threads + THREADS:
        found.append(f"threads grew from {half.threads} to {end.threads}")
    for name, before, after in (("the first half", samples[0], half), ("the second half", half, end)):
        if after.slow - before.slow > 0.01 * max(1, after.turns - before.turns):
            found.append(f"{after.slow - before.slow} of {after.turns - before.turns} turns were late in {name}")
    found += [f"{end.waiting} messages wait"] if end.waiting > WAITING else []
    found += [f"{end.unrouted} events wait for routing"] if end.unrouted > WAITING else []
    usual = ROWS[0] if end.at >= STEADY else max(ROWS[0], 1.1 * end.last_seq / max(1, half.last_seq))
    if end.rows["attempts"] > ATTEMPTS * end.rows["deliveries"]:
        found.append(f"{end.rows['attempts']} attempts for {end.rows['deliveries']} deliveries")
    for table, rows in end.rows.items():
        if table != "attempts" and rows > half.rows[table] * usual + ROWS[1]:
            found.append(f"{table} grew from {half.rows[table]} to {rows} rows")
    if end.polls - half.polls < 0.4 * half.polls:
        found.append(f"polling slowed down: {half.polls} polls in the first half, {end.polls - half.polls} later")
    return found + [f"the log says: {line}" for line in log if "this is a bug" in line or "Traceback" in line][:5]
