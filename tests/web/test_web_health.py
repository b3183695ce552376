"""`/healthz` and `/readyz` over real HTTP."""

from __future__ import annotations

import json
import socket
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import anyio
import pytest

from monitor.settings import Listen
from monitor.web import health as room
from monitor.web.health import Health, PortUnavailable
from tests.kit.web import served


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
    async def broken() -> None:
        raise RuntimeError("postgresql://user:secret@host is full")

    status, body = await ask(health(probe=broken), "/readyz")
    assert (status, body["reasons"]) == (503, ["the store is not writable: RuntimeError"])


async def test_a_store_that_hangs_is_not_ready(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "STORE_PATIENCE", 0.05)
    status, body = await ask(health(probe=anyio.sleep_forever), "/readyz")
    assert (status, body["reasons"]) == (503, ["the store did not answer within 0.05 s"])


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
