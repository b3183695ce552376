"""A reload touches what it changes: what is as it was is not polled again, not cut, not forgotten."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from monitor.emulation import Reply
from monitor.fields import SystemClock
from monitor.fields.clock import FastClock
from monitor.providers import registry
from monitor.sandbox.server import serving
from tests.kit.inbox import Inbox
from tests.kit.living import living
from tests.kit.outbox import HookServer, hook_server
from tests.kit.until import until

FAST = {"requests_per_second": 100, "burst": 100}


class Stage:
    """Both platforms emulated, an inbox, and a server whose answers the test holds back."""

    def __init__(self, studio: Any, arts: Any, address: str, inbox: Inbox, hook: HookServer) -> None:
        self.studio, self.arts, self.address, self.inbox, self.hook = studio, arts, address, inbox, hook

    def studio_account(self, name: str = "llm", **more: Any) -> dict[str, Any]:
        plain = {"name": name, "provider": "model-studio", "api_key": "sk-demo", "endpoint": f"{self.address}/api/v1"}
        return {**plain, "budget": FAST, "jobs": {"every": "1h"}, **more}

    def arts_account(self, name: str = "ascend", **more: Any) -> dict[str, Any]:
        plain = {"name": name, "provider": "modelarts", "region": "cn-north-4", "endpoint": self.address}
        keys = {"project_id": "p-demo", "access_key": "AKDEMO", "secret_key": "SKDEMO"}
        return {**plain, **keys, "budget": FAST, "jobs": {"every": "1h"}, **more}

    def hooked(self, path: str, **more: Any) -> dict[str, Any]:
        return {"name": path, "type": "webhook", "url": f"http://127.0.0.1:{self.hook.port}/{path}", **more}

    def config(self, **more: Any) -> dict[str, Any]:
        plain: dict[str, Any] = {
            "accounts": [self.studio_account()],
            "sinks": [{"name": "inbox", "type": "webhook", "url": self.inbox.url}],
            "rules": [{"name": "all", "on": ["*"], "notify": ["inbox"]}],
        }
        return plain | more

    def told(self) -> Counter[str]:
        return Counter(each for letter in self.inbox.letters for each in letter.types)

    def each(self, kind: str) -> list[dict[str, Any]]:
        """What every event of that type carried, in the order in which they came."""
        events = [event for letter in self.inbox.letters for event in letter.message["events"]]
        return [event["data"] for event in events if event["type"] == kind]

    def data(self, kind: str) -> dict[str, Any]:
        return self.each(kind)[-1]


@asynccontextmanager
async def stage(clock: Any = None) -> AsyncIterator[Stage]:
    studio, arts = (registry.emulator(kind)(clock or SystemClock(), autoplay=False) for kind in KINDS)
    async with Inbox() as inbox, hook_server() as hook, serving(dict(zip(KINDS, (studio, arts), strict=True))) as at:
        yield Stage(studio, arts, at, inbox, hook)


KINDS = ("model-studio", "modelarts")


async def test_an_unchanged_account_is_not_polled_again_whatever_else_a_reload_changes(tmp_path: Path) -> None:
    async with stage() as it, living(tmp_path, it.config()) as life:
        await until(lambda: it.studio.requests["list"])
        polled = 1  # the whole first look at an account without jobs
        for number in range(20):
            rules = [{"name": f"r{number}", "on": ["job.*"], "notify": ["inbox"]}, *it.config()["rules"]]
            sinks = [*it.config()["sinks"], it.hooked(f"s{number % 3}")]
            accounts = [it.studio_account(), it.arts_account(labels={"n": str(number)})]
            await life.reload(it.config(rules=rules, sinks=sinks, accounts=accounts))
        await until(lambda: it.told()["config.reloaded"] == 20, why=str(it.told()))
        seen = it.arts.requests.total()
        await life.reload(it.config(accounts=[it.studio_account(), it.arts_account(labels={"n": "last"})]))
        await until(lambda: it.arts.requests.total() > seen, why="the account that was changed is not looked at anew")
        assert it.studio.requests.total() == polled
        await life.reload(it.config(accounts=[it.studio_account(jobs={"every": "2h"})]))
        await until(lambda: it.studio.requests.total() > polled, why="it was changed and not polled")
    assert it.data("config.reloaded")["accounts"] == {"added": [], "removed": ["ascend"], "changed": ["llm"]}


async def test_a_message_in_flight_is_not_cut_by_a_reload_that_leaves_its_sink_alone(tmp_path: Path) -> None:
    async with stage() as it:
        it.hook.hold("/slow")
        config = it.config(sinks=[*it.config()["sinks"], it.hooked("slow")])
        config["rules"].append({"name": "own", "on": ["monitor.started"], "notify": ["slow"]})
        async with living(tmp_path, config) as life:
            await until(lambda: it.hook.got)
            for every in ("2h", "3h"):
                await asyncio.wait_for(life.reload({**config, "catch_up_after": every}), 10)  # nobody waits for it
            it.hook.release("/slow")
        assert [got.path for got in it.hook.got] == ["/slow"]


async def test_a_sink_that_is_changed_ends_what_is_in_flight_and_the_new_one_sends_what_waits(tmp_path: Path) -> None:
    async with stage() as it:
        it.hook.hold("/slow")
        rules = [
            {"name": "all", "on": ["*"], "notify": ["inbox"]},
            {"name": "slow", "on": ["config.*", "monitor.started"], "notify": ["slow"]},
        ]
        config = it.config(rules=rules, sinks=[*it.config()["sinks"], it.hooked("slow", concurrency=1)])
        async with living(tmp_path, config) as life:
            await until(lambda: it.hook.got)
            life.config({**config, "sinks": [*it.config()["sinks"], it.hooked("slow", timeout="20s")]})
            life.bell.ring()
            await until(lambda: life.loads == 2)
            await asyncio.sleep(0.3)
            assert life.readies == 1, "it waits for the answer"
            it.hook.release("/slow")
            await until(lambda: len(it.hook.got) == 2)
        kinds = [event["type"] for got in it.hook.got for event in got.body["events"]]
        assert kinds == ["monitor.started", "config.reloaded"]


async def test_a_storm_of_reloads_is_few_and_a_bad_one_among_them_changes_nothing(tmp_path: Path) -> None:
    async with stage() as it, living(tmp_path, it.config()) as life:
        await until(lambda: it.studio.requests["list"])
        polled = 1  # the whole first look at an account without jobs
        for number in range(50):
            life.bell.ring()
            if number == 20:
                life.path.write_text("accounts: [}")
            if number == 40:
                life.config(it.config(catch_up_after="1h"))
            await asyncio.sleep(0.002)
        # Not the last of them: a ring after the last word has the same file read once more, and tells of no change.
        word = ["catch_up_after"]
        await until(
            lambda: [each["settings"] for each in it.each("config.reloaded")].count(word) == 1,
            why="the last word counts",
        )
        assert it.studio.requests.total() == polled
    assert life.loads < 40, "those that come while one is read are one"


@pytest.mark.slow
async def test_timers_reminders_and_throttles_go_on_over_reloads(tmp_path: Path) -> None:
    clock = FastClock(600)
    rules = [
        {"name": "stuck", "on": ["job.submitted"], "for": "10m", "remind_every": "15m", "notify": ["inbox"]},
        {
            "name": "calm",
            "on": ["job.checkpoint", "job.finished", "job.stopping"],
            "throttle": "5h",
            "notify": ["calm"],
        },
    ]
    async with stage(clock) as it:
        account = it.studio_account(jobs={"every": "5m"})
        config = it.config(accounts=[account], rules=rules, sinks=[*it.config()["sinks"], it.hooked("calm")])
        async with living(tmp_path, config, clock) as life:
            await until(lambda: it.studio.requests["list"] >= 2)
            job = it.studio.world.add_job("PENDING")
            for number in range(8):
                await life.reload({**config, "catch_up_after": f"{20 + number}m"})
                if number == 2:
                    await until(lambda: len(it.inbox.letters) == 1, why="it was not told")
                await asyncio.sleep(0.2)
            await until(lambda: len(it.inbox.letters) >= 3, why="it was not told again")
            reasons = [letter.message["reason"] for letter in it.inbox.letters]
            assert (reasons[0], set(reasons[1:])) == ("new", {"reminder"})
            gaps = [later.at - one.at for one, later in zip(it.inbox.letters, it.inbox.letters[1:], strict=False)]
            assert min(gaps) > 1.0, "a reload does not remind"
            it.studio.world.set(job, status="RUNNING")
            it.studio.world.set(job, status="CANCELING")
            await until(lambda: it.hook.got, why="it was not told")
            await life.reload({**config, "catch_up_after": "2h"})
            it.studio.world.set(job, status="CANCELED")
            await asyncio.sleep(1.0)
            assert len(it.hook.got) == 1, "what the throttle keeps waits on"


async def test_what_a_platform_refuses_is_tried_at_once_and_what_it_asked_to_wait_for_is_not(tmp_path: Path) -> None:
    async with stage() as it:
        it.studio.faults.add(Reply(status=401, body=b'{"code":"InvalidApiKey","message":"no"}'), times=None)
        it.arts.faults.add(Reply(status=429, headers={"Retry-After": "1800"}, body=b"{}"), times=None)
        accounts = [it.studio_account(jobs={"every": "1s"}), it.arts_account(jobs={"every": "1s"})]
        async with living(tmp_path, it.config(accounts=accounts)) as life:
            await until(lambda: it.told()["account.unauthorized"])
            await until(lambda: it.arts.requests.total() >= 1)
            asked = it.arts.requests.total()
            it.studio.faults.clear()
            await life.reload()
            await until(lambda: it.told()["account.recovered"])
            assert it.arts.requests.total() == asked


async def test_a_removed_sink_and_a_moved_account_are_dealt_with_and_told(tmp_path: Path) -> None:
    async with stage() as it:
        it.hook.answers["/slow"] = [500] * 99
        rules = [*it.config()["rules"], {"name": "slow", "on": ["monitor.started"], "notify": ["slow"]}]
        account = it.studio_account(first_run="summary", jobs={"every": "1s"})
        sinks = [*it.config()["sinks"], it.hooked("slow")]
        async with living(tmp_path, it.config(rules=rules, sinks=sinks, accounts=[account])) as life:
            await until(lambda: it.hook.got and it.told()["account.baselined"], why=str(it.told()))
            it.studio.world.add_job("RUNNING")
            await until(lambda: it.told()["job.started"])
            moved = {**account, "endpoint": account["endpoint"].replace("127.0.0.1", "localhost")}
            await life.reload(it.config(accounts=[moved]))
            await until(lambda: it.told()["account.baselined"] == 2, why=str(it.told()))
            await until(lambda: it.told()["delivery.dead"])
        assert it.data("delivery.dead")["detail"] == "the sink was removed from the config"
        counts = it.told()
        assert (counts["job.submitted"], counts["job.started"]) == (1, 1), "what the new baseline finds is not told"
