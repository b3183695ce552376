"""A reload while the daemon works: a good config takes over, a bad one is told, nothing is lost or repeated."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web

from monitor.emulation import Reply
from monitor.fields import SystemClock
from monitor.providers import registry
from monitor.sandbox.server import serving
from tests.kit.inbox import Inbox
from tests.kit.process import Program, write_config
from tests.kit.until import BUSY, START, until

REFUSED = Reply(status=401, body=b'{"code":"InvalidApiKey","message":"Invalid API-key provided."}')


class Stage:
    """Two emulated Model Studios behind one address, two inboxes, and the config file that joins them."""

    def __init__(self, folder: Path, studio: Any, address: str, inbox: Inbox, other: Inbox) -> None:
        self.folder, self.studio, self.address, self.inbox, self.other = folder, studio, address, inbox, other

    def account(self, name: str, **more: Any) -> dict[str, Any]:
        plain = {
            "name": name,
            "provider": "model-studio",
            "api_key": "sk-demo",
            "endpoint": f"{self.address}/api/v1",
            "budget": {"requests_per_second": 100, "burst": 100},
            "jobs": {"every": "1s"},
        }
        return plain | more

    def sink(self, name: str, inbox: Inbox, **more: Any) -> dict[str, Any]:
        return {"name": name, "type": "webhook", "url": inbox.url} | more

    def config(self, **more: Any) -> Path:
        plain = {
            "accounts": [self.account("studio")],
            "sinks": [self.sink("inbox", self.inbox)],
            "rules": [{"name": "all", "on": ["*"], "notify": ["inbox"]}],
        }
        return write_config(self.folder, plain | more)

    async def polled(self, times: int = 1) -> None:
        seen = self.studio.requests["list"]
        await until(lambda: self.studio.requests["list"] >= seen + times, within=START, why="nobody polls")

    async def told(self, kind: str, count: int = 1) -> None:
        await until(lambda: types(self.inbox)[kind] >= count, why=f"no {kind} came: {types(self.inbox)}")


def types(inbox: Inbox) -> Counter[str]:
    """Every arrival counts: a delivery that came twice would be seen."""
    return Counter(each for letter in inbox.letters for each in letter.types)


def data_of(inbox: Inbox, kind: str) -> dict[str, Any]:
    events = [event for letter in inbox.letters for event in letter.message["events"] if event["type"] == kind]
    found: dict[str, Any] = events[-1]["data"]
    return found


@asynccontextmanager
async def stage(folder: Path) -> AsyncIterator[Stage]:
    studio = registry.emulator("model-studio")(SystemClock(), autoplay=False)
    async with Inbox() as inbox, Inbox() as other, serving({"model-studio": studio}) as address:
        yield Stage(folder, studio, address, inbox, other)


async def test_a_good_config_takes_over_and_what_changed_is_told_by_names(tmp_path: Path) -> None:
    async with stage(tmp_path) as it, Program(it.config()) as program:
        await it.polled(2)
        first = it.studio.world.add_job("RUNNING")
        await it.told("job.started")
        it.config(
            sinks=[it.sink("inbox", it.inbox, timeout="9s"), it.sink("other", it.other)],
            rules=[
                {"name": "own", "on": ["config.*"], "notify": ["inbox"]},
                {"name": "jobs", "on": ["job.*"], "notify": ["other"]},
            ],
            catch_up_after="20m",
        )
        program.process.send_signal(signal.SIGHUP)
        await it.told("config.reloaded")
        it.studio.world.set(first, status="SUCCEEDED")
        await until(lambda: types(it.other)["job.finished"], why=program.log[-2000:])
        assert await program.stop() == 0
    data = data_of(it.inbox, "config.reloaded")
    assert data["sinks"] == {"added": ["other"], "removed": [], "changed": ["inbox"]}
    assert data["rules"] == {"added": ["own", "jobs"], "removed": ["all"], "changed": []}
    assert (data["accounts"]["changed"], data["settings"]) == ([], ["catch_up_after"])
    assert types(it.inbox) == {"monitor.started": 1, "job.submitted": 1, "job.started": 1, "config.reloaded": 1}
    assert types(it.other) == {"job.finished": 1}, "the new rule from its first event on, the old one to its last"


RESTART = "cannot change while the daemon runs; stop it and start it again"
BAD: list[tuple[dict[str, Any], str]] = [
    ({"sinks": [{"name": "inbox", "type": "webhook", "url": "no url"}]}, "sinks[0].url: "),
    ({"accounts": []}, "accounts: "),
    ({"rules": [{"name": "r", "on": ["job.*"], "when": "job.stat == 1", "notify": ["inbox"]}]}, "rules[0].when: "),
    ({"store": "sqlite:other.db"}, f"store: {RESTART}"),
    ({"http": {"listen": "127.0.0.1:0"}}, f"http.listen: {RESTART}"),
    ({"control": {"socket": "off"}}, f"control: {RESTART}"),
    ({"state_dir": "elsewhere"}, f"state_dir: {RESTART}"),
]


async def test_a_bad_config_is_told_and_the_one_before_goes_on(tmp_path: Path) -> None:
    async with stage(tmp_path) as it, Program(it.config()) as program:
        await it.polled()
        for count, (change, words) in enumerate(BAD, 1):
            it.config(**change)
            program.process.send_signal(signal.SIGHUP)
            await it.told("config.rejected", count)
            data = data_of(it.inbox, "config.rejected")
            assert (data["count"], len(data["problems"])) == (1, 1), data
            assert words in data["problems"][0]
        path = tmp_path / "training-monitor.yaml"
        path.unlink()
        program.process.send_signal(signal.SIGHUP)
        await it.told("config.rejected", len(BAD) + 1)
        assert "there is no such file" in data_of(it.inbox, "config.rejected")["problems"][0]
        it.studio.world.add_job("RUNNING")
        await it.told("job.started")
        assert await program.stop() == 0
    assert "Traceback" not in program.log
    assert types(it.inbox)["config.reloaded"] == 0


async def test_a_secret_never_stands_in_what_is_told_of_a_reload(tmp_path: Path) -> None:
    secret = tmp_path / "key"
    secret.write_text("sk-very-secret-0123456789")
    async with stage(tmp_path) as it:
        good = it.account("studio", api_key=f"${{file:{secret}}}")
        async with Program(it.config(accounts=[good])) as program:
            await it.polled()
            it.config(accounts=[good, it.account("two", api_key=f"${{file:{secret}}}", endpoint=f"${{file:{secret}}}")])
            program.process.send_signal(signal.SIGHUP)
            await it.told("config.rejected")
            secret.write_text("sk-another-secret-0123456789")
            it.config(accounts=[good])
            program.process.send_signal(signal.SIGHUP)
            await it.told("config.reloaded")
    assert data_of(it.inbox, "config.reloaded")["accounts"]["changed"] == ["studio"]
    told = program.log + str([letter.message for letter in it.inbox.letters])
    assert "very-secret" not in told
    assert "another-secret" not in told


async def test_a_reload_tries_a_slowed_account_at_once(tmp_path: Path) -> None:
    async with stage(tmp_path) as it:
        it.studio.faults.add(REFUSED, times=None)
        async with Program(it.config()) as program:
            await it.told("account.unauthorized")
            it.studio.faults.clear()
            program.process.send_signal(signal.SIGHUP)
            await it.told("account.recovered")  # without it the next try is in an hour
    assert data_of(it.inbox, "config.reloaded")["settings"] == []
    assert types(it.inbox)["config.reloaded"] == 1


async def test_many_signals_at_once_are_few_reloads_and_lose_nothing(tmp_path: Path) -> None:
    async with stage(tmp_path) as it, Program(it.config()) as program:
        await it.polled(2)
        jobs = []
        for _ in range(15):
            jobs.append(it.studio.world.add_job("RUNNING"))
            program.process.send_signal(signal.SIGHUP)
            await asyncio.sleep(0.1)
        await it.told("job.started", len(jobs))
        for job in jobs:
            it.studio.world.set(job, status="FAILED")
            program.process.send_signal(signal.SIGHUP)
        await it.told("job.finished", len(jobs))
        assert await program.stop() == 0
    counts = types(it.inbox)
    assert [counts[kind] for kind in ("job.submitted", "job.started", "job.finished")] == [len(jobs)] * 3
    assert 1 <= counts["config.reloaded"] < 2 * len(jobs)
    assert len({letter.id for letter in it.inbox.letters}) == len(it.inbox.letters), "nothing came twice"


async def test_a_message_in_flight_has_its_grace_and_comes_once(tmp_path: Path) -> None:
    arrived: list[str] = []

    async def slow(request: web.Request) -> web.Response:
        arrived.append(request.headers["webhook-id"])
        await asyncio.sleep(2)
        return web.Response(status=204)

    app = web.Application()
    app.router.add_post("/", slow)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        async with stage(tmp_path) as it:
            url = "http://{}:{}/".format(*runner.addresses[0][:2])
            sinks = [it.sink("inbox", it.inbox), {"name": "slow", "type": "webhook", "url": url}]
            rules = [
                {"name": "all", "on": ["*"], "notify": ["inbox"]},
                {"name": "jobs", "on": ["job.submitted"], "notify": ["slow"]},
            ]
            async with Program(it.config(sinks=sinks, rules=rules)) as program:
                await it.polled(2)
                it.studio.world.add_job("RUNNING")
                await until(lambda: arrived)
                program.process.send_signal(signal.SIGHUP)
                await it.told("config.reloaded")
                await it.polled(2)
                assert await program.stop() == 0
        assert len(arrived) == 1, "it was settled by the sink that sent it"
    finally:
        await runner.cleanup()


async def test_the_end_goes_before_a_reload_that_is_under_way(tmp_path: Path) -> None:
    async with stage(tmp_path) as it, Program(it.config()) as program:
        await it.polled()
        program.process.send_signal(signal.SIGHUP)
        assert await program.stop(within=10 + BUSY) == 0
        assert "Traceback" not in program.log
    assert types(it.inbox)["monitor.stopped"] == 1, program.log[-3000:]
