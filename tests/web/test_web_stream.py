"""The event log over SSE: nothing lost, nothing twice, and a reader that never reads holds nobody."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from monitor.fields import Secret
from monitor.model import EventDraft, EventType
from monitor.web import stream
from tests.kit.made import draft
from tests.kit.until import BUSY, until
from tests.kit.web import TOKEN, Served, fresh_store, served

STREAM = "/api/v1/events/stream"


@asynccontextmanager
async def streaming(it: Served, query: str = "", **headers: str) -> AsyncIterator[Reader]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with aiohttp.ClientSession() as session, session.get(it.url(STREAM + query), headers=named) as answer:
        assert answer.status == 200, await answer.text()
        assert answer.headers["Content-Type"] == "text/event-stream"
        assert answer.headers["Cache-Control"] == "no-store, no-transform"
        yield Reader(answer)


class Reader:
    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self._answer = answer

    async def part(self) -> dict[str, str]:
        """The next block: fields by name, a comment under ''."""
        async with asyncio.timeout(10 + BUSY):
            block = (await self._answer.content.readuntil(b"\n\n")).decode()
        lines = [line.partition(": ") for line in block.strip().splitlines()]
        return {name.rstrip(":"): value for name, _, value in lines}

    async def seqs(self, count: int) -> list[int]:
        found: list[int] = []
        while len(found) < count:
            part = await self.part()
            if "id" in part:
                assert json.loads(part["data"])["type"] == part["event"]
                found.append(int(part["id"]))
        return found

    async def rest(self) -> bytes:
        """What comes until the stream ends."""
        found = b""
        with contextlib.suppress(aiohttp.ClientError):
            while read := await self._answer.content.read(65536):
                found += read
        return found

    async def ended(self) -> bool:
        async with asyncio.timeout(10 + BUSY):
            try:
                while await self._answer.content.read(65536):
                    pass
            except aiohttp.ClientError:
                pass
        self._answer.close()
        return True


def many(count: int, **changes: Any) -> list[EventDraft]:
    return [draft(subject=f"job/ft-{number}", **changes) for number in range(count)]


def opened(it: Served) -> int:
    return len(it.site.events._others)


async def test_each_event_comes_as_it_is_stored_from_now_on(tmp_path: Path) -> None:
    async with served(tmp_path) as it:
        await it.tell(many(3))
        async with streaming(it) as reader:
            assert await reader.part() == {"retry": "3000"}
            told = await it.tell(many(2))
            first = await reader.part()
            assert first["id"] == str(told[0])
            assert first["event"] == "job.started"
            document = json.loads(first["data"])
            assert (document["specversion"], document["subject"]) == ("1.0", "job/ft-0")
            assert document["seq"] == told[0]
            assert await reader.seqs(1) == [told[1]]


async def test_a_reader_that_comes_back_loses_nothing_and_gets_nothing_twice(tmp_path: Path) -> None:
    async with served(tmp_path) as it:
        seqs = await it.tell(many(stream.PAGE * 2 + 50))
        found: list[int] = []
        last = "0"
        while len(found) < len(seqs):
            async with streaming(it, "?after=999999", Last_Event_ID=last) as reader:
                found += await reader.seqs(min(180, len(seqs) - len(found)))
                last = str(found[-1])
        assert found == seqs


async def test_an_id_beyond_the_end_is_from_another_life_and_means_from_now_on(tmp_path: Path) -> None:
    async with served(tmp_path) as it:
        await it.tell(many(2))
        async with streaming(it, Last_Event_ID="987654") as reader:
            await reader.part()
            assert await reader.seqs(0) == []
            told = await it.tell(many(1))
            assert await reader.seqs(1) == told


async def test_filters_are_those_of_the_list(tmp_path: Path) -> None:
    async with served(tmp_path) as it:
        seqs = await it.tell(
            [
                draft(type=EventType.JOB_QUEUED),
                draft(type=EventType.FLAVOR_SOLD_OUT, subject="flavor/a/b"),
                draft(account="south"),
                draft(type=EventType.MONITOR_STARTED, account=None, subject="monitor"),
            ]
        )
        for query, expected in (
            ("?after=0&type=job.*", [seqs[0], seqs[2]]),
            ("?after=0&type=job.queued&type=monitor.*", [seqs[0], seqs[3]]),
            ("?after=0&account=south", [seqs[2]]),
            ("?after=0&subject=flavor/a/b&account=north", [seqs[1]]),
        ):
            async with streaming(it, query) as reader:
                assert await reader.seqs(len(expected)) == expected


@pytest.mark.parametrize(
    ("query", "last_id", "word"),
    [
        ("?after=x", "", "number of an event"),
        ("?after=-1", "", "number of an event"),
        ("?after=٣", "", "number of an event"),
        ("?after=99999999999999999999", "", "number of an event"),
        ("", "nonsense", "number of an event"),
        ("?colour=red", "", "`colour`"),
        ("?account=a&account=b", "", "twice"),
        ("?account=a%00b", "", "no text"),
    ],
)
async def test_what_is_asked_wrongly_is_named(query: str, last_id: str, word: str, tmp_path: Path) -> None:
    async with served(tmp_path) as it:
        headers = {"Last-Event-ID": last_id} if last_id else {}
        async with aiohttp.ClientSession() as session, session.get(it.url(STREAM + query), headers=headers) as answer:
            document = await answer.json(content_type="application/problem+json")
        assert document["status"] == 400
        assert word in document["detail"]
        assert "Last-Event-ID" in document["hint"]


async def test_a_type_that_nothing_matches_is_refused_as_by_the_list(tmp_path: Path) -> None:
    async with served(tmp_path) as it, asyncio.timeout(10 + BUSY):  # a stream that is opened does not end
        for query in ("?type=job.finishd", "?type=job.*&type=jbo.*", "?type="):
            said = await it.ask(STREAM + query)
            assert said[0] == 400
            assert b"job.finished" in said[2]
        assert json.loads((await it.ask(f"{STREAM}?type=job.finishd"))[2]) == json.loads(
            (await it.ask("/api/v1/events?type=job.finishd"))[2]
        )


async def test_what_another_process_wrote_comes_without_a_bell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "TICK", 0.02)
    async with served(tmp_path) as it, streaming(it) as reader:
        await reader.part()
        told = await it.tell(many(1), ring=False)
        assert await reader.seqs(1) == told


async def test_a_quiet_stream_pings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "TICK", 0.02)
    monkeypatch.setattr(stream, "PING", 0.04)
    async with served(tmp_path) as it, streaming(it) as reader:
        await reader.part()
        assert await reader.part() == {"": "still here"}


async def test_a_stream_that_wants_nothing_of_a_busy_log_pings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "PING", 0.2)

    async def busy(it: Served) -> None:
        while True:
            it.site.events.ring()
            await asyncio.sleep(0.01)

    async with served(tmp_path) as it, streaming(it, "?account=nobody") as reader:
        await reader.part()
        ringing = asyncio.create_task(busy(it))
        try:
            assert await reader.part() == {"": "still here"}
        finally:
            ringing.cancel()


async def test_a_stream_ends_when_its_session_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "TICK", 0.05)
    async with served(tmp_path, token=True) as it:
        _, headers, _ = await it.ask("/sign-in", "POST", data={"token": TOKEN})
        kept = {"Cookie": headers["Set-Cookie"].split(";")[0]}
        async with streaming(it, **kept) as reader:
            await reader.part()
            await it.ask("/sign-out", "POST", headers=kept)
            assert await reader.ended()
        assert (await it.ask(STREAM, headers=kept))[0] == 401


async def test_a_stream_ends_when_the_token_that_opened_it_is_changed(tmp_path: Path) -> None:
    old = {"Authorization": f"Bearer {TOKEN}"}
    async with served(tmp_path, token=True) as it, streaming(it, **old) as reader:
        await reader.part()
        (before,) = await it.tell(many(1))
        assert await reader.seqs(1) == [before]
        settings = it.site.inside.settings
        new = settings.http.model_copy(update={"token": Secret("another-token-of-24-char")})
        object.__setattr__(settings, "http", new)
        await it.tell(many(1))
        async with asyncio.timeout(3 + BUSY):
            assert await reader.rest() == b""


async def test_a_reader_that_never_reads_is_dropped_and_holds_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "PATIENCE", 0.3)
    async with served(tmp_path) as it:
        with socket.socket() as deaf:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            deaf.setblocking(False)
            loop = asyncio.get_running_loop()
            await loop.sock_connect(deaf, ("127.0.0.1", it.port))
            await loop.sock_sendall(deaf, f"GET {STREAM} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            await until(lambda: opened(it) == 1)
            async with streaming(it) as reader:
                await reader.part()
                data = {"job": {"id": "x", "note": "x" * 20_000}}
                seqs = [seq for _ in range(5) for seq in await it.tell(many(100, data=data))]
                assert await reader.seqs(len(seqs)) == seqs
                await until(lambda: opened(it) == 1)
                assert (await it.ask("/healthz"))[0] == 200


async def test_there_are_at_most_so_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "MOST", 2)
    monkeypatch.setattr(stream, "TICK", 0.02)
    async with served(tmp_path) as it:
        async with streaming(it), streaming(it):
            status, headers, body = await it.ask(STREAM)
            assert (status, headers["Retry-After"]) == (503, "30")
            assert json.loads(body)["hint"]
        await until(lambda: opened(it) == 0)
        async with streaming(it) as reader:
            await reader.part()


async def test_all_are_closed_within_a_second_at_the_end(tmp_path: Path) -> None:
    async with aiohttp.ClientSession() as session:
        async with served(tmp_path) as it:
            readers = [Reader(await session.get(it.url(STREAM))) for _ in range(10)]
            await until(lambda: opened(it) == 10)
            start = time.monotonic()
        assert time.monotonic() - start < 1.0 + BUSY
        for reader in readers:
            assert await reader.ended()


async def test_a_store_that_fails_ends_the_stream_so_that_the_reader_comes_back(tmp_path: Path) -> None:
    closed = await fresh_store(tmp_path / "other")
    await closed.aclose()
    async with served(tmp_path) as it, streaming(it) as reader:
        await reader.part()
        open_store, it.site.inside.store = it.store, closed
        it.site.events.ring()
        assert await reader.ended()
        assert (await it.ask(STREAM))[0] == 503
        it.site.inside.store = open_store
