"""`/healthz` and `/readyz` over real HTTP."""

from __future__ import annotations

import socket
from collections.abc import Sequence

import aiohttp
import anyio
import pytest

from monitor.web import health as room
from monitor.web.health import Health, PortUnavailable, health_app, serving


async def well() -> None: ...


def health(*, dead: Sequence[str] = (), untried: Sequence[str] = (), probe: object = well) -> Health:
    return Health(dead_loops=lambda: dead, untried=lambda: untried, probe_store=probe)  # type: ignore[arg-type]


async def ask(state: Health, path: str, method: str = "GET") -> tuple[int, dict[str, object], dict[str, str]]:
    async with (
        serving(health_app(state), "127.0.0.1", 0) as port,
        aiohttp.ClientSession() as session,
        session.request(method, f"http://127.0.0.1:{port}{path}") as answer,
    ):
        body = await answer.json() if method == "GET" and answer.status in (200, 503) else {}
        return answer.status, body, dict(answer.headers)


async def test_a_daemon_that_is_well_says_so() -> None:
    for path in ("/healthz", "/readyz"):
        status, body, _ = await ask(health(), path)
        assert (status, body) == (200, {"status": "ok", "reasons": [], "troubles": []})


async def test_a_loop_that_ended_is_neither_live_nor_ready() -> None:
    for path in ("/healthz", "/readyz"):
        status, body, _ = await ask(health(dead=["polling a/jobs"]), path)
        assert (status, body["reasons"]) == (503, ["polling a/jobs is not running"])


async def test_a_watch_that_was_not_tried_is_live_and_not_ready() -> None:
    assert (await ask(health(untried=["a/jobs"]), "/healthz"))[0] == 200
    status, body, _ = await ask(health(untried=["a/jobs"]), "/readyz")
    assert (status, body["reasons"]) == (503, ["a/jobs was not polled yet"])


async def test_a_store_that_fails_is_not_ready_and_its_text_is_not_shown() -> None:
    async def broken() -> None:
        raise RuntimeError("postgresql://user:secret@host is full")

    status, body, _ = await ask(health(probe=broken), "/readyz")
    assert (status, body["reasons"]) == (503, ["the store is not writable: RuntimeError"])


async def test_a_store_that_hangs_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "STORE_PATIENCE", 0.05)
    status, body, _ = await ask(health(probe=anyio.sleep_forever), "/readyz")
    assert (status, body["reasons"]) == (503, ["the store did not answer within 0.05 s"])


@pytest.mark.parametrize(
    ("path", "method", "status"), [("/readyz", "HEAD", 200), ("/", "GET", 404), ("/healthz", "POST", 405)]
)
async def test_every_answer_bears_the_security_headers_and_is_not_kept(path: str, method: str, status: int) -> None:
    found, _, headers = await ask(health(), path, method)
    assert found == status
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["Server"] == "training-monitor"


async def test_a_port_in_use_is_named_with_the_remedy() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(PortUnavailable, match=f"port {port} on 127.0.0.1 is in use") as caught:
            async with serving(health_app(health()), "127.0.0.1", port):
                pass
    assert "http.listen" in caught.value.hint


async def test_an_address_of_another_machine_is_named_with_the_remedy() -> None:
    with pytest.raises(PortUnavailable, match=r"192\.0\.2\.1:8650") as caught:
        async with serving(health_app(health()), "192.0.2.1", 8650):
            pass
    assert "http.listen" in caught.value.hint
