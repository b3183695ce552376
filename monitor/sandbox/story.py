"""A story that is told whatever the seed: what a newcomer should see within the first minute at 60 times speed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from monitor.fields import Clock

MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class Scene:
    """At `minute` of the emulated time `act` happens."""

    minute: float
    act: Callable[[], None]


async def play(clock: Clock, scenes: list[Scene]) -> None:
    """Acts the scenes out in their order; returns after the last."""
    begun = clock.monotonic()
    for scene in sorted(scenes, key=lambda scene: scene.minute):
        await clock.sleep(begun + scene.minute * MINUTE - clock.monotonic())
        scene.act()


def first_hour(platforms: Mapping[str, Any]) -> list[Scene]:
    """Jobs that queue, run, fail and finish on both platforms; a flavor that sells out in one zone and comes back."""
    return [*_studio(platforms["model-studio"].world), *_arts(platforms["modelarts"].world)]


def _studio(world: Any) -> list[Scene]:
    scenes: list[Scene] = []

    def job(start: float, name: str, model: str, end: Mapping[str, Any], steps: tuple[float, float, float]) -> None:
        ids: list[str] = []
        queued, running, over = steps

        def become(**fields: Any) -> Callable[[], None]:
            return lambda: world.set(ids[0], **fields)

        def submit() -> None:
            ids.append(world.add_job("PENDING", job_name=name, model=model, base_model=model))

        scenes.extend(
            [
                Scene(start, submit),
                Scene(start + queued, become(status="QUEUING")),
                Scene(start + running, become(status="RUNNING")),
                Scene(start + over, become(**end)),
            ]
        )

    job(2, "客服问答-v3", "qwen3-14b", {"status": "SUCCEEDED", "usage": 1_482_240}, (1, 3, 24))
    out_of_memory = {"code": "OutOfMemory", "message": "CUDA out of memory at step 412; lower batch_size or max_length"}
    job(9, "contract-extraction", "qwen3-32b", {"status": "FAILED"} | out_of_memory, (1, 5, 31))
    return scenes


def _arts(world: Any) -> list[Scene]:
    flavor, zone = world.resources[0].id, min(world.resources[0].zones)
    npu = next(entry for entry in world.training if entry.type == "Ascend")
    ids: list[str] = []

    def submit() -> None:
        job = world.add_job("pangu-pretrain", phase="Creating", flavor=npu.id, nodes=2, cards=npu.cards, user="ann")
        ids.append(job)

    def become(phase: str, **details: Any) -> Callable[[], None]:
        return lambda: world.set_phase(ids[0], phase, **details)

    return [
        Scene(0.5, lambda: world.set_stock(flavor, zone, "normal")),
        Scene(3, submit),
        Scene(4, become("Pending")),
        Scene(6, lambda: world.set_stock(flavor, zone, "soldout")),
        Scene(11, become("Running")),
        Scene(17, lambda: world.set_stock(flavor, zone, "normal")),
        Scene(38, become("Completed")),
    ]
