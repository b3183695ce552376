"""An account with six jobs that are over and one that was made later: what clean-up policies are tried on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from monitor import store
from monitor.actions.cleanup import Cleanup
from monitor.actions.deletions import Deletions
from monitor.actions.options import CleanupOptions
from monitor.providers import registry
from monitor.web.api import Api, Inside
from tests.actions.bench import deleting, finish
from tests.kit.api import Asking, settings
from tests.kit.clock import VirtualClock
from tests.kit.platforms import modelarts
from tests.kit.rig import Rig, rigged


def policy(**options: Any) -> CleanupOptions:
    return CleanupOptions.model_validate({"name": "nightly", "enabled": True, "at_most": 2, **options})


@dataclass
class Cleaning:
    """`ids` by name; `rung`: how often events were announced."""

    rig: Rig
    emulator: Any
    deletions: Deletions
    ids: dict[str, str] = field(default_factory=dict)
    rung: list[None] = field(default_factory=list)

    def stage(self, *policies: CleanupOptions) -> Cleanup:
        return Cleanup(
            self.rig.store,
            self.deletions,
            self.rig.clock,
            policies=policies,
            accounts=self.rig.accounts,
            ring=lambda: self.rung.append(None),
        )

    def asking(self, folder: Path, *policies: CleanupOptions, daemon: bool = True) -> Asking:
        """The API beside these policies."""
        known = replace(settings(folder), accounts=tuple(self.rig.accounts), cleanup=policies)
        inside = Inside(store=self.rig.store, clock=self.rig.clock, settings=known, ring=lambda: self.rung.append(None))
        inside.deletions = (lambda: self.deletions) if daemon else None
        return Asking(Api(inside), inside, self.rig.clock)

    async def clean(self, stage: Cleanup) -> list[str]:
        """One look of the stage, and all that follows; gives the jobs that are there afterwards."""
        await stage.turn()
        return await self.settled()

    async def settled(self) -> list[str]:
        await finish(self.rig, self.deletions)
        return sorted(job.name for job in self.emulator.world.jobs.values())

    async def rows(self) -> dict[str, store.CleanupRow]:
        return await self.rig.store.read(store.load_cleanup)


@asynccontextmanager
async def cleaning() -> AsyncIterator[Cleaning]:
    clock = VirtualClock()
    emulator: Any = registry.emulator("modelarts")(clock, autoplay=False)
    ids = {}
    for number in range(6):
        made = clock.now() - timedelta(days=20 - number)
        ids[f"old-{number}"] = job = emulator.world.add_job(f"old-{number}", phase="Running", at=made)
        emulator.world.set_phase(job, "Completed", at=made + timedelta(hours=2))
    ids["newest"] = emulator.world.add_job("newest", phase="Completed")
    async with rigged(modelarts(), {"modelarts": emulator}, clock) as rig, rig.running():
        await rig.poll()
        yield Cleaning(rig, emulator, deleting(rig), ids)
