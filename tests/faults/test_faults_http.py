"""Answers that are HTTP, but odd: what a platform's poll and each sink make of them, over raw sockets. What is worth
nothing is a fault in plain words; what only looks strange is taken."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
import tracemalloc
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import cache

import pytest

from monitor.fields import SystemClock
from monitor.model import Outcome
from monitor.providers import registry
from monitor.wire import Answer, Fault, FaultKind, Http, Patience, new_session
from tests.kit.platforms import model_studio, modelarts
from tests.sinks.test_sinks_conformance import ADDRESSED, DELIVERY, NETWORKED, sink_of

Answering = Callable[[bytes], bytes]
SOON = Patience(total=4, connect=3, silence=0.5)
NEVER = Patience(total=1, connect=1, silence=0.5)
"""For what may take as long as it likes, for it never comes."""
PLATFORMS = {
    "Model Studio": (model_studio(), {"request_id": "r", "output": {"page_no": 1, "total": 0, "jobs": []}}),
    "ModelArts": (modelarts(), {"total": 0, "count": 0, "items": []}),
}


def head(*lines: str, status: str = "HTTP/1.1 200 OK") -> bytes:
    return "\r\n".join((status, "Content-Type: application/json", *lines, "", "")).encode()


def whole(body: bytes, *lines: str) -> bytes:
    return head(f"Content-Length: {len(body)}", *lines) + body


def chunked(body: bytes, end: bytes) -> bytes:
    return head("Transfer-Encoding: chunked") + b"%x\r\n%s\r\n0\r\n%s\r\n" % (len(body), body, end)


def packed(body: bytes, *, cut: int = 0) -> bytes:
    whole_body = gzip.compress(body)
    return whole(whole_body[: len(whole_body) - cut], "Content-Encoding: gzip")


@cache
def bomb() -> bytes:
    return packed(bytes(100_000_000))


def deep(body: bytes) -> bytes:
    return whole(body.replace(b"[]", b"[" * 100_000 + b"]" * 100_000))


EARLY = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n"
TAKEN: dict[str, Answering] = {
    "HTTP/1.0, no length": lambda body: head(status="HTTP/1.0 200 OK") + body,
    "close, no length": lambda body: head("Connection: close") + body,
    "100 and 103 first": lambda body: EARLY + whole(body),
    "a trailer": lambda body: chunked(body, b"X-Checksum: 1\r\n"),
    "gzip": packed,
    "a charset that nobody knows": lambda body: whole(body).replace(b"/json", b"/json; charset=klingon"),
}
WORTH_NOTHING: dict[str, tuple[Answering, str]] = {
    "silence after the head": (lambda body: head(f"Content-Length: {len(body)}"), "did not answer in time"),
    "103 and then silence": (lambda body: EARLY, "did not answer in time"),
    "length too long": (
        lambda body: head(f"Content-Length: {len(body) + 9}") + body + b"CLOSE",
        "cut its answer short",
    ),
    "length too short": (lambda body: head("Content-Length: 9") + body, "not HTTP"),
    "two lengths": (lambda body: head("Content-Length: 9", f"Content-Length: {len(body)}") + body, "not HTTP"),
    "length and chunks": (lambda body: chunked(body, b"").replace(b"Tr", b"Content-Length: 9\r\nTr"), "not HTTP"),
    "a bad trailer": (lambda body: chunked(body, b"no trailer \0\r\n"), "not HTTP"),
    "gzip cut": (lambda body: packed(body, cut=20), "JSON"),
    "a bomb": (lambda body: bomb(), "answered more than 16 MB; the rest was left unread"),
    "a mark of byte order": (lambda body: whole(b"\xef\xbb\xbf" + body), "JSON"),
    "UTF-16": (lambda body: whole(body.decode().encode("utf-16")), "JSON"),
    "nested without end": (deep, "JSON"),
}


@asynccontextmanager
async def answering(answer: Callable[[int], bytes]) -> AsyncIterator[str]:
    """A server that is told the number of each request on its connection, and says those bytes. An answer that does not
    say how long it is, or ends with CLOSE, closes."""
    talks: list[asyncio.Task[None]] = []

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = asyncio.current_task()
        assert talk is not None
        talks.append(talk)
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            for number in range(1, 100):
                asked = await reader.readuntil(b"\r\n\r\n")
                length = re.search(rb"(?i)content-length: (\d+)", asked)
                await reader.readexactly(int(length[1]) if length else 0)
                said = answer(number) if not asked.startswith(b"GET /in") else whole(b"[]")
                writer.write(said.removesuffix(b"CLOSE"))
                await writer.drain()
                if said.endswith(b"CLOSE") or not re.search(rb"(?i)content-length|chunked|103 early", said[:400]):
                    break
        writer.close()

    server = await asyncio.start_server(meet, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for talk in talks:
            talk.cancel()
        await asyncio.gather(*talks)


async def polled(platform: str, odd: Answering, patience: Patience = SOON) -> int:
    """How many jobs a poll has found. Raises Fault."""
    make, body = PLATFORMS[platform]
    async with (
        answering(lambda number: odd(json.dumps(body).encode())) as base,
        new_session(patience=patience) as session,
    ):
        (options,) = make(base)
        provider = registry.builder(options.provider)(options, Http(session), SystemClock())
        (scope,) = provider.scopes("jobs")
        return len((await provider.list_jobs(scope)).items)


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("odd", TAKEN)
async def test_a_platform_that_answers_oddly_is_understood(platform: str, odd: str) -> None:
    assert await polled(platform, TAKEN[odd]) == 0


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("odd", WORTH_NOTHING)
async def test_an_answer_that_is_worth_nothing_is_a_fault_in_plain_words(platform: str, odd: str) -> None:
    answer, words = WORTH_NOTHING[odd]
    with pytest.raises(Fault) as caught:
        await polled(platform, answer, NEVER if "in time" in words else SOON)
    kind = FaultKind.TRANSIENT if "in time" in words else FaultKind.SENSELESS
    assert (caught.value.kind, words in caught.value.message) == (kind, True), caught.value.message


async def told(kind: str, answer: Answering, timeout: str = "10s") -> Outcome:
    async with answering(lambda number: answer(b"{}")) as base, sink_of(kind, port_of(base), timeout=timeout) as sink:
        outcome: Outcome = (await sink.send(DELIVERY)).outcome
        return outcome


def port_of(base: str) -> int:
    return int(base.rpartition(":")[2])


@pytest.mark.parametrize("kind", NETWORKED)
@pytest.mark.parametrize("odd", TAKEN)
async def test_a_sink_that_answers_oddly_has_the_message(kind: str, odd: str) -> None:
    blind = kind == "apprise" and odd == "100 and 103 first"
    """Its HTTP client takes 103 for the answer: whether the message was taken is then not known."""
    assert await told(kind, TAKEN[odd]) is (Outcome.UNKNOWN if blind else Outcome.DELIVERED)


@pytest.mark.parametrize("kind", NETWORKED)
@pytest.mark.parametrize("odd", ["silence after the head", "103 and then silence", "length too long"])
async def test_a_sink_of_which_nobody_knows_gets_the_message_again(kind: str, odd: str) -> None:
    assert await told(kind, WORTH_NOTHING[odd][0], timeout="1s") is Outcome.UNKNOWN


@pytest.mark.parametrize("kind", ADDRESSED)
async def test_a_bomb_in_a_sinks_answer_costs_no_memory_and_is_no_bug(kind: str) -> None:
    packed_up = bomb()
    async with answering(lambda number: packed_up) as base, sink_of(kind, port_of(base)) as sink:
        tracemalloc.start()
        assert (await sink.send(DELIVERY)).outcome in (Outcome.DELIVERED, Outcome.UNKNOWN)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 32 << 20


def good(answer: Answer) -> Fault | None:
    return None


async def asked(base: str, method: str, times: int = 3) -> list[bytes]:
    """The bodies of so many answers, one after the other, with time for what comes late."""
    bodies = []
    async with new_session(patience=SOON) as session:
        for _ in range(times):
            bodies.append((await Http(session).send(method, base, judge=good)).body)
            await asyncio.sleep(0.1)
    return bodies


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_an_answer_that_nobody_asked_for_is_never_taken_for_another(method: str) -> None:
    """Two at once, and a second one that comes while the connection idles: each later answer would belong to the
    request before it."""
    async with answering(lambda number: whole(b"%d" % number) + whole(b"stale")) as base:
        assert await asked(base, method) == [b"1"] * 3

    async def late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(whole(b"asked"))
            await asyncio.sleep(0.02)
            writer.write(whole(b"stale"))
            await reader.read()
        writer.close()

    async with await asyncio.start_server(late, "127.0.0.1", 0) as server:
        base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        assert await asked(base, method) == [b"asked"] * 3


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_connection_that_was_closed_while_it_idled_is_replaced_unnoticed(method: str) -> None:
    async with answering(lambda number: whole(b"%d" % number) + b"CLOSE") as base:
        assert await asked(base, method) == [b"1"] * 3


async def test_a_connection_that_closes_under_a_question_is_asked_once_more_and_a_message_is_not() -> None:
    """What only reads may be repeated; whether a message arrived nobody knows, so that is for its sink to say."""
    async with answering(lambda number: whole(b"1") if number == 1 else b"CLOSE") as base:
        assert await asked(base, "GET") == [b"1"] * 3
        with pytest.raises(Fault, match="closed the connection without an answer") as caught:
            await asked(base, "POST")
        assert (caught.value.kind, caught.value.sent) == (FaultKind.TRANSIENT, True)
