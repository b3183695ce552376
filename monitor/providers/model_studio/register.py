"""The emulated account's jobs in the order of their making: pages cost what they hold, whatever lies below them."""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from random import Random

from monitor.providers.model_studio.simjob import SimJob, stamp

_SIGNS = "abcdefghijklmnopqrstuvwxyz0123456789"


class Register:
    """Jobs by id and by time of creation."""

    def __init__(self) -> None:
        self._jobs: list[SimJob] = []
        self._by_id: dict[str, SimJob] = {}

    def __len__(self) -> int:
        return len(self._jobs)

    def __getitem__(self, job_id: str) -> SimJob:
        return self._by_id[job_id]

    def find(self, job_id: str) -> SimJob | None:
        return self._by_id.get(job_id)

    def add(self, job: SimJob) -> None:
        """Among jobs of the same moment the one added last is the newest."""
        self._by_id[job.job_id] = job
        insort(self._jobs, job, key=_age)

    def add_many(self, jobs: Iterable[SimJob]) -> None:
        self._jobs.extend(jobs)
        self._jobs.sort(key=_age)
        self._by_id.update((job.job_id, job) for job in self._jobs)

    def remove(self, job_id: str) -> SimJob:
        """Raises KeyError."""
        job = self._by_id.pop(job_id)
        self._jobs.remove(job)
        return job

    def page(
        self, number: int, size: int, keep: Callable[[SimJob], bool] | None = None
    ) -> tuple[int, Sequence[SimJob]]:
        """How many there are, and those of one page, newest first."""
        jobs = self._jobs if keep is None else [job for job in self._jobs if keep(job)]
        end = max(0, len(jobs) - (number - 1) * size)
        return len(jobs), jobs[max(0, end - size) : end][::-1]

    def new_id(self, created: datetime, random: Random) -> str:
        """`ft-{yyyyMMddHHmm}-{4 signs}`, the stamp in the platform's zone."""
        minute = stamp(created)[:16].translate({ord(sign): None for sign in "- :"})
        while True:
            job_id = f"ft-{minute}-{''.join(random.choices(_SIGNS, k=4))}"
            if job_id not in self._by_id:
                return job_id


def _age(job: SimJob) -> datetime:
    return job.created
