"""Group commit: everyone who waits to write goes into one transaction, run off the callers' own lives."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from time import perf_counter
from typing import Any, TypeVar

import anyio
from sqlalchemy import Connection

from monitor.store.errors import NotADatabase, StaleWrite, StoreClosed, StoreError, StoreLocked, StoreUnavailable
from monitor.telemetry.meter import NO_METER, Meter

T = TypeVar("T")
WriteFn = Callable[[Connection], Any]
_AWAY = (StoreUnavailable, StoreLocked, NotADatabase)
"""What says that nothing can be written at all."""
MOST = 1000
"""Writes in one transaction; more wait for the next, so that the first ones are not held up for long."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one write of a group came to: `error` is its own, or that of the whole group."""

    value: Any = None
    error: BaseException | None = None


class _Waiting:
    """One write on its way; `done` is only a bell, `outcome` is what counts."""

    __slots__ = ("done", "fn", "outcome")

    def __init__(self, fn: WriteFn, done: asyncio.Future[None]) -> None:
        self.fn = fn
        self.done = done
        self.outcome: Outcome | None = None

    def settle(self, outcome: Outcome) -> None:
        self.outcome = outcome
        if not self.done.done():
            self.done.set_result(None)

    async def outlast(self) -> None:
        """Waits for the outcome however often the caller is cancelled."""
        while self.outcome is None:
            self.done = asyncio.get_running_loop().create_future()
            with suppress(asyncio.CancelledError):
                await self.done


class GroupCommit:
    """Collects writes while a group is being committed and hands them over as the next one.

    `commit` runs a group and gives one outcome for each write, after the transaction has ended. It is called by one
    task at a time, which belongs to nobody: no caller's cancellation stops a commit.
    """

    def __init__(
        self, commit: Callable[[Sequence[WriteFn]], Awaitable[Sequence[Outcome]]], meter: Meter = NO_METER
    ) -> None:
        self._commit = commit
        self._meter = meter
        self._waiting: list[_Waiting] = []
        self._task: asyncio.Task[None] | None = None
        self._closed = False
        self.failed: StoreError | None = None
        """Why a write could not be written, the first since somebody took it from here."""

    async def write(self, fn: Callable[[Connection], T]) -> T:
        """Returns when it is committed. A cancelled caller is told so after that; its write is kept."""
        if self._closed:
            raise StoreClosed("The store is closed.")
        loop = asyncio.get_running_loop()
        mine = _Waiting(fn, loop.create_future())
        self._waiting.append(mine)
        if self._task is None:
            self._task = loop.create_task(self._drain(), name="store: group commit")
        with anyio.CancelScope(shield=True):
            try:
                await mine.done
            except asyncio.CancelledError:
                await mine.outlast()
                raise
        assert mine.outcome is not None
        if mine.outcome.error is not None:
            raise mine.outcome.error
        value: T = mine.outcome.value
        return value

    async def aclose(self) -> None:
        """Takes no more writes and returns when those that wait are committed."""
        self._closed = True
        with anyio.CancelScope(shield=True):
            if self._task is not None:
                await asyncio.wait([self._task])

    async def _drain(self) -> None:
        group: list[_Waiting] = []
        try:
            while self._waiting:
                await asyncio.sleep(0)  # whoever is about to write may still join this group
                group, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
                for each, outcome in zip(group, await self._outcomes(group), strict=True):
                    each.settle(outcome)
        except BaseException as error:  # the event loop is ending: nobody may be left waiting for it
            self._closed = True
            for each in (*group, *self._waiting):
                if each.outcome is None:
                    each.settle(Outcome(error=error))
            raise
        finally:
            self._task = None

    async def _outcomes(self, group: list[_Waiting]) -> Sequence[Outcome]:
        begun = perf_counter()
        try:
            outcomes = await self._commit([each.fn for each in group])
        except Exception as error:
            outcomes = [Outcome(error=error)] * len(group)
        if self.failed is None:
            self.failed = next((each.error for each in outcomes if isinstance(each.error, _AWAY)), None)
        failed = sum(_failed(outcome.error) for outcome in outcomes)
        committed = sum(outcome.error is None for outcome in outcomes)
        self._meter.committed(committed + failed, failed, perf_counter() - begun)
        return outcomes


def _failed(error: BaseException | None) -> bool:
    """Whether the store failed. It does not where a row had moved, or where the write itself refused what was asked."""
    return isinstance(error, StoreError) and not isinstance(error, StaleWrite)
