"""The guarded client against raw sockets that break HTTP in every way that was ever seen: each is a Fault, soon."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from socket import SO_LINGER, SOL_SOCKET

import pytest
import trustme
from aiohttp import web

from monitor.wire import Answer, Fault, FaultKind, Http, Patience, new_session

Speak = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
USUAL = Patience(total=30, connect=20, silence=20)
"""Far more than anything here takes, for the machine may be busy; what waits for its end brings its own."""


def good(answer: Answer) -> Fault | None:
    return None


@asynccontextmanager
async def speaking(speak: Speak) -> AsyncIterator[str]:
    """A server that reads one request and then does what `speak` does; its address."""
    talks: list[asyncio.Task[None]] = []

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = asyncio.current_task()
        assert talk is not None
        talks.append(talk)
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await reader.readuntil(b"\r\n\r\n")
            await speak(reader, writer)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    server = await asyncio.start_server(meet, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.close()
        for talk in talks:
            talk.cancel()
        await asyncio.gather(*talks)
        await server.wait_closed()


async def fault_of(base: str, patience: Patience = USUAL) -> Fault:
    async with new_session(patience=patience) as session:
        with pytest.raises(Fault) as caught:
            await Http(session, max_body=1 << 20).send("POST", f"{base}/v1/jobs?q=1", judge=good, body=b"{}")
    return caught.value


def saying(*pieces: bytes) -> Speak:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()

    return speak


WORDS = (
    " cut its answer short or sent it garbled",
    " answered something that is not HTTP (",
    " closed the connection without an answer",
)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@pytest.mark.parametrize(
    ("pieces", "kind"),
    [
        pytest.param([HEAD, b"Content-Length: 100\r\n\r\n", b'{"jobs": ['], FaultKind.SENSELESS, id="length cut"),
        pytest.param(
            [HEAD, b"Transfer-Encoding: chunked\r\n\r\n", b"8\r\n12345678\r\n", b"ff\r\nabc"],
            FaultKind.SENSELESS,
            id="chunked cut",
        ),
        pytest.param(
            [HEAD, b"Transfer-Encoding: chunked\r\n\r\n", b"8\r\n12345678\r\n"],
            FaultKind.SENSELESS,
            id="last chunk missing",
        ),
        pytest.param(
            [HEAD, b"Transfer-Encoding: chunked\r\n\r\n", b"zz\r\nwhat\r\n"],
            FaultKind.SENSELESS,
            id="chunk size is no number",
        ),
        pytest.param([b"SSH-2.0-OpenSSH_9.2\r\n"], FaultKind.SENSELESS, id="not HTTP"),
        pytest.param([b"HTTP/1.1 two hundred\r\n\r\n"], FaultKind.SENSELESS, id="garbage status"),
        pytest.param([b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n"], FaultKind.SENSELESS, id="TLS on a plain port"),
        pytest.param([HEAD, b"X-Long: " + b"x" * 200_000 + b"\r\n\r\n"], FaultKind.SENSELESS, id="huge header"),
        pytest.param([HEAD, b"Content-Length: twelve\r\n\r\n"], FaultKind.SENSELESS, id="length is no number"),
        pytest.param([], FaultKind.TRANSIENT, id="closed without a word"),
        pytest.param([b"HTTP/1.1 200 OK\r\nContent-"], FaultKind.TRANSIENT, id="closed in the headers"),
    ],
)
async def test_an_answer_that_is_cut_or_no_http_is_a_fault(pieces: list[bytes], kind: FaultKind) -> None:
    async with speaking(saying(*pieces)) as base:
        fault = await fault_of(base)
    assert (fault.kind, fault.message.count(base)) == (kind, 1)
    assert any(words in fault.message for words in WORDS)
    assert fault.sent, "the request arrived: a message must not be sent again as if it had not"


async def test_a_reset_before_the_headers_is_transient() -> None:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _reset(writer)

    async with speaking(speak) as base:
        fault = await fault_of(base)
    assert (fault.kind, fault.message) == (FaultKind.TRANSIENT, f"cannot reach {base} (ClientOSError)")


async def test_a_reset_inside_the_body_is_a_fault() -> None:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + b"Content-Length: 1000\r\n\r\n{")
        await writer.drain()
        await asyncio.sleep(0.05)
        _reset(writer)

    async with speaking(speak) as base:
        fault = await fault_of(base)
    assert (fault.kind, fault.message) == (FaultKind.SENSELESS, f"{base} cut its answer short or sent it garbled")


def _reset(writer: asyncio.StreamWriter) -> None:
    writer.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def test_headers_without_end_are_a_fault_and_are_not_gathered() -> None:
    sent = 0

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(HEAD)
        for number in range(100_000):
            writer.write(f"X-{number}: {'x' * 1000}\r\n".encode())
            await writer.drain()
            sent += 1

    async with speaking(speak) as base:
        fault = await fault_of(base, Patience(total=20, silence=5))
    assert fault.kind is FaultKind.SENSELESS
    assert sent < 20_000


async def test_a_server_that_never_answers_is_left_after_the_silence() -> None:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()  # until the client leaves

    async with speaking(speak) as base:
        begin = time.monotonic()
        fault = await fault_of(base, Patience(total=60, connect=20, silence=0.2))
    assert fault.kind is FaultKind.TRANSIENT
    assert "did not answer in time" in fault.message
    assert time.monotonic() - begin < 30, "the silence is shorter than the total"
    assert fault.sent


async def test_a_port_that_does_not_take_connections_is_left_in_time_and_nothing_was_sent() -> None:
    """A full backlog: the kernel drops what comes, as a firewall does."""
    with socket.socket() as full, ExitStack() as others:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(4):
            other = others.enter_context(socket.socket())
            other.setblocking(False)
            other.connect_ex(full.getsockname())
        fault = await fault_of(f"http://127.0.0.1:{full.getsockname()[1]}", Patience(connect=0.3))
    assert fault.kind is FaultKind.TRANSIENT
    assert "did not answer in time" in fault.message
    assert not fault.sent


async def test_a_drip_of_bytes_cannot_outlast_the_total() -> None:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + b"Content-Length: 1000000\r\n\r\n")
        while not writer.is_closing():
            writer.write(b".")
            await writer.drain()
            await asyncio.sleep(0.02)

    async with speaking(speak) as base:
        begin = time.monotonic()
        fault = await fault_of(base, Patience(total=0.5, connect=0.3, silence=0.3))
    assert fault.kind is FaultKind.TRANSIENT
    assert 0.4 < time.monotonic() - begin < 20


async def test_a_port_where_nobody_listens_is_told_with_a_hint() -> None:
    fault = await fault_of("http://127.0.0.1:1")
    assert fault.kind is FaultKind.TRANSIENT
    assert fault.message == "http://127.0.0.1:1 refuses connections"
    assert "port" in fault.hint
    assert not fault.sent


async def test_a_name_that_does_not_resolve_is_told_with_a_hint() -> None:
    fault = await fault_of("http://nowhere.invalid", Patience(total=20, connect=20))
    assert fault.kind is FaultKind.TRANSIENT
    assert fault.message == "cannot find http://nowhere.invalid: its name does not resolve"
    assert fault.hint == "check `endpoint` and DNS"
    assert not fault.sent


@asynccontextmanager
async def secured(certificate: trustme.LeafCert) -> AsyncIterator[int]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)

    async def serve(request: web.Request) -> web.Response:
        return web.Response(text="safe")

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", serve)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(
    ("name", "known", "ended"),
    [
        pytest.param("127.0.0.1", False, False, id="unknown authority"),
        pytest.param("elsewhere.example", True, False, id="another host"),
        pytest.param("127.0.0.1", True, True, id="ended"),
    ],
)
async def test_a_certificate_that_proves_nothing_ends_the_request(
    name: str, known: bool, ended: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    end = datetime.now(UTC) - timedelta(days=1) if ended else None
    begin = datetime.now(UTC) - timedelta(days=90)
    with authority.cert_pem.tempfile() as trusted:
        if known:
            monkeypatch.setenv("SSL_CERT_FILE", trusted)
        async with secured(authority.issue_cert(name, not_before=begin, not_after=end)) as port:
            fault = await fault_of(f"https://127.0.0.1:{port}")
    assert fault.kind is FaultKind.TRANSIENT
    assert fault.message == f"the certificate of https://127.0.0.1:{port} is not valid"
    assert not fault.sent


async def test_tls_to_a_port_that_speaks_plain_http_is_a_fault() -> None:
    async def at_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)  # it is no request, and a web server says so
        writer.write(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(at_once, "127.0.0.1", 0) as server:
        base = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        fault = await fault_of(base)
    assert (fault.kind, fault.message) == (FaultKind.TRANSIENT, f"cannot speak TLS with {base}")
    assert not fault.sent
    async with speaking(saying()) as base:  # waits for the end of a head
        fault = await fault_of(base.replace("http://", "https://"), Patience(connect=0.3))
    assert fault.kind is FaultKind.TRANSIENT
