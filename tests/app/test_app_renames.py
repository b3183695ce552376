"""`was: old-name` on a running daemon and at a start: nothing is forgotten, nothing is told twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from monitor.fields.clock import FastClock
from monitor.store import Connection, list_deliveries, list_scopes, open_store, read_events
from tests.app.test_app_reload_changes import Stage, stage
from tests.kit.living import living
from tests.kit.until import until

SPEED = 600


def config(it: Stage, *, renamed: bool) -> dict[str, Any]:
    """Under the old names, or under the new ones with `was`."""
    account, hook, rule = ("nlp", "team", "waits") if renamed else ("llm", "slow", "stuck")

    def was(name: str) -> dict[str, str]:
        return {"was": name} if renamed else {}

    rules = [
        {"name": rule, "on": ["job.submitted"], "for": "30m", "notify": ["inbox"], **was("stuck")},
        {"name": "ends", "on": ["job.finished"], "notify": [hook]},
        {"name": "own", "on": ["config.*"], "notify": ["inbox"]},
    ]
    sinks = [it.config()["sinks"][0], {**it.hooked("slow"), "name": hook, **was("slow")}]
    account_ = {**it.studio_account(account, jobs={"every": "1m"}), **was("llm")}
    return it.config(accounts=[account_], sinks=sinks, rules=rules)


async def stored(folder: Path, fn: Any) -> Any:
    store = await open_store("sqlite:monitor.db", state_dir=folder / "state", lock=False)
    try:
        return await store.read(fn)
    finally:
        await store.aclose()


def story(conn: Connection) -> list[tuple[str | None, str, str]]:
    events = [event for event in read_events(conn, limit=999) if event.subject.startswith("job/")]
    return [(event.account, event.subject, event.type.value) for event in events]


async def test_a_reload_renames_account_sink_and_rule_and_all_goes_on(tmp_path: Path) -> None:
    clock = FastClock(SPEED)
    async with stage(clock) as it:
        it.hook.answers["/slow"] = [500] * 2
        async with living(tmp_path, config(it, renamed=False), clock) as life:
            await until(lambda: it.studio.requests["list"] >= 2)
            job = it.studio.world.add_job("PENDING")
            done = it.studio.world.add_job("RUNNING")
            it.studio.world.set(done, status="SUCCEEDED")
            await until(lambda: it.hook.got, why="it was not told")
            await life.reload(config(it, renamed=True))
            await until(lambda: len(it.hook.got) == 3, why="what waited for the sink is sent by its new name")
            await until(lambda: it.told()["job.submitted"] == 1, why="its timer is forgotten")
            for _ in range(2):
                await life.reload()  # `was` may stay: what is done is done
            await until(lambda: it.told()["config.reloaded"] == 3)
    assert len({got.id for got in it.hook.got}) == 1, "the same delivery, under the same id"
    told = [letter.message for letter in it.inbox.letters if "config.reloaded" in letter.types]
    renamed = [event["data"]["renamed"] for message in told for event in message["events"]]
    pairs = [("account", "llm", "nlp"), ("sink", "slow", "team"), ("rule", "stuck", "waits")]
    assert renamed == [[{"kind": kind, "from": old, "to": new} for kind, old, new in pairs], [], []]
    data = told[0]["events"][0]["data"]
    assert (data["accounts"], data["sinks"]) == ({"added": [], "removed": [], "changed": []},) * 2
    assert "account llm to nlp" in told[0]["body"]
    found = await stored(tmp_path, story)
    assert {account for account, *_ in found} == {"nlp"}
    kinds = [kind for _, subject, kind in found if subject == f"job/{done}"]
    assert kinds == ["job.submitted", "job.finished", "usage.recorded"], "no job is new to it"
    assert [kind for _, subject, kind in found if subject == f"job/{job}"].count("job.submitted") == 1
    assert len(await stored(tmp_path, list_scopes)) == 1
    rows = await stored(tmp_path, lambda conn: list_deliveries(conn, limit=99))
    assert {row.sink for row in rows} == {"inbox", "team"}
    assert {"waits", "ends", "own"} >= {row.rule for row in rows} > {"waits"}


async def test_a_start_renames_too_and_the_free_name_may_be_given_to_another(tmp_path: Path) -> None:
    clock = FastClock(SPEED)
    async with stage(clock) as it:
        async with living(tmp_path, config(it, renamed=False), clock):
            await until(lambda: it.studio.requests["list"] >= 2)
            done = it.studio.world.add_job("SUCCEEDED")
            await until(lambda: it.hook.got)
        async with living(tmp_path, config(it, renamed=True), clock) as life:
            seen = it.studio.requests["list"]
            await until(lambda: it.studio.requests["list"] >= seen + 2)
            both = config(it, renamed=True)
            both["accounts"] = [{**both["accounts"][0], "was": None}, it.studio_account("llm", jobs={"every": "1m"})]
            await life.reload(both)
            seen = it.studio.requests["list"]
            await until(lambda: it.studio.requests["list"] >= seen + 5, why="the other one has looked at all there was")
            it.studio.world.add_job("SUCCEEDED")
            await until(lambda: len(it.hook.got) == 3, why="both see it")
    found = await stored(tmp_path, story)
    of_first = [account for account, subject, _ in found if subject == f"job/{done}"]
    assert set(of_first) == {"nlp"}
