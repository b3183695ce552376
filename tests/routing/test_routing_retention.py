"""Retention takes nothing that the rules still need: the harshest one changes no word of what is told."""

from __future__ import annotations

import shutil
import tempfile
from datetime import datetime
from functools import partial
from pathlib import Path
from random import Random

import pytest

from monitor.app.pruning import Limits, Pruning
from monitor.model import DeliveryState, Outcome, Receipt
from monitor.store import Connection, Store, claim, open_store, settle
from monitor.store.invariants import broken
from tests.kit.clock import VirtualClock
from tests.kit.story import Said, Story, invent, live_through, said

SEEDS = (2,)
"""The first story that is told otherwise where retention forgets either what the rules name or what a report is to
hold; each costs seconds."""
RECEIPT = Receipt(outcome=Outcome.DELIVERED)


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import asyncio

    folder = tmp_path_factory.mktemp("migrated")

    async def make() -> None:
        await (await open_store("sqlite:monitor.db", state_dir=folder, lock=True)).aclose()

    asyncio.run(make())
    return folder / "monitor.db"


class Harsh:
    """Delivers what is owed, and then keeps nothing that need not be kept."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.told: list[Said] = []
        self.removed = 0

    async def __call__(self, now: datetime) -> None:
        new = await self._store.write(partial(self._delivered, now=now))
        self.told += new
        done = await Pruning(self._store, Limits(events=now, deliveries=now), VirtualClock(), self._rest).run()
        self.removed += done.events

    def _delivered(self, conn: Connection, now: datetime) -> list[Said]:
        new = [each for each in said(conn) if each not in self.told]
        for sink in {sink for each in new for sink in each[2]}:
            while taken := claim(conn, sink, now=now, limit=1000):
                for each in taken:
                    settle(conn, each.id, state=DeliveryState.DELIVERED, receipt=RECEIPT, now=now)
        return new

    async def _rest(self, took: float) -> None: ...


async def lived(migrated: Path, story: Story, seed: int, *, harsh: bool) -> tuple[list[Said], int, list[str]]:
    """What was told, how many events were removed, and what is wrong with the store in the end."""
    dice = Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(migrated, folder)
        store = await open_store("sqlite:monitor.db", state_dir=Path(folder), lock=True)
        try:
            pruning = Harsh(store)
            await live_through(store, story, lambda: dice.random() < 0.2, pruning if harsh else None)
            told = pruning.told if harsh else await store.read(said)
            return told, pruning.removed, await store.read(lambda conn: list(broken(conn)))
        finally:
            await store.aclose()


@pytest.mark.parametrize("seed", SEEDS)
async def test_the_harshest_retention_changes_no_word_of_what_is_told(migrated: Path, seed: int) -> None:
    story = invent(Random(seed), 40)
    kept, _, _ = await lived(migrated, story, seed, harsh=False)
    told, removed, wrong = await lived(migrated, story, seed, harsh=True)
    assert sorted(told) == sorted(kept)
    assert removed > 0
    assert wrong == []
