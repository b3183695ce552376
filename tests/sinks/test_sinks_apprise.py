"""What only the `apprise` sink has: threads that may hang, URLs that may be wrong, options that would fool delivery."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web

from monitor.fields import Secret, SystemClock
from monitor.model import Delivery, Notification, Outcome, Reason, Severity, Text
from monitor.sinks.apprise import sink as apprise_sink
from monitor.sinks.apprise.options import Options
from monitor.sinks.apprise.verdict import judge, scrub
from monitor.sinks.threads import Full, Stuck, Threads
from monitor.wire import Http, new_session
from tests.kit.until import BUSY

Reply = Callable[[web.Request], Awaitable[web.StreamResponse]]


def message(title: str = "t", plain: str = "plain", markdown: str = "**rich**", severity: str = "info") -> Delivery:
    said = Notification(
        id="n-1",
        rule="r",
        severity=Severity(severity),
        reason=Reason.NEW,
        text=Text(title=title, plain=plain, markdown=markdown),
        created_at=datetime(2026, 11, 20, tzinfo=UTC),
        events=(),
    )
    return Delivery(id="d-1", sink="it", attempt=1, notification=said)


@asynccontextmanager
async def made(url: str, **more: Any) -> AsyncIterator[Any]:
    async with new_session() as session:
        options = Options(name="it", type="apprise", url=url, **more)
        sink = apprise_sink.build(options, Http(session), SystemClock())
        yield sink
        await sink.aclose()


@asynccontextmanager
async def served(reply: Reply) -> AsyncIterator[int]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", reply)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


def keeper(got: list[dict[str, Any]], status: int = 200) -> Reply:
    async def keep(request: web.Request) -> web.Response:
        got.append(await request.json())
        return web.Response(status=status)

    return keep


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("hidden", "is no Apprise URL"),
        ("hidden://secret", "check what hidden:// needs"),
        ("slack://hidden", "check what slack:// needs"),
        ("json://hidden, json://hidden2", "more than one"),
        ("json://a/hidden json://b", "more than one"),
    ],
)
async def test_a_wrong_url_is_an_error_at_build_that_does_not_show_it(
    url: str, words: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        async with made(url):
            pass
    assert "hidden" not in str(caught.value).replace("hidden://", "")
    captured = capfd.readouterr()
    assert captured.out + captured.err == ""


async def test_an_unresolved_secret_is_told_by_its_name() -> None:
    options = Options(name="it", type="apprise", url=Secret("", missing="SLACK_URL is not set"))
    async with new_session() as session:
        with pytest.raises(LookupError, match="SLACK_URL is not set"):
            apprise_sink.build(options, Http(session), SystemClock())


def test_apprise_is_not_loaded_before_a_sink_needs_it() -> None:
    code = (
        "import sys; from monitor.sinks import registry; registry.options('apprise'); registry.builder('apprise');"
        "sys.exit('apprise' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


async def test_severity_and_the_rich_text_reach_a_service_that_takes_markdown() -> None:
    got: list[dict[str, Any]] = []
    async with served(keeper(got)) as port, made(f"json://127.0.0.1:{port}/") as sink:
        for severity in ("info", "warning", "critical"):
            await sink.send(message(severity=severity))
    assert [each["type"] for each in got] == ["info", "warning", "failure"]
    assert {each["message"] for each in got} == {"**rich**"}


async def test_a_service_that_takes_only_text_gets_the_plain_one() -> None:
    got: list[dict[str, Any]] = []
    async with served(keeper(got)) as port, made(f"json://127.0.0.1:{port}/?format=text") as sink:
        await sink.send(message())
    assert got[0]["message"] == "plain"


async def test_a_title_that_becomes_part_of_markdown_stays_what_it_says() -> None:
    got: list[dict[str, Any]] = []
    async with served(keeper(got)) as port, made(f"rocket://hook/token@127.0.0.1:{port}/#room") as sink:
        receipt = await sink.send(message(title="Job [x](http://evil) *bold* ended", markdown="**rich**"))
    assert receipt.outcome is Outcome.DELIVERED
    assert got[0]["text"].splitlines() == [r"# Job \[x\](http://evil) \*bold\* ended", "**rich**"]


@pytest.mark.parametrize("trick", ["optional=yes", "retry=5&wait=0"])
async def test_the_url_cannot_hide_a_failure_or_retry_by_itself(trick: str) -> None:
    got: list[dict[str, Any]] = []
    async with served(keeper(got, 500)) as port, made(f"json://127.0.0.1:{port}/?{trick}") as sink:
        receipt = await sink.send(message())
    assert receipt.outcome is Outcome.RETRY
    assert len(got) == 1


async def test_an_empty_body_is_sent_as_its_title() -> None:
    got: list[dict[str, Any]] = []
    async with served(keeper(got)) as port, made(f"json://127.0.0.1:{port}/") as sink:
        assert (await sink.send(message(plain="", markdown=""))).outcome is Outcome.DELIVERED
    assert got[0]["message"] == "t"


async def test_a_long_text_arrives_whole_in_pieces() -> None:
    got: list[dict[str, Any]] = []
    text = "\n".join(f"第 {n} 行 line" for n in range(6000))
    async with served(keeper(got)) as port, made(f"json://127.0.0.1:{port}/?format=text") as sink:
        assert (await sink.send(message(plain=text))).outcome is Outcome.DELIVERED
    assert len(got) > 1
    whole = "\n".join(each["message"] for each in got)
    assert all(f"第 {n} 行 line" in whole for n in (0, 3000, 5999))


async def test_a_thread_that_hangs_keeps_its_slot_until_it_is_back() -> None:
    release = asyncio.Event()

    async def trickle(request: web.Request) -> web.StreamResponse:
        await request.read()
        answer = web.StreamResponse()
        await answer.prepare(request)
        while not release.is_set():  # a byte now and then: no time-out of the network ever ends this
            await answer.write(b".")
            await asyncio.sleep(0.05)
        return answer

    async with served(trickle) as port, made(f"json://127.0.0.1:{port}/", timeout="1s") as sink:
        sending = asyncio.create_task(sink.send(message()))
        done, _ = await asyncio.wait({sending}, timeout=1.5)
        assert not done, "the slot was freed at the time-out, though its thread was not back"
        release.set()
        assert (await sending).outcome is Outcome.DELIVERED


async def test_a_send_past_the_hard_limit_is_unknown_and_with_all_threads_stuck_nothing_is_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(apprise_sink, "HARD_LIMIT", 0.2)
    monkeypatch.setattr(apprise_sink, "THREADS", 1)
    release = asyncio.Event()

    async def stuck(request: web.Request) -> web.Response:
        await request.read()
        await release.wait()
        return web.Response()

    async with (
        served(stuck) as port,
        made(f"json://127.0.0.1:{port}/hidden", timeout="2s", concurrency=1) as sink,
    ):
        first, second = await sink.send(message()), await sink.send(message())
        release.set()
    assert (first.outcome, first.detail) == (
        Outcome.UNKNOWN,
        "JSON did not end within 0.4 s; its thread was left behind",
    )
    assert second.outcome is Outcome.RETRY
    assert "nothing was sent" in second.detail


async def test_what_is_not_back_at_the_hard_limit_is_unknown_and_stuck_threads_are_bounded() -> None:
    release = threading.Event()
    threads = Threads("it", 2)
    try:
        for _ in range(2):
            with pytest.raises(Stuck):
                await threads.call(release.wait, hard_limit=0.05)
        with pytest.raises(Full):
            await threads.call(release.wait, hard_limit=0.05)
    finally:
        release.set()
    for _ in range(200):
        try:
            assert await threads.call(lambda: 7, hard_limit=5) == 7
            break
        except Full:
            await asyncio.sleep(0.01)
    else:
        pytest.fail("a thread that came back late did not free its place")


async def test_twelve_stuck_sends_of_one_sink_do_not_delay_another() -> None:
    release = asyncio.Event()

    async def reply(request: web.Request) -> web.Response:
        await request.read()
        if request.path.startswith("/stuck"):
            await release.wait()
        return web.Response()

    async with (
        served(reply) as port,
        made(f"json://127.0.0.1:{port}/stuck", timeout="20s", concurrency=12) as stuck,
        made(f"json://127.0.0.1:{port}/fine") as fine,
    ):
        waiting = [asyncio.create_task(stuck.send(message())) for _ in range(12)]
        while threading.active_count() < 12:
            await asyncio.sleep(0.01)
        began = time.monotonic()
        assert (await fine.send(message())).outcome is Outcome.DELIVERED
        assert time.monotonic() - began < 2 + BUSY
        release.set()
        assert {(await each).outcome for each in waiting} == {Outcome.DELIVERED}


def test_a_stuck_thread_does_not_keep_the_process_from_ending() -> None:
    code = """
import asyncio, time
from monitor.sinks.threads import Threads, Stuck
async def main():
    try:
        await Threads("it", 1).call(lambda: time.sleep(60), hard_limit=0.05)
    except Stuck:
        print("left")
asyncio.run(main())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "left\n"


def test_nothing_of_the_url_reaches_any_log_even_at_debug() -> None:
    code = """
import logging
from monitor.fields import Secret
from monitor.sinks.apprise.service import Service
from tests.kit.messages import deliveries
logging.basicConfig(level=logging.DEBUG)
service = Service(Secret("json://127.0.0.1:9/hidden-path?-k=hidden-key"), 1)
print(service.send(deliveries()[0], set()).outcome)
for wrong in ("slack://hidden", "hidden-words"):
    try:
        Service(Secret(wrong), 1)
    except ValueError:
        print("refused")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "retry\nrefused\nrefused\n"
    assert "hidden" not in done.stderr


@pytest.mark.parametrize(
    ("warnings", "causes", "outcome"),
    [
        (["Failed to send: error=404."], [], Outcome.REFUSED),
        (["Failed: Forbidden, error=403.", "Failed: error=500."], [], Outcome.RETRY),
        (["Failed: Too many, error=429."], [], Outcome.RETRY),
        (["Sending failed"], ["Socket Exception: (550, b'no such user')"], Outcome.REFUSED),
        (["Sending failed"], ["Socket Exception: (451, b'try later')"], Outcome.RETRY),
        (["A Connection error"], ["Socket Exception: [Errno 111] Connection refused"], Outcome.RETRY),
        (["A Connection error"], ["Socket Exception: Read timed out. (read timeout=4)"], Outcome.UNKNOWN),
        (["A Connection error"], ["Socket Exception: Connection to h timed out. (connect timeout=4)"], Outcome.RETRY),
        (["A Connection error"], ["Socket Exception: Connection unexpectedly closed"], Outcome.UNKNOWN),
        (["service raised an exception."], ["Notification Exception: boom"], Outcome.RETRY),
        ([], [], Outcome.RETRY),
    ],
)
def test_log_lines_are_read_for_the_outcome(warnings: list[str], causes: list[str], outcome: Outcome) -> None:
    assert judge("Mail", warnings, causes, "json://h").outcome is outcome


def test_every_piece_of_the_url_is_taken_out_of_a_text() -> None:
    url = "mailtos://ann:p%40ss@mail.example.org:587/room?key=T0ken&x=y"
    text = scrub(f"could not log in at mail.example.org as ANN with p@ss or p%40ss\n for {url}, T0ken", url)
    assert not any(piece in text.lower() for piece in ("ann", "p@ss", "p%40ss", "mail.example", "t0ken", "587"))
    assert "could not log in" in text
