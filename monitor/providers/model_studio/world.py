"""The emulated Model Studio account: its jobs, newest first, and the one queue that runs them, moved by the clock."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from heapq import heappop, heappush
from random import Random
from typing import Any

from monitor.fields import Clock
from monitor.providers.model_studio.register import Register
from monitor.providers.model_studio.simjob import FINISHED, SimJob, stamp, wire_fields
from monitor.providers.model_studio.story import Plan, invent

ARRIVALS = 25 * 60.0
"""Mean seconds between two jobs that arrive by themselves."""
_ANY = -1
"""For what happens to a job whichever story it is in."""
_BEFORE = timedelta(hours=3)
"""How long the story has been going when the world is made, so that something is running already."""


class World:
    """Deterministic by seed: every stage of a job's story is an entry in a heap, acted out at its own time, whenever
    somebody looks. Jobs that were added by hand stand still until they are set or canceled."""

    def __init__(self, clock: Clock, *, seed: int = 1, jobs: int = 0, autoplay: bool = True) -> None:
        self._clock = clock
        self._random = Random(seed)
        self._by_hand = Random(f"{seed}/by hand")
        """Apart, so that what is done by hand does not change what happens by itself."""
        self._register = Register()
        self._future: list[tuple[datetime, int, str, int, Callable[[SimJob, datetime], None]]] = []
        self._count = 0
        self._waiting: deque[SimJob] = deque()
        self._running: SimJob | None = None
        self._arrival = clock.now() - _BEFORE if autoplay else None
        self.shift_every_page = False
        """A new job appears after each page that is read, so that the next page repeats one."""
        self.usage_lag = 0.0
        """Seconds after the end until `usage` shows."""
        self.deletable: Collection[str] = FINISHED
        """The statuses in which a job can be deleted. One text of the vendor's says the opposite: not when finished."""
        self.delete_lag: float | None = 0.0
        """Seconds that a deleted job is still shown; None: it never goes."""
        self.job_cap: int | None = None
        """How many jobs may be running or succeeded before no other can be made; 20 on the real platform."""
        self.add_history(jobs, before=clock.now() - 2 * _BEFORE)

    # control, for tests and scenarios

    def add_job(
        self, status: str = "RUNNING", *, created_at: datetime | None = None, job_id: str | None = None, **fields: Any
    ) -> str:
        """A job that stands still; `fields` are wire fields, ABSENT leaves one out. Returns its id."""
        self.advance()
        created = created_at or self._clock.now()
        job_id = job_id or self._register.new_id(created, self._by_hand)
        job = SimJob(job_id, created, wire_fields(job_id, created, {}))
        self._register.add(job)
        self.set(job_id, status=status, **fields)
        return job_id

    def add_broken(self, raw: bytes, *, created_at: datetime | None = None) -> str:
        """An item that stands in listings as exactly these bytes. Returns a name for `remove`."""
        created = created_at or self._clock.now()
        job = SimJob(f"broken-{self._next()}", created, {}, cached=raw)
        self._register.add(job)
        return job.job_id

    def add_history(self, count: int, *, before: datetime | None = None) -> None:
        """That many finished jobs, an hour apart, the newest an hour before `before` (default: now)."""
        newest = before or self._clock.now()
        made = []
        for age in range(count, 0, -1):
            created = newest - timedelta(hours=age)
            plan, fields = invent(self._random, usual=age % 7 != 0)
            job_id = self._register.new_id(created, self._random)
            job = SimJob(job_id, created, wire_fields(job_id, created, fields), replace(plan, delete_after=None))
            job.started = created + timedelta(seconds=plan.wait)
            self._finish(job, created + timedelta(seconds=plan.wait + plan.run))
            made.append(job)
        self._register.add_many(made)

    def set(self, job_id: str, **fields: Any) -> None:
        """Changes wire fields by hand (ABSENT takes one out) and ends the job's own story. A status that is final
        brings `end_time`, and `usage` and `finetuned_output` for a success, where they are neither there nor given."""
        job = self._register[job_id]
        job.plan, job.story = None, job.story + 1
        now = self._clock.now()
        if fields.get("status") in FINISHED:
            due: dict[str, Any] = {"end_time": stamp(now)}
            if fields["status"] == "SUCCEEDED":
                due |= {"usage": 120_000, "finetuned_output": _product(job)}
            fields = {name: value for name, value in due.items() if name not in job.fields} | fields
        job.change(fields)
        self._free(job, now)

    def remove(self, job_id: str) -> None:
        """The job is gone, whatever its state. Raises KeyError."""
        job = self._register.remove(job_id)
        job.story += 1
        self._free(job, self._clock.now())

    # what the platform's operations need

    def page(self, number: int, size: int, keep: Callable[[SimJob], bool] | None = None) -> tuple[int, list[bytes]]:
        """The total and the bytes of the jobs of one page, newest first."""
        self.advance()
        total, jobs = self._register.page(number, size, keep)
        items = [job.encoded() for job in jobs]
        if self.shift_every_page:
            self.add_job("PENDING")
        return total, items

    def find(self, job_id: str) -> SimJob | None:
        self.advance()
        return self._register.find(job_id)

    def jobs(self) -> Sequence[SimJob]:
        """All of them, newest first."""
        self.advance()
        return self._register.page(1, len(self._register) or 1)[1]

    def submit(self, fields: dict[str, Any]) -> SimJob:
        """A new job that moves by itself from now on."""
        self.advance()
        plan, made_up = invent(self._by_hand, usual=True)
        checkpoints = plan.checkpoints if fields.get("model") == made_up["model"] else 0
        return self._begin(self._clock.now(), replace(plan, checkpoints=checkpoints), fields, self._by_hand)

    @property
    def full(self) -> bool:
        """Whether the cap is reached."""
        if self.job_cap is None:
            return False
        return sum(job.status in ("RUNNING", "SUCCEEDED") for job in self.jobs()) >= self.job_cap

    def delete(self, job: SimJob) -> None:
        """What the platform does when told to delete a job: it goes, whatever becomes of it meanwhile."""
        if self.delete_lag == 0:
            self.remove(job.job_id)
        elif self.delete_lag is not None:
            due = self._clock.now() + timedelta(seconds=self.delete_lag)
            heappush(self._future, (due, self._next(), job.job_id, _ANY, lambda job, at: self.remove(job.job_id)))

    def cancel(self, job: SimJob, at: datetime | None = None) -> None:
        """Asks a job in flight to stop; it is CANCELED half a minute later."""
        at = at or self._clock.now()
        job.story += 1
        job.change({"status": "CANCELING"})
        self._later(at + timedelta(seconds=30), job, self._canceled)

    # the story

    def advance(self) -> None:
        """Acts out everything that was due up to now, in its order."""
        now = self._clock.now()
        while (self._arrival is not None and self._arrival <= now) or (self._future and self._future[0][0] <= now):
            if self._arrival is not None and not (self._future and self._future[0][0] <= self._arrival):
                self._arrive(self._arrival)
                continue
            at, _, job_id, story, act = heappop(self._future)
            job = self._register.find(job_id)
            if job is not None and story in (job.story, _ANY):
                act(job, at)

    def _arrive(self, at: datetime) -> None:
        self._begin(at, *invent(self._random), self._random)
        self._arrival = at + timedelta(seconds=self._random.expovariate(1 / ARRIVALS))

    def _begin(self, at: datetime, plan: Plan, fields: dict[str, Any], random: Random) -> SimJob:
        job_id = self._register.new_id(at, random)
        job = SimJob(job_id, at, wire_fields(job_id, at, fields), plan)
        if plan.checkpoints:
            job.change({"finetuned_output": _product(job)})
        self._register.add(job)
        self._later(at + timedelta(seconds=plan.wait), job, self._rejected if plan.rejected else self._queued)
        if plan.cancel_after is not None:
            self._later(at + timedelta(seconds=plan.cancel_after), job, self._regretted)
        return job

    def _queued(self, job: SimJob, at: datetime) -> None:
        assert job.plan is not None
        job.change({"status": "QUEUING"})
        self._later(at + timedelta(seconds=job.plan.queue), job, self._ready)

    def _ready(self, job: SimJob, at: datetime) -> None:
        self._waiting.append(job)
        self._start_next(at)

    def _start_next(self, at: datetime) -> None:
        while self._running is None and self._waiting:
            job = self._waiting.popleft()
            if job.status != "QUEUING" or job.plan is None or self._register.find(job.job_id) is not job:
                continue
            self._running, job.started = job, at
            job.change({"status": "RUNNING"})
            for number in range(1, job.plan.checkpoints + 1):
                share = number / (job.plan.checkpoints + 1)
                self._later(at + timedelta(seconds=job.plan.run * share), job, self._checkpoint)
            self._later(at + timedelta(seconds=job.plan.run), job, self._finish)

    def _checkpoint(self, job: SimJob, at: datetime) -> None:
        if job.status == "RUNNING":
            job.change({"output_cnt": job.fields.get("output_cnt", 0) + 1})

    def _rejected(self, job: SimJob, at: datetime) -> None:
        self._finish(job, at)

    def _regretted(self, job: SimJob, at: datetime) -> None:
        if not job.finished:
            self.cancel(job, at)

    def _finish(self, job: SimJob, at: datetime) -> None:
        assert job.plan is not None
        job.ended = at
        end: dict[str, Any] = {"end_time": stamp(at)}
        if job.plan.failure is not None:
            code, message = job.plan.failure
            end |= {"status": "FAILED", "code": code, "message": message}
        else:
            end |= {"status": "SUCCEEDED", "finetuned_output": _product(job)}
            if job.plan.checkpoints:
                end["output_cnt"] = job.plan.checkpoints
            self._tell_usage(job, at, job.plan.tokens)
        job.change(end)
        if job.plan.delete_after is not None:
            self._later(at + timedelta(seconds=job.plan.delete_after), job, lambda job, at: self.remove(job.job_id))
        self._free(job, at)

    def _canceled(self, job: SimJob, at: datetime) -> None:
        done = job.progress(at)
        job.ended = at
        job.change({"status": "CANCELED", "end_time": stamp(at), "code": "1"})
        self._tell_usage(job, at, int((job.plan.tokens if job.plan else 120_000) * done))
        self._free(job, at)

    def _tell_usage(self, job: SimJob, at: datetime, tokens: int) -> None:
        if not self.usage_lag:
            job.change({"usage": tokens})
            return
        self._later(at + timedelta(seconds=self.usage_lag), job, lambda job, at: job.change({"usage": tokens}))

    def _free(self, job: SimJob, at: datetime) -> None:
        if self._running is job:
            self._running = None
            self._start_next(at)

    def _later(self, at: datetime, job: SimJob, act: Callable[[SimJob, datetime], None]) -> None:
        heappush(self._future, (at, self._next(), job.job_id, job.story, act))

    def _next(self) -> int:
        self._count += 1
        return self._count


def _product(job: SimJob) -> str:
    return f"{job.fields['base_model']}-{job.job_id}"
