"""A polling daemon on a test bench: real providers over real HTTP, a real SQLite file, a clock that stands still."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

import aiohttp

from monitor import store as stores
from monitor.emulation import Emulator
from monitor.fields.bell import Bell
from monitor.model import Event
from monitor.polling.jobs import JobsScope
from monitor.polling.loop import WatchLoop
from monitor.polling.poller import Poller
from monitor.polling.surroundings import Surroundings
from monitor.providers.options import AccountOptions
from monitor.sandbox.server import serving
from monitor.store import Connection, Store, StoreError, open_store
from monitor.telemetry.meter import NO_METER, Meter
from monitor.wire import new_session
from tests.kit.clock import VirtualClock

T = TypeVar("T")
SQLITE = "sqlite:monitor.db"


class Crash(BaseException):
    """The process dies here; nothing in the program may catch it."""


class CountingStore:
    """The real store, with its writes counted and, where the test says so, a death before or after one."""

    def __init__(self, store: Store, rig: Rig) -> None:
        self._store = store
        self._rig = rig
        self.epoch, self.restored_at = store.epoch, store.restored_at

    async def write(self, fn: Callable[[Connection], T]) -> T:
        self._rig.moment("before write")
        if self._rig.store_fault is not None:
            raise self._rig.store_fault
        self._rig.writes += 1
        result = await self._store.write(fn)
        self._rig.moment("after write")
        return result

    async def read(self, fn: Callable[[Connection], T]) -> T:
        return await self._store.read(fn)

    async def aclose(self) -> None:
        await self._store.aclose()


class Rig:
    """Drives the loops of a `Poller` by hand: `poll` is one turn of each, `sweep` runs their sweeps to the end."""

    def __init__(
        self, accounts: Sequence[AccountOptions], clock: VirtualClock, folder: Path, url: str = SQLITE
    ) -> None:
        self.accounts = accounts
        self.url = url
        self.clock = clock
        self.folder = folder
        self.prices: Sequence[Any] = ()
        self.meter: Meter = NO_METER
        self.writes = 0
        self.requests = 0
        self.store_fault: StoreError | None = None
        """What every write meets: a disk that is full, a database that somebody holds."""
        self._until_death: int | None = None
        self._dying_at: str | None = None
        self._dead = False
        self.moments: list[str] = []

    def moment(self, name: str) -> None:
        """A point at which a crash is worth a test."""
        if self._dead:
            raise Crash(name)  # a dead process writes and sends nothing more on its way out
        self.moments.append(name)
        if self._until_death is not None and self._dying_at in (None, name):
            self._until_death -= 1
            if self._until_death < 0:
                self._dead = True
                raise Crash(name)

    def die_after(self, moments: int, *, at: str | None = None) -> None:
        """The process dies at the moment after that many moments, `at`: after that many of this name (`request`: before
        it is sent, `answer`: after the platform has answered, `before write`, `after write`)."""
        self._until_death, self._dying_at = moments, at

    def live(self) -> None:
        self._until_death, self._dying_at, self._dead = None, None, False

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Rig]:
        """One life of the process."""
        self.live()
        real = await open_store(self.url, state_dir=self.folder, lock=True, meter=self.meter)
        trace = aiohttp.TraceConfig()
        trace.on_request_start.append(self._on_request)
        trace.on_request_end.append(self._on_answer)
        session = new_session()
        session._trace_configs.append(trace)
        trace.freeze()
        try:
            store: Any = CountingStore(real, self)
            around = Surroundings(store=store, clock=self.clock, bell=Bell(), prices=self.prices, meter=self.meter)
            self.poller = Poller(self.accounts, session, around)
            await self.poller.open()
            self.store = real
            yield self
        finally:
            await session.close()
            await real.aclose()

    async def _on_request(self, session: Any, context: SimpleNamespace, params: Any) -> None:
        self.requests += 1
        self.moment("request")

    async def _on_answer(self, session: Any, context: SimpleNamespace, params: Any) -> None:
        self.moment("answer")

    @property
    def loops(self) -> list[WatchLoop]:
        return self.poller.loops

    def jobs(self, index: int = 0) -> JobsScope:
        """The jobs scopes' inside, in order."""
        scopes = [loop.watched for loop in self.loops if isinstance(loop.watched, JobsScope)]
        return scopes[index]

    async def poll(self, seconds: float = 30.0) -> list[float]:
        """Time passes, then every watch is polled once; what each turn answered (0: well)."""
        self.clock.advance(seconds)
        return [await loop.turn() for loop in self.loops]

    async def poll_together(self, seconds: float = 30.0) -> list[float]:
        """Time passes, then all watches poll at the same moment."""
        self.clock.advance(seconds)
        return list(await asyncio.gather(*(loop.turn() for loop in self.loops)))

    async def sweep(self) -> None:
        """Every sweep begins and runs to its end."""
        for loop in self.loops:
            if loop.sweep is not None:
                while await loop.sweep.step():
                    pass

    async def events(self, *types: str) -> list[Event]:
        def read(conn: Connection) -> list[Event]:
            return stores.read_events(conn, limit=1_000_000, types=types or None)

        return await self.store.read(read)

    async def story(self, subject: str) -> list[str]:
        """The types of one subject's events, in order."""
        return [event.type.value for event in await self.events() if event.subject == subject]


@asynccontextmanager
async def rigged(
    make: Callable[[str], Sequence[AccountOptions]],
    emulators: dict[str, Emulator],
    clock: VirtualClock,
    url: str = SQLITE,
) -> AsyncIterator[Rig]:
    """Serves the emulators and gives a rig whose accounts `make` made from the server's address; `url`: the store."""
    with tempfile.TemporaryDirectory() as folder:
        async with serving(emulators) as address:
            yield Rig(make(address), clock, _prepared(Path(folder)), url)


_TEMPLATE: list[Path] = []


def _prepared(folder: Path) -> Path:
    """A folder with a migrated database in it, copied from one that was made once: migrating takes a while."""
    if _TEMPLATE and _TEMPLATE[0].exists():
        shutil.copy(_TEMPLATE[0], folder / "monitor.db")
    return folder


async def make_template(folder: Path) -> None:
    """Makes the database that every later rig of this process starts from."""
    store = await open_store("sqlite:template.db", state_dir=folder, lock=True)
    await store.aclose()
    _TEMPLATE[:] = [folder / "template.db"]
