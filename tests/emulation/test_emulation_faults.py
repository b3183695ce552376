"""Faults of the emulated platforms, met over real HTTP as a client meets them."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from monitor.emulation import Cut, Faults, Reply, Slow

BUSY = Reply(status=429, body=b'{"code": "Throttling"}', headers={"Retry-After": "3"})


@asynccontextmanager
async def served(faults: Faults) -> AsyncIterator[str]:
    async def serve(request: web.Request) -> web.StreamResponse:
        async def real() -> web.Response:
            return web.json_response({"real": "x" * 1000})

        return await faults.serve(request.match_info["operation"], request, real)

    application = web.Application()
    application.router.add_get("/{operation}", serve)
    async with TestServer(application) as server:
        yield str(server.make_url("/"))


async def statuses(base: str, *operations: str) -> list[int]:
    found: list[int] = []
    async with aiohttp.ClientSession() as session:
        for operation in operations:
            async with session.get(base + operation) as answer:
                found.append(answer.status)
    return found


async def test_without_a_fault_the_real_answer_comes() -> None:
    async with served(Faults()) as base:
        assert await statuses(base, "list", "get") == [200, 200]


async def test_a_fault_is_met_once_and_by_its_operation_only() -> None:
    faults = Faults()
    faults.add(BUSY, operation="list")
    async with served(faults) as base:
        assert await statuses(base, "get", "list", "list") == [200, 429, 200]


async def test_a_fault_can_wait_and_can_repeat() -> None:
    faults = Faults()
    faults.add(BUSY, times=2, after=1)
    async with served(faults) as base:
        assert await statuses(base, "list", "list", "list", "list") == [200, 429, 429, 200]


async def test_a_fault_without_end_lasts_until_it_is_cleared() -> None:
    faults = Faults()
    faults.add(BUSY, times=None)
    async with served(faults) as base:
        assert await statuses(base, "a", "b", "c") == [429, 429, 429]
        faults.clear()
        assert await statuses(base, "a") == [200]


async def test_faults_take_turns_in_the_order_in_which_they_were_added() -> None:
    faults = Faults()
    faults.add(BUSY)
    faults.add(Reply(status=500))
    async with served(faults) as base:
        assert await statuses(base, "a", "a", "a") == [429, 500, 200]


@pytest.mark.parametrize("times", [0, -1])
def test_a_fault_for_no_request_is_refused(times: int) -> None:
    with pytest.raises(ValueError, match="1 or more"):
        Faults().add(BUSY, times=times)


async def test_a_reply_is_sent_as_it_was_given() -> None:
    faults = Faults()
    faults.add(Reply(status=200, body=b"<html>", content_type="text/html", headers={"X-Request-Id": "r"}))
    async with served(faults) as base, aiohttp.ClientSession() as session:
        answer = await session.get(base + "list")
        assert (answer.content_type, answer.headers["X-Request-Id"], await answer.read()) == (
            "text/html",
            "r",
            b"<html>",
        )


@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
async def test_a_cut_answer_announces_more_than_it_sends(share: float) -> None:
    faults = Faults()
    faults.add(Cut(share=share))
    async with served(faults) as base, aiohttp.ClientSession() as session:
        async with session.get(base + "list") as answer:
            with pytest.raises(aiohttp.ClientPayloadError):
                await answer.read()
        assert answer.status == 200
        assert answer.content_length == 1012
        assert await statuses(base, "list") == [200]


async def test_a_slow_answer_is_the_real_one_later() -> None:
    faults = Faults()
    faults.add(Slow(seconds=0.1))
    async with served(faults) as base:
        begin = time.monotonic()
        assert await statuses(base, "list") == [200]
    assert time.monotonic() - begin >= 0.1


async def test_a_reply_may_hide_that_the_real_thing_was_done_and_another_hand_comes_in_between() -> None:
    faults, done = Faults(), []
    faults.add(Reply(status=503, done=True), operation="delete")
    faults.add(Reply(status=503), operation="delete")
    faults.afterwards("delete", lambda: done.append("once"))
    faults.afterwards("delete", lambda: done.append("next"))
    async with served(faults) as base:
        assert await statuses(base, "delete") == [503]
        assert done == ["once"]
        assert await statuses(base, "delete", "list") == [503, 200]
        assert done == ["once"], "neither what was not done nor another operation counts"
        assert await statuses(base, "delete", "delete") == [200, 200]
        assert done == ["once", "next"]
