"""A calm first run: what is there already is known and booked, and nobody is told; a crash does not begin it anew."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from structlog.testing import capture_logs

from monitor import store
from monitor.emulation import Reply
from monitor.model import rfc3339
from monitor.providers import registry
from monitor.providers.model_studio.provider import ModelStudio
from tests.kit.clock import VirtualClock
from tests.kit.platforms import model_studio, modelarts
from tests.kit.rig import Crash, Rig, rigged

PAGES, HISTORY = 4, 350


@asynccontextmanager
async def studio(history: int = 0, **more: Any) -> AsyncIterator[tuple[Rig, Any]]:
    clock = VirtualClock()
    emulator: Any = registry.emulator("model-studio")(clock, jobs=history, autoplay=False)
    clock.advance(60)
    async with rigged(model_studio(**more), {"model-studio": emulator}, clock) as rig:
        yield rig, emulator


async def types(rig: Rig) -> list[str]:
    return [event.type.value for event in await rig.events()]


async def known(rig: Rig) -> int:
    return len(await rig.store.read(partial(store.load_job_index, scope_id=rig.jobs().row.id)))


async def tokens(rig: Rig) -> int:
    return sum(row.tokens for row in await rig.store.read(partial(store.sum_usage, by=["account"])))


@pytest.mark.parametrize("page", range(PAGES))
@pytest.mark.parametrize("at", ["answer", "before write", "after write"])
async def test_a_baseline_goes_on_after_a_crash_at_any_page(page: int, at: str) -> None:
    async with studio(HISTORY) as (rig, emulator):
        async with rig.running():
            rig.die_after(page + (3 if "write" in at else 0), at=at)  # the scope and the unproven key write first
            with contextlib.suppress(Crash):
                await rig.poll()
        emulator.world.add_job("RUNNING", job_id="ft-meanwhile")
        async with rig.running():
            await rig.poll()
            await rig.poll()
            assert await known(rig) == HISTORY + 1
            told = await types(rig)
            assert [word for word in told if word not in ("job.submitted", "job.started")] == ["account.baselined"]
            assert await tokens(rig) == sum(job.fields.get("usage") or 0 for job in emulator.world.jobs())


async def test_a_baseline_is_committed_page_by_page_so_that_a_crash_costs_only_requests() -> None:
    async with studio(HISTORY) as (rig, _):
        async with rig.running():
            rig.die_after(PAGES - 1, at="answer")
            with contextlib.suppress(Crash):
                await rig.poll()
        async with rig.running():
            await rig.loops[0]._open()
            assert await known(rig) == 300
            await rig.poll()
            assert rig.jobs().lens.decodes == 50


@pytest.mark.parametrize(
    ("first_run", "quiet", "jobs"), [("silent", True, 0), ("summary", False, 0), ("full", False, 120)]
)
async def test_first_run_decides_what_is_told_of_what_is_there(first_run: str, quiet: bool, jobs: int) -> None:
    async with studio(120, first_run=first_run) as (rig, emulator), rig.running():
        emulator.world.add_job("RUNNING")
        await rig.poll()
        (baselined,) = await rig.events("account.baselined")
        assert baselined.quiet is quiet
        assert sum(baselined.data["counts"].values()) == 121
        assert baselined.data["counts"]["running"] == 1
        assert len(await rig.events("job.finished")) == jobs
        assert len(await rig.events("job.submitted")) == (jobs + 1 if jobs else 0)


async def test_a_job_that_ends_while_the_baseline_is_taken_is_told() -> None:
    async with studio(HISTORY) as (rig, emulator):
        low = emulator.world.add_job("RUNNING", created_at=rig.clock.now() - timedelta(days=900), job_id="ft-low")
        high = emulator.world.add_job("RUNNING", job_id="ft-high")
        async with rig.running():
            rig.die_after(1, at="answer")
            with contextlib.suppress(Crash):
                await rig.poll()
        rig.clock.advance(60)
        emulator.world.set(low, status="SUCCEEDED")
        emulator.world.set(high, status="FAILED", code="OutOfMemory")
        async with rig.running():
            await rig.poll()
            ended = {event.subject: event.data["outcome"] for event in await rig.events("job.finished")}
            assert ended == {"job/ft-low": "succeeded", "job/ft-high": "failed"}


async def test_another_filter_is_another_scope_with_a_baseline_of_its_own() -> None:
    async with studio(30) as (rig, emulator):
        job = emulator.world.add_job("QUEUING", model="qwen3-8b", base_model="qwen3-8b")
        async with rig.running():
            await rig.poll()
            emulator.world.set(job, status="RUNNING")
            await rig.poll()
            whole = await tokens(rig)
            assert await rig.story(f"job/{job}") == ["job.started"]
        address = rig.accounts[0].model_dump()["endpoint"].removesuffix("/api/v1")
        rig.accounts = model_studio(jobs={"model": "qwen3-8b"}, first_run="full")(address)
        async with rig.running():
            await rig.poll()
            begun = [event.data["since"] for event in await rig.events("account.baselined")]
            assert begun == [rfc3339(row.made_at) for row in await rig.store.read(store.list_scopes) if row.made_at]
            assert await tokens(rig) == whole, "what another scope booked is not booked again"
            emulator.world.set(job, status="QUEUING")
            await rig.poll()
            emulator.world.set(job, status="RUNNING")
            await rig.poll()
            assert (await rig.story(f"job/{job}"))[-2:] == ["job.requeued", "job.restarted"]
        rig.accounts = model_studio()(address)
        async with rig.running():
            emulator.world.set(job, status="SUCCEEDED")
            assert await rig.poll() == [0.0], "going back to the first scope gives no id twice"
            assert (await rig.story(f"job/{job}")).count("job.finished") == 1
            assert len(await rig.events("account.baselined")) == 2


async def test_each_workspace_has_a_baseline_of_its_own() -> None:
    clock = VirtualClock()
    emulator: Any = registry.emulator("modelarts")(clock, autoplay=False, workspaces=("0", "research"))
    emulator.world.add_history(20)
    emulator.world.add_history(30, workspace="research")
    async with rigged(modelarts(), {"modelarts": emulator}, clock) as rig:
        async with rig.running():
            await rig.poll()
        address = rig.accounts[0].model_dump()["endpoint"]
        rig.accounts = modelarts(jobs={"workspaces": ["0", "research"]})(address)
        async with rig.running():
            await rig.poll()
            found = {e.data["workspace"]: e.data["counts"]["succeeded"] for e in await rig.events("account.baselined")}
            assert found == {"0": 18, "research": 27}
            assert await types(rig) == ["account.baselined"] * 2


async def test_another_parser_refreshes_what_is_known_without_telling(monkeypatch: pytest.MonkeyPatch) -> None:
    async with studio(230) as (rig, emulator):
        running = emulator.world.add_job("RUNNING")
        async with rig.running():
            await rig.poll()
            booked = await tokens(rig)
        monkeypatch.setattr(ModelStudio, "parser_version", "model-studio/2")
        read = ModelStudio.decode_job

        def other(self: ModelStudio, scope: Any, raw: bytes) -> Any:
            decoded = read(self, scope, raw)
            return replace(decoded, item=replace(decoded.item, kind="another reading", tokens=7, checkpoints=3))

        monkeypatch.setattr(ModelStudio, "decode_job", other)
        async with rig.running():
            await rig.poll()
            assert rig.jobs().refreshing
            emulator.world.set(running, status="FAILED")
            await rig.poll()
            await rig.sweep()
            assert not rig.jobs().refreshing
            assert await types(rig) == ["account.baselined", "job.finished"]
            assert await tokens(rig) != booked, "the ledger follows the new reading"
            before = rig.writes
            await rig.poll(20)
            assert rig.writes == before


async def test_a_first_poll_that_fails_is_tried_again_at_the_watch_s_own_pace() -> None:
    async with studio(5, jobs={"every": "10s", "idle_every": "5m"}) as (rig, emulator), rig.running():
        (loop,) = rig.loops
        emulator.faults.add(Reply(status=500))
        await rig.poll()
        assert loop._interval() == 10, "nobody knows yet whether something is active"
        await rig.poll()
        assert loop._interval() == 300
        emulator.world.add_job("RUNNING")
        await rig.poll()
        assert loop._interval() == 10


@pytest.mark.parametrize(("first_run", "said"), [("silent", [{"failed": 1, "running": 2}]), ("summary", [])])
async def test_what_a_silent_first_run_has_found_stands_in_the_log(first_run: str, said: list[Any]) -> None:
    async with studio(first_run=first_run) as (rig, emulator), rig.running():
        for state in ("RUNNING", "RUNNING", "FAILED"):
            emulator.world.add_job(state)
        with capture_logs() as log:
            await rig.poll()
            await rig.poll()
        lines = [line for line in log if "first look" in line["event"]]
        assert [line["found"] for line in lines] == said
        assert {(line["account"], line["watch"]) for line in lines} <= {(rig.accounts[0].name, "jobs")}


async def test_what_a_silent_first_look_at_a_catalogue_has_found_stands_in_the_log() -> None:
    clock, make = VirtualClock(), modelarts()
    emulator: Any = registry.emulator("modelarts")(clock, autoplay=False)
    async with rigged(make, {"modelarts": emulator}, clock) as rig, rig.running():
        with capture_logs() as log:
            await rig.poll()
            await rig.poll()
        watches = [line["watch"] for line in log if "first look" in line["event"] and line["log_level"] == "info"]
        assert sorted(watches) == sorted(rig.accounts[0].watches())
