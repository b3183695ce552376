"""The level of a line says who must act: error a person, warning nobody yet, info a change; what is well is silent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
from structlog.testing import capture_logs

from monitor.delivery import Outbox, SinkEntry
from monitor.emulation import Reply
from monitor.fields.bell import Bell
from monitor.providers import registry
from monitor.providers.modelarts.emulator import refuse
from monitor.sinks.webhook.options import Options
from monitor.sinks.webhook.sink import build
from monitor.store import StoreFull, open_store
from monitor.wire import Http, new_session
from tests.kit.clock import VirtualClock
from tests.kit.outbox import SteppedClock, eventually, hook_server, said
from tests.kit.platforms import modelarts
from tests.kit.rig import Rig, rigged

SECRETS = ("AKDEMO", "SKDEMO", "hunter2")


def loud(lines: list[Any]) -> list[tuple[str, str]]:
    """What is told where nobody asked for debugging, but for the first look of each watch, which is told once; nothing
    secret may be in any line."""
    assert not [secret for secret in SECRETS if secret in repr(lines)]
    said = [(line["log_level"], line["event"]) for line in lines if line["log_level"] != "debug"]
    return [each for each in said if not each[1].startswith("the first look is done")]


@asynccontextmanager
async def arts() -> AsyncIterator[tuple[Rig, Any]]:
    clock = VirtualClock()
    emulator: Any = registry.emulator("modelarts")(clock, autoplay=False)
    async with rigged(modelarts(), {"modelarts": emulator}, clock) as rig, rig.running():
        yield rig, emulator


async def test_polls_that_go_well_are_silent() -> None:
    with capture_logs() as lines:
        async with arts() as (rig, emulator):
            emulator.world.add_job("first", phase="Running")
            for _ in range(3):
                await rig.poll()
    assert loud(lines) == []


async def test_what_heals_by_itself_is_a_warning_and_its_end_an_info() -> None:
    with capture_logs() as lines:
        async with arts() as (rig, emulator):
            emulator.faults.add(Reply(status=500), times=None)
            for _ in range(5):
                await rig.poll()
            emulator.faults.clear()
            await rig.poll()
    assert loud(lines) == [("warning", "the account is unreachable"), ("info", "the account can be seen again")]
    assert [line["event"] for line in lines].count("a poll failed") == 5


async def test_what_a_person_must_mend_is_an_error() -> None:
    with capture_logs() as lines:
        async with arts() as (rig, emulator):
            emulator.faults.add(refuse(403, "ModelArts.2785", "no permission"), times=None)
            for _ in range(3):
                await rig.poll()
    assert loud(lines) == [("error", "the account is unauthorized")]
    assert all(line["account"] == "ascend" and line["watch"] for line in lines)


async def test_a_store_that_is_full_is_an_error_once_until_it_is_back() -> None:
    with capture_logs() as lines:
        async with arts() as (rig, emulator):
            await rig.poll()
            emulator.world.add_job("news", phase="Running")
            rig.store_fault = StoreFull("The disk is full.")
            for _ in range(4):
                await rig.poll()
            rig.store_fault = None
            await rig.poll()
    assert loud(lines) == [
        ("error", "the store cannot be used; polling waits"),
        ("info", "the store is back; polling goes on"),
    ]


async def test_a_sink_that_takes_nothing_and_one_that_refuses_are_warnings(tmp_path: Path) -> None:
    clock = SteppedClock()
    store = await open_store("sqlite:monitor.db", state_dir=tmp_path, lock=True)
    with capture_logs() as lines:
        async with hook_server() as server, new_session() as session, anyio.create_task_group() as group:
            url = f"http://127.0.0.1:{server.port}/hook?token=hunter2"
            options = Options(name="hook", type="webhook", url=url, timeout="5s")  # type: ignore[arg-type]
            entry = SinkEntry(sink=build(options, Http(session), clock), options=options)
            server.answers["/hook"] = [503, 503, 200, 404]
            outbox = Outbox(store, [entry], clock, events=Bell())
            group.start_soon(outbox.run)
            await said(store, "hook", "hunter2", clock.now())
            outbox.ring()

            async def got(count: int) -> bool:
                clock.advance(5)
                return len(server.got) >= count

            await eventually(lambda: got(3))
            await said(store, "hook", "refused", clock.now())
            outbox.ring()
            await eventually(lambda: [line for line in lines if "refused" in line["event"]])
            group.cancel_scope.cancel()
    await store.aclose()
    assert loud(lines) == [
        ("warning", "a sink takes no messages; they wait"),
        ("info", "a sink takes messages again"),
        ("warning", "a sink refused a message for good"),
    ]
    assert all(line["sink"] == "hook" for line in lines if line["log_level"] != "debug")
