"""Quotas in the whole daemon: asked and counted, told once, and through a reload that gives an account another name."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from monitor.fields import SystemClock
from monitor.providers import registry
from monitor.sandbox.server import serving
from tests.kit.inbox import Inbox
from tests.kit.living import living
from tests.kit.until import until

FAST = {"requests_per_second": 100, "burst": 100}


async def test_both_platforms_are_watched_and_an_account_that_is_renamed_is_not_told_of_again(tmp_path: Path) -> None:
    clock = SystemClock()
    studio: Any = registry.emulator("model-studio")(clock, autoplay=False)
    arts: Any = registry.emulator("modelarts")(clock, autoplay=False)
    arts.world.job_quota = 10
    for number in range(8):
        arts.world.add_job(f"job-{number}", phase="Completed", at=clock.now() - timedelta(days=3))
    for _ in range(3):
        studio.world.add_job("SUCCEEDED")
    async with Inbox() as inbox, serving({"model-studio": studio, "modelarts": arts}) as address:

        def config(name: str, **more: Any) -> dict[str, Any]:
            one = {"name": "llm", "provider": "model-studio", "api_key": "sk-demo", "endpoint": f"{address}/api/v1"}
            two = {"name": name, "provider": "modelarts", "endpoint": address, "project_id": "p-demo", **more}
            two |= {"access_key": "AKDEMO", "secret_key": "SKDEMO", "region": "cn-north-4"}
            watched = {"jobs": {"every": "1s", "sweep_every": "2s"}, "budget": FAST}
            return {
                "accounts": [{**one, "job_cap": 4, **watched}, {**two, **watched}],
                "sinks": [{"name": "inbox", "type": "webhook", "url": inbox.url}],
                "rules": [{"name": "all", "on": ["quota.*"], "notify": ["inbox"]}],
                "cleanup": [{"name": "nightly", "after": "1h"}],
            }

        def told() -> list[tuple[str, str, int, Any]]:
            events = [event for letter in inbox.letters for event in letter.message["events"]]
            facts = [(each["data"]["account"]["name"], each["data"]["quota"], each["type"]) for each in events]
            return sorted((name, what.rpartition(".")[2], one["used"], one["frees"]) for name, one, what in facts)

        async with living(tmp_path, config("arts")) as life:
            await until(lambda: len(told()) == 1, why=str(told()))
            assert told()[0][:3] == ("arts", "reached", 8)
            await life.reload(config("ascend", was="arts"))
            studio.world.add_job("RUNNING")
            await until(lambda: len(told()) == 2, why=str(told()))
            assert told()[1][:3] == ("llm", "reached", 4)
            asked = arts.requests["quotas"]
            await until(lambda: arts.requests["quotas"] > asked)
            arts.world.job_quota = 100
            await until(lambda: len(told()) == 3, why=str(told()))
            assert told()[1] == ("ascend", "eased", 8, None)
