"""A platform with jobs that people want deleted while everything goes wrong, and who says afterwards what went wrong.

What the platform really did is noted where it does it; the store is only held against that."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any

from sqlalchemy import select

from monitor import store
from monitor.actions.deletions import Deletions
from monitor.emulation import Cut, Reply
from monitor.model import Action, ActionState
from monitor.providers import registry
from monitor.store import ActionFilter
from monitor.store.invariants import broken
from monitor.store.tables import jobs
from monitor.wire import Fault
from tests.actions.bench import ANN, NIGHTLY, deleting
from tests.kit.clock import VirtualClock
from tests.kit.rig import Rig

JOBS = 14
OVER = {"modelarts": ("Completed", "Failed", "Terminated"), "model-studio": ("SUCCEEDED", "FAILED", "CANCELED")}
RUNS = {"modelarts": "Running", "model-studio": "RUNNING"}
READ = {"modelarts": "show", "model-studio": "get"}
MISFORTUNES: tuple[tuple[str, Callable[[Random], Any]], ...] = (
    ("read", lambda random: Reply(status=random.choice((500, 502, 503)))),
    ("read", lambda random: Cut(share=0.4)),
    ("read", lambda random: Reply(status=429, headers={"Retry-After": "45"})),
    ("delete", lambda random: Reply(status=random.choice((500, 502, 504)), done=random.random() < 0.6)),
    ("delete", lambda random: Reply(status=200, body=b"<html>", content_type="text/html", done=random.random() < 0.5)),
    ("delete", lambda random: Cut(share=0.3)),
    ("delete", lambda random: Reply(status=429, headers={"Retry-After": "30"})),
)


@dataclass
class Chaos:
    """One platform, its jobs and what was done to them. `wrongs` is empty where all is right."""

    kind: str
    seed: int
    clock: Any = field(default_factory=VirtualClock)
    done: Counter[str] = field(default_factory=Counter)
    """Deletions that the platform carried out, by job."""
    while_running: set[str] = field(default_factory=set)
    asked: set[str] = field(default_factory=set)
    by_hand: set[str] = field(default_factory=set)
    restarted: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.random = Random(f"{self.kind} {self.seed}")
        self.emulator: Any = registry.emulator(self.kind)(self.clock, autoplay=False)
        self._keys = Random(f"keys of {self.kind} {self.seed}")
        self._elsewhere = registry.emulator(self.kind)(self.clock, autoplay=False)
        self.world = self.emulator.world
        self.ids = [self._add(number) for number in range(JOBS)]
        self.newest = self.ids[-1]
        self.world.deletable = OVER[self.kind]
        self.world.delete_lag = self.random.choice((0.0, 25.0, 25.0, 200.0))
        self._carry_out = self.world.delete
        self.world.delete = self._delete

    def _add(self, number: int) -> str:
        at = self.clock.now() - timedelta(hours=JOBS - number)
        over = number == JOBS - 1 or self.random.random() < 0.85
        state = self.random.choice(OVER[self.kind]) if over else RUNS[self.kind]
        if self.kind == "modelarts":
            return str(self.world.add_job(f"job-{number}", phase=state, at=at))
        return str(self.world.add_job(state, created_at=at))

    def _delete(self, job: Any) -> None:
        job_id = job.id if self.kind == "modelarts" else job.job_id
        self.done[job_id] += 1
        if (job.phase if self.kind == "modelarts" else job.status) not in OVER[self.kind]:
            self.while_running.add(job_id)
        self._carry_out(job)

    def there(self, job_id: str) -> bool:
        self.world.advance()
        if self.kind == "modelarts":
            return job_id in self.world.jobs
        return self.world.find(job_id) is not None

    def befall(self) -> None:
        """The next misfortunes: what requests will meet, and what other hands do."""
        for _ in range(self.random.randrange(4)):
            where, make = self.random.choice(MISFORTUNES)
            operation = READ[self.kind] if where == "read" else "delete"
            times, after = self.random.randint(1, 2), self.random.randrange(3)
            self.emulator.faults.add(make(self.random), operation=operation, times=times, after=after)
        victim = self.random.choice(self.ids[:-1])
        chance = self.random.random()
        if chance < 0.2:
            self.emulator.faults.afterwards(READ[self.kind], lambda: self._restart(victim))
        elif chance < 0.35:
            self.emulator.faults.afterwards(READ[self.kind], lambda: self._remove(victim))

    def _restart(self, job_id: str) -> None:
        """Between the read and the request."""
        if self.there(job_id) and job_id not in self.done:
            self.restarted.add(job_id)
            if self.kind == "modelarts":
                self.world.set_phase(job_id, "Running")
            else:
                self.world.set(job_id, status="RUNNING")

    def _remove(self, job_id: str) -> None:
        if self.there(job_id) and job_id not in self.done:
            self.by_hand.add(job_id)
            self.world.remove(job_id)

    def _exchange(self, away: bool) -> None:
        """The key sees another place, in which there are no jobs, or its own again."""
        operations = self.emulator.operations if self.kind == "modelarts" else self.emulator._operations
        operations._world = self._elsewhere.world if away else self.world

    def calm(self) -> None:
        self.emulator.faults.clear()

    async def ask(self, rig: Rig, deletions: Deletions) -> None:
        """For some that may go, the newest, and one that nobody knows; a few twice."""
        wanted = self.random.sample(self.ids, self.random.randint(3, JOBS - 2))
        wanted += [self.newest, "no-such-job", *wanted[:2]]
        asker = NIGHTLY if self.seed % 2 else ANN
        self.asked |= set(wanted)
        await deletions.asked(rig.accounts[0].name, wanted, asker)

    async def step(self, rig: Rig, deletions: Deletions) -> float | None:
        """A turn of deleting, now and then another one with a key of another place, or of polling and sweeping."""
        wait = await deletions.turn()
        if wait is not None and self._keys.random() < 0.3:
            self._exchange(True)
            self.clock.advance(wait)
            try:
                wait = await deletions.turn()
            finally:
                self._exchange(False)
        if self.random.random() < 0.25:
            await rig.poll(1.0)
        if self.random.random() < 0.1:
            with suppress(Fault):
                await rig.sweep()
        return wait

    async def wrongs(self, rig: Rig) -> list[str]:
        """Polls and sweeps until what is gone was found, then says what is not as it must be."""
        self.calm()
        for _ in range(2):
            await rig.poll()
            await rig.sweep()
        found: list[Action] = await rig.store.read(lambda conn: store.list_actions(conn, ActionFilter(), limit=1000))
        wrong = [f"{job_id} was deleted while it ran" for job_id in self.while_running]
        wrong += [f"{job_id} was deleted and never asked for" for job_id in self.done.keys() - self.asked]
        wrong += ["the newest was deleted"] if self.newest in self.done else []
        wrong += [f"{each.job_id} is not settled" for each in found if not each.state.settled]
        wrong += [f"{each.job_id} was tried {each.tries} times" for each in found if each.tries > 3]
        told = Counter((event.type.value, event.subject) for event in await rig.events())
        for job_id in self.ids:
            wrong += self._wrong_of(job_id, told, [each for each in found if each.job_id == job_id])
        wrong += await rig.store.read(self._unarchived)
        return [*wrong, *await rig.store.read(lambda conn: list(broken(conn)))]

    def _wrong_of(self, job_id: str, told: Counter[tuple[str, str]], actions: list[Action]) -> list[str]:
        wrong = []
        deleted, gone = told["job.deleted", f"job/{job_id}"], told["job.gone", f"job/{job_id}"]
        if (deleted + gone) != (not self.there(job_id)):
            wrong.append(f"{job_id}: {deleted} deleted and {gone} gone are told; there: {self.there(job_id)}")
        if job_id in self.done and not self.there(job_id) and not deleted:
            wrong.append(f"{job_id}: its deletion was told as gone")
        states = Counter(each.state for each in actions)
        if states[ActionState.DELETED] != deleted:
            wrong.append(f"{job_id}: {states[ActionState.DELETED]} deletions are done and {deleted} told")
        for state in (ActionState.REFUSED, ActionState.FAILED):
            said = told[f"deletion.{state.value}", f"job/{job_id}"]
            if said < states[state] or said > len(actions):
                wrong.append(f"{job_id}: {states[state]} are {state.value} and {said} told")
        began = told["deletion.requested", f"job/{job_id}"]
        never = sum(each.state is ActionState.REFUSED and each.requested_at == each.settled_at for each in actions)
        if not len(actions) - never <= began <= len(actions):
            wrong.append(f"{job_id}: {len(actions)} were asked for and {began} told")
        return wrong

    def _unarchived(self, conn: Any) -> list[str]:
        rows = dict(list(conn.execute(select(jobs.c.job_id, jobs.c.archived_at))))
        return [f"{job_id} was deleted without a record" for job_id in self.done if rows.get(job_id) is None]


async def live_through(chaos: Chaos, rig: Rig, *, turns: int = 60) -> None:
    """One life: whatever is open is gone on with until nothing is due. The rig runs."""
    deletions = deleting(rig)
    for _ in range(turns):
        chaos.befall()
        wait = await chaos.step(rig, deletions)
        if wait is None:
            return
        chaos.clock.advance(wait)
    chaos.calm()
    while (wait := await deletions.turn()) is not None:
        chaos.clock.advance(wait)
