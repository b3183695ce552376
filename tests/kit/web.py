"""The HTTP port and the control socket over a real store, as the app serves them."""

from __future__ import annotations

import asyncio
import atexit
import shutil
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from multidict import CIMultiDictProxy
from yarl import URL

from monitor.fields import SystemClock
from monitor.fields.bell import Broadcast
from monitor.model import EventDraft
from monitor.settings import Listen, Settings, load
from monitor.store import Store, append_events, next_revision, open_store
from monitor.web.api import Api, Inside
from monitor.web.health import Health
from monitor.web.server import Site, serving
from tests.kit.until import BUSY

TOKEN = "a-token-of-24-characters"
CONFIG = """\
state_dir: {state}
http: {{listen: "{listen}", {http}}}
control: {{{control}}}
accounts:
  - {{name: north, provider: model-studio, api_key: k, jobs: {{}}}}
sinks:
  - {{name: journal, type: log}}
"""


async def well() -> None: ...


async def metrics(accept: str) -> tuple[bytes, str]:
    return b"# HELP up It is.\n# TYPE up gauge\nup 1.0\n", "text/plain; version=0.0.4; charset=utf-8"


@dataclass
class Served:
    site: Site
    settings: Settings
    port: int
    socket: Path

    @property
    def store(self) -> Store:
        return self.site.inside.store

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    async def tell(self, drafts: Sequence[EventDraft], *, ring: bool = True) -> list[int]:
        """Appends events as the daemon does. Returns their numbers."""

        def write(conn: Any) -> list[int]:
            made = [(draft, next_revision(conn, draft.account, draft.subject)) for draft in drafts]
            return [event.seq for event in append_events(conn, self.store.epoch, made)]

        seqs = await self.store.write(write)
        if ring:
            self.site.events.ring()
        return seqs

    async def raw(self, sent: bytes) -> bytes:
        """What comes back for those bytes, until the connection ends."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(sent)
            async with asyncio.timeout(10 + BUSY):
                return await reader.read()
        except ConnectionError:
            return b""
        finally:
            writer.transport.abort()

    async def ask(self, path: str, method: str = "GET", **options: Any) -> tuple[int, CIMultiDictProxy[str], bytes]:
        """Status, headers and body; redirects are not followed."""
        url = URL(self.url(path), encoded=True)
        async with (
            aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session,
            session.request(method, url, allow_redirects=False, **options) as answer,
        ):
            return answer.status, answer.headers, await answer.read()

    def over_socket(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession("http://localhost", connector=aiohttp.UnixConnector(str(self.socket)))


def settings(
    folder: Path, *, listen: str = "127.0.0.1:8650", http: str = "", control: str = "", more: str = ""
) -> Settings:
    """Of a config file that is written into the folder; `http` and `control` are inner lines of these sections, `more`
    are sections of its own."""
    path = folder / "training-monitor.yaml"
    path.write_text(CONFIG.format(state=folder / "state", listen=listen, http=http, control=control) + more)
    return load(path, resolve=True, environ={}, credentials_dir=None)


_MADE: list[Path] = []


async def fresh_store(state_dir: Path) -> Store:
    """An open, empty store; migrating takes a while, so it is copied from one that was made once."""
    state_dir.mkdir(exist_ok=True)
    if not _MADE:
        folder = Path(tempfile.mkdtemp(prefix="training-monitor-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        await (await open_store("sqlite:monitor.db", state_dir=folder, lock=True)).aclose()
        _MADE.append(folder / "monitor.db")
    shutil.copy(_MADE[0], state_dir / "monitor.db")
    return await open_store("sqlite:monitor.db", state_dir=state_dir, lock=True)


@asynccontextmanager
async def served(
    folder: Path,
    *,
    token: bool = False,
    http: str = "",
    group: str | None = None,
    health: Health | None = None,
    listen: Listen | None = None,
    more: str = "",
) -> AsyncIterator[Served]:
    """Serves a new store; with `token`, TOKEN is needed."""
    inner = ", ".join(part for part in (f"token: {TOKEN}" if token else "", http) if part)
    found = settings(folder, http=inner, more=more)
    store = await fresh_store(found.state_dir)
    try:
        inside = Inside(store=store, clock=SystemClock(), settings=found)
        health = health or Health(dead_loops=tuple, untried=tuple, probe_store=well)
        site = Site(api=Api(inside), inside=inside, health=health, metrics=metrics, events=Broadcast())
        inside.ring = site.events.ring
        assert found.control.socket is not None
        async with serving(
            site, listen=listen or Listen("127.0.0.1", 0), socket=found.control.socket, group=group
        ) as port:
            assert port is not None
            yield Served(site=site, settings=found, port=port, socket=found.control.socket)
    finally:
        await store.aclose()
