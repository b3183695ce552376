"""The heartbeat over real HTTP and on a clock of the test's own: when it goes out, when not, and what is said of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest
from aiohttp import web
from structlog.testing import capture_logs

from monitor.app.heartbeat import Heartbeat
from monitor.settings.heartbeat import HeartbeatOptions
from monitor.telemetry.metrics import Metrics
from monitor.wire import Http, new_session
from tests.kit.outbox import SteppedClock, eventually

TOKEN = "0b8c-secret-of-the-switch"


class Switch:
    """A dead man's switch: keeps what it was asked, answers 200 `OK` unless `answers` says otherwise."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.answers: list[Callable[[], Awaitable[web.Response]]] = []
        self.port = 0

    async def take(self, request: web.Request) -> web.StreamResponse:
        self.asked.append((request.method, request.path_qs))
        return await (self.answers.pop(0) if self.answers else says(200, "OK"))()


def says(status: int, body: str = "", **headers: str) -> Callable[[], Awaitable[web.Response]]:
    async def answer() -> web.Response:
        return web.Response(status=status, text=body, headers=headers)

    return answer


class Scene:
    """`held` is what speaks against a heartbeat; None: it raises."""

    def __init__(self, switch: Switch, http: Http) -> None:
        self.switch = switch
        self.clock = SteppedClock()
        self.metrics = Metrics()
        self.ending = anyio.Event()
        self.held: list[str] | None = []
        self.looks = 0
        url: Any = f"http://127.0.0.1:{switch.port}/ping/{TOKEN}?rid=1"
        self.options: HeartbeatOptions | None = HeartbeatOptions(url=url, every="5m")  # type: ignore[arg-type]
        self.heart = Heartbeat(
            lambda: self.options, http, self.clock, self.look, ending=self.ending, meter=self.metrics
        )

    async def look(self) -> list[str]:
        self.looks += 1
        if self.held is None:
            raise ValueError(TOKEN)
        return self.held

    async def passes(self, seconds: float, step: float = 1.0) -> None:
        """So much time passes; whatever wakes is let run to its next sleep."""
        for _ in range(int(seconds / step)):
            self.clock.advance(step)
            await anyio.wait_all_tasks_blocked()

    def counted(self) -> dict[str, float]:
        family = next(f for f in self.metrics.collect() if f.name == "training_monitor_heartbeats")
        return {sample.labels["outcome"]: sample.value for sample in family.samples}


@asynccontextmanager
async def scene(held: str | None = None) -> AsyncIterator[Scene]:
    switch = Switch()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", switch.take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.05)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    switch.port = runner.addresses[0][1]
    try:
        async with new_session(connections=1) as session, anyio.create_task_group() as group:
            made = Scene(switch, Http(session))
            made.held = [] if held is None else [held]
            group.start_soon(made.heart.run)
            yield made
            group.cancel_scope.cancel()
    finally:
        await runner.cleanup()


async def settled(on: Scene, **counts: float) -> None:
    """Waits until the counter says so: the sign goes over a real connection."""
    await eventually(lambda: {key: value for key, value in on.counted().items() if value} == counts)


async def test_a_quiet_system_sends_it_as_often_as_the_config_says_and_exactly_as_the_url_stands() -> None:
    async with scene() as on:
        await settled(on, sent=1)
        await on.passes(299)
        assert len(on.switch.asked) == 1
        await on.passes(1)
        await settled(on, sent=2)
        state = on.heart.state()
    assert on.switch.asked == [("GET", f"/ping/{TOKEN}?rid=1")] * 2
    assert state is not None
    assert (state.every, state.at, state.held, state.failure) == (300.0, on.clock.now(), (), None)
    assert on.heart.troubles() == []


async def test_what_speaks_against_it_holds_it_back_and_is_said_once_and_so_is_the_end() -> None:
    with capture_logs() as logs:
        async with scene() as on:
            await settled(on, sent=1)
            on.held = ["llm/jobs was last seen 12m ago", "rules have not looked at an event for 1h"]
            await on.passes(300)
            assert len(on.switch.asked) == 1
            assert logs == [], "a moment is not worth a word"
            await on.passes(600, step=10)
            assert len(on.switch.asked) == 1
            assert on.heart.troubles() == ["the heartbeat is held back: llm/jobs was last seen 12m ago, and 1 more"]
            on.held = []
            await on.passes(30)
            await settled(on, sent=2, withheld=21)
            await on.passes(300)
            await settled(on, sent=3, withheld=21)
    assert [(line["log_level"], line["event"]) for line in logs] == [
        ("warning", "the heartbeat is held back"),
        ("info", "the heartbeat is sent again"),
    ]
    assert logs[0]["count"] == 2


async def test_right_after_a_start_what_holds_it_back_is_soon_over_and_not_worth_a_word() -> None:
    with capture_logs() as logs:
        async with scene(held="llm/jobs was not polled well yet") as on:
            await settled(on, withheld=1)
            await on.passes(4)
            assert on.heart.troubles() == ["the heartbeat is held back: llm/jobs was not polled well yet"]
            on.held = []
            await on.passes(2)
            await settled(on, sent=1, withheld=3)
            assert on.heart.troubles() == []
        assert logs == []
        async with scene(held="llm/jobs was not polled well yet") as on:
            await settled(on, withheld=1)
            await on.passes(29)
            assert logs == []
            await on.passes(2)
            assert [line["event"] for line in logs] == ["the heartbeat is held back"]
            looks = on.looks
            await on.passes(29)
            assert on.looks - looks <= 1, "what lasts is looked at every half minute"


@pytest.mark.parametrize(
    ("answer", "tries", "said"),
    [
        (says(503), 3, "answered 503"),
        (says(429), 3, "answered 429"),
        (says(404, "(not found)"), 1, "answered 404"),
        (says(200, "OK (not found)"), 1, "answered 200, but that nobody waits for this heartbeat"),
        (says(200, '{"ok": false, "msg": "x"}'), 1, "answered 200, but that nobody waits for this heartbeat"),
        (says(200, '{"ok": true}'), 1, None),
        (says(200, "{"), 1, None),
        (says(204), 1, None),
    ],
)
async def test_an_answer_decides_whether_it_arrived_and_whether_another_try_helps(
    answer: Callable[[], Awaitable[web.Response]], tries: int, said: str | None
) -> None:
    with capture_logs() as logs:
        async with scene() as on:
            on.switch.answers = [answer] * 3
            while len([1 for value in on.counted().values() if value]) == 0:
                await on.passes(1)
                await anyio.sleep(0.005)
            state = on.heart.state()
    assert len(on.switch.asked) == tries
    assert state is not None
    assert state.failure == said
    assert [line["event"] for line in logs] == ([] if said is None else ["the heartbeat does not arrive"])
    assert TOKEN not in repr(logs) + repr(state)


async def test_a_try_that_fails_is_made_again_within_the_period_and_nobody_hears_of_it() -> None:
    with capture_logs() as logs:
        async with scene() as on:
            on.switch.answers = [says(502)]
            await eventually(lambda: on.switch.asked)
            while not on.counted()["sent"]:
                await on.passes(1)
                await anyio.sleep(0.005)
            assert on.clock.monotonic() - 1000 < 20
    assert len(on.switch.asked) == 2
    assert logs == []


async def test_a_redirect_is_not_followed_and_takes_nothing_elsewhere() -> None:
    async with scene() as on:
        on.switch.answers = [says(302, Location=f"http://127.0.0.1:{on.switch.port}/x")] * 3
        while not on.counted()["failed"]:
            await on.passes(1)
            await anyio.sleep(0.005)
        state = on.heart.state()
    assert {path for _, path in on.switch.asked} == {f"/ping/{TOKEN}?rid=1"}
    assert state is not None
    assert state.failure == "answered 302, a redirect; set `heartbeat.url` to where it leads"


async def test_a_switch_that_is_away_costs_one_line_however_long_it_is_away() -> None:
    with capture_logs() as logs:
        async with scene() as on:
            on.switch.answers = [says(503)] * 9
            while on.counted()["failed"] < 3:
                await on.passes(10, step=10)
                await anyio.sleep(0.005)
            assert on.heart.troubles() == ["the heartbeat does not arrive: answered 503"]
            while not on.counted()["sent"]:
                await on.passes(10, step=10)
                await anyio.sleep(0.005)
    assert [line["event"] for line in logs] == ["the heartbeat does not arrive", "the heartbeat is sent again"]


async def test_a_switch_that_hangs_is_left_after_a_quarter_of_the_period(monkeypatch: pytest.MonkeyPatch) -> None:
    async def hang() -> web.Response:
        await anyio.sleep(3600)
        return web.Response()

    monkeypatch.setattr("monitor.app.heartbeat.TRIES", (0.0,))
    async with scene() as on:
        on.options = HeartbeatOptions(url=on.options.url, every="4s")  # type: ignore[union-attr,arg-type]
        on.heart.changed.ring()
        await settled(on, sent=1)
        on.switch.answers = [hang]
        await on.passes(4)
        await settled(on, sent=1, failed=1)
        state = on.heart.state()
    assert state is not None
    assert state.failure is not None
    assert state.failure.endswith("did not answer in time")


async def test_from_the_moment_that_the_end_is_asked_for_nothing_is_sent() -> None:
    async with scene() as on:
        await settled(on, sent=1)
        on.ending.set()
        await on.passes(900, step=10)
        assert len(on.switch.asked) == 1
        assert on.looks == 1


async def test_a_reload_gives_it_another_address_or_ends_it_and_leaves_one_that_stays_its_rhythm() -> None:
    async with scene() as on:
        await settled(on, sent=1)
        await on.passes(100)
        on.heart.changed.ring()
        await on.passes(100)
        assert len(on.switch.asked) == 1, "nothing about it changed"
        url: Any = f"http://127.0.0.1:{on.switch.port}/other"
        on.options = HeartbeatOptions(url=url, every="1m")  # type: ignore[arg-type]
        on.heart.changed.ring()
        await eventually(lambda: len(on.switch.asked) == 2)
        on.options = None
        on.heart.changed.ring()
        await eventually(lambda: on.heart.state() is None)
        await on.passes(900, step=10)
    assert [path for _, path in on.switch.asked] == [f"/ping/{TOKEN}?rid=1", "/other"]
    assert on.heart.troubles() == []


async def test_a_look_that_breaks_holds_it_back_and_ends_nothing() -> None:
    with capture_logs() as logs:
        async with scene() as on:
            await settled(on, sent=1)
            on.held = None
            await on.passes(300)
            assert on.heart.troubles() == ["the heartbeat is held back: this program failed (ValueError)"]
            on.held = []
            await on.passes(30)
            await settled(on, sent=2, withheld=1)
    assert logs[0]["event"] == "the heartbeat broke; this is a bug"
