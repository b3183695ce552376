"""Group commit: everyone who waits to write goes into one transaction, run off the callers' own lives."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import anyio
from sqlalchemy import Connection

from monitor.store.errors import StoreClosed

T = TypeVar("T")
WriteFn = Callable[[Connection], Any]
MOST = 1000
"""Writes in one transaction; more wait for the next, so that the first ones are not held up for long."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one write of a group came to: `error` is its own, or that of the whole group."""

    value: Any = None
    error: BaseException | None = None


class GroupCommit:
    """Collects writes while a group is being committed and hands them over as the next one.

    `commit` runs a group and gives one outcome for each write, after the transaction has ended. It is called by one
    task at a time, which belongs to nobody: no caller's cancellation stops a commit.
    """

    def __init__(self, commit: Callable[[Sequence[WriteFn]], Awaitable[Sequence[Outcome]]]) -> None:
        self._commit = commit
        self._waiting: list[tuple[WriteFn, asyncio.Future[Any]]] = []
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    async def write(self, fn: Callable[[Connection], T]) -> T:
        """Returns when it is committed. A cancelled caller is told so after that; its write is kept."""
        if self._closed:
            raise StoreClosed("The store is closed.")
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append((fn, done))
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._drain(), name="store: group commit")
        with anyio.CancelScope(shield=True):
            await _outlast(done)
        return done.result()

    async def aclose(self) -> None:
        """Takes no more writes and returns when those that wait are committed."""
        self._closed = True
        with anyio.CancelScope(shield=True):
            if self._task is not None:
                await asyncio.wait([self._task])

    async def _drain(self) -> None:
        try:
            while self._waiting:
                await asyncio.sleep(0)  # whoever is about to write may still join this group
                group, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
                await self._run(group)
        finally:
            self._task = None

    async def _run(self, group: list[tuple[WriteFn, asyncio.Future[Any]]]) -> None:
        try:
            outcomes = await self._commit([fn for fn, _ in group])
        except BaseException as error:
            outcomes = [Outcome(error=error)] * len(group)
            if not isinstance(error, Exception):  # the event loop itself is ending
                self._closed = True
                group, outcomes = group + self._waiting, [*outcomes, *[Outcome(error=error)] * len(self._waiting)]
                self._waiting = []
        for (_, done), outcome in zip(group, outcomes, strict=True):
            if done.done():
                continue
            if outcome.error is None:
                done.set_result(outcome.value)
            elif isinstance(outcome.error, asyncio.CancelledError):
                done.cancel()
            else:
                done.set_exception(outcome.error)


async def _outlast(done: asyncio.Future[Any]) -> None:
    """Waits for the future however often the caller is cancelled, then passes the cancellation on."""
    try:
        await asyncio.wait([done])
    except asyncio.CancelledError:
        while not done.done():
            try:
                await asyncio.wait([done])
            except asyncio.CancelledError:
                continue
        if not done.cancelled():
            done.exception()  # looked at, so that asyncio does not report it as forgotten
        raise
