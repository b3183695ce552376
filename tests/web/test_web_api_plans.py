"""No question to the API reads a whole table or sorts what grows with the history."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from monitor.store import Connection
from monitor.web.api import Api, Request
from tests.kit.api import Asking

ASKED = [
    "/status",
    "/accounts",
    "/watches",
    "/jobs",
    "/jobs?gone=true",
    "/jobs?account=north",
    "/jobs?account=north&gone=true",
    "/jobs?state=failed",
    "/jobs?state=failed&account=north",
    "/jobs?state=failed&account=north&gone=true",
    "/jobs?active=true",
    "/jobs?active=true&account=north&state=running",
    "/jobs?active=false",
    "/jobs?search=x",
    "/jobs?owner=bob",
    "/jobs?owner=Ann%20Bright",
    "/jobs?owner=bob&state=failed&account=north",
    "/jobs?model=qwen3-14b",
    "/jobs?model=qwen3-14b&owner=bob",
    "/jobs?since=7d",
    "/jobs?find=north",
    "/jobs/north/north-0-1",
    "/flavors",
    "/flavors?stock=delisted",
    "/flavors/north/ascend-0/history",
    "/stock-history?since=14d",
    "/events",
    "/events?order=oldest",
    "/events?type=job.*",
    "/events?type=job.finished",
    "/events?type=job.finished&severity=warning",
    "/events?type=job.*&account=north",
    "/events?account=north",
    "/events?subject=job/north-0-1",
    "/events?severity=warning",
    "/events?since=1h",
    "/events?since=7d&until=1d",
    "/events?search=x",
    "/events?search=x&type=job.*",
    "/events/3",
    "/events/nobody",
    "/notifications",
    "/notifications?rule=stock",
    "/notifications?severity=warning",
    "/notifications?rule=stock&severity=warning",
    "/notifications?sink=slack",
    "/notifications?reason=new",
    "/notifications?since=1h",
    "/notifications?search=x",
    "/notifications/n01",
    "/deliveries",
    "/deliveries?sink=slack",
    "/deliveries?state=dead",
    "/deliveries?state=dead&state=refused",
    "/deliveries?state=dead&state=delivered",
    "/deliveries?sink=slack&state=dead&state=refused",
    "/deliveries?state=delivered",
    "/deliveries?sink=slack&state=dead",
    "/deliveries?rule=stock",
    "/deliveries?rule=stock&state=delivered",
    "/deliveries?rule=stock&state=dead",
    "/deliveries?notification=n01",
    "/deliveries?since=1h",
    "/deliveries?search=x",
    "/deliveries/nobody",
    "/deletions",
    "/deletions?account=north",
    "/deletions?account=north&job=north-0-1",
    "/deletions?open=true",
    "/deletions?id=d1&id=d2",
    "/deletions?policy=nightly",
    "/deletions?state=refused",
    "/deletions/nobody",
    "/silences",
    "/silences?state=active",
    "/silences/nobody",
    "/sinks",
    "/rules",
    "/usage?since=7d",
    "/usage?since=7d&account=north",
    "/usage?since=7d&by=week&timezone=Europe/Berlin",
    "/usage/running",
    "/usage/running?account=north",
]
CHANGED = ("/deliveries/{dead}/retry", "/deliveries/{dead}/drop", "/sinks/slack/test")
SMALL = (
    "scopes",
    "health",
    "job_counts",
    "flavors",
    "counters",
    "cursors",
    "meta",
    "silences",
    "rule_state",
    "sink_health",
)
"""Tables that do not grow with the history."""
WHOLE = ("/usage",)
"""Sums what it is asked for."""
SORTS = {
    "/usage": "the bookings of the time that is asked for",
    "/jobs?find=north": "at most those that begin so",
    "/jobs/north/north-0-1": "the scopes that know one job",
    "/events?type=job.*": "a page of each type",
    "/flavors": "a catalogue",
    "/notifications": "the events and deliveries of a page",
    "/accounts": "states",
    "/stock-history": "pages of each type",
    "/deliveries": "the sinks and states of what is open",
    "/status": "the sinks and states of what is open",
    "/sinks": "the sinks and states of what is open",
    "/deletions?id=d1&id=d2": "those that are named",
}


class Here:
    """A store that runs everything on one connection and hears what is said."""

    def __init__(self, conn: Connection) -> None:
        self.conn = conn
        self.epoch = "e"

    async def read(self, fn: Any) -> Any:
        return fn(self.conn)

    write = read


async def test_every_question_is_answered_along_indexes(ask: Asking) -> None:
    dead = (await ask.items("/deliveries", state="dead"))[0]["id"]
    asked = [("GET", path) for path in ASKED] + [("POST", path.format(dead=dead)) for path in CHANGED]

    async def listen(conn: Connection) -> list[tuple[str, str, str]]:
        plans: list[tuple[str, str, str]] = []
        raw: Any = conn.connection.driver_connection
        ask.inside.store = Here(conn)  # type: ignore[assignment]
        for method, path in asked:
            said: list[str] = []
            raw.set_trace_callback(said.append)
            await answered(Api(ask.inside), method, path)
            raw.set_trace_callback(None)
            statements = [text for text in said if text.split()[0] in ("SELECT", "UPDATE", "DELETE", "INSERT", "WITH")]
            assert statements, path
            for text in statements:
                steps = raw.execute(f"EXPLAIN QUERY PLAN {text}").fetchall()
                plans += [(path, text, step[3]) for step in steps]
        return plans

    def run(conn: Connection) -> list[tuple[str, str, str]]:
        try:
            listen(conn).send(None)
        except StopIteration as done:  # nothing in it waits
            found: list[tuple[str, str, str]] = done.value
            return found
        raise AssertionError("something waited")

    store = ask.inside.store
    plans = await store.write(run)
    ask.inside.store = store
    assert {path for path, _, _ in plans} == {path for _, path in asked}
    bad = [f"{path}: {step}: {text[:1500]}" for path, text, step in plans if not fine(path, text, step)]
    assert bad == []


def fine(path: str, text: str, step: str) -> bool:
    if step.startswith("SCAN "):
        if " ORDER BY " in text and "LIMIT " in text:
            return True  # in the order of the key, until the page is full: where it had to sort, that is a step too
        table = step.split()[1]
        own = table.startswith(("anon_", "CONSTANT", "(")) or table in SMALL
        return own or " USING " in step
    if step.startswith("SEARCH "):
        return " USING " in step
    if "USE TEMP B-TREE" in step:
        return any(path.startswith(name) for name in SORTS)
    return True


async def answered(api: Api, method: str, path: str) -> None:
    parts = urlsplit(path)
    query = tuple(
        (name, value.replace("%20", " ")) for name, value in (p.split("=") for p in parts.query.split("&") if p)
    )
    reply = await api.answer(Request(method=method, path=f"/api/v1{parts.path}", query=query, by="ann"))
    assert reply.status in ((200, 404) if "nobody" in path else (200,)), (path, reply.body)
