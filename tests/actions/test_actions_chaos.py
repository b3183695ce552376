"""Whatever goes wrong between us and the platform, no wrong job is deleted, none unarchived, and each end told once."""

from __future__ import annotations

import pytest

from tests.actions.bench import deleting
from tests.actions.chaos import Chaos, live_through
from tests.kit.platforms import model_studio, modelarts
from tests.kit.postgres import PostgresServer
from tests.kit.rig import SQLITE, Crash, rigged

MAKE = {"modelarts": modelarts, "model-studio": model_studio}


async def course(kind: str, seed: int, *, deaths: int = 0, url: str = SQLITE) -> tuple[Chaos, list[str]]:
    chaos = Chaos(kind, seed)
    async with rigged(MAKE[kind](), {kind: chaos.emulator}, chaos.clock, url) as rig:
        async with rig.running():
            await rig.poll()
            await chaos.ask(rig, deleting(rig))
        for _ in range(deaths):
            try:
                async with rig.running():
                    rig.die_after(chaos.random.randrange(30))
                    await live_through(chaos, rig)
            except Crash:
                rig.live()
        async with rig.running():
            await live_through(chaos, rig)
            return chaos, await chaos.wrongs(rig)


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("kind", ["modelarts", "model-studio"])
async def test_nothing_wrong_comes_of_a_bad_day(kind: str, seed: int) -> None:
    chaos, wrong = await course(kind, seed)
    assert wrong == []
    assert chaos.done, "nothing was deleted at all"


@pytest.mark.parametrize("seed", [100, 101])
@pytest.mark.parametrize("kind", ["modelarts", "model-studio"])
async def test_nor_where_the_process_dies_again_and_again(kind: str, seed: int) -> None:
    _, wrong = await course(kind, seed, deaths=4)
    assert wrong == []


@pytest.mark.postgres
async def test_nor_on_postgresql(postgres_server: PostgresServer) -> None:
    """`make deletions DELETIONS_ARGS="--store postgres"` is the long run, with real deaths."""
    chaos, wrong = await course("modelarts", 201, deaths=2, url=postgres_server.database())
    assert wrong == []
    assert chaos.done, "nothing was deleted at all"
