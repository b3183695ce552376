"""The guarded client against real aiohttp servers on loopback: what is believed, and what becomes a Fault."""

from __future__ import annotations

import gzip
import traceback
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from monitor.wire import Answer, Fault, FaultKind, Http, new_session

HUSH = "-".join(["a", "secret"])
"""Made at run time: a traceback shows source lines, and those are no leak."""

Serve = Callable[[web.Request], Awaitable[web.StreamResponse]]


def good(answer: Answer) -> Fault | None:
    return None


@asynccontextmanager
async def client_of(serve: Serve, *, max_body: int = 1 << 20) -> AsyncIterator[tuple[Http, str]]:
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", serve)
    async with TestServer(application) as server, new_session() as session:
        yield Http(session, max_body=max_body), str(server.make_url("")).rstrip("/")


async def test_a_good_answer_comes_whole_with_the_clock_of_the_server() -> None:
    async def serve(request: web.Request) -> web.Response:
        return web.Response(text="hello", headers={"Date": "Fri, 20 Nov 2026 10:00:00 GMT", "X-Request-Id": "r-1"})

    async with client_of(serve) as (http, base):
        answer = await http.send("GET", f"{base}/v1/jobs", judge=good)
    assert (answer.status, answer.body) == (200, b"hello")
    assert answer.date == datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
    assert answer.headers["x-request-id"] == "r-1"


async def test_a_url_goes_out_as_it_was_given() -> None:
    """A signature covers the encoded URL: a client that encodes again or tidies up breaks it."""
    seen: list[str] = []

    async def serve(request: web.Request) -> web.Response:
        seen.append(request.raw_path)
        return web.Response()

    async with client_of(serve) as (http, base):
        await http.send("GET", f"{base}/v1/a%2Fb/?label=%E4%B8%AD%20x&empty=&plus=a%2Bb", judge=good)
    assert seen == ["/v1/a%2Fb/?label=%E4%B8%AD%20x&empty=&plus=a%2Bb"]


async def test_an_error_status_is_the_judges_to_decide() -> None:
    async def serve(request: web.Request) -> web.Response:
        return web.Response(status=404, text="no such job")

    def judge(answer: Answer) -> Fault | None:
        return Fault(FaultKind.MISCONFIGURED, "judged", status=answer.status)

    async with client_of(serve) as (http, base):
        with pytest.raises(Fault, match="judged") as caught:
            await http.send("GET", base, judge=judge)
        assert caught.value.status == 404
        assert (await http.send("GET", base, judge=good)).status == 404


async def test_a_204_is_left_to_the_judge() -> None:
    async def serve(request: web.Request) -> web.Response:
        return web.Response(status=204)

    async with client_of(serve) as (http, base):
        answer = await http.send("GET", base, judge=good)
    assert (answer.status, answer.body) == (204, b"")


@pytest.mark.parametrize("status", [301, 302, 303, 304, 307, 308])
async def test_a_redirect_is_never_followed(status: int) -> None:
    visits: list[str] = []

    async def serve(request: web.Request) -> web.Response:
        visits.append(request.path)
        return web.Response(status=status, headers={"Location": "/elsewhere"})

    async with client_of(serve) as (http, base):
        with pytest.raises(Fault, match=f"answered {status}, a redirect") as caught:
            await http.send("GET", f"{base}/start", judge=good, headers={"Authorization": HUSH})
    assert caught.value.kind is FaultKind.SENSELESS
    assert visits == ["/start"]


async def test_a_body_of_100_mb_is_left_unread_after_the_cap() -> None:
    sent = 0

    async def serve(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        stream = web.StreamResponse()
        await stream.prepare(request)
        for _ in range(100):
            await stream.write(b"x" * 1_048_576)
            sent += 1
        return stream

    async with client_of(serve, max_body=4 << 20) as (http, base):
        tracemalloc.start()
        with pytest.raises(Fault, match="more than 4 MB") as caught:
            await http.send("GET", base, judge=good)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert caught.value.kind is FaultKind.SENSELESS
    assert sent < 50, "the server was read far beyond the cap"
    assert peak < 24 << 20


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_a_compressed_bomb_is_stopped_at_the_cap(encoding: str) -> None:
    """200 MB of zeros in 200 kB: the cap counts what comes out, and memory stays in proportion to the cap."""
    packed = gzip.compress(b"\0" * (200 << 20), 9) if encoding == "gzip" else zlib.compress(b"\0" * (200 << 20), 9)

    async def serve(request: web.Request) -> web.Response:
        return web.Response(body=packed, headers={"Content-Encoding": encoding})

    async with client_of(serve, max_body=1 << 20) as (http, base):
        tracemalloc.start()
        with pytest.raises(Fault, match="more than 1 MB"):
            await http.send("GET", base, judge=good)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 32 << 20


async def test_a_body_under_the_cap_is_unpacked() -> None:
    async def serve(request: web.Request) -> web.Response:
        return web.Response(body=gzip.compress(b"packed"), headers={"Content-Encoding": "gzip"})

    async with client_of(serve) as (http, base):
        assert (await http.send("GET", base, judge=good)).body == b"packed"


async def test_a_body_that_lies_about_its_packing_is_a_fault() -> None:
    async def serve(request: web.Request) -> web.Response:
        return web.Response(body=b"not packed at all", headers={"Content-Encoding": "gzip"})

    async with client_of(serve) as (http, base):
        with pytest.raises(Fault) as caught:
            await http.send("GET", base, judge=good)
    assert caught.value.kind is FaultKind.SENSELESS


async def test_no_cookie_is_kept() -> None:
    cookies: list[str | None] = []

    async def serve(request: web.Request) -> web.Response:
        cookies.append(request.headers.get("Cookie"))
        return web.Response(headers={"Set-Cookie": "session=1"})

    async with client_of(serve) as (http, base):
        await http.send("GET", base, judge=good)
        await http.send("GET", base, judge=good)
    assert cookies == [None, None]


async def test_one_connection_serves_request_after_request() -> None:
    ports: set[int] = set()

    async def serve(request: web.Request) -> web.Response:
        assert request.transport is not None
        ports.add(request.transport.get_extra_info("peername")[1])
        return web.Response(text="x" * 10_000)

    async with client_of(serve) as (http, base):
        for _ in range(5):
            await http.send("GET", base, judge=good)
    assert len(ports) == 1


@pytest.mark.parametrize("url", ["", "no url", "/path", "http://", "http://[::1", "http://host:port/", "ftp://host/x"])
async def test_what_is_no_url_is_said_so(url: str) -> None:
    async with new_session() as session:
        with pytest.raises(Fault, match="the endpoint is no URL") as caught:
            await Http(session).send("GET", url, judge=good)
    assert caught.value.kind is FaultKind.MISCONFIGURED
    assert caught.value.hint


async def test_a_key_with_a_line_break_is_a_fault_that_does_not_show_it() -> None:
    async def serve(request: web.Request) -> web.Response:
        raise AssertionError("nothing may arrive")

    async with client_of(serve) as (http, base):
        with pytest.raises(Fault, match="a header is not valid") as caught:
            await http.send("GET", base, judge=good, headers={"Authorization": f"Bearer {HUSH}\n"})
    assert caught.value.kind is FaultKind.MISCONFIGURED
    assert HUSH not in everything(caught.value)


@pytest.mark.parametrize("ending", ["redirect", "bomb", "refused", "silent", "cut", "judge"])
async def test_no_fault_shows_a_user_a_path_a_query_or_a_header(ending: str) -> None:
    async def serve(request: web.Request) -> web.StreamResponse:
        if ending == "redirect":
            return web.Response(status=302, headers={"Location": f"http://127.0.0.1/{HUSH}"})
        if ending == "silent":
            assert request.transport is not None
            request.transport.abort()
        stream = web.StreamResponse()
        await stream.prepare(request)
        await stream.write(HUSH.encode() * 10_000)
        if ending == "cut":
            assert request.transport is not None
            request.transport.abort()
        return stream

    def judge(answer: Answer) -> Fault | None:
        return Fault(FaultKind.SENSELESS, "not what was asked for") if ending == "judge" else None

    async with client_of(serve, max_body=1000 if ending == "bomb" else 1 << 20) as (http, base):
        base = "http://127.0.0.1:1" if ending == "refused" else base
        url = base.replace("http://", f"http://{HUSH}:{HUSH}@") + f"/{HUSH}?token={HUSH}"
        with pytest.raises(Fault) as caught:
            await http.send("GET", url, judge=judge, headers={"X-Auth-Token": HUSH})
    assert HUSH not in everything(caught.value)


def everything(fault: Fault) -> str:
    """All that a log could hold of it: the text, its parts and the traceback with its causes."""
    return "".join([str(fault), repr(fault), repr(vars(fault)), *traceback.format_exception(fault)])
