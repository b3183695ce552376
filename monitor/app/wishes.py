"""What the daemon is asked for while it works: to end, or to go on with the config as it now is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf

import anyio
import structlog

from monitor.app.reload import problems, sentences
from monitor.app.systemd import Systemd
from monitor.fields.bell import Bell
from monitor.settings import ConfigErrors, Settings

GRACE = 8.0
"""Seconds that deliveries in flight have to be settled at the end; the whole stop takes at most ten."""
_LEAST = 4.0
"""Seconds in which the stages may end, whatever else took its time before."""

_log = structlog.get_logger("app")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reload:
    """`asked` returns whenever a reload is wanted; `load` reads the config file anew, takes its time and raises
    ConfigErrors."""

    asked: Callable[[], Awaitable[None]]
    load: Callable[[], Settings]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What came of a reload. `changed`: what is otherwise now, in words by section; `problems`: why nothing is."""

    changed: Mapping[str, str] = field(default_factory=dict)
    problems: Sequence[str] = ()

    def __str__(self) -> str:
        """`config reloaded (rules: b added)`, or `config rejected (…)` with the first of its problems."""
        if self.problems:
            more = f" and {len(self.problems) - 1} more" if len(self.problems) > 1 else ""
            return f"config rejected ({self.problems[0]}{more})"
        said = ", ".join(f"{section}: {words}" for section, words in self.changed.items())
        return f"config reloaded ({said or 'nothing in it has changed'})"


@dataclass(slots=True)
class _Asker:
    """Somebody who waits to be told."""

    told: anyio.Event = field(default_factory=anyio.Event)
    verdict: Verdict | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What was wished. `settings`: to go on by these; None: the daemon ends."""

    reason: str
    settings: Settings | None = None


class Wishes:
    """Hears both wishes at any time; the end goes before a reload."""

    def __init__(
        self,
        stop: Callable[[], Awaitable[str]],
        reload: Reload | None,
        *,
        systemd: Systemd,
        refused: Callable[[list[str]], Awaitable[None]],
    ) -> None:
        """`systemd` is told what begins, `refused` what is wrong with a config: the one before holds."""
        self.ending = anyio.Event()
        self._stop = stop
        self._reload = reload
        self._systemd = systemd
        self._refused = refused
        self._end_by = inf
        self._reason = ""
        self._news = Bell()
        self._wanted = False
        self._waiting: list[_Asker] = []
        self._answering: list[_Asker] = []
        self._thread = anyio.CancelScope()

    async def listen(self) -> None:
        """Runs beside the stages, until cancelled."""
        async with anyio.create_task_group() as group:
            if self._reload is not None:
                group.start_soon(self._hear, self._reload.asked)
            self._reason = await self._stop()
            _log.info("stopping", reason=self._reason)
            self._systemd.stopping(self._reason)
            self._end_by = anyio.current_time() + GRACE + 1.0
            self.ending.set()
            self._thread.cancel()  # the end need not wait until a file is read
            self._news.ring()

    async def ask(self) -> Verdict | None:
        """Asks for a reload, and returns what came of it; None where the daemon ends instead."""
        asker = _Asker()
        self._waiting.append(asker)
        self._wanted = True
        self._news.ring()
        async with anyio.create_task_group() as group:
            group.start_soon(self._unless_ending, group.cancel_scope)
            await asker.told.wait()
            group.cancel_scope.cancel()
        return asker.verdict

    def settle(self, verdict: Verdict) -> None:
        """What came of the reload that was wished last, for all who asked before the file was read."""
        for asker in self._answering:
            asker.verdict = verdict
            asker.told.set()
        self._answering = []

    async def next(self, current: Settings) -> Wish:
        """Returns when there is something to do; a config that is no better than `current` is nothing."""
        while not self.ending.is_set():
            if self._wanted and self._reload is not None:
                self._wanted = False
                self._answering += self._waiting
                self._waiting = []
                fresh = await self._read(current, self._reload.load)
                if fresh is not None and not self.ending.is_set():
                    return Wish(reason="reload", settings=fresh)
            else:
                await self._news.wait()
        return Wish(reason=self._reason)

    async def bound(self, scope: anyio.CancelScope) -> None:
        """Once the end is wished, what lives in `scope` has no longer than that."""
        await self.ending.wait()
        scope.deadline = max(self._end_by, anyio.current_time() + _LEAST)

    async def _hear(self, asked: Callable[[], Awaitable[None]]) -> None:
        while True:
            await asked()
            self._wanted = True
            self._news.ring()

    async def _read(self, current: Settings, load: Callable[[], Settings]) -> Settings | None:
        _log.info("reading the config anew", file=str(current.path))
        self._systemd.reloading()
        with anyio.CancelScope() as self._thread:
            try:
                fresh = await anyio.to_thread.run_sync(load, abandon_on_cancel=True)
                wrong = problems(current, fresh, self._systemd.restart)
            except ConfigErrors as error:
                wrong = sentences(error)
            if not wrong:
                return fresh
            _log.error("the config was rejected; the one before goes on", problems=wrong[:5], count=len(wrong))
            await self._refused(wrong)
            self.settle(Verdict(problems=wrong))
        return None

    async def _unless_ending(self, scope: anyio.CancelScope) -> None:
        await self.ending.wait()
        scope.cancel()
