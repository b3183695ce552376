"""Named points between every two statements that matter, put around the daemon's own code from outside.

Production code knows nothing of them: `install` wraps the store's writer, the HTTP client and the connector. At the
point that a plan names, the process kills itself, ends itself politely, or stands still for somebody else to be killed.
"""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

MAKING = "making the database"
SIGNALS = {"kill": signal.SIGKILL, "term": signal.SIGTERM, "pause": signal.SIGSTOP}
_TABLE = re.compile(r"\b(?:INTO|UPDATE|FROM|TABLE|INDEX|TRIGGER)\s+(?:IF NOT EXISTS\s+)?\"?(\w+)", re.IGNORECASE)
_WRITES = ("INSERT", "UPDATE", "DELETE", "CREATE", "ALTER", "DROP", "COMMIT", "ROLLBACK")
"""What only reads, or opens and closes a savepoint, leaves everything as the statement before it did."""
_ID = re.compile(r"/(?:[^/?]*\d[^/?]{7,}|history-\d+)(?=/|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What happens (`how`) when the point of that name is reached for the `nth` time; no name: nothing."""

    name: str = ""
    nth: int = 1
    how: str = "kill"


class Points:
    """Counts what is reached. `path` gets a line for each name when it is first reached, and one that tells which one
    ended it."""

    def __init__(self, plan: Plan, path: str) -> None:
        self._plan = plan
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def reach(self, name: str) -> None:
        with self._lock:
            self._counts[name] += 1
            count = self._counts[name]
        if count == 1:
            os.write(self._fd, f"+{name}\n".encode())
        if name == self._plan.name and count == self._plan.nth:
            os.write(self._fd, f"!{name}\n".encode())
            os.kill(os.getpid(), SIGNALS[self._plan.how])


def install(points: Points) -> None:
    doing = _Doing(points)
    _group(doing)
    _sqlite(doing)
    _postgres(doing)
    _http(points)


class _Doing:
    """What the writer is at: which write of whom, so that a statement can be told from the same one of another."""

    def __init__(self, points: Points) -> None:
        self.points = points
        self.write = MAKING

    def statement(self, text: str) -> None:
        words = text.split(None, 1)
        verb = words[0].upper() if words else ""
        table = _TABLE.search(text) if self.write != MAKING else None
        if verb == "BEGIN":
            self.points.reach("store: BEGIN")
        elif verb in _WRITES:
            self.points.reach(f"store: {self.write}: {verb}{' ' + table[1] if table else ''}")

    def committed(self) -> None:
        self.points.reach(f"store: {self.write}: after COMMIT")


def _group(doing: _Doing) -> None:
    from monitor.store.group import GroupCommit

    write = GroupCommit.write

    async def named(self: GroupCommit, fn: Callable[[Any], Any]) -> Any:
        name = _name(fn)

        def run(conn: Any) -> Any:
            doing.write = name
            return fn(conn)

        return await write(self, run)

    GroupCommit.write = named  # type: ignore[method-assign,assignment]


def _name(fn: Any) -> str:
    while isinstance(fn, partial):
        fn = fn.func
    if not hasattr(fn, "__qualname__"):
        fn = type(fn)
    return f"{fn.__module__.rpartition('.')[2]}.{fn.__qualname__.replace('.<locals>', '').replace('.<lambda>', '')}"


def _sqlite(doing: _Doing) -> None:
    from sqlalchemy import Engine, event

    from monitor.store.sqlite import SqliteWriter

    def watch(raw: Any, _: Any) -> None:
        if isinstance(raw, sqlite3.Connection):  # readers come in aiosqlite's
            raw.set_trace_callback(doing.statement)

    event.listen(Engine, "connect", watch)
    commit = SqliteWriter._commit

    def committing(self: SqliteWriter, fns: Any) -> Any:
        outcomes = commit(self, fns)
        doing.committed()
        return outcomes

    SqliteWriter._commit = committing  # type: ignore[method-assign]


def _postgres(doing: _Doing) -> None:
    from asyncpg.transaction import Transaction
    from sqlalchemy import event

    from monitor.store.postgres import PostgresWriter

    begin, commit, finish = PostgresWriter.__init__, PostgresWriter.commit, Transaction.commit

    def watched(self: PostgresWriter, *given: Any, **named: Any) -> None:
        begin(self, *given, **named)
        engine = self._engine.sync_engine
        event.listen(engine, "begin", lambda conn: doing.statement("BEGIN"))
        event.listen(engine, "before_cursor_execute", lambda conn, cursor, text, *rest: doing.statement(text))
        event.listen(engine, "commit", lambda conn: doing.statement("COMMIT"))

    async def committing(self: PostgresWriter, fns: Any) -> Any:
        outcomes = await commit(self, fns)
        doing.committed()
        return outcomes

    async def sending(self: Transaction) -> None:
        """The server has been told to commit and nobody has read its answer."""
        import asyncio

        sent = asyncio.ensure_future(finish(self))
        await asyncio.sleep(0)
        doing.points.reach(f"store: {doing.write}: COMMIT on its way")
        await sent

    PostgresWriter.__init__ = watched  # type: ignore[method-assign]
    PostgresWriter.commit = committing  # type: ignore[method-assign]
    Transaction.commit = sending


def _http(points: Points) -> None:
    from contextvars import ContextVar

    from aiohttp import ClientResponse, TCPConnector

    from monitor.wire.http import Http

    at: ContextVar[str] = ContextVar("at", default="elsewhere")
    exchange, read, start, connect = Http._exchange, Http._read, ClientResponse.start, TCPConnector.connect

    async def exchanging(self: Http, method: str, url: str, *rest: Any) -> Any:
        at.set(f"{method} {_ID.sub('/*', '/' + url.split('://')[-1].partition('/')[2].partition('?')[0])}")
        points.reach(f"http: {at.get()}: before")
        answer = await exchange(self, method, url, *rest)
        points.reach(f"http: {at.get()}: after the body")
        return answer

    async def connecting(self: Any, *given: Any, **named: Any) -> Any:
        made = await connect(self, *given, **named)
        points.reach(f"http: {at.get()}: connected")
        return made

    async def starting(self: Any, connection: Any) -> Any:
        if self._writer is not None:
            await self._writer
        points.reach(f"http: {at.get()}: sent")
        return await start(self, connection)

    async def reading(self: Http, *given: Any) -> Any:
        points.reach(f"http: {at.get()}: after the head")
        return await read(self, *given)

    for kind, name, wrapped in (
        (Http, "_exchange", exchanging),
        (Http, "_read", reading),
        (ClientResponse, "start", starting),
        (TCPConnector, "connect", connecting),
    ):
        setattr(kind, name, wrapped)
