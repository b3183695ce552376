"""What systemd hears of the daemon, and that its watchdog is fed only while every loop lives."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any, cast

import anyio
import pytest

from monitor.app.liveness import PROBE_PATIENCE, Liveness
from monitor.app.status import SAY_EVERY, Supervision, status_line
from monitor.app.systemd import Systemd
from monitor.emulation import Reply
from monitor.fields import Clock
from monitor.fields.pulse import Pulse
from monitor.polling.loop import PATIENCE
from monitor.providers import registry
from monitor.store import Store, open_store
from monitor.store.sink_health import SinkHealth, save_sink_health
from tests.kit.clock import VirtualClock
from tests.kit.living import living
from tests.kit.platforms import model_studio
from tests.kit.rig import rigged
from tests.kit.until import until

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


class Ear:
    """The other end of $NOTIFY_SOCKET."""

    def __init__(self, address: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(address)
        self._socket.setblocking(False)

    def heard(self) -> list[str]:
        """Every message since the last look."""
        messages = []
        while True:
            try:
                messages.append(self._socket.recv(65536).decode())
            except BlockingIOError:
                return messages

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(params=["path", "abstract"])
def ear(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Ear, dict[str, str]]]:
    path = request.param == "path"
    name = str(tmp_path / "notify") if path else f"training-monitor-test-{os.getpid()}"
    made = Ear(name if path else f"\0{name}")
    yield made, {"NOTIFY_SOCKET": name if path else f"@{name}"}
    made.close()


def test_every_state_is_one_message_with_its_status(ear: tuple[Ear, dict[str, str]]) -> None:
    heard, environ = ear
    systemd = Systemd(environ)
    before = time.monotonic_ns() // 1000
    systemd.ready("all is well")
    systemd.reloading()
    systemd.status("two\nlines")
    systemd.alive()
    systemd.stopping("SIGTERM")
    ready, reloading, status, alive, stopping = heard.heard()
    assert ready == "READY=1\nSTATUS=all is well"
    assert reloading.startswith("RELOADING=1\nMONOTONIC_USEC=")
    assert before <= int(reloading.splitlines()[1].partition("=")[2]) <= time.monotonic_ns() // 1000
    assert (status, alive) == ("STATUS=two lines", "WATCHDOG=1")
    assert stopping == "STOPPING=1\nSTATUS=Stopping (SIGTERM)"


@pytest.mark.parametrize("environ", [None, {}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "vsock:1:2"}])
def test_without_systemd_nothing_happens(environ: dict[str, str] | None) -> None:
    systemd = Systemd(environ)
    systemd.ready("nobody hears")
    assert not systemd.listening


def test_a_socket_that_is_gone_costs_nothing_but_the_message(tmp_path: Path) -> None:
    systemd = Systemd({"NOTIFY_SOCKET": str(tmp_path / "gone")})
    systemd.ready("nobody hears")
    assert systemd.listening


@pytest.mark.parametrize(
    ("environ", "every"),
    [
        ({"WATCHDOG_USEC": "60000000"}, 30.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": str(os.getpid())}, 30.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_the_watchdog_is_fed_at_half_of_its_time_where_it_is_ours(environ: dict[str, str], every: float | None) -> None:
    assert Systemd({"NOTIFY_SOCKET": "/run/systemd/notify"} | environ).watchdog_every == every
    assert Systemd(environ).watchdog_every is None


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({}, "stop it and start it again"),
        ({"INVOCATION_ID": "0123", "SYSTEMD_EXEC_PID": "1"}, "stop it and start it again"),  # a terminal's own unit
        ({"SYSTEMD_EXEC_PID": str(os.getpid())}, "systemctl restart training-monitor"),
        ({"NOTIFY_SOCKET": "@notify"}, "systemctl restart training-monitor"),
    ],
)
def test_it_knows_who_starts_it_anew(environ: dict[str, str], words: str) -> None:
    assert Systemd(environ).restart == words


@pytest.mark.parametrize(
    ("facts", "line"),
    [
        ({}, "0 accounts, 0 active jobs, no good poll yet, 0 messages waiting"),
        (
            {"accounts": 3, "active": 12, "waiting": 2, "last_good": NOON - timedelta(seconds=8)},
            "3 accounts, 12 active jobs, last good poll 8 s ago, 2 messages waiting",
        ),
        (
            {"held": ["team"]},
            "0 accounts, 0 active jobs, no good poll yet, 0 messages waiting; team takes no messages",
        ),
        (
            {"troubles": ["a/jobs is unreachable: x"], "held": ["a", "b", "c", "d"]},
            "0 accounts, 0 active jobs, no good poll yet, 0 messages waiting; a/jobs is unreachable; "
            "a, b, c and 1 more sink take no messages",
        ),
        (
            {"accounts": 1, "active": 1, "waiting": 1, "last_good": NOON, "troubles": ["a/jobs is unauthorized: why"]},
            "1 account, 1 active job, last good poll 0 s ago, 1 message waiting; a/jobs is unauthorized",
        ),
        (
            {"troubles": ["a/jobs is unreachable: x", "b/jobs is unreachable: y", "routing"]},
            "0 accounts, 0 active jobs, no good poll yet, 0 messages waiting; a/jobs is unreachable and 2 more",
        ),
    ],
)
def test_the_status_says_something(facts: dict[str, Any], line: str) -> None:
    plain: dict[str, Any] = {"accounts": 0, "active": 0, "waiting": 0, "last_good": None, "troubles": []}
    assert status_line(now=NOON, **(plain | facts)) == line


class Stepped(VirtualClock):
    """Goes on only when the test lets it: whoever sleeps waits for `advance`."""

    async def sleep(self, seconds: float) -> None:
        end = self._monotonic + seconds
        while self._monotonic < end:
            await anyio.sleep(0.001)


async def test_the_line_names_a_sink_that_is_held_back(ear: tuple[Ear, dict[str, str]], tmp_path: Path) -> None:
    now = datetime.now(UTC)
    later = now + timedelta(minutes=4)
    held = SinkHealth(sink="team", since=now, probe_at=later, failures=9, messages=2, detail="answered 503")
    store = await open_store("sqlite:monitor.db", state_dir=tmp_path, lock=True)
    for health in (held, SinkHealth(sink="mail", since=now, failures=1, messages=1)):
        await store.write(partial(save_sink_health, health=health))
    await store.aclose()
    account = {"name": "llm", "provider": "model-studio", "api_key": "k", "endpoint": "http://127.0.0.1:9/api/v1"}
    sinks = [{"name": name, "type": "webhook", "url": "http://127.0.0.1:9/x"} for name in ("mail", "team")]
    config = {"state_dir": str(tmp_path), "http": {"listen": "off"}, "control": {"socket": "off"}, "sinks": sinks}
    config["accounts"] = [{**account, "jobs": {}}]
    async with living(tmp_path, config, systemd=Systemd(ear[1])):
        pass
    (ready,) = [each for each in ear[0].heard() if each.startswith("READY=1\n")]
    assert ready.splitlines()[1].endswith("0 messages waiting; team takes no messages")


async def test_a_watch_that_hangs_starves_the_watchdog_and_one_that_comes_back_feeds_it(
    ear: tuple[Ear, dict[str, str]],
) -> None:
    heard, environ = ear
    clock = Stepped()
    live, pulse = Liveness(clock), Pulse(clock, patience=120)

    async def says() -> str:
        return f"dead: {live.dead()}"

    supervision = Supervision(
        Systemd(environ | {"WATCHDOG_USEC": "60000000"}), live, clock, status=says, troubles=tuple
    )
    async with anyio.create_task_group() as group:
        live.start(group, "polling", anyio.sleep_forever, hung=lambda: ["polling a/jobs"] if pulse.missed() else [])
        group.start_soon(supervision.run)

        async def after(seconds: int) -> list[str]:
            messages = []
            for _ in range(seconds):
                clock.advance(1)
                await anyio.sleep(0.01)
                messages += heard.heard()
            return messages

        pulse.beat()
        fed = await after(65)
        assert fed.count("WATCHDOG=1") >= 2
        assert "STATUS=dead: []" in fed
        starved = await after(120)
        assert "WATCHDOG=1" not in starved[-2:]
        assert "STATUS=dead: ['polling a/jobs']" in starved, "a trouble is said before its half minute"
        assert await after(20) == [], "nothing is fed, and nothing new to be said"
        pulse.beat(pause=SAY_EVERY)
        assert "WATCHDOG=1" in await after(2), "one that comes back in time is forgiven at once"
        group.cancel_scope.cancel()


def test_a_pulse_is_missed_after_its_pause_and_patience_and_not_while_something_is_known_to_hold_it() -> None:
    clock = VirtualClock()
    pulse = Pulse(clock, patience=10)
    clock.advance(10_000)
    assert not pulse.missed(), "before the first beat nothing is expected"
    pulse.beat(pause=30)
    clock.advance(40)
    assert not pulse.missed()
    clock.advance(1)
    assert pulse.missed()
    assert not pulse.missed(but=clock.monotonic() - 10)
    pulse.beat()
    assert not pulse.missed()


async def test_a_loop_that_ended_is_dead_and_one_that_was_meant_to_end_is_not() -> None:
    live = Liveness(VirtualClock())

    async def ends() -> None:
        return None

    async with anyio.create_task_group() as group:
        for name in ("polling", "routing"):
            live.start(group, name, ends)
        live.forget("routing")
        assert live.dead() == []
    assert live.dead() == ["polling"]


async def test_a_writer_that_hangs_is_dead_and_one_that_comes_back_is_not(tmp_path: Path) -> None:
    clock = VirtualClock()
    live = Liveness(cast(Clock, clock))
    store: Store = await open_store("sqlite:monitor.db", state_dir=tmp_path, lock=True)
    stuck, held = Event(), Event()

    def hang(conn: object) -> None:
        held.set()
        stuck.wait(30)

    try:
        async with anyio.create_task_group() as group:
            group.start_soon(store.write, cast(Callable[[Any], None], hang))
            await until(held.is_set)
            group.start_soon(live.probe, store)
            await anyio.sleep(0.05)
            assert live.dead() == []
            clock.advance(PROBE_PATIENCE + 1)
            assert live.dead() == ["the store's writer"]
            stuck.set()
            await until(lambda: live.dead() == [])
            group.cancel_scope.cancel()
    finally:
        stuck.set()
        await store.aclose()


async def test_a_poll_that_waits_for_its_platform_is_no_hang_and_one_that_nobody_answers_is(tmp_path: Path) -> None:
    emulator = registry.emulator("model-studio")(clock := VirtualClock(), autoplay=False)
    async with rigged(model_studio(), {"model-studio": emulator}, clock) as rig, rig.running():
        (loop,) = rig.loops
        loop.pulse.beat()
        clock.advance(PATIENCE + 1)
        assert rig.poller.hung() == ["polling llm/jobs"]
        await loop.turn()
        assert rig.poller.hung() == [], "an answer is a sign of life"
        emulator.faults.add(Reply(status=429, headers={"Retry-After": "3600"}))
        await loop.turn()
        clock.advance(3600 + PATIENCE - 1)
        assert rig.poller.hung() == [], "the platform asked for the wait"
        clock.advance(2)
        assert rig.poller.hung() == ["polling llm/jobs"]
