"""The world's own life: jobs come, queue, run, restart, fail and heal; stock sells out; a catalogue changes rarely."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from monitor.providers.modelarts.emulated.job import TERMINAL, EmulatedJob
from monitor.providers.modelarts.emulated.world import World

_EVERY = 240.0
"""Seconds between two new jobs, on average."""
_NORMAL, _SOLD_OUT = 1500.0, 700.0
"""Seconds that a flavor stays in stock and sold out in one zone, on average."""
_CATALOGUE = 8 * 3600.0
_KEPT = 2000
"""Finished jobs that age out beyond this number."""
_NAMES = ("bert-pretrain", "resnet50-cifar", "llama-sft", "pangu-eval", "yolo-detect", "qwen-lora")
_USERS = ("ann", "bob", "chen")
_STORIES = ("plain", "fail", "restart", "reschedule", "lost", "stopped", "create_failed")
_WEIGHTS = (50, 15, 12, 8, 6, 6, 3)


class Autoplay:
    """Plans the world's life ahead, step by step. All chance comes from the world's seed."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._random = world.chance
        self._count = 0

    def begin(self) -> None:
        """A past of some finished jobs, some that run, and everything that comes."""
        for back in range(30, 3, -1):
            self._past(back)
        for _ in range(3):
            self._arrive(first=True)
        self._world.plan(self._random.expovariate(1 / _EVERY), self._arrivals)
        for flavor in self._world.resources:
            for zone in sorted(flavor.zones):
                self._plan_stock(flavor.id, zone)
        self._world.plan(self._random.expovariate(1 / _CATALOGUE), self._change_catalogue)

    def _past(self, back: int) -> None:
        world = self._world
        created = world.now - timedelta(minutes=back * 55)
        job = self._new(created)
        started = created + timedelta(seconds=self._random.uniform(20, 200))
        world.move(job, "Running", at=started)
        ended = started + timedelta(seconds=self._random.uniform(300, 6000))
        if self._random.random() < 0.2:
            world.move(job, "Failed", at=ended, exit_code=1, message="RuntimeError: NPU out of memory")
        else:
            world.move(job, "Completed", at=ended)

    def _new(self, created: datetime | None = None) -> EmulatedJob:
        self._count += 1
        flavor = self._random.choice(self._world.training)
        return self._world.place(
            f"{self._random.choice(_NAMES)}-{self._count}",
            phase="Creating",
            at=created or self._world.now,
            user=self._random.choice(_USERS),
            flavor=flavor.id,
            cards=flavor.cards,
            nodes=self._random.randint(1, min(4, flavor.max_num)),
            engine="MindSpore" if flavor.type == "Ascend" else "PyTorch",
            workspace=self._random.choice(self._world.workspaces),
        )

    def _arrivals(self) -> None:
        self._arrive()
        self._age_out()
        self._world.plan(self._random.expovariate(1 / _EVERY), self._arrivals)

    def _arrive(self, *, first: bool = False) -> None:
        story = self._random.choices(_STORIES, _WEIGHTS)[0]
        job = self._new()
        wait = self._random.uniform(3, 15)
        if story == "create_failed" and not first:
            self._at(wait, job, "Abnormal", secondary="CreateFailed", message="pulling the image failed")
            return
        self._at(wait, job, "Pending", secondary="Queuing")
        wait += self._random.uniform(10, 60) if first else self._random.expovariate(1 / 240)
        self._at(wait, job, "Running", secondary="Running")
        self._run(job, story, wait)

    def _run(self, job: EmulatedJob, story: str, wait: float) -> None:
        length = self._random.uniform(300, 7200)
        middle, end = wait + length / 2, wait + length
        if story == "restart":
            self._world.plan(middle, lambda: self._restart(job))
        elif story == "reschedule":
            self._at(middle, job, "Pending", secondary="Queuing")
            self._at(middle + 180, job, "Running", secondary="Running")
        elif story == "lost":
            self._at(middle, job, "Abnormal", secondary="Lost", message="the node was lost")
            self._at(middle + 300, job, "Running", heals=True, secondary="Running")
        if story == "fail":
            self._at(end, job, "Failed", exit_code=137, message="worker-0 was killed: out of memory")
        elif story == "stopped":
            self._world.plan(end, lambda: self._world.stop(job) if job.phase == "Running" else None)
        else:
            self._at(end, job, "Completed")

    def _at(self, after: float, job: EmulatedJob, phase: str, *, heals: bool = False, **details: Any) -> None:
        """Plans a move, which does not happen to a job that was stopped or is finished (unless it heals)."""

        def happen() -> None:
            over = job.phase in TERMINAL or job.phase == "Terminating"
            if not over or (heals and job.phase == "Abnormal"):
                self._world.move(job, phase, **details)

        self._world.plan(after, happen)

    def _restart(self, job: EmulatedJob) -> None:
        if job.phase == "Running":
            job.restart(self._world.now, reason="chip fault on worker-0", recover="npu_proc_restart")

    def _age_out(self) -> None:
        for workspace in self._world.workspaces:
            places = self._world.places(workspace)
            for _, _, job_id in places[: max(0, len(places) - _KEPT)]:
                if self._world.jobs[job_id].phase in TERMINAL:
                    self._world.remove(job_id)

    def _plan_stock(self, flavor: str, zone: str) -> None:
        mean = _NORMAL if self._world.resource(flavor).zones.get(zone) == "normal" else _SOLD_OUT
        self._world.plan(self._random.expovariate(1 / mean), lambda: self._flip(flavor, zone))

    def _flip(self, flavor: str, zone: str) -> None:
        zones = self._world.resource(flavor).zones
        if zone in zones:
            zones[zone] = "soldout" if zones[zone] == "normal" else "normal"
        self._plan_stock(flavor, zone)

    def _change_catalogue(self) -> None:
        flavor = self._random.choice(self._world.training)
        if self._random.random() < 0.5:
            flavor.max_num = max(1, flavor.max_num // 2) if flavor.max_num > 4 else flavor.max_num * 2
        else:
            flavor.listed = not flavor.listed
        self._world.plan(self._random.expovariate(1 / _CATALOGUE), self._change_catalogue)
