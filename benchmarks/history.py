"""A long history in a store, written fast: jobs, events, messages and bookings of four hundred days.

One in four hundred jobs is active; events are of jobs and, one in fifty, of flavors; every tenth event is a
notification to two sinks, of which one in a hundred is dead.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from monitor.model import Catalogue, Flavor, Job, JobState, KnownFlavor, KnownJob, KnownStock

NOW = datetime.now(UTC).replace(microsecond=0)
BACK = timedelta(days=400)
JOBS = (
    "jobs (id, scope_id, account, job_id, name, state, creator, model, created_at, active, gone, hash, significant,"
    " revision, changed_at, doc)"
)
FLAVORS = "flavors (id, scope_id, account, flavor_id, listed, revision, changed_at, doc)"
EVENTS = "events (seq, id, type, account, subject, revision, time, detected_at, severity, late, quiet, data)"
NOTIFICATIONS = "notifications (n, id, rule, severity, reason, title, plain, markdown, created_at)"
LINKS = "notification_events (notification, seq)"
DELIVERIES = (
    "deliveries (n, id, notification, rule, sink, state, ready, attempt, created_at, next_at, settled_at, detail,"
    " renewed_at)"
)
BOOKINGS = (
    "bookings (id, account, provider, scope_id, job_id, job_name, model, creator, labels, at, tokens, node_ms, card_ms,"
    " cost, currency, correction)"
)
STATES = ("succeeded", "failed", "canceled")
TYPES = ("job.submitted", "job.queued", "job.started", "job.checkpoint", "job.finished")


def fill(file: Path, jobs: int, events: int) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as raw:
        raw.execute("PRAGMA synchronous=OFF")
        raw.execute("PRAGMA journal_mode=OFF")
        raw.execute("PRAGMA cache_size=-400000")
        raw.execute("BEGIN")
        made = ms(NOW - BACK)
        for number, account in enumerate(("north", "south"), 1):
            raw.execute(
                "INSERT INTO scopes (id, account, watch, key, last_good, made_at) VALUES (?, ?, 'jobs', 'k', ?, ?)",
                (number, account, ms(NOW), made),
            )
        raw.execute(
            "INSERT INTO scopes (id, account, watch, key, last_good, made_at) VALUES (3, 'north', 'resource_flavors',"
            " 'k', ?, ?)",
            (ms(NOW), made),
        )
        insert(raw, JOBS, job_rows(jobs))
        insert(raw, FLAVORS, flavor_rows())
        insert(raw, EVENTS, event_rows(jobs, events))
        for columns, rows in message_rows(events):
            insert(raw, columns, rows)
        insert(raw, BOOKINGS, booking_rows(jobs))
        raw.execute("UPDATE counters SET value = ? WHERE name = 'event'", (events,))
        raw.execute("COMMIT")


def insert(raw: sqlite3.Connection, into: str, rows: Iterable[tuple[Any, ...]]) -> None:
    """`into`: the table and its columns; what they leave out is absent."""
    marks = ", ".join("?" * (into.count(",") + 1))
    raw.executemany(f"INSERT INTO {into} VALUES ({marks})", rows)


def ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def at(number: int, of: int) -> datetime:
    return NOW - BACK + BACK * (number / of)


def job_rows(jobs: int) -> Iterator[tuple[Any, ...]]:
    for number in range(jobs):
        created, active, gone = at(number, jobs), number % 40 == 0 and number > jobs * 0.9, number % 20 == 7
        state = JobState.RUNNING if active else JobState(STATES[number % 3])
        job = Job(
            id=f"ft-{number:07}",
            name=f"name-{number}",
            state=state,
            provider_state=state.value.upper(),
            kind="sft",
            model=f"model-{number % 9}",
            base_model=f"model-{number % 9}",
            creator=f"user-{number % 50}",
            created_at=created,
            started_at=created + timedelta(minutes=5),
            ended_at=None if active else created + timedelta(hours=3),
            tokens=None if active else number * 7,
        )
        known = KnownJob(job=job, revision=3, state_since=created + timedelta(hours=3), ever_started=True)
        account, moment = ("north", "south")[number % 2], ms(created)
        facts = (active and not gone, gone, number, number, 3, moment, msgspec.json.encode(known).decode())
        said = (job.id, job.name, state.value, job.creator, job.base_model, moment)
        yield (number + 1, number % 2 + 1, account, *said, *facts)


def flavor_rows() -> Iterator[tuple[Any, ...]]:
    for number in range(200):
        zones = dict.fromkeys("abc", "normal")
        stock = {zone: KnownStock(word="normal", raw="normal", since=NOW - BACK) for zone in zones}
        flavor = Flavor(id=f"flavor-{number}", catalogue=Catalogue.RESOURCE, type="NPU", zones=zones)
        known = KnownFlavor(flavor=flavor, revision=1, stock=stock)
        doc = msgspec.json.encode(known).decode()
        yield (number + 1, 3, "north", flavor.id, True, 1, ms(NOW), doc)


def event_rows(jobs: int, events: int) -> Iterator[tuple[Any, ...]]:
    for seq in range(1, events + 1):
        number, moment = seq * 13 % jobs, ms(at(seq, events))
        account = {"name": ("north", "south")[number % 2], "provider": "model-studio", "region": None, "labels": {}}
        if seq % 50 == 0:
            flavor, word = seq // 50 % 200, ("soldout", "normal")[seq // 10_000 % 2]
            kind, subject = ("flavor.sold_out", "flavor.restocked")[word == "normal"], f"flavor/flavor-{flavor}/a"
            told = {"id": f"flavor-{flavor}", "catalogue": "resource_flavors", "zone": "a", "stock": word}
            data: dict[str, Any] = {"account": account | {"name": "north"}, "flavor": told, "previous": None}
        else:
            kind, subject = TYPES[seq % 5], f"job/ft-{number:07}"
            job = {"id": f"ft-{number:07}", "name": f"name-{number}", "state": "failed", "model": "model-3"}
            data = {"account": account, "job": job | {"creator": f"user-{number % 50}"}, "previous": None}
        severity = "warning" if seq % 17 == 0 else "info"
        doc = json.dumps(data)
        yield (seq, f"{seq:032x}", kind, data["account"]["name"], subject, seq, moment, moment, severity, 0, 0, doc)


def message_rows(events: int) -> Iterator[tuple[str, list[tuple[Any, ...]]]]:
    """Every tenth event, in pieces; each with the columns that it is for."""
    count = events // 10
    for begin in range(1, count + 1, 10_000):
        said, links, sent = [], [], []
        for n in range(begin, min(begin + 10_000, count + 1)):
            moment, rule = ms(at(n, count)), f"rule-{n % 5}"
            body = f"Job name-{n} has ended.\nFrom: north\nRule: {rule}" + " " * 200
            said.append((n, f"n{n:031x}", rule, "info", "new", f"Job name-{n} has ended", body, body, moment))
            links.append((n, n * 10))
            for k, sink in enumerate(("slack", "hook")):
                state = "dead" if n % 100 == 0 else "delivered"
                row = (2 * n + k, f"d{2 * n + k:031x}", n, rule, sink, state, 0, 1, moment, None, moment, "200", None)
                sent.append(row)
        yield from ((NOTIFICATIONS, said), (LINKS, links), (DELIVERIES, sent))


def booking_rows(jobs: int) -> Iterator[tuple[Any, ...]]:
    """Tokens in one account, hours in the other, of which one in ten has no price; the labels of both were changed
    once."""
    for n in range(jobs):
        labels = f'{{"team":"{("nlp", "vision")[n % 2]}","site":"{n * 2 // jobs}"}}'
        used = (0, n * 60_000, n * 480_000) if n % 2 else (n * 7, 0, 0)
        cost = (None, None) if n % 20 == 1 else (f"{n * 7}.03", "CNY")
        who = (("north", "model-studio"), ("south", "modelarts"))[n % 2]
        what = (f"ft-{n:07}", f"name-{n}", f"model-{n % 9}", f"user-{n % 50}", labels, ms(at(n, jobs)))
        yield (n + 1, *who, n % 2 + 1, *what, *used, *cost, False)
