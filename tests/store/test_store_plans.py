"""No query that is asked often reads a whole table, however long the history is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from monitor.model import DeliveryState, Outcome, Receipt, Scope
from monitor.store import (
    Connection,
    HiddenWrite,
    JobWrite,
    NotificationFilter,
    SilenceRow,
    add_silence,
    append_events,
    backlog,
    bad_signatures,
    claim,
    collapse,
    end_silence,
    ensure_scope,
    find_job,
    first_sight,
    get_cursor,
    get_delivery,
    get_event,
    get_silence,
    hidden_by,
    hidden_from,
    hidden_of,
    kill_sink,
    last_seq,
    list_deliveries,
    list_jobs,
    list_silences,
    load_job_index,
    load_jobs,
    load_jobs_elsewhere,
    next_due,
    next_revision,
    notifications_of,
    page_notifications,
    read_events,
    recover_claims,
    save_jobs,
    save_rule_state,
    set_cursor,
    settle,
    sum_usage,
    write_hidden,
    write_notifications,
)
from monitor.store.answers import count_answers, last_answers, rule_rows, subjects_told
from monitor.store.backlog import count_waiting, expire, from_ahead, piece, waiting_sinks, waits_of_rule
from monitor.store.deliveries import First
from monitor.store.hidden import count_things
from monitor.store.jobs_here import jobs_here
from monitor.store.notification_list import told_of
from monitor.store.old_deletions import old_actions, old_archived
from monitor.store.sink_health import bring_forward, load_sink_health, tried_before
from monitor.store.sink_losses import first_untold
from monitor.store.told import sinks_told, told_since
from tests.kit.made import NOON, draft, known_job, notification

EPOCH = "e"
RECEIPT = Receipt(outcome=Outcome.DELIVERED)


def deliver(conn: Connection) -> None:
    for state in (DeliveryState.PENDING, DeliveryState.DELIVERED):
        for delivery in claim(conn, "slack", now=NOON, limit=10):
            next_at = NOON if state is DeliveryState.PENDING else None
            settle(conn, delivery.id, state=state, receipt=RECEIPT, now=NOON, next_at=next_at)


def route(conn: Connection) -> None:
    events = append_events(conn, EPOCH, [(draft(), 77)])
    write_notifications(conn, [notification("n77", events=tuple(events), sinks=("slack", "hook"))])
    set_cursor(conn, "routing", events[-1].seq)
    save_rule_state(conn, {"a": b"1", "b": None})


def move_job(conn: Connection) -> None:
    move = JobWrite(known=known_job("ft-1", revision=2), previous_revision=1, hash=1, significant=1)
    save_jobs(conn, 1, [move], now=NOON)


HOT: dict[str, Callable[[Connection], Any]] = {
    "route": route,
    "deliver": deliver,
    "next_due": partial(next_due, sink="slack"),
    "backlog": partial(backlog, sink="slack"),
    "piece": partial(piece, sink="slack", rule="job-ended", most=10, without=()),
    "expire": partial(expire, sink="slack", reason="old", before=NOON, now=NOON),
    "count_waiting": partial(count_waiting, sink="slack"),
    "waiting_sinks": waiting_sinks,
    "waits_of_rule": partial(waits_of_rule, sink="slack", rule="canary"),
    "from_ahead": partial(from_ahead, sink="slack", now=NOON),
    "claim urgent": partial(claim, sink="slack", now=NOON, limit=3, first=First.URGENT),
    "claim untried": partial(claim, sink="slack", now=NOON, limit=3, first=First.UNTRIED),
    "claim tests": partial(claim, sink="slack", now=NOON, limit=3, first=First.TESTS),
    "next test": partial(next_due, sink="slack", tests=True),
    "load_sink_health": partial(load_sink_health, sink="slack"),
    "tried_before": partial(tried_before, delivery_id="x"),
    "bring_forward": partial(bring_forward, sink="slack", now=NOON),
    "first_untold": partial(first_untold, sink="slack"),
    "collapse": partial(collapse, delivery_ids=["x"], into=notification("into")),
    "kill_sink": partial(kill_sink, sink="hook", reason="gone", now=NOON),
    "recover_claims": partial(recover_claims, now=NOON),
    "list_deliveries": partial(list_deliveries, sink="slack"),
    "list_deliveries by state": partial(list_deliveries, state=DeliveryState.DEAD),
    "list_deliveries by notification": partial(list_deliveries, notification="n1"),
    "get_delivery": partial(get_delivery, id="x"),
    "read_events by cursor": partial(read_events, after=1, quiet=False),
    "read_events newest": partial(read_events, newest_first=True),
    "read_events by type": partial(read_events, types=["job.*"], newest_first=True),
    "read_events by account": partial(read_events, account="north", newest_first=True),
    "read_events by subject": partial(read_events, subject="job/ft-1"),
    "read_events since": partial(read_events, since=NOON),
    "get_event by id": partial(get_event, id_or_seq="x"),
    "last_seq": last_seq,
    "next_revision": partial(next_revision, account=None, subject="monitor"),
    "first_sight": partial(first_sight, account="a", kind="k", word="w"),
    "bad_signatures": partial(bad_signatures, fingerprint="f"),
    "get_cursor": partial(get_cursor, name="routing"),
    "ensure_scope": partial(ensure_scope, scope=Scope(account="north", watch="jobs", key="k"), now=NOON),
    "save_jobs": move_job,
    "load_jobs": partial(load_jobs, scope_id=1, ids=["ft-1", "ft-2"]),
    "load_jobs_elsewhere": partial(load_jobs_elsewhere, scope_id=1, ids=["ft-1", "ft-2"]),
    "load_job_index": partial(load_job_index, scope_id=1),
    "list_jobs": list_jobs,
    "list_jobs of an account": partial(list_jobs, account="north"),
    "list_jobs active": partial(list_jobs, active=True),
    "get_silence": partial(get_silence, id="s1"),
    "list_silences": partial(list_silences, now=NOON),
    "end_silence": partial(end_silence, id="s1", at=NOON, by="ann"),
    "hidden_by": partial(hidden_by, by="silence/s1"),
    "count_things": partial(count_things, by="silence/s1"),
    "hidden_from": partial(hidden_from, rule="all"),
    "hidden_of": partial(hidden_of, seq=3),
    "last_answers": partial(last_answers, ids=["a", "b"]),
    "count_answers": partial(count_answers, id="a"),
    "subjects_told": partial(subjects_told, id="n1"),
    "rule_rows": partial(rule_rows, keys=["followed/a", "followed/b"]),
    "told_since": partial(told_since, since=NOON, limit=9),
    "sinks_told": partial(sinks_told, numbers=[1, 2]),
    "notifications_of": partial(notifications_of, seq=3),
    "told_of": partial(told_of, seqs=[1, 2, 3]),
    "page_notifications on trial": partial(page_notifications, wanted=NotificationFilter(shadow=True)),
    "find_job": partial(find_job, wanted="ft-"),
    "old_archived": partial(old_archived, before=NOON),
    "old_actions": partial(old_actions, before=NOON, refused_before=NOON, behind=0),
    "jobs_here": lambda conn: list(jobs_here(conn, "north", made_by=NOON)),
    "usage of a time": partial(sum_usage, by=["day"], since=NOON),
    "usage of an account": partial(sum_usage, by=["model"], account="north", since=NOON),
}
SORTED = {
    "usage of a time",
    "usage of an account",
    "find_job",
    "read_events by type",
    "backlog",
    "piece",
    "expire",
    "claim urgent",
    "claim untried",
    "claim tests",
    "notifications_of",
    "count_things",
}
"""What may sort: what it sorts is bounded by the answer."""
HARMLESS = ("SCAN anon_", "SCAN (subquery-", "SCAN CONSTANT ROW")
"""Steps over rows that the statement itself made."""


def fill(conn: Connection) -> None:
    scope = ensure_scope(conn, Scope(account="north", watch="jobs", key="k"), now=NOON)
    assert scope.id == 1
    writes = [JobWrite(known=known_job(f"ft-{n}"), previous_revision=None, hash=n, significant=n) for n in range(50)]
    save_jobs(conn, 1, writes, now=NOON)
    events = append_events(conn, EPOCH, [(draft(subject=f"job/ft-{n}"), 1) for n in range(50)])
    write_notifications(conn, [notification(f"n{event.seq}", events=(event,)) for event in events])
    hours = {"starts_at": NOON, "ends_at": NOON + timedelta(hours=1)}
    for n in range(50):
        add_silence(conn, SilenceRow(id=f"s{n}", match="true", owner="ann", comment="", **hours))
        seqs = tuple(event.seq for event in events)
        write_hidden(conn, [HiddenWrite(by=f"silence/s{n}", rule="all", sinks=("slack",), seqs=seqs, at=NOON)])


@pytest.mark.parametrize("name", HOT)
async def test_no_hot_query_reads_a_whole_table(name: str, sqlite_home) -> None:
    store = await sqlite_home.open()
    await store.write(fill)

    def explain(conn: Connection) -> list[tuple[str, str]]:
        said = spoken(conn, HOT[name])
        assert said
        raw: Any = conn.connection.driver_connection
        raw.set_trace_callback(None)
        return [(text, row[3]) for text in said for row in raw.execute(f"EXPLAIN QUERY PLAN {text}").fetchall()]

    plans = await store.write(explain)
    await store.aclose()
    for text, step in plans:
        assert not step.startswith("SCAN ") or step.startswith(HARMLESS) or " USING " in step, f"{step}: {text}"
        assert "USE TEMP B-TREE" not in step or name in SORTED, f"{step}: {text}"


def spoken(conn: Connection, fn: Callable[[Connection], Any]) -> list[str]:
    """Every statement that SQLite hears, with its parameters filled in."""
    said: list[str] = []
    raw: Any = conn.connection.driver_connection
    raw.set_trace_callback(said.append)
    fn(conn)
    raw.set_trace_callback(None)
    return [text for text in said if text.split()[0] in ("SELECT", "UPDATE", "DELETE", "INSERT", "WITH")]


async def test_the_check_of_plans_sees_a_scan(sqlite_home) -> None:
    store = await sqlite_home.open()

    def scan(conn: Connection) -> list[str]:
        raw: Any = conn.connection.driver_connection
        return [row[3] for row in raw.execute("EXPLAIN QUERY PLAN SELECT * FROM jobs WHERE doc = 'x'")]

    assert any(step.startswith("SCAN jobs") for step in await store.write(scan))
    await store.aclose()
