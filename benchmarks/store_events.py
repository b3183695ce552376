"""Events stored per second by 100 producers, and the time of a single one, beside a plain `sqlite3` loop.

Each event is what a poll commits for one changed job: the job's row by compare-and-set, the event, its number. The
plain loop says the same statements to the same tables under the same pragmas, on the thread that asks, with the values
already encoded, in transactions of as many events as there are producers. Rounds of both alternate; rows are counted
after each.

    .venv/bin/python benchmarks/store_events.py [--rounds 5] [--events 5000]
"""

from __future__ import annotations

import argparse
import asyncio
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import uvloop

from monitor.model import EventDraft, EventType, Job, JobState, KnownJob, Scope, Severity, event_id
from monitor.store import Connection, JobWrite, append_events, ensure_scope, open_store, save_jobs
from monitor.store.sqlite import PRAGMAS

PRODUCERS = 100
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
MS = int(NOW.timestamp() * 1000)
DATA = {
    "account": {"name": "north", "provider": "modelarts", "region": "cn-north-4", "labels": {"team": "nlp"}},
    "job": {"id": "ft-1", "name": "qwen3 sft 12", "state": "running", "provider_state": "Running", "creator": "ann"},
    "previous": {"state": "queued"},
    "severity": "info",
}


@dataclass(frozen=True)
class Round:
    """`many`: events per second of all producers; `single`: milliseconds of each event of one producer."""

    many: float
    single: list[float]


def job(name: str, revision: int) -> KnownJob:
    plain = Job(id=name, name=f"name of {name}", state=JobState.RUNNING, provider_state="Running", created_at=NOW)
    return KnownJob(job=plain, revision=revision, state_since=NOW)


def draft(name: str) -> EventDraft:
    return EventDraft(
        type=EventType.JOB_STARTED,
        account="north",
        subject=f"job/{name}",
        time=NOW,
        detected_at=NOW,
        severity=Severity.INFO,
        data=DATA,
    )


async def ours(folder: Path, events: int) -> Round:
    store = await open_store("sqlite:ours.db", state_dir=folder, lock=True)
    names = [f"ft-{number}" for number in range(PRODUCERS)]

    def prepare(conn: Connection) -> int:
        scope = ensure_scope(conn, Scope(account="north", watch="jobs", key="k"), now=NOW)
        writes = [JobWrite(known=job(name, 0), previous_revision=None, hash=1, significant=1) for name in names]
        save_jobs(conn, scope.id, writes, now=NOW)
        return scope.id

    scope_id = await store.write(prepare)

    async def one(known: KnownJob) -> KnownJob:
        moved = replace(known, revision=known.revision + 1)

        def commit(conn: Connection) -> None:
            change = JobWrite(known=moved, previous_revision=known.revision, hash=moved.revision, significant=1)
            save_jobs(conn, scope_id, [change], now=NOW)
            append_events(conn, store.epoch, [(draft(known.job.id), moved.revision)])

        await store.write(commit)
        return moved

    async def produce(name: str, count: int) -> None:
        known = job(name, 0)
        for _ in range(count):
            known = await one(known)

    started = time.perf_counter()
    await asyncio.gather(*(produce(name, events // PRODUCERS) for name in names))
    many = events / (time.perf_counter() - started)
    single: list[float] = []
    known = job(names[0], events // PRODUCERS)
    for _ in range(events // 10):
        started = time.perf_counter()
        known = await one(known)
        single.append((time.perf_counter() - started) * 1000)
    await store.aclose()
    count_rows(folder / "ours.db", events + events // 10)
    return Round(many, single)


PLAIN = (
    "UPDATE jobs SET name=?, state=?, created_at=?, active=?, gone=?, missing_since=?, usage_due=?, revision=?,"
    " changed_at=?, doc=?, hash=?, significant=? WHERE scope_id=? AND job_id=? AND revision=?",
    "UPDATE counters SET value = value + 1 WHERE name = 'event' RETURNING value",
    "INSERT INTO events (seq, id, type, account, subject, revision, time, detected_at, severity, late, quiet, data)"
    " VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
)


def plain(folder: Path, events: int) -> Round:
    raw = sqlite3.connect(folder / "plain.db", isolation_level=None)
    for pragma in PRAGMAS:
        raw.execute(f"PRAGMA {pragma}").fetchall()
    doc, data = msgspec.json.encode(job("ft-1", 1)).decode(), msgspec.json.encode(DATA).decode()
    raw.execute("INSERT INTO scopes (id, account, watch, key, made_at) VALUES (1, 'north', 'jobs', 'k', ?)", (MS,))
    raw.executemany(
        "INSERT INTO jobs (scope_id, account, job_id, name, state, created_at, active, gone, hash, significant,"
        " revision, changed_at, doc) VALUES (1, 'north', ?, 'n', 'running', ?, 1, 0, 1, 1, 0, ?, ?)",
        [(f"ft-{number}", MS, MS, doc) for number in range(PRODUCERS)],
    )

    def one(name: str, revision: int) -> None:
        columns = (f"name of {name}", "running", MS, 1, 0, None, None, revision, MS, doc, revision, 1)
        moved = raw.execute(PLAIN[0], (*columns, 1, name, revision - 1))
        assert moved.rowcount == 1
        ((seq,),) = raw.execute(PLAIN[1]).fetchall()
        fact = event_id("epoch", "north", f"job/{name}", "job.started", revision)
        raw.execute(
            PLAIN[2], (seq, fact, "job.started", "north", f"job/{name}", revision, MS, MS, "info", False, False, data)
        )

    started = time.perf_counter()
    for revision in range(1, events // PRODUCERS + 1):
        raw.execute("BEGIN IMMEDIATE")
        for number in range(PRODUCERS):
            one(f"ft-{number}", revision)
        raw.execute("COMMIT")
    many = events / (time.perf_counter() - started)
    single: list[float] = []
    for revision in range(events // PRODUCERS + 1, events // PRODUCERS + 1 + events // 10):
        started = time.perf_counter()
        raw.execute("BEGIN IMMEDIATE")
        one("ft-0", revision)
        raw.execute("COMMIT")
        single.append((time.perf_counter() - started) * 1000)
    raw.close()
    count_rows(folder / "plain.db", events + events // 10)
    return Round(many, single)


def count_rows(path: Path, expected: int) -> None:
    raw = sqlite3.connect(path)
    found = raw.execute("SELECT count(*), max(seq) FROM events").fetchone()
    raw.close()
    if found != (expected, expected):
        raise SystemExit(f"{path.name}: {found} rows instead of {expected}")


async def measure(rounds: int, events: int) -> dict[str, list[Round]]:
    ways: dict[str, Callable[[Path], Awaitable[Round]]] = {
        "plain sqlite3": lambda folder: asyncio.to_thread(plain, folder, events),
        "store": lambda folder: ours(folder, events),
    }
    results: dict[str, list[Round]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            with tempfile.TemporaryDirectory() as text:
                folder = Path(text)
                for copy in ("ours.db", "plain.db"):
                    await (await open_store(f"sqlite:{copy}", state_dir=folder, lock=True)).aclose()
                results[name].append(await way(folder))
    return results


def show(results: dict[str, list[Round]]) -> None:
    print(f"{'':14} {'100 producers':>14} {'one producer':>13}   median / p99")
    rows: dict[str, tuple[float, float]] = {}
    for name, found in results.items():
        many = statistics.median(each.many for each in found)
        single = sorted(value for each in found for value in each.single)
        median, late = statistics.median(single), single[int(len(single) * 0.99)]
        rows[name] = (many, median)
        print(f"{name:14} {many:10,.0f} /s {1000 / median:10,.0f} /s   {median:.2f} / {late:.2f} ms")
    (plain_many, plain_one), (our_many, our_one) = rows["plain sqlite3"], rows["store"]
    print(
        f"store / plain  {our_many / plain_many:10.2f} x  {plain_one / our_one:10.2f} x    {our_one / plain_one:.2f} x"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--events", type=int, default=5000)
    chosen = parser.parse_args()
    show(uvloop.run(measure(chosen.rounds, chosen.events)))  # the daemon's loop
