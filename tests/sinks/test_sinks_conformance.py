"""Every kind of sink against real servers: outcomes, bounded time, nothing secret in what it says."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from monitor.fields import SystemClock
from monitor.model import Delivery, Event, EventType, Notification, Outcome, Reason, Receipt, Severity, Text
from monitor.sinks import registry
from monitor.wire import Http, new_session
from tests.kit.until import BUSY

TOKEN = "s3cr3t-Token_99"
MOMENT = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
EVENT = Event(
    seq=1,
    id="e1",
    type=EventType.JOB_FINISHED,
    account="acc",
    subject="job/ft-1",
    revision=1,
    time=MOMENT,
    detected_at=MOMENT,
    severity=Severity.INFO,
    data={"job": {"name": "通义 <b>x</b>"}},
)
DELIVERY = Delivery(
    id="d-1",
    sink="it",
    attempt=1,
    notification=Notification(
        id="n-1",
        rule="job-ended",
        severity=Severity.INFO,
        reason=Reason.NEW,
        text=Text(title="Job 通义 finished", plain="It took 2 h.", markdown="It took **2 h**."),
        created_at=MOMENT,
        events=(EVENT,),
    ),
)
Reply = Callable[[web.Request], Awaitable[web.StreamResponse]]
ADDRESSED = ["alertmanager", "cloudevents", "webhook"]
NETWORKED = ["apprise", *ADDRESSED]


async def _nothing(request: web.Request) -> web.Response:
    return web.json_response([])


@asynccontextmanager
async def served(reply: Reply) -> AsyncIterator[int]:
    """Whoever asks what there is (`alertmanager` does) hears that there is nothing."""
    app = web.Application()
    app.router.add_get("/{path:.*}", _nothing)
    app.router.add_post("/{path:.*}", reply)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


@asynccontextmanager
async def sink_of(kind: str, port: int, *, timeout: str = "2s") -> AsyncIterator[Any]:
    section: dict[str, Any] = {"name": "it", "type": kind, "timeout": timeout}
    if kind in ADDRESSED:
        section["url"] = f"http://user:{TOKEN}@127.0.0.1:{port}/in/{TOKEN}?key={TOKEN}"
    if kind == "apprise":
        section["url"] = f"json://user:{TOKEN}@127.0.0.1:{port}/in/{TOKEN}?-key={TOKEN}"
    async with new_session() as session:
        sink = registry.builder(kind)(registry.options(kind)(**section), Http(session), SystemClock())
        try:
            yield sink
        finally:
            await sink.aclose()


async def attempt(kind: str, reply: Reply, **options: Any) -> Receipt:
    async with served(reply) as port, sink_of(kind, port, **options) as sink:
        receipt: Receipt = await sink.send(DELIVERY)
    assert TOKEN not in repr(receipt)
    assert "/in" not in receipt.detail
    return receipt


def answers(status: int, **headers: str) -> Reply:
    async def reply(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(status=status, headers=headers, text=f"no entry for {TOKEN}")

    return reply


def test_all_kinds_are_found() -> None:
    assert registry.kinds() == ["alertmanager", "apprise", "cloudevents", "file", "log", "webhook"]


@pytest.mark.parametrize("kind", NETWORKED)
@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, Outcome.DELIVERED),
        (201, Outcome.DELIVERED),
        (204, Outcome.DELIVERED),
        (301, Outcome.REFUSED),
        (302, Outcome.REFUSED),
        (307, Outcome.REFUSED),
        (400, Outcome.REFUSED),
        (401, Outcome.REFUSED),
        (404, Outcome.REFUSED),
        (408, Outcome.RETRY),
        (410, Outcome.REFUSED),
        (413, Outcome.REFUSED),
        (425, Outcome.RETRY),
        (429, Outcome.RETRY),
        (500, Outcome.RETRY),
        (503, Outcome.RETRY),
    ],
)
async def test_an_answer_has_one_meaning_for_every_sink(kind: str, status: int, outcome: Outcome) -> None:
    location = {"Location": f"/elsewhere/{TOKEN}"} if 300 <= status < 400 else {}
    receipt = await attempt(kind, answers(status, **location))
    assert receipt.outcome is outcome
    if outcome is not Outcome.DELIVERED:
        assert str(status) in receipt.detail


@pytest.mark.parametrize("kind", NETWORKED)
async def test_a_refused_connection_is_tried_again_for_nothing_was_sent(kind: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        async with sink_of(kind, free.getsockname()[1]) as sink:
            receipt = await sink.send(DELIVERY)
    assert receipt.outcome is Outcome.RETRY
    assert TOKEN not in repr(receipt)


@pytest.mark.parametrize("kind", NETWORKED)
async def test_a_connection_that_is_never_accepted_is_tried_again(kind: str) -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
        try:
            async with sink_of(kind, full.getsockname()[1], timeout="1s") as sink:
                receipt = await sink.send(DELIVERY)
        finally:
            for filler in fillers:
                filler.close()
    assert receipt.outcome is Outcome.RETRY


@pytest.mark.parametrize("kind", NETWORKED)
async def test_a_name_that_does_not_resolve_is_tried_again(kind: str) -> None:
    url = f"{'jsons' if kind == 'apprise' else 'https'}://nowhere.invalid/{TOKEN}"
    options = registry.options(kind)(name="it", type=kind, url=url, timeout="10s")
    async with new_session() as session:
        receipt = await registry.builder(kind)(options, Http(session), SystemClock()).send(DELIVERY)
    assert receipt.outcome is Outcome.RETRY
    assert TOKEN not in repr(receipt)


@pytest.mark.parametrize("kind", NETWORKED)
async def test_silence_after_the_request_is_unknown_and_ends_in_time(kind: str) -> None:
    gone = asyncio.Event()

    async def silent(request: web.Request) -> web.Response:
        await request.read()
        await gone.wait()
        return web.Response()

    began = time.monotonic()
    receipt = await attempt(kind, silent, timeout="1s")
    assert receipt.outcome is Outcome.UNKNOWN
    assert time.monotonic() - began < 5 + BUSY


@pytest.mark.parametrize("kind", NETWORKED)
async def test_a_connection_cut_after_the_request_is_unknown(kind: str) -> None:
    async def cut(request: web.Request) -> web.Response:
        await request.read()
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    assert (await attempt(kind, cut)).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("kind", NETWORKED)
async def test_an_answer_that_is_cut_short_is_unknown(kind: str) -> None:
    async def cut(request: web.Request) -> web.StreamResponse:
        await request.read()
        answer = web.StreamResponse()
        answer.content_length = 100
        await answer.prepare(request)
        await answer.write(b"half")
        assert request.transport is not None
        request.transport.close()
        return answer

    assert (await attempt(kind, cut)).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("kind", NETWORKED)
async def test_what_a_chat_in_chinese_and_hostile_names_say_arrives_as_it_was(kind: str) -> None:
    hostile = "</p><script>alert(1)</script> *_`[x](http://e)`_* \\n \u202e 任务“微调” %00 ${env:HOME} :smile: 😀 {{7}}"
    text = Text(title=f"标题 {hostile}", plain=f"{hostile}\n第二行\n", markdown="unused")
    named = replace(EVENT, data={"job": {"name": hostile}})
    hard = replace(DELIVERY, notification=replace(DELIVERY.notification, text=text, events=(named,)))
    got: list[Any] = []

    async def keep(request: web.Request) -> web.Response:
        got.append(json.loads(await request.read()))
        return web.Response()

    async with served(keep) as port, sink_of(kind, port) as sink:
        if kind == "apprise":  # json:// takes Markdown as well as plain text: what is sent is the Markdown
            hard = replace(hard, notification=replace(hard.notification, text=replace(text, markdown=text.plain)))
        assert (await sink.send(hard)).outcome is Outcome.DELIVERED
    readers: dict[str, Callable[[Any], list[str]]] = {
        "apprise": lambda got: [got["title"], got["message"].rstrip() + "\n"],
        "webhook": lambda got: [got["title"], got["body"]],
        "cloudevents": lambda got: [text.title, f"{got['data']['job']['name']}\n第二行\n"],
        "alertmanager": lambda got: [got[0]["annotations"]["summary"], got[0]["annotations"]["description"]],
    }
    assert readers[kind](got[-1]) == [text.title, text.plain]


async def test_the_log_writes_one_line_with_the_message(capsys: pytest.CaptureFixture[str]) -> None:
    async with sink_of("log", 0) as sink:
        receipt = await sink.send(DELIVERY)
    assert receipt.outcome is Outcome.DELIVERED
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1
    for word in ("notification", "job-ended", "d-1", "Job 通义 finished"):
        assert word in lines[0]


@pytest.mark.parametrize("kind", NETWORKED)
async def test_forty_sends_at_once_all_get_their_own_receipt(kind: str) -> None:
    count = 0

    async def every_second_fails(request: web.Request) -> web.Response:
        nonlocal count
        count += 1
        mine = count  # others come in while the body is read
        await request.read()
        return web.Response(status=200 if mine % 2 else 503)

    async with served(every_second_fails) as port, sink_of(kind, port, timeout="10s") as sink:
        limit = asyncio.Semaphore(4)

        async def one(number: int) -> Outcome:
            async with limit:
                return (await sink.send(replace(DELIVERY, id=f"d-{number}"))).outcome

        outcomes = await asyncio.gather(*(one(number) for number in range(40)))
    assert sorted(outcomes) == [Outcome.DELIVERED] * 20 + [Outcome.RETRY] * 20


async def asked(reply: Reply, **options: Any) -> Receipt:
    """Of an `alertmanager` whose server answers so already when it is asked for the alerts that it has."""
    app = web.Application()
    app.router.add_get("/{path:.*}", reply)
    async with (
        TestServer(app, host="127.0.0.1") as server,
        sink_of("alertmanager", server.port or 0, **options) as sink,
    ):
        receipt: Receipt = await sink.send(DELIVERY)
    assert TOKEN not in repr(receipt)
    return receipt


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (302, "", Outcome.REFUSED),
        (401, "", Outcome.REFUSED),
        (404, "", Outcome.REFUSED),
        (429, "", Outcome.RETRY),
        (503, "", Outcome.RETRY),
        (200, "<html>hello</html>", Outcome.RETRY),
        (200, "{}", Outcome.RETRY),
        (200, '[{"labels": null}]', Outcome.RETRY),
        (200, '[{"labels": {}, "startsAt": "soon"}]', Outcome.RETRY),
        (200, '[{"labels": {}, "startsAt": "2026-11-21T00:00:00"}]', Outcome.RETRY),
        (200, '[{"labels": {}, "startsAt": "0001-01-01T00:00:00+23:59"}]', Outcome.RETRY),
        (200, '[{"a":' + "[" * 100_000, Outcome.RETRY),
    ],
)
async def test_alerts_that_cannot_be_looked_up_are_never_taken_for_none(
    status: int, body: str, outcome: Outcome
) -> None:
    async def reply(request: web.Request) -> web.Response:
        return web.Response(status=status, text=body, headers={"Location": f"/{TOKEN}"} if status == 302 else {})

    assert (await asked(reply)).outcome is outcome


async def test_silence_on_the_question_for_alerts_changed_nothing_and_is_no_possible_repeat() -> None:
    async def cut(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    assert (await asked(cut)).outcome is Outcome.RETRY
