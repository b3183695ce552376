"""Where blocking sends run: a bounded set of daemon threads per sink, so that a stuck one harms this sink alone."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from functools import partial
from typing import TypeVar

T = TypeVar("T")


class Full(Exception):
    """Every thread is stuck in an earlier call; nothing was started."""


class Stuck(Exception):
    """The call was started and is not back; its thread is left behind."""


class Threads:
    """At most `limit` threads live at once, stuck ones counted. They never keep the process from ending.

    Not the interpreter's default pool: that is shared by all, as small as six threads, and joined at exit.
    """

    def __init__(self, name: str, limit: int) -> None:
        self._name = name
        self._limit = limit
        self._live = 0

    @property
    def busy(self) -> bool:
        return self._live > 0

    async def call(self, work: Callable[[], T], *, hard_limit: float) -> T:
        """What `work` returns or raises, run in a thread. Raises Full, or Stuck after `hard_limit` real seconds.

        Cancelling leaves the thread to end by itself; it counts as live until it does.
        """
        if self._live >= self._limit:
            raise Full
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._live += 1
        thread = threading.Thread(target=self._run, args=(loop, future, work), name=self._name, daemon=True)
        thread.start()
        await asyncio.wait({future}, timeout=hard_limit)
        if not future.done():
            future.cancel()
            raise Stuck
        return future.result()

    def _run(self, loop: asyncio.AbstractEventLoop, future: asyncio.Future[T], work: Callable[[], T]) -> None:
        done: Callable[[], None]
        try:
            value = work()
            done = partial(future.set_result, value)
        except Exception as raised:
            done = partial(future.set_exception, raised)
        try:
            loop.call_soon_threadsafe(self._back, future, done)
        except RuntimeError:
            return  # the loop has ended; nobody waits for this thread any more

    def _back(self, future: asyncio.Future[T], done: Callable[[], None]) -> None:
        self._live -= 1
        if not future.done():
            done()
