"""The real program from start to stop: ready, one of a kind, deaf to nobody, gone within ten seconds."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from monitor.emulation import Reply, Slow
from monitor.fields import SystemClock
from monitor.providers import registry
from monitor.sandbox.server import serving
from tests.kit.inbox import Inbox
from tests.kit.postgres import PostgresServer, running_postgres
from tests.kit.process import Program, write_config
from tests.kit.until import BUSY, START, until

REFUSED = Reply(status=401, body=b'{"code":"InvalidApiKey","message":"Invalid API-key provided."}')


class Stage:
    """An emulated Model Studio, an inbox, and a config that joins them."""

    def __init__(self, folder: Path, studio: Any, address: str, inbox: Inbox) -> None:
        self.folder, self.studio, self.address, self.inbox = folder, studio, address, inbox

    def config(self, **more: Any) -> Path:
        account = {
            "name": "studio",
            "provider": "model-studio",
            "api_key": "sk-demo",
            "endpoint": f"{self.address}/api/v1",
            "budget": {"requests_per_second": 100, "burst": 100},
            "jobs": {"every": "1s"},
        }
        rules = [{"name": "jobs", "on": ["job.*", "usage.*"], "notify": ["inbox"]}]
        sinks = [{"name": "inbox", "type": "webhook", "url": self.inbox.url}]
        return write_config(self.folder, {"accounts": [account], "sinks": sinks, "rules": rules} | more)

    async def polled(self, times: int = 1) -> None:
        """Returns when the platform was asked that many times more."""
        seen = self.studio.requests["list"]
        await until(lambda: self.studio.requests["list"] >= seen + times, within=START, why="nobody polls")


@asynccontextmanager
async def stage(folder: Path) -> AsyncIterator[Stage]:
    studio = registry.emulator("model-studio")(SystemClock(), autoplay=False)
    async with Inbox() as inbox, serving({"model-studio": studio}) as address:
        yield Stage(folder, studio, address, inbox)


async def test_a_job_that_ends_becomes_a_message_with_what_it_used_and_cost(tmp_path: Path) -> None:
    async with stage(tmp_path) as it:
        prices = [
            {"provider": "model-studio", "model": "qwen3-14b", "per_1k_tokens": "0.03", "currency": "CNY",
             "since": "2026-01-01"}
        ]  # fmt: skip
        async with Program(it.config(prices=prices), fresh=True) as program:
            await it.polled(2)
            job = it.studio.world.add_job("RUNNING", job_name="客服问答")
            await until(lambda: any(letter.types == ["job.started"] for letter in it.inbox.letters))
            it.studio.world.set(job, status="SUCCEEDED", usage=279_808)
            await until(lambda: any("usage.recorded" in letter.types for letter in it.inbox.letters))
            assert await program.stop() == 0
    by_type = {letter.types[0]: letter.message for letter in it.inbox.letters}
    assert list(by_type) == ["job.submitted", "job.started", "job.finished", "usage.recorded"]
    assert "客服问答" in by_type["job.finished"]["title"]
    assert "279,808 tokens (8.39 CNY)" in by_type["job.finished"]["body"]
    assert by_type["usage.recorded"]["events"][0]["data"]["usage"]["cost"] == "8.39424"


@pytest.mark.slow
async def test_a_signal_ends_it_with_0_although_a_sink_and_the_platform_hang(tmp_path: Path) -> None:
    """SIGTERM and SIGINT at once, for each takes ten seconds."""
    async with asyncio.TaskGroup() as lives:
        for how in (signal.SIGTERM, signal.SIGINT):
            (folder := tmp_path / f"{how:d}").mkdir()
            lives.create_task(_ends_although_all_hangs(how, folder))


async def _ends_although_all_hangs(how: signal.Signals, folder: Path) -> None:
    async def hang(request: web.Request) -> web.Response:
        await asyncio.sleep(3600)
        return web.Response()

    async with stage(folder) as it, hung_server(hang) as hung:
        sinks = [
            {"name": "inbox", "type": "webhook", "url": it.inbox.url},
            {"name": "hung", "type": "webhook", "url": hung},
        ]
        rules = [{"name": "jobs", "on": ["job.*"], "notify": ["inbox", "hung"]}]
        async with Program(it.config(sinks=sinks, rules=rules)) as program:
            await it.polled(2)
            it.studio.world.add_job("RUNNING")
            await until(lambda: it.inbox.letters)
            it.studio.faults.add(Slow(seconds=30), operation="list")  # not the look at one job, which nobody counts
            await it.polled()
            begun = time.monotonic()
            assert await program.stop(how, within=12 + BUSY) == 0
            assert time.monotonic() - begun < 10 + BUSY
            assert "Traceback" not in program.log


async def test_it_says_where_its_status_page_is(tmp_path: Path) -> None:
    async with stage(tmp_path) as it, Program(it.config(http={"listen": "127.0.0.1:0"})) as program:
        await until(lambda: '"started"' in program.log, within=START, why="it never said that it had started")
        page = next(line["page"] for line in map(json.loads, program.log.splitlines()) if line["event"] == "started")
        async with aiohttp.ClientSession() as session, session.get(page) as answer:
            assert (answer.status, answer.content_type) == (200, "text/html")


async def test_its_end_is_told_by_the_life_that_ends(tmp_path: Path) -> None:
    async with stage(tmp_path) as it:
        rules = [{"name": "itself", "on": ["monitor.*"], "notify": ["inbox"]}]
        async with Program(it.config(rules=rules)) as program:
            await it.polled(2)
            assert await program.stop() == 0
    assert [letter.types for letter in it.inbox.letters] == [["monitor.started"], ["monitor.stopped"]]
    assert [word for word in ('"stopping"', '"stopped"') if word not in program.log] == []


async def test_an_idle_daemon_keeps_nothing_that_only_the_start_needed(tmp_path: Path) -> None:
    async with stage(tmp_path) as it:
        path = it.config(sinks=[{"name": "inbox", "type": "log"}])
        async with Program(path) as program:  # makes the database: the migrations' library is loaded in this life only
            await it.polled(2)
            assert await program.stop() == 0
        async with Program(path, fresh=True) as program:
            await it.polled(3)
            status = Path(f"/proc/{program.process.pid}/status").read_text()
            (resident,) = (int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:"))
    assert resident < 112_000, "kB; the fingerprint's 16 MB are given back, no sink's or rules' library is loaded"


async def test_a_sink_that_hangs_delays_neither_polls_nor_another_sink(tmp_path: Path) -> None:
    async def hang(request: web.Request) -> web.Response:
        await asyncio.sleep(3600)
        return web.Response()

    async with stage(tmp_path) as it, hung_server(hang) as hung:
        sinks = [
            {"name": "inbox", "type": "webhook", "url": it.inbox.url},
            {"name": "hung", "type": "webhook", "url": hung},
        ]
        rules = [{"name": "jobs", "on": ["job.submitted"], "notify": ["hung", "inbox"]}]
        async with Program(it.config(sinks=sinks, rules=rules)):
            await it.polled(2)
            for count in range(1, 6):
                it.studio.world.add_job("PENDING")
                await until(lambda count=count: len(it.inbox.letters) == count)


async def test_a_second_run_on_the_same_database_is_refused_with_the_pid_of_the_first(tmp_path: Path) -> None:
    async with stage(tmp_path) as it:
        path = it.config()
        async with Program(path) as first:
            await it.polled()
            modes = {file.name: file.stat().st_mode & 0o007 for file in (tmp_path / "state").glob("monitor.db*")}
            assert set(modes.values()) == {0}, "the database is not for everybody"
            async with Program(path) as second:
                assert await asyncio.wait_for(second.process.wait(), 15) == 1
                await second._reader
                assert f"{first.process.pid}" in second.log
                assert "Traceback" not in second.log
            await it.polled(2)


async def test_a_stricter_umask_than_its_own_stays(tmp_path: Path) -> None:
    async with stage(tmp_path) as it:
        path = it.config()
        before = os.umask(0o077)
        try:
            async with Program(path) as program:
                await it.polled()
                modes = {file.stat().st_mode & 0o777 for file in (tmp_path / "state").glob("monitor.db*")}
                assert await program.stop() == 0
        finally:
            os.umask(before)
    assert modes == {0o600}


async def test_a_port_in_use_is_said_plainly(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        async with (
            stage(tmp_path) as it,
            Program(it.config(http={"listen": f"127.0.0.1:{port}"})) as program,
        ):
            assert await asyncio.wait_for(program.process.wait(), 15) == 1
            await program._reader
            assert f"The port {port} on 127.0.0.1 is in use" in program.log
            assert "hint: " in program.log
        assert not (tmp_path / "state").exists(), "a first start that fails leaves nothing"


async def test_health_and_readiness_tell_the_truth(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    async with stage(tmp_path) as it, aiohttp.ClientSession() as session:
        it.studio.faults.add(Slow(seconds=3), operation="list")
        async with Program(it.config(http={"listen": f"127.0.0.1:{port}"})):

            async def ask(path: str) -> tuple[int, dict[str, Any]]:
                try:
                    async with session.get(f"http://127.0.0.1:{port}{path}") as answer:
                        return answer.status, await answer.json()
                except aiohttp.ClientConnectionError:
                    return 0, {}

            await it.polled()
            assert await ask("/healthz") == (200, {"status": "ok", "reasons": [], "troubles": []})
            waiting = {"status": "failing", "reasons": ["studio/jobs was not polled yet"], "troubles": []}
            assert await ask("/readyz") == (503, waiting)
            async with asyncio.timeout(30):
                while (found := await ask("/readyz")) == (503, waiting):
                    await asyncio.sleep(0.05)
            assert found == (200, {"status": "ok", "reasons": [], "troubles": []})
            it.studio.faults.add(REFUSED, times=None)
            async with asyncio.timeout(30):
                while not (found := await ask("/readyz"))[1]["troubles"]:
                    await asyncio.sleep(0.05)
            status, body = found
            assert (status, body["status"]) == (200, "ok"), "the daemon itself is well"
            assert body["troubles"][0].startswith("studio/jobs is unauthorized: ")


@pytest.mark.slow
@pytest.mark.postgres
async def test_the_same_daemon_on_postgresql(tmp_path: Path, postgres: PostgresServer) -> None:
    async with stage(tmp_path) as it:
        path = it.config(store=postgres.database())
        for life in range(2):
            async with Program(path) as program:
                await it.polled(2)
                job = it.studio.world.add_job("RUNNING")
                await until(lambda job=job: any(f"job/{job}" in letter.subjects for letter in it.inbox.letters))
                it.studio.world.set(job, status="FAILED")
                await until(lambda life=life: ends(it.inbox) == life + 1, why=program.log[-2000:])
                assert await program.stop() == 0


def ends(inbox: Inbox) -> int:
    return sum("job.finished" in letter.types for letter in inbox.letters)


@asynccontextmanager
async def hung_server(answer: Callable[[web.Request], Any]) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_post("/", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    try:
        yield f"http://{host}:{port}/"
    finally:
        await runner.cleanup()


@pytest.fixture(scope="module")
def postgres() -> Any:
    with running_postgres() as server:
        yield server
