"""Where a command gets its answers: from the running daemon over its control socket, else from the store by itself.

Both ways ask the same API, so the answers are the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote

from monitor.cli.failure import FAILED, USAGE, Failure

if TYPE_CHECKING:
    from monitor.settings import Settings

MOST = 1000
"""The longest page of the API."""
Value = str | int | bool | list[str] | None


class Way(Protocol):
    """Carries one request. Returns the status and the document."""

    def send(self, method: str, path: str, query: list[tuple[str, str]]) -> tuple[int, Any]: ...

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
            yield from page["items"]
            limit -= len(page["items"])
            cursor = page["next"]
            if cursor is None:
                return

    def _ask(self, method: str, path: str, query: Mapping[str, Value]) -> Any:
        status, document = self._way.send(method, path, list(_pairs(query)))
        if status < 400:
            return document
        code = USAGE if status == 400 else FAILED
        raise Failure(document.get("detail", f"The daemon answered {status}."), document.get("hint", ""), code=code)


def asking(config: Path | None) -> Asker:
    """The way that is there. Raises Failure, StoreError."""
    from monitor.cli.opening import load_settings

    return Asker(ByItself(load_settings(config, resolve=False)))


def segment(text: str) -> str:
    """`text` as one segment of a path."""
    return quote(text, safe="")


def _pairs(query: Mapping[str, Value]) -> Iterator[tuple[str, str]]:
    for name, value in query.items():
        for one in value if isinstance(value, list) else [value]:
            if one is not None:
                yield name, str(one).lower() if isinstance(one, bool) else str(one)


class ByItself:
    """Opens the store in this process: without the lock, for reading harms nobody; what changes something takes it."""

    def __init__(self, settings: Settings) -> None:
        import asyncio

        self._settings = settings
        self._runner = asyncio.Runner()

    def send(self, method: str, path: str, query: list[tuple[str, str]]) -> tuple[int, Any]:
        return self._runner.run(self._send(method, path, query))

    def close(self) -> None:
        self._runner.close()

    async def _send(self, method: str, path: str, query: list[tuple[str, str]]) -> tuple[int, Any]:
        from monitor.fields import SystemClock
        from monitor.store import open_store
        from monitor.web.api import Api, Inside, Request

        settings = self._settings
        store = await open_store(settings.store, state_dir=settings.state_dir, lock=method != "GET")
        try:
            inside = Inside(store=store, clock=SystemClock(), settings=settings)
            request = Request(method=method, path=path, query=tuple(query), by="command")
            reply = await Api(inside).answer(request)
        finally:
            await store.aclose()
        return reply.status, json.loads(reply.body)
