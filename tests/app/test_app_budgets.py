"""Budgets in the whole daemon: from a job's end to a message, and through reloads that change, rename and remove."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from monitor.fields import SystemClock
from monitor.providers import registry
from monitor.sandbox.server import serving
from tests.kit.inbox import Inbox
from tests.kit.living import living
from tests.kit.until import until

FAST = {"requests_per_second": 100, "burst": 100}


async def test_a_budget_is_told_when_jobs_end_and_a_reload_changes_renames_and_removes_it(tmp_path: Path) -> None:
    studio = registry.emulator("model-studio")(SystemClock(), autoplay=False)
    async with Inbox() as inbox, serving({"model-studio": studio}) as address:
        account = {"name": "llm", "provider": "model-studio", "api_key": "sk-demo", "endpoint": f"{address}/api/v1"}

        def config(*budgets: dict[str, Any]) -> dict[str, Any]:
            return {
                "accounts": [{**account, "jobs": {"every": "1s"}, "budget": FAST}],
                "sinks": [{"name": "inbox", "type": "webhook", "url": inbox.url}],
                "rules": [{"name": "all", "on": ["budget.*", "account.*"], "notify": ["inbox"]}],
                "budgets": [{"forecast": False, **each} for each in budgets],
            }

        def told() -> list[tuple[str, str, Any]]:
            events = [event for letter in inbox.letters for event in letter.message["events"]]
            facts = [(event["subject"], event["data"]["budget"]) for event in events if "budget" in event["data"]]
            return [(subject, each["reason"], each["threshold"]) for subject, each in facts]

        async with living(tmp_path, config({"name": "team", "tokens": 1000})) as life:
            await until(lambda: studio.requests["list"] >= 2)
            end_a_job(studio, 900)
            await until(lambda: len(told()) == 1, why=str(told()))
            assert told() == [("budget/team", "threshold", 80.0)]
            await life.reload(config({"name": "nlp", "was": "team", "tokens": 1000}))
            end_a_job(studio, 100)
            await until(lambda: len(told()) == 2, why=str(told()))
            assert told()[1:] == [("budget/nlp", "threshold", 100.0)]
            await life.reload(config({"name": "nlp", "tokens": 1500}))
            await until(lambda: len(told()) == 4, why=str(told()))
            assert told()[2:] == [("budget/nlp", "changed", None), ("budget/nlp", "threshold", 50.0)]
            await life.reload(config())
            await until(lambda: len(told()) == 5, why=str(told()))
            assert told()[4:] == [("budget/nlp", "removed", None)]


def end_a_job(studio: Any, tokens: int) -> None:
    job = studio.world.add_job("RUNNING")
    studio.world.set(job, status="SUCCEEDED", usage=tokens)
