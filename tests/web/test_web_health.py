"""`/healthz` and `/readyz` over real HTTP."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import anyio
import pytest

from monitor.settings import Listen
from monitor.store import StoreConflict, StoreFull, StoreUnavailable
from monitor.web import health as room
from monitor.web import tries
from monitor.web.free import require_free
from monitor.web.health import PROBE_EVERY, Health, PortUnavailable, SharedProbe
from tests.kit.clock import VirtualClock
from tests.kit.web import TOKEN, served


async def well() -> None: ...


def health(*, dead: Sequence[str] = (), untried: Sequence[str] = (), probe: object = well) -> Health:
    return Health(dead_loops=lambda: dead, untried=lambda: untried, probe_store=probe)  # type: ignore[arg-type]


Ask = Callable[..., Awaitable[tuple[int, dict[str, Any]]]]


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    async def asked(state: Health, path: str, method: str = "GET") -> tuple[int, dict[str, Any]]:
        async with served(tmp_path, health=state) as it:
            status, _, body = await it.ask(path, method)
        return status, json.loads(body) if body else {}

    return asked


async def test_a_daemon_that_is_well_says_so(ask: Ask) -> None:
    for path in ("/healthz", "/readyz"):
        status, body = await ask(health(), path)
        assert (status, body) == (200, {"status": "ok", "reasons": [], "troubles": []})


async def test_a_loop_that_ended_is_neither_live_nor_ready(ask: Ask) -> None:
    for path in ("/healthz", "/readyz"):
        status, body = await ask(health(dead=["polling a/jobs"]), path)
        assert (status, body["reasons"]) == (503, ["polling a/jobs is not running"])


async def test_a_watch_that_was_not_tried_is_live_and_not_ready(ask: Ask) -> None:
    assert (await ask(health(untried=["a/jobs"]), "/healthz"))[0] == 200
    status, body = await ask(health(untried=["a/jobs"]), "/readyz")
    assert (status, body["reasons"]) == (503, ["a/jobs was not polled yet"])


async def test_a_store_that_fails_is_not_ready_and_its_text_is_not_shown(ask: Ask) -> None:
    said = {
        RuntimeError: "this program failed (RuntimeError)",
        StoreFull: "the disk is full",
        StoreUnavailable: "it cannot be reached, or not be opened and written",
        StoreConflict: "it refused the write",
    }
    for kind, words in said.items():

        async def broken(kind: type[Exception] = kind) -> None:
            raise kind("postgresql://user:secret@host is full")

        status, body = await ask(health(probe=broken), "/readyz")
        assert (status, body["reasons"]) == (503, [f"the store is not writable: {words}"])


async def test_a_store_that_hangs_is_not_ready(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "STORE_PATIENCE", 0.05)
    status, body = await ask(health(probe=anyio.sleep_forever), "/readyz")
    assert (status, body["reasons"]) == (503, ["the store did not answer within 0.05 s"])


async def test_those_who_ask_within_a_second_share_one_write_and_each_hears_of_its_failure() -> None:
    clock, written, full = VirtualClock(), 0, False

    async def write() -> None:
        nonlocal written
        written += 1
        await anyio.sleep(0.01)
        if full:
            raise OSError("disk full")

    probe = SharedProbe(write, clock)
    async with anyio.create_task_group() as group:
        for _ in range(20):
            group.start_soon(probe)
    await probe()
    assert written == 1
    full = True
    clock.advance(PROBE_EVERY)
    for _ in range(2):
        with pytest.raises(OSError, match="disk full"):
            await probe()
    assert written == 2


async def test_a_write_that_hangs_is_waited_for_by_all_who_ask_and_by_no_second_one() -> None:
    clock, begun, free = VirtualClock(), 0, anyio.Event()

    async def write() -> None:
        nonlocal begun
        begun += 1
        await free.wait()

    probe = SharedProbe(write, clock)
    for _ in range(3):
        with anyio.move_on_after(0.02) as patience:
            await probe()
        assert patience.cancelled_caught
        clock.advance(10)
    free.set()
    await probe()
    assert begun == 1


async def test_with_a_token_troubles_are_told_to_those_who_prove_it_and_trying_tokens_costs_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tries, "PENANCE", 0.2)
    ill = Health(
        dead_loops=lambda: ["polling north/jobs"],
        untried=lambda: ["north/jobs", "north/flavors"],
        probe_store=well,
        troubles=lambda: ["north/jobs is unauthorized: no"],
    )
    brief = {"status": "failing", "reasons": ["a loop is not running", "2 watches were not polled yet"]}
    async with served(tmp_path, health=ill, token=True) as it:

        async def ready(**headers: str) -> dict[str, Any]:
            status, _, body = await it.ask("/readyz", headers=headers)
            assert status == 503, "a load balancer has no token"
            found: dict[str, Any] = json.loads(body)
            return found

        assert await ready() == brief
        begun = time.monotonic()
        assert await ready(Authorization="Bearer wrong") == brief
        assert time.monotonic() - begun >= 0.2
        status, _, body = await it.ask("/healthz")
        assert (status, b"north" in body) == (503, False)
        reasons = [
            "polling north/jobs is not running",
            "north/jobs was not polled yet",
            "north/flavors was not polled yet",
        ]
        whole = {"status": "failing", "reasons": reasons, "troubles": ["north/jobs is unauthorized: no"]}
        assert await ready(Authorization=f"Bearer {TOKEN}") == whole
        async with it.over_socket() as session, session.get("/readyz") as answer:
            assert await answer.json() == whole


async def test_it_is_asked_by_head_too(ask: Ask) -> None:
    assert (await ask(health(), "/readyz", "HEAD"))[0] == 200


async def test_a_port_in_use_is_named_with_the_remedy(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(PortUnavailable, match=f"port {port} on 127.0.0.1 is in use") as caught:
            async with served(tmp_path, listen=Listen("127.0.0.1", port)):
                pass
    assert "http.listen" in caught.value.hint
    assert not (tmp_path / "state" / "control.sock").exists()


async def test_an_address_of_another_machine_is_named_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(PortUnavailable, match=r"192\.0\.2\.1:8650") as caught:
        async with served(tmp_path, listen=Listen("192.0.2.1", 8650)):
            pass
    assert "http.listen" in caught.value.hint


async def test_a_port_that_is_free_is_served_after_a_look_at_it(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortUnavailable, match=f"port {port} on 127.0.0.1 is in use"):
            await require_free(Listen("127.0.0.1", port))
    await require_free(Listen("127.0.0.1", port))
    await require_free(Listen("192.0.2.1", port))  # that it is no address of this machine tells who serves it
    async with served(tmp_path, listen=Listen("127.0.0.1", port)) as web:
        assert web.port == port
