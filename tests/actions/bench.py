"""A daemon on the polling bench that also deletes: real providers, emulated platforms, virtual time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from monitor import store
from monitor.actions.asking import Asked
from monitor.actions.deletions import Deletions
from monitor.fields.bell import Bell
from monitor.model import Action, Asker, AskerKind
from monitor.providers import registry
from monitor.store import ActionFilter
from tests.kit.clock import VirtualClock
from tests.kit.platforms import model_studio, modelarts
from tests.kit.rig import Rig, rigged

ANN = Asker(AskerKind.USER, "ann")
NIGHTLY = Asker(AskerKind.POLICY, "nightly")


def deleting(rig: Rig, enabled: Collection[str] = (NIGHTLY.name,)) -> Deletions:
    """The stage of the life that runs. `enabled`: the clean-up policies at work."""
    return Deletions(
        rig.poller._around.store,
        rig.poller.reach,
        rig.clock,
        bell=Bell(),
        enabled=lambda: enabled,
        accounts=lambda: rig.poller._watches.keys(),
    )


@asynccontextmanager
async def arts(**more: Any) -> AsyncIterator[tuple[Rig, Any]]:
    """ModelArts with three jobs that are over and one that was made later."""
    clock = VirtualClock()
    emulator: Any = registry.emulator("modelarts")(clock, autoplay=False)
    for number in range(3):
        emulator.world.add_job(f"old-{number}", phase="Completed", at=clock.now() - timedelta(days=9 - number))
    emulator.world.add_job("newest", phase="Completed")
    async with rigged(modelarts(**more), {"modelarts": emulator}, clock) as rig:
        yield rig, emulator


@asynccontextmanager
async def studio(**more: Any) -> AsyncIterator[tuple[Rig, Any]]:
    """Model Studio with a history of six jobs."""
    clock = VirtualClock()
    emulator: Any = registry.emulator("model-studio")(clock, jobs=6, autoplay=False)
    async with rigged(model_studio(**more), {"model-studio": emulator}, clock) as rig:
        yield rig, emulator


async def finish(rig: Rig, deletions: Deletions, most: float = 8 * 3600.0) -> None:
    """Time passes until nothing is due any more."""
    end = rig.clock.monotonic() + most
    while (wait := await deletions.turn()) is not None and rig.clock.monotonic() < end:
        rig.clock.advance(wait)


async def ask(rig: Rig, deletions: Deletions, *ids: str, by: Asker = ANN) -> list[Asked]:
    return await deletions.asked(rig.accounts[0].name, ids, by)


async def actions(rig: Rig) -> list[Action]:
    """The oldest first."""
    found: list[Action] = await rig.store.read(lambda conn: store.list_actions(conn, ActionFilter()))
    return found[::-1]


async def told(rig: Rig) -> list[str]:
    """The types of the events that a deletion makes, in order."""
    ends = ("deletion.refused", "deletion.failed", "job.deleted", "job.gone", "cleanup.stopped", "cleanup.resumed")
    return [event.type.value for event in await rig.events("deletion.requested", *ends)]
