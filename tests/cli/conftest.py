"""A config file with a store beside it, the command as a process, and a daemon's control socket beside both."""

from __future__ import annotations

import asyncio
import functools
import hashlib
import shutil
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from monitor.fields import SystemClock
from monitor.fields.bell import Broadcast
from monitor.model import DeliveryState, Outcome, Reason, Receipt, Severity, Text
from monitor.settings import Settings, load
from monitor.store import Connection, NotificationWrite, claim, open_store, settle, write_notifications
from monitor.web.api import Api, Inside
from monitor.web.health import Health
from monitor.web.server import Site, serving
from tests.kit.installed import CHINESE, CONFIG, HOSTILE, Installed, fill


@pytest.fixture
def bare(tmp_path: Path) -> Installed:
    """A config file and no database."""
    made = Installed(tmp_path)
    made.state.mkdir()
    made.config.write_text(CONFIG.format(state=made.state))
    return made


@pytest.fixture(scope="session", autouse=True)
def quick_fingerprints() -> Iterator[None]:
    """A fingerprint is slow on purpose (50 ms); each is made once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hashlib, "scrypt", functools.cache(hashlib.scrypt))
        yield


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state directory that is made once; tests get copies."""
    made = Installed(tmp_path_factory.mktemp("filled"))
    made.state.mkdir()
    made.write(fill)
    made.write(tell)
    return made.state


@pytest.fixture
def installed(bare: Installed, filled: Path) -> Installed:
    """Jobs, flavors, events, bookings, notifications and deliveries of two accounts."""
    shutil.copytree(filled, bare.state, dirs_exist_ok=True)
    return bare


@pytest.fixture
def daemon(installed: Installed) -> Iterator[Installed]:
    """The same, beside a process's other half that holds the store and serves the control socket."""
    settings = load(installed.config, resolve=False, environ=installed.environ(), credentials_dir=None)
    loop = asyncio.new_event_loop()
    ready, done = threading.Event(), asyncio.Event()
    thread = threading.Thread(target=lambda: loop.run_until_complete(_serve(settings, ready, done)))
    with capture_logs():  # its log is not the command's output
        thread.start()
        assert ready.wait(20)
        yield installed
        loop.call_soon_threadsafe(done.set)
        thread.join(20)
    loop.close()


async def _serve(settings: Settings, ready: threading.Event, done: asyncio.Event) -> None:
    async def well() -> None: ...

    async def metrics(accept: str) -> tuple[bytes, str]:
        return b"", "text/plain"

    store = await open_store(settings.store, state_dir=settings.state_dir, lock=True)
    inside = Inside(store=store, clock=SystemClock(), settings=settings, started_at=datetime.now(UTC))
    health = Health(dead_loops=tuple, untried=tuple, probe_store=well)
    site = Site(api=Api(inside), inside=inside, health=health, metrics=metrics, events=Broadcast())
    async with serving(site, socket=settings.control.socket):
        ready.set()
        await done.wait()
    await store.aclose()


def tell(conn: Connection, epoch: str) -> None:
    """Two notifications: one arrived at one sink and is dead at the other, one waits."""
    now = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=2)
    for number, (title, sinks) in enumerate([(f"qwen-sft: {CHINESE}", ("journal", "hook")), (HOSTILE, ("hook",))]):
        said = f"{title}\nThe whole text, {'which is long enough to wrap, ' * 8}and its end."
        write = NotificationWrite(
            id=f"{number + 1:032x}",
            rule="job-ended",
            severity=Severity.WARNING,
            reason=Reason.NEW,
            text=Text(title=title, plain=said, markdown=said),
            created_at=now + timedelta(minutes=number),
            event_seqs=(number + 1,),
            subjects=(f"llm-beijing|job/{number}",),
            sinks=sinks,
        )
        write_notifications(conn, [write])
    sent = Receipt(outcome=Outcome.DELIVERED, detail="")
    refused = Receipt(outcome=Outcome.REFUSED, detail="the webhook answered 404")
    for sink, state, receipt in (("journal", DeliveryState.DELIVERED, sent), ("hook", DeliveryState.DEAD, refused)):
        (taken,) = claim(conn, sink, now=datetime.now(UTC), limit=1)
        settle(conn, taken.id, state=state, receipt=receipt, now=now + timedelta(minutes=3))
