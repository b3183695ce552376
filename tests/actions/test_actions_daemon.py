"""Deletions in the whole program: a command without a daemon carries them out itself, a daemon what it finds open."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from monitor import store
from monitor.actions import asking
from monitor.app.deleting import apart
from monitor.fields.clock import FastClock
from monitor.model import Account, ActionState
from monitor.providers import registry
from monitor.sandbox.server import serving
from monitor.settings import Settings, load
from monitor.store import ActionFilter, open_store
from tests.actions.bench import ANN
from tests.kit.living import living
from tests.kit.until import START, until

SPEED = 30.0


def config(address: str, **more: Any) -> dict[str, Any]:
    account = {"name": "llm", "provider": "model-studio", "api_key": "sk-demo", "endpoint": f"{address}/api/v1"}
    account |= {"budget": {"requests_per_second": 100, "burst": 100}, "jobs": {"every": "30s"}} | more
    return {"accounts": [account], "sinks": [{"name": "journal", "type": "log"}]}


async def deletions(settings: Settings) -> list[tuple[str, ActionState]]:
    db = await open_store(settings.store, state_dir=settings.state_dir, lock=False)
    found = await db.read(lambda conn: store.list_actions(conn, ActionFilter()))
    await db.aclose()
    return [(action.job_id, action.state) for action in found[::-1]]


async def test_a_command_deletes_without_a_daemon_and_a_daemon_goes_on_with_what_was_left(tmp_path: Path) -> None:
    clock = FastClock(SPEED)
    emulator: Any = registry.emulator("model-studio")(clock, jobs=6, autoplay=False)
    async with serving({"model-studio": emulator}) as address:
        first, second = [job.job_id for job in emulator.world.jobs()[-2:]]
        async with living(tmp_path, config(address), clock) as life:
            await until(lambda: emulator.requests["list"] >= 2, within=START, why="nobody polls")
            settings = life.load()
        db = await open_store(settings.store, state_dir=settings.state_dir, lock=True)
        async with apart(settings, db, clock, accounts=["llm"]) as stage:
            asked = await stage.asked("llm", [first], ANN)
            steps = [now async for now in stage.follow(each.action.id for each in asked if each.action)]
        assert steps[-1][0].state is ActionState.DELETED
        await db.write(
            lambda conn: asking.ask(
                conn, db.epoch, Account(name="llm", provider="model-studio"), second, ANN, forbidden="", now=clock.now()
            )
        )
        await db.aclose()
        assert emulator.world.find(second) is not None
        async with living(tmp_path, config(address), clock):
            await until(lambda: emulator.world.find(second) is None, within=START, why="nobody went on with it")
            await until(lambda: emulator.requests["get"] >= 4, why="nobody looked whether it is gone")
        found = await deletions(load(settings.path, resolve=True, environ={}, credentials_dir=None))
        assert [job_id for job_id, _ in found] == [first, second]
        assert found[0][1] is ActionState.DELETED
        assert found[1][1] in (ActionState.DELETED, ActionState.ACCEPTED)
