"""The whole daemon, killed again and again at moments spread over its cycle: nothing is lost, repeats keep their id."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections import defaultdict
from pathlib import Path
from typing import Any

from monitor.fields import SystemClock
from monitor.providers import registry
from monitor.sandbox.server import serving
from tests.kit.inbox import Inbox
from tests.kit.process import Program, write_config
from tests.kit.until import START, until

KILLS = 30
STUDIO_ENDS = ("SUCCEEDED", "FAILED", "CANCELED")


def config(address: str, inbox: Inbox) -> dict[str, Any]:
    budget = {"requests_per_second": 200, "burst": 200}
    return {
        "accounts": [
            {
                "name": "studio",
                "provider": "model-studio",
                "api_key": "sk-demo",
                "endpoint": f"{address}/api/v1",
                "budget": budget,
                "jobs": {"every": "1s"},
            },
            {
                "name": "arts",
                "provider": "modelarts",
                "endpoint": address,
                "project_id": "p-demo",
                "access_key": "AKDEMO",
                "secret_key": "SKDEMO",
                "budget": budget,
                "jobs": {"every": "1s"},
                "resource_flavors": {"every": "1s"},
            },
        ],
        "sinks": [{"name": "inbox", "type": "webhook", "url": inbox.url, "timeout": "5s"}],
        "rules": [{"name": "all", "on": ["job.*", "flavor.*"], "notify": ["inbox"], "late": "each"}],
        "flapping": "off",
    }


class World:
    """Makes the platforms move: every step starts a job on each, or ends one."""

    def __init__(self, studio: Any, arts: Any) -> None:
        self.studio, self.arts = studio, arts
        self.dice = random.Random(7)
        self.open: list[tuple[str, str]] = []
        self.ended: set[str] = set()

    def step(self) -> None:
        self.open.append(("studio", self.studio.add_job("RUNNING")))
        self.open.append(("arts", self.arts.add_job("职位", phase="Running")))
        while len(self.open) > 4:
            self.end(*self.open.pop(self.dice.randrange(len(self.open))))
        zone = self.dice.choice(sorted(self.arts.resources[0].zones))
        self.arts.set_stock(self.arts.resources[0].id, zone, self.dice.choice(["normal", "soldout"]))

    def end(self, kind: str, job_id: str) -> None:
        if kind == "studio":
            self.studio.set(job_id, status=self.dice.choice(STUDIO_ENDS))
        else:
            self.arts.set_phase(job_id, self.dice.choice(["Completed", "Failed", "Terminated"]))
        self.ended.add(f"job/{job_id}")


async def test_thirty_kills_lose_nothing_and_invent_nothing(tmp_path: Path) -> None:
    clock = SystemClock()
    studio = registry.emulator("model-studio")(clock, autoplay=False)
    arts = registry.emulator("modelarts")(clock, autoplay=False)
    world = World(studio.world, arts.world)
    dice = random.Random(11)
    async with Inbox() as inbox, serving({"model-studio": studio, "modelarts": arts}) as address:
        path = write_config(tmp_path, config(address, inbox))
        async with Program(path) as program:
            await until(lambda: baselines(tmp_path) == 3, within=START, why="no baseline: " + program.log[-2000:])
            await program.kill()
        for _ in range(KILLS):
            world.step()
            async with Program(path) as program:
                before = requests(studio, arts)
                if dice.random() < 0.8:  # else it dies while it starts
                    await until(lambda before=before: requests(studio, arts) > before, within=START, why=program.log)
                await asyncio.sleep(dice.uniform(0.0, 0.25))
                await program.kill()
        async with Program(path) as program:
            await until(
                lambda: world.ended <= finished(inbox),
                within=START,
                why="an end did not arrive: " + program.log[-3000:],
            )
            await until(lambda: owed(tmp_path) == 0, within=START, why="a message is still owed")
            await until(lambda: '"started"' in program.log, within=START, why="it never said that it had started")
            assert await program.stop() == 0
    check(tmp_path, inbox, world)


def requests(*platforms: Any) -> int:
    return sum(sum(platform.requests.values()) for platform in platforms)


def query(folder: Path, sql: str) -> list[tuple[Any, ...]]:
    path = folder / "state" / "monitor.db"
    if not path.exists():
        return []
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10) as conn:
        return conn.execute(sql).fetchall()


def baselines(folder: Path) -> int:
    try:
        return len(query(folder, "SELECT 1 FROM events WHERE type = 'account.baselined'"))
    except sqlite3.OperationalError:
        return 0


def owed(folder: Path) -> int:
    return len(query(folder, "SELECT 1 FROM deliveries WHERE state IN ('pending', 'sending')"))


def finished(inbox: Inbox) -> set[str]:
    return {subject for letter in inbox.letters for subject in letter.subjects if "job.finished" in letter.types}


def check(folder: Path, inbox: Inbox, world: World) -> None:
    assert query(folder, "PRAGMA integrity_check") == [("ok",)]
    events = query(folder, "SELECT seq, id, type, subject FROM events ORDER BY seq")
    assert [seq for seq, *_ in events] == list(range(1, len(events) + 1)), "no number is missing or given twice"
    ends = [subject for _, _, type_, subject in events if type_ == "job.finished"]
    assert sorted(ends) == sorted(world.ended), "each end is one event"
    arrived = defaultdict(set)
    for letter in inbox.letters:
        for event in letter.message["events"]:
            arrived[event["id"]].add(letter.id)
    routed = {id_ for _, id_, type_, _ in events if type_.startswith(("job.", "flavor."))}
    assert routed == set(arrived), "every event that a rule took arrived, and nothing else"
    assert all(len(ids) == 1 for ids in arrived.values()), "a repeat bears the delivery id of the first"
    order: dict[str, list[str]] = defaultdict(list)
    for letter in inbox.letters:
        for event in letter.message["events"]:
            if event["id"] not in order[event["subject"]]:
                order[event["subject"]].append(event["id"])
    for subject, ids in order.items():
        assert ids == [id_ for _, id_, _, of in events if of == subject and id_ in arrived], "in order per subject"
