"""A real store, rules compiled from options, and a router on both."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest

from monitor.fields.bell import Bell
from monitor.model import Notification
from monitor.routing import Router
from monitor.rules import RuleOptions, RuleSet, UnmatchedOptions
from monitor.store import DeliveryRow, Store, get_cursor, get_delivery, list_deliveries, open_store
from tests.kit.outbox import SteppedClock


def ruleset(*rules: dict[str, Any], unmatched: str | None = None) -> RuleSet:
    return RuleSet.compile(
        [RuleOptions(**{"on": ["job.*"], "notify": ["a"], **rule}) for rule in rules],
        [],
        UnmatchedOptions(notify=[unmatched]) if unmatched else None,
        ["a", "b", "journal"],
    )


class Desk:
    """One store, and routers made for it."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.clock = SteppedClock()
        self.bell = Bell()
        self.woken: list[set[str]] = []

    def router(
        self,
        rules: RuleSet,
        unseen: Callable[[], Iterable[str]] = tuple,
        watched: Callable[[], Collection[str]] | None = None,
    ) -> Router:
        def wake(sinks: Iterable[str]) -> None:
            self.woken.append(set(sinks))

        return Router(self.store, rules, self.clock, bell=self.bell, wake=wake, unseen=unseen, watched=watched)

    @asynccontextmanager
    async def running(self, rules: RuleSet) -> AsyncIterator[Router]:
        router = self.router(rules)
        async with anyio.create_task_group() as group:
            group.start_soon(router.run)
            yield router
            router.stop()

    async def route(self, rules: RuleSet, watched: Callable[[], Collection[str]] | None = None) -> None:
        """Routes all there is with a router of its own, as after a restart."""
        router = self.router(rules, watched=watched)
        while await router.turn():
            pass

    async def rows(self) -> list[DeliveryRow]:
        """Oldest first."""
        return (await self.store.read(lambda conn: list_deliveries(conn, limit=10_000)))[::-1]

    async def said(self) -> list[Notification]:
        found = []
        for row in await self.rows():
            record = await self.store.read(partial(get_delivery, id=row.id))
            assert record is not None
            found.append(record.notification)
        return found

    async def cursor(self) -> int:
        return await self.store.read(lambda conn: get_cursor(conn, "routing"))


@pytest.fixture
def rules() -> Callable[..., RuleSet]:
    return ruleset


@pytest.fixture
def desk(tmp_path: Path) -> Callable[[], AbstractAsyncContextManager[Desk]]:
    @asynccontextmanager
    async def made() -> AsyncIterator[Desk]:
        store = await open_store("sqlite:monitor.db", state_dir=tmp_path, lock=True)
        try:
            yield Desk(store)
        finally:
            await store.aclose()

    return made
