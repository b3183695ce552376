"""The HTTP port as a whole: what is asked wrongly is answered plainly, and what every answer bears."""

from __future__ import annotations

import asyncio
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from monitor.model import EventType
from monitor.web import carry, connection
from monitor.web.reply import takes_gzip
from tests.kit.made import draft
from tests.kit.until import BUSY
from tests.kit.web import Served, served


def problem(answer: tuple[int, Any, bytes]) -> tuple[int, str, str]:
    status, headers, body = answer
    assert headers["Content-Type"] == "application/problem+json"
    document = json.loads(body)
    assert document["status"] == status
    assert document["hint"] or status == 405
    return status, document["detail"], document["hint"]


def raw_status(answer: bytes) -> int:
    assert b"Traceback" not in answer
    return int(answer.split(b" ", 2)[1])


@pytest.mark.parametrize(
    ("path", "status", "content_type"),
    [
        ("/healthz", 200, "application/json; charset=utf-8"),
        ("/readyz", 200, "application/json; charset=utf-8"),
        ("/metrics", 200, "text/plain; version=0.0.4; charset=utf-8"),
        ("/api/v1/jobs", 200, "application/json"),
        ("/api/v1/nothing", 404, "application/problem+json"),
        ("/api", 404, "application/problem+json"),
        ("/nothing", 404, "text/plain; charset=utf-8"),
        ("/api/v1/jobs?limit=1000000", 400, "application/problem+json"),
        ("/api/v1/jobs?colour=red", 400, "application/problem+json"),
    ],
)
async def test_every_path_is_answered_with_the_security_headers(
    path: str, status: int, content_type: str, tmp_path: Path
) -> None:
    async with served(tmp_path) as it:
        found, headers, _ = await it.ask(path)
    assert (found, headers["Content-Type"]) == (status, content_type)
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "*" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Server"] == "training-monitor"


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/api/v1/../../etc/passwd", "`.` or `..`"),
        ("/api/v1/jobs/%2e%2e/%2E%2E/x", "`.` or `..`"),
        ("/api/v1/jobs/a%2f..%2fb", "`.` or `..`"),
        ("/static/../server.py", "`.` or `..`"),
        ("/static/%2e%2e/server.py", "`.` or `..`"),
        ("/./healthz", "`.` or `..`"),
        ("/api/v1/jobs/a/%FF", "not UTF-8"),
        ("/api/v1/jobs/a/%00", "control characters"),
        ("/api/v1/jobs?search=%FF", "query is not UTF-8"),
        ("/api/v1/jobs?" + "&".join(f"a{n}=1" for n in range(101)), "more than 100 parameters"),
    ],
)
async def test_a_path_or_query_that_is_none_is_named(path: str, said: str, tmp_path: Path) -> None:
    async with served(tmp_path) as it:
        status, detail, _ = problem(await it.ask(path))
    assert status == 400
    assert said in detail


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 TLS to a plain port", 400),
        (b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 100_000 + b"\r\n\r\n", 431),
        (b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 431),
        (b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n" + b"A: b\r\n" * 5000 + b"\r\n", 431),
        (b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", 400),
        (
            b"POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            400,
        ),
        (b"GET /api/v1/jobs?search=\xff HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 400),
        (b"GET http://localhost/healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 200),
        (b"GET //evil.example.org/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 404),
        (b"GET * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 400),
        (b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 404),
        (b"CONNECT evil.example.org:443 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 403),
    ],
    ids=[
        "TLS",
        "huge header",
        "huge path",
        "many headers",
        "negative length",
        "two lengths",
        "raw bytes",
        "absolute form",
        "two slashes",
        "star",
        "options star",
        "connect",
    ],
)
async def test_bytes_that_are_no_request_are_answered_without_a_traceback(
    sent: bytes, status: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with served(tmp_path) as it:
        answer = await it.raw(sent)
        assert raw_status(answer) == status
        assert b"\r\nX-Content-Type-Options: nosniff\r\n" in answer
        assert (await it.ask("/healthz"))[0] == 200
    assert caplog.records == []


async def test_methods_that_are_not_for_a_path_are_refused_and_head_has_no_body(tmp_path: Path) -> None:
    async with served(tmp_path, token=True) as it:
        headers = {"Authorization": "Bearer a-token-of-24-characters"}
        for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"):
            status, _, _ = problem(await it.ask("/api/v1/jobs", method, headers=headers))
            assert status == 405
        assert (await it.ask("/metrics", "POST", headers=headers))[0] == 405
        status, found, body = await it.ask("/api/v1/jobs", "HEAD", headers=headers)
        assert (status, body) == (200, b"")
        assert int(found["Content-Length"]) > 0


async def test_a_body_that_is_too_big_or_never_comes_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carry, "BODY_PATIENCE", 0.05)
    headers = {"Authorization": "Bearer a-token-of-24-characters"}
    async with served(tmp_path, token=True) as it:
        assert problem(await it.ask("/api/v1/jobs", "POST", headers=headers, data=b"x" * 65_537))[0] == 413

        async def endless() -> Any:
            for _ in range(100):
                yield b"x" * 1000

        assert problem(await it.ask("/api/v1/jobs", "POST", headers=headers, data=endless()))[0] == 413
        slow = (
            b"POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 9\r\n"
            b"Authorization: Bearer a-token-of-24-characters\r\n\r\nx"
        )
        assert raw_status(await it.raw(slow)) == 408


async def test_a_bug_is_told_in_the_log_and_nowhere_else(tmp_path: Path) -> None:
    async def broken(*accept: str) -> tuple[bytes, str]:
        raise RuntimeError("postgresql://user:secret@host")

    async with served(tmp_path) as it:
        it.site.metrics = broken
        answer = await it.ask("/metrics")
        assert problem(answer)[0] == 500
        assert b"secret" not in answer[2]
        assert (await it.ask("/healthz"))[0] == 200


async def test_a_store_that_is_gone_is_503_with_its_hint(tmp_path: Path) -> None:
    async with served(tmp_path) as it:
        await it.store.aclose()
        assert (await it.ask("/api/v1/jobs"))[0] == 503


async def test_big_answers_are_packed_where_the_client_takes_it_and_their_tag_still_fits(tmp_path: Path) -> None:
    async with served(tmp_path) as it:
        await it.tell([draft(subject=f"job/ft-{n}", type=EventType.JOB_QUEUED) for n in range(60)])
        path = "/api/v1/events?limit=60"
        plain = await it.ask(path, headers={"Accept-Encoding": "identity"})
        if plain[0] == 404:
            pytest.skip("the API has no events yet")
        _, headers, body = await it.ask(path, headers={"Accept-Encoding": "gzip"}, auto_decompress=False)
        assert headers["Content-Encoding"] == "gzip"
        assert headers["Vary"] == "Accept-Encoding"
        assert gzip.decompress(body) == plain[2]
        assert len(body) < len(plain[2]) / 2
        tag = headers["ETag"]
        status, _, nothing = await it.ask(path, headers={"If-None-Match": tag, "Accept-Encoding": "gzip"})
        assert (status, nothing) == (304, b"")
        for known in (tag, "*"):
            status, headers, nothing = await it.ask(path, headers={"If-None-Match": known})
            assert (status, nothing, headers["Vary"]) == (304, b"", "Accept-Encoding")


@pytest.mark.parametrize(
    ("accepted", "taken"),
    [
        ("gzip, deflate, br", True),
        ("", False),
        ("gzip;q=0", False),
        ("br;q=1, *;q=0.1", True),
        ("xgzip", False),
        ("*;q=0, gzip", True),
    ],
)
def test_gzip_is_sent_to_who_takes_it(accepted: str, taken: bool) -> None:
    assert takes_gzip(accepted) is taken


async def test_connections_that_say_nothing_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "MOST", 5)
    async with served(tmp_path) as it:
        silent = [await asyncio.open_connection("127.0.0.1", it.port) for _ in range(5)]
        assert await it.raw(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n") == b""
        silent.pop()[1].close()
        await _answers(it)
        for _, writer in silent:
            writer.close()


async def test_connections_that_send_no_whole_head_are_ended_and_others_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "HEAD", 0.3)
    asking = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
    async with served(tmp_path) as it:
        asked, answers = await asyncio.open_connection("127.0.0.1", it.port)
        answers.write(asking + b"\r\n")
        assert b" 200 " in await asked.readline()
        for sent in (b"", asking):
            assert await it.raw(sent) == b""
        answers.write(asking + b"Connection: close\r\n\r\n")
        assert b"HTTP/1.1 200" in await asked.read()
        answers.close()


async def _answers(it: Served) -> None:
    async with asyncio.timeout(5 + BUSY):
        while not (await it.raw(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")):
            await asyncio.sleep(0.01)
