"""The emulated platform's state: jobs and catalogues that change at planned moments of its clock, or when told to."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import Any
from uuid import UUID

from monitor.fields import Clock
from monitor.providers.modelarts.emulated.catalogue import (
    ResourceFlavor,
    TrainingFlavor,
    resource_flavors,
    training_flavors,
)
from monitor.providers.modelarts.emulated.job import PHASES, EmulatedJob

_STOP_LAG = 12.0
"""Seconds in Terminating."""

Place = tuple[datetime, int, str]


class World:
    """Everything that the platform knows. The same seed and the same calls give the same world at the same times."""

    def __init__(self, clock: Clock, *, seed: int, workspaces: Iterable[str] = ("0",)) -> None:
        self._clock = clock
        self.now = clock.now()
        """The moment that the world has reached."""
        self._ids = Random(f"modelarts ids {seed}")
        self.chance = Random(f"modelarts chance {seed}")
        """For the autoplay alone: what tests add does not change what comes by itself."""
        self.workspaces = list(workspaces)
        self.jobs: dict[str, EmulatedJob] = {}
        self.job_quota = 10_000
        """How many jobs the user may have; the vendor's own sample says this many."""
        self.delete_lag: float | None = 25.0
        """Seconds that a deleted job is still shown, for deletion is asynchronous; None: it never goes."""
        self.deletable = PHASES
        """The phases in which a job can be deleted. No page limits them, so a wrong request would do its harm here."""
        self.training = training_flavors()
        self.resources = resource_flavors()
        self._numbers = count()
        self._places: dict[str, list[Place]] = defaultdict(list)
        self._phases: dict[str, dict[str, None]] = defaultdict(dict)
        self._agenda: list[tuple[datetime, int, Callable[[], None]]] = []

    # --- time

    def advance(self) -> None:
        """Lets everything happen that was planned up to now, in its order."""
        end = max(self._clock.now(), self.now)
        while self._agenda and self._agenda[0][0] <= end:
            self.now, _, happen = heappop(self._agenda)
            happen()
        self.now = end

    def plan(self, after: float, happen: Callable[[], None]) -> None:
        """Lets something happen that many seconds after the moment that the world has reached."""
        heappush(self._agenda, (self.now + timedelta(seconds=after), next(self._numbers), happen))

    # --- jobs

    def add_job(self, name: str, *, phase: str = "Pending", at: datetime | None = None, **fields: Any) -> str:
        """A new job in `phase`, made at `at` (default: now); `fields` are those of EmulatedJob. Returns its id."""
        self.advance()
        return self.place(name, phase=phase, at=at or self.now, **fields).id

    def place(self, name: str, *, phase: str, at: datetime, **fields: Any) -> EmulatedJob:
        """Like `add_job`, without letting the planned things happen first (for those that are planned themselves)."""
        fields.setdefault("id", str(UUID(int=self._ids.getrandbits(128), version=4)))
        job = EmulatedJob(name=name, created=at, order=next(self._numbers), **fields)
        self.jobs[job.id] = job
        insort(self._places[job.workspace], (job.created, job.order, job.id))
        self._phases[job.phase][job.id] = None
        self.move(job, phase, at=at)
        return job

    def set_phase(self, job_id: str, phase: str, *, at: datetime | None = None, **details: Any) -> None:
        """Moves a job. `details`: secondary, exit_code, message. Raises KeyError."""
        self.advance()
        self.move(self.jobs[job_id], phase, at=at, **details)

    def move(self, job: EmulatedJob, phase: str, *, at: datetime | None = None, **details: Any) -> None:
        """Moves a job at the moment that the world has reached; one that is gone stays gone."""
        if job.id in self.jobs:
            self._phases[job.phase].pop(job.id, None)
            job.move(phase, at or self.now, **details)
            self._phases[phase][job.id] = None

    def restart(self, job_id: str, *, reason: str = "worker-2 chip fault", recover: str = "npu_proc_restart") -> None:
        """Begins another run of a running job; its phase stays Running. Raises KeyError."""
        self.advance()
        self.jobs[job_id].restart(self.now, reason=reason, recover=recover)

    def stop(self, job: EmulatedJob) -> None:
        """What the platform does when told to stop a job."""
        self.move(job, "Terminating")
        self.plan(_STOP_LAG, lambda: self.move(job, "Terminated") if job.phase == "Terminating" else None)

    def delete(self, job: EmulatedJob) -> None:
        """What the platform does when told to delete a job: it goes a while later, whatever becomes of it meanwhile."""
        if not job.deleting:
            job.deleting = True
            if self.delete_lag is not None:
                self.plan(self.delete_lag, lambda: self.remove(job.id))

    def remove(self, job_id: str) -> None:
        """Takes a job away at once; one that is gone already is no error."""
        job = self.jobs.pop(job_id, None)
        if job is not None:
            self._phases[job.phase].pop(job_id, None)
            places = self._places[job.workspace]
            del places[bisect_left(places, (job.created, job.order, job.id))]

    def add_history(self, number: int, *, workspace: str = "0", until: datetime | None = None) -> list[str]:
        """That many finished jobs, a minute apart, the last of them an hour before `until` (default: now)."""
        self.advance()
        last = (until or self.now) - timedelta(hours=1)
        ids = []
        for back in range(number, 0, -1):
            created = last - timedelta(minutes=back)
            job = self.place(f"history-{back}", phase="Pending", at=created, workspace=workspace)
            self.move(job, "Running", at=created + timedelta(seconds=20))
            failed = back % 10 == 0
            details = {"exit_code": 1, "message": "the script raised an error"} if failed else {}
            self.move(job, "Failed" if failed else "Completed", at=created + timedelta(seconds=50), **details)
            ids.append(job.id)
        return ids

    def places(self, workspace: str) -> list[Place]:
        """The jobs of a workspace, oldest first. Not to be changed."""
        return self._places[workspace]

    def in_phases(self, phases: Iterable[str], workspace: str) -> list[EmulatedJob]:
        """The jobs of a workspace in these phases, oldest first, without looking at any other."""
        found = [self.jobs[job_id] for phase in set(phases) for job_id in self._phases[phase]]
        return sorted((job for job in found if job.workspace == workspace), key=lambda job: (job.created, job.order))

    # --- catalogues

    def set_stock(self, flavor: str, zone: str, word: str | None) -> None:
        """The stock of a resource flavor in a zone; None: the zone goes. Raises KeyError."""
        zones = self.resource(flavor).zones
        if word is None:
            zones.pop(zone, None)
        else:
            zones[zone] = word

    def resource(self, flavor: str) -> ResourceFlavor:
        """Raises KeyError."""
        return {entry.id: entry for entry in self.resources}[flavor]

    def training_flavor(self, flavor: str) -> TrainingFlavor:
        """Raises KeyError."""
        return {entry.id: entry for entry in self.training}[flavor]
