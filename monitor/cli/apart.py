"""How a command deletes: by the running daemon over its control socket, or without one by itself, as long as it takes.

Both ways ask the same API. Alone, the store and what deletes live on a thread of their own, under the store's lock.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monitor.cli.asking import Asker, asking
from monitor.cli.sockets import live_socket

if TYPE_CHECKING:
    from anyio.from_thread import BlockingPortal

    from monitor.settings import Settings
    from monitor.web.api import Api


@contextmanager
def deleting(config: Path | None, account: str | None = None) -> Iterator[Asker]:
    """The way that is there. `account`: the only one of which anything is deleted, so that no other secret is needed.

    Raises Failure, StoreError."""
    if live_socket(config) is not None:
        with asking(config) as ask:
            yield ask
        return
    from anyio.from_thread import start_blocking_portal

    from monitor.cli.opening import load_settings
    from monitor.settings import Only
    from monitor.telemetry.setup import set_up

    settings = load_settings(config, resolve=Only("accounts", account))
    set_up(sys.stderr, level="error")  # what came of it is told by the command
    wrong: BaseException | None = None
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(_at_work(settings, account)) as api:
        try:
            yield Asker(_Alone(portal, api))
        except BaseException as error:  # which is none of what works there: that would wrap it into a group
            wrong = error
    if wrong is not None:
        raise wrong


class _Alone:
    """Carries a request to the thread of the store."""

    def __init__(self, portal: BlockingPortal, api: Api) -> None:
        self._portal = portal
        self._api = api

    def send(self, method: str, path: str, query: list[tuple[str, str]]) -> tuple[int, Any]:
        from monitor.web.api import Request

        request = Request(method=method, path=path, query=tuple(query), by=_who())
        reply = self._portal.call(self._api.answer, request)
        return reply.status, json.loads(reply.body)

    def stream(self, path: str, query: list[tuple[str, str]]) -> Iterator[dict[str, Any] | None]:
        raise NotImplementedError("nothing here listens to the log")

    def close(self) -> None:
        """The store is closed with the thread."""


@asynccontextmanager
async def _at_work(settings: Settings, account: str | None) -> AsyncIterator[Api]:
    from monitor.app.deleting import apart
    from monitor.fields import SystemClock
    from monitor.store import open_store
    from monitor.web.api import Api, Inside

    clock = SystemClock()
    db = await open_store(settings.store, state_dir=settings.state_dir, lock=True)
    try:
        accounts = None if account is None else [account]
        async with apart(settings, db, clock, accounts=accounts) as deletions:
            yield Api(Inside(store=db, clock=clock, settings=settings, deletions=lambda: deletions))
    finally:
        await db.aclose()


def _who() -> str:
    """The system's user, whatever the environment says."""
    import pwd

    uid = os.getuid()
    try:
        return f"command uid {uid} ({pwd.getpwuid(uid).pw_name})"
    except KeyError:
        return f"command uid {uid}"
