"""The service under a real systemd: ready, watched, restarted, reloaded, asked by its group, and stopped."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from monitor.fields import SystemClock
from monitor.providers import registry
from monitor.sandbox.server import serving
from tests.kit.box import CONFIG, STATE, UNIT, Box
from tests.kit.inbox import Inbox
from tests.kit.outbox import hook_server
from tests.kit.postgres import PostgresServer, postgres_server
from tests.kit.until import until

__all__ = ["postgres_server"]
COMMAND = f"/opt/{UNIT}/venv/bin/{UNIT}"
SECRET = "/etc/credstore/studio-key"


class Stage:
    """An emulated Model Studio and an inbox on the machine's loopback, which the box shares."""

    def __init__(self, studio: Any, address: str, inbox: Inbox) -> None:
        self.studio, self.address, self.inbox = studio, address, inbox

    def config(self, **more: Any) -> dict[str, Any]:
        account = {
            "name": "studio",
            "provider": "model-studio",
            "api_key": "sk-demo",
            "endpoint": f"{self.address}/api/v1",
            "budget": {"requests_per_second": 100, "burst": 100},
            "jobs": {"every": "1s"},
        }
        plain = {
            "http": {"listen": "off"},
            "accounts": [account],
            "sinks": [{"name": "inbox", "type": "webhook", "url": self.inbox.url}],
            "rules": [{"name": "all", "on": ["*"], "notify": ["inbox"], "late": "each"}],
        }
        return plain | more

    async def polled(self, times: int = 1) -> None:
        seen = self.studio.requests["list"]
        await until(lambda: self.studio.requests["list"] >= seen + times, why="nobody polls")

    async def told(self, type: str, count: int = 1) -> None:
        await until(lambda: self.types()[type] >= count, why=f"no {type} came: {self.types()}")

    def types(self) -> Counter[str]:
        """Events that arrived, by type; a delivery that was repeated counts once."""
        once = {letter.id: letter for letter in self.inbox.letters}
        return Counter(each for letter in once.values() for each in letter.types)


@asynccontextmanager
async def stage() -> AsyncIterator[Stage]:
    studio = registry.emulator("model-studio")(SystemClock(), autoplay=False)
    async with Inbox() as inbox, serving({"model-studio": studio}) as address:
        yield Stage(studio, address, inbox)


async def test_it_starts_when_it_is_ready_is_asked_by_its_group_reloads_and_stops_when_all_is_told(box: Box) -> None:
    async with stage() as it:
        await box("install", "-m", "600", "/dev/stdin", SECRET, stdin="sk-demo")
        config = it.config()
        config["accounts"][0]["api_key"] = "${credential:studio-key}"
        await box.install(config, LoadCredential="studio-key\nLoadCredential=one-that-is-missing")
        await box("systemctl", "start", UNIT)
        shown = await box.show("ActiveState", "SubState", "StatusText", "MainPID")
        assert (shown["ActiveState"], shown["SubState"]) == ("active", "running")
        assert shown["StatusText"].startswith("1 account, 0 active jobs, ")
        await box("test", "-S", "/run/training-monitor/control.sock")
        await it.polled(2)
        await its_group_asks_and_nobody_sees_state_or_secrets(box, it)
        await a_reload_takes_a_good_config_and_refuses_a_bad_one(box, it, config)
        assert (await box.show("MainPID"))["MainPID"] == shown["MainPID"]
        await box("systemctl", "stop", UNIT)
        ended = await box.show("ActiveState", "Result", "ExecMainStatus", "NRestarts")
        assert ended == {"ActiveState": "inactive", "Result": "success", "ExecMainStatus": "0", "NRestarts": "0"}
        await box("test", "!", "-e", "/run/training-monitor")
    assert it.types()["monitor.started"] == it.types()["monitor.stopped"] == 1


async def its_group_asks_and_nobody_sees_state_or_secrets(box: Box, it: Stage) -> None:
    it.studio.world.add_job("RUNNING", job_name="客服问答")
    await it.told("job.started")
    (job,) = (await asked(box, "ann", "jobs", "list", "--output", "jsonl")).splitlines()
    assert json.loads(job)["name"] == "客服问答", "the key was taken"
    refused = await asked(box, "bob", "jobs", "list", code=None)
    assert "error: " in refused
    assert "hint: " in refused
    assert "客服问答" not in refused
    await box("runuser", "-u", "ann", "--", "test", "-w", f"/run/{UNIT}/control.sock")
    await box("runuser", "-u", "bob", "--", "test", "-w", f"/run/{UNIT}/control.sock", code=1)
    for kept in (f"{STATE}/monitor.db", SECRET, f"/run/credentials/{UNIT}.service/studio-key"):
        await box("test", "-r", kept)
        for name in ("ann", "bob"):
            await box("runuser", "-u", name, "--", "test", "-r", kept, code=1)


async def a_reload_takes_a_good_config_and_refuses_a_bad_one(box: Box, it: Stage, config: dict[str, Any]) -> None:
    await box.write(CONFIG, "accounts: [}")
    await box("systemctl", "reload", UNIT)
    await it.told("config.rejected")
    config["sinks"].append({"name": "journal", "type": "log"})
    await box.write(CONFIG, json.dumps(config))
    await box("systemctl", "reload", UNIT)
    await it.told("config.reloaded")
    while not (said := (await box.show("StatusText"))["StatusText"]).startswith("config reloaded "):
        await asyncio.sleep(0.02)  # pytest's time limit ends it
    assert "(sinks: journal added); 1 account, " in said
    await it.polled(2)
    lines = [(entry["PRIORITY"], json.loads(entry["MESSAGE"])) for entry in await box.journal()]
    events = {said["event"]: (priority, said) for priority, said in lines}
    assert events["started"][0] == "6"
    assert events["the config was rejected; the one before goes on"][0] == "3"
    assert events["the config was reloaded"][1]["sinks"] == "journal added"


async def asked(box: Box, name: str, *command: str, code: int | None = 0) -> str:
    """What a command prints for that user."""
    return await box("runuser", "-u", name, "--", "env", "LC_ALL=C.UTF-8", COMMAND, *command, code=code)


async def test_all_that_it_needs_works_behind_its_walls(box: Box, postgres_server: PostgresServer) -> None:
    """PostgreSQL, names, Apprise in its threads, uvloop; the other tests have SQLite, credentials and the socket."""
    async with stage() as it, hook_server() as hook:
        it.address = it.address.replace("127.0.0.1", "localhost")
        apprise = {"name": "chat", "type": "apprise", "url": f"json://localhost:{hook.port}/chat?+webhook-id=1"}
        config = it.config(store=postgres_server.database())
        config["sinks"].append(apprise)
        config["rules"][0]["notify"] = ["inbox", "chat"]
        await box.install(config)
        await box("systemctl", "start", UNIT)
        await it.polled(2)
        it.studio.world.add_job("RUNNING", job_name="behind walls")
        await it.told("job.started")
        await until(lambda: any("behind walls" in title for title in hook.titles()), why=str(hook.titles()))
        pid = (await box.show("MainPID"))["MainPID"]
        assert "uvloop" in await box("cat", f"/proc/{pid}/maps")
        await box("systemctl", "stop", UNIT)


async def test_a_killed_daemon_is_started_again_and_tells_everything_once(box: Box) -> None:
    async with stage() as it:
        await box.install(it.config())
        await box("systemctl", "start", UNIT)
        await it.polled(2)
        job = it.studio.world.add_job("RUNNING")
        await it.told("job.started")
        before = (await box.show("MainPID"))["MainPID"]
        await box("systemctl", "kill", "-s", "KILL", UNIT)
        it.studio.world.set(job, status="SUCCEEDED")
        await it.told("job.finished")
        shown = await box.show("MainPID", "NRestarts", "ActiveState")
        assert (shown["NRestarts"], shown["ActiveState"]) == ("1", "active")
        assert shown["MainPID"] != before
        await it.polled(2)
    types = it.types()
    assert types["monitor.started"] == 2
    assert (types["job.submitted"], types["job.started"], types["job.finished"]) == (1, 1, 1)


async def test_a_daemon_that_hangs_is_ended_by_the_watchdog_and_started_again(box: Box) -> None:
    async with stage() as it:
        await box.install(it.config(), WatchdogSec="1s", TimeoutAbortSec="2s")
        await box("systemctl", "start", UNIT)
        await it.polled(3)
        assert (await box.show("NRestarts"))["NRestarts"] == "0", "it is fed while the loops live"
        await box("systemctl", "kill", "-s", "STOP", UNIT)
        await it.told("monitor.started", 2)
        assert (await box.show("NRestarts"))["NRestarts"] == "1"
        said = await box("journalctl", "-u", UNIT, "--no-pager", "-o", "cat")
        assert "Watchdog timeout" in said
        assert "Failed with result 'watchdog'" in said


async def test_a_config_with_mistakes_keeps_it_from_starting_and_is_not_tried_again(box: Box) -> None:
    async with stage() as it:
        await box.install(it.config(rules=[{"name": "r", "on": ["job.*"], "notify": ["nobody"]}]))
        await box("systemctl", "start", UNIT, code=1)
        shown = await box.show("ActiveState", "NRestarts", "ExecMainStatus")
        assert shown == {"ActiveState": "failed", "NRestarts": "0", "ExecMainStatus": "2"}
        said = await box("journalctl", "-u", UNIT, "--no-pager", "-o", "cat")
        assert "nobody" in said
        assert "Traceback" not in said


async def test_the_unit_is_right_and_exposes_little(box: Box) -> None:
    unit = f"/etc/systemd/system/{UNIT}.service"
    assert await box("systemd-analyze", "verify", "--man=no", unit) == ""
    await box("systemd-analyze", "security", "--no-pager", "--offline=yes", "--threshold=10", unit)
