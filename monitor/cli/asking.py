"""Where a command gets its answers: from the running daemon over its control socket, else from the store by itself.

Both ways ask the same API, so the answers are the same.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote

from monitor.cli.failure import FAILED, USAGE, Failure

if TYPE_CHECKING:
    from monitor.settings import Settings
    from monitor.store import Store

MOST = 1000
"""The longest page of the API."""
TICK = 0.5
"""Seconds between two looks at the log where no daemon tells."""
Value = str | int | bool | list[str] | None


class Missing(Failure):
    """What the path or the question names is not there."""


class Way(Protocol):
    """Carries one request. Returns the status and the document."""

    def send(self, method: str, path: str, query: list[tuple[str, str]]) -> tuple[int, Any]: ...

    def stream(self, path: str, query: list[tuple[str, str]]) -> Iterator[dict[str, Any] | None]: ...

    def close(self) -> None: ...


class Asker:
    """Asks by path: `ask.get("/api/v1/jobs", state="failed")`. Problems become Failure."""

    def __init__(self, way: Way) -> None:
        self._way = way

    def __enter__(self) -> Asker:
        return self

    def __exit__(self, *error: object) -> None:
        self._way.close()

    def get(self, path: str, **query: Value) -> Any:
        return self._ask("GET", path, query)

    def post(self, path: str, **query: Value) -> Any:
        return self._ask("POST", path, query)

    def items(self, path: str, limit: int, **query: Value) -> Iterator[dict[str, Any]]:
        """The first `limit` items of a list, page by page."""
        cursor = None
        while limit > 0:
            page = self._ask("GET", path, {**query, "limit": min(limit, MOST), "cursor": cursor})
            try:
                found, cursor = page["items"], page["next"]
            except (KeyError, TypeError) as error:
                from monitor.cli.over_socket import strange

                raise strange() from error
            yield from found
            limit -= len(found)
            if cursor is None:
                return

    def stream(self, path: str, **query: Value) -> Iterator[dict[str, Any] | None]:
        """Each event after `after` (without it: from now on) as it comes, for ever; None twice a second where none
        does, so that the caller can look whether somebody still wants them."""
        return self._way.stream(path, list(_pairs(query)))

    def _ask(self, method: str, path: str, query: Mapping[str, Value]) -> Any:
        status, document = self._way.send(method, path, list(_pairs(query)))
        if status < 400:
            return document
        code = USAGE if status == 400 else FAILED
        known = document if isinstance(document, dict) else {}
        raise (Missing if status == 404 else Failure)(
            known.get("detail", f"The daemon answered {status}."), known.get("hint", ""), code=code
        )


def asking(config: Path | None) -> Asker:
    """The way that is there. Raises Failure, StoreError."""
    from monitor.cli.sockets import live_socket

    path = live_socket(config)
    if path is not None:
        return _over(path)
    from monitor.cli.opening import load_settings

    try:
        return Asker(ByItself(load_settings(config, resolve=False)))
    except PermissionError as error:
        hint = "Start the daemon, whose control socket needs no config here, or use sudo."
        raise Failure(f"{error.filename} may not be read by this user.", hint, code=USAGE) from error


def beside(config: Path | None) -> Asker:
    """The way to a running daemon and no other, which is the quick one. Raises Failure where none runs."""
    from monitor.cli.sockets import live_socket

    path = live_socket(config)
    if path is None:
        raise Failure("No daemon runs here.", "Start it: training-monitor run")
    return _over(path)


def _over(path: Path) -> Asker:
    from monitor.cli.over_socket import OverSocket

    return Asker(OverSocket(path))


def segment(text: str) -> str:
    """`text` as one segment of a path."""
    return quote(text, safe="")


def _pairs(query: Mapping[str, Value]) -> Iterator[tuple[str, str]]:
    for name, value in query.items():
        for one in value if isinstance(value, list) else [value]:
            if one is not None:
                yield name, str(one).lower() if isinstance(one, bool) else str(one)


class ByItself:
    """Opens the store in this process, once: without the lock, for reading harms nobody, until the first change, which
    takes it for the rest of the command."""

    def __init__(self, settings: Settings) -> None:
        import asyncio

        self._settings = settings
        self._runner = asyncio.Runner()
        self._store: Store | None = None
        self._locked = False

    def send(self, method: str, path: str, query: list[tuple[str, str]]) -> tuple[int, Any]:
        return self._runner.run(self._answer(method, path, query))

    def stream(self, path: str, query: list[tuple[str, str]]) -> Iterator[dict[str, Any] | None]:
        """Looks at the log now and then, for nobody rings here."""
        given = [pair for pair in query if pair[0] != "after"]
        after = dict(query).get("after") or str(self._get("/api/v1/status", [])["last_seq"])
        while True:
            asked = [*given, ("after", after), ("order", "oldest"), ("limit", str(MOST))]
            found = self._get(path.removesuffix("/stream"), asked)["items"]
            yield from found
            if found:
                after = str(found[-1]["seq"])
            else:
                yield None
                time.sleep(TICK)

    def close(self) -> None:
        try:
            if self._store is not None:
                self._runner.run(self._store.aclose())
        finally:
            self._runner.close()

    def _get(self, path: str, query: list[tuple[str, str]]) -> Any:
        status, document = self.send("GET", path, query)
        if status >= 400:
            raise Failure(document["detail"], document["hint"])
        return document

    async def _opened(self, *, lock: bool) -> Store:
        from monitor.store import open_store

        if self._store is None or (lock and not self._locked):
            store = await open_store(self._settings.store, state_dir=self._settings.state_dir, lock=lock)
            before, self._store, self._locked = self._store, store, lock
            if before is not None:
                await before.aclose()
        return self._store

    async def _answer(self, method: str, path: str, query: list[tuple[str, str]]) -> tuple[int, Any]:
        from monitor.fields import SystemClock
        from monitor.web.api import Api, Inside, Request

        store = await self._opened(lock=method != "GET")
        inside = Inside(store=store, clock=SystemClock(), settings=self._settings)
        reply = await Api(inside).answer(Request(method=method, path=path, query=tuple(query), by="command"))
        return reply.status, json.loads(reply.body)
