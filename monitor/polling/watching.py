"""One account at work: its provider behind its gate, its health, and a loop for each of its scopes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import anyio
from anyio.abc import TaskGroup

from monitor.polling.health import AccountHealth
from monitor.polling.loop import WatchLoop
from monitor.polling.pace import LateGate, Pace
from monitor.providers.options import AccountOptions
from monitor.providers.ports import Provider
from monitor.store import Health


@dataclass(frozen=True, slots=True)
class Deleter:
    """The account's way to delete: with the credential that may, behind that one's gate."""

    provider: Provider
    gate: LateGate
    pace: Pace


@dataclass(slots=True, kw_only=True)
class AccountWatch:
    """What is started and stopped as a whole, and lives on through a reload that leaves the account as it is."""

    options: AccountOptions
    provider: Provider
    gate: LateGate
    deleter: Deleter | None
    """None where nothing may be deleted with the account."""
    pace: Pace
    health: AccountHealth
    loops: Sequence[WatchLoop]
    _scope: anyio.CancelScope = field(default_factory=anyio.CancelScope, init=False)
    _ended: anyio.Event | None = field(default=None, init=False)

    @property
    def name(self) -> str:
        return self.options.name

    def paces(self) -> tuple[Pace, ...]:
        return (self.pace,) if self.deleter is None else (self.pace, self.deleter.pace)

    def adopt(self, rows: Mapping[tuple[str, str], Health]) -> None:
        """What the store remembers of the account's health, before it starts."""
        names = {name for loop in self.loops for name in (loop.name, loop.sweep_name)}
        self.health.adopt(
            {watch: row for (account, watch), row in rows.items() if account == self.name and watch in names}
        )

    def start(self, group: TaskGroup) -> None:
        """Polls in that group until it is cancelled or stopped."""
        self._ended = anyio.Event()
        group.start_soon(self._run, self._ended, name=f"account {self.name}")

    async def stop(self) -> None:
        """No loop of it runs when this returns; what was committed is kept. It counts as unseen from here on."""
        self._scope.cancel()
        if self._ended is not None:
            await self._ended.wait()
        for loop in self.loops:
            loop.seen = False

    @property
    def ended(self) -> bool:
        """Whether it was stopped: the config has another account of this name by now, or soon."""
        return self._scope.cancel_called

    def hung(self) -> list[str]:
        """Watches that were not heard of for too long, though nothing keeps their credential from asking."""
        if self._scope.cancel_called:
            return []
        held = self.pace.held_until
        return [f"polling {self.name}/{loop.name}" for loop in self.loops if loop.pulse.missed(held)]

    def hasten(self) -> None:
        """What was slowed down because the platform refused something is tried at once."""
        for pace in self.paces():
            pace.hasten()
        for loop in self.loops:
            loop.hasten()

    async def _run(self, ended: anyio.Event) -> None:
        try:
            with self._scope:
                async with anyio.create_task_group() as group:
                    for loop in self.loops:
                        group.start_soon(loop.run, name=f"watch {self.name} {loop.name}")
        finally:
            ended.set()
