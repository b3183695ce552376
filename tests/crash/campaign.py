"""One campaign: the daemon lives and dies again and again while the platforms move, and then everything is compared."""

from __future__ import annotations

import asyncio
import random
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from monitor.sandbox.server import serving
from tests.crash.books import Books
from tests.crash.launcher import SharedClock
from tests.crash.lives import End, Life, Lives
from tests.crash.points import MAKING, Plan
from tests.crash.receiver import Receiver
from tests.crash.stage import STUCK, Stage
from tests.kit.postgres import PostgresServer
from tests.kit.process import write_config
from tests.kit.until import START, until

SPEED = 60.0
"""A minute of the daemon's time passes in a second, so that timers, groups and reports fall due between kills."""
KILL, TERM, OUTAGE = "kill", "term", "pause"
HOUR = timedelta(hours=1)
HASTY = 2
"""After one more such life the daemon would keep away from the account for an hour, lest its key is locked."""
RISK = "pace.Pace._risk"
"""In the names of the points at which it is written down that a key is about to be tried."""
TRIES = 3
"""Lives that are spent on a named point which is not reached."""
LONGEST = 10.0
"""Seconds that a life may take to come to its point; after some answers of the platforms it will not any more."""
STEP = 0.25
"""Seconds between two moves of the platforms."""


@dataclass(slots=True)
class Endings:
    """How the lives ended, counted."""

    kills: Counter[str] = field(default_factory=Counter)
    """By named point; those that came by time have no name."""
    terms: Counter[str] = field(default_factory=Counter)
    outages: Counter[str] = field(default_factory=Counter)
    cpu: float = 0.0


class Campaign:
    """`async with Campaign(folder, url, seed) as campaign: await campaign.run(kills=300)`, then `tests.crash.judge`."""

    def __init__(self, folder: Path, url: str, seed: int, postgres: PostgresServer | None = None) -> None:
        self.clock = SharedClock(time.time(), time.monotonic(), SPEED)
        self.stage = Stage(self.clock, seed)
        self.receiver = Receiver(seed)
        self.books = Books(url, folder / "state")
        self.endings = Endings()
        self._folder, self._url, self._postgres = folder, url, postgres
        self._dice = random.Random(f"campaign {seed}")
        self._tried: Counter[str] = Counter()
        self._leaving = False
        self._hasty = {"studio": 0, "arts": 0}
        """Lives in a row that may have ended before the account's first answer."""

    async def run(self, *, kills: int, terms: int = 0, outages: int = 0) -> None:
        async with self.receiver, serving(self.stage.platforms) as address:
            config = write_config(self._folder, self._config(address))
            async with Lives(config, self._folder, self.clock) as self.lives:
                try:
                    born = await self._birth(kills // 10)
                    ways = [KILL] * (kills - born) + [TERM] * terms + [OUTAGE] * outages
                    self._dice.shuffle(ways)
                    await self._go(ways)
                    await self._calm()
                except AssertionError as error:
                    error.add_note(f"the last life said: {self._tail}")
                    raise

    async def _go(self, ways: list[str]) -> None:
        for number, how in enumerate(ways):
            if number == len(ways) // 2:
                self.clock.jump(2 * HOUR)  # past the silence, the timers and the time of the report
            if number > 2 * len(ways) // 3 and await self._told_stuck():
                self.stage.let_go()
            await self._live(how)

    # --- how a campaign begins and ends

    async def _birth(self, kills: int) -> int:
        """Killed while the database is made and while the baseline is taken; then the silence and the stuck jobs."""
        for number in range(kills):
            name = f"store: {MAKING}: CREATE" if number % 2 == 0 and self._postgres is None else ""
            await self._live(KILL, Plan(name=name, nth=self._dice.randrange(1, 60)), moving=False)
        async with self._calm_life() as life:
            await self._until(life, self._baselined, "no baseline")
        now = self.clock.now()
        await self.books.silence('job.name == "hush"', now, now + HOUR / 2)
        self.silenced_until = now + HOUR / 2
        self.stage.begin_stuck()
        return kills

    async def _calm(self) -> None:
        async with self._calm_life() as life:
            await self._until(life, self._told_stuck, "what was stuck was not told")
            self.stage.finish()
            await asyncio.sleep(1.0)
            await self._until(life, self._all_over, "an end was not seen")
            await self._until(life, self.books.settled, "a message is still owed")
        self.clock.jump(25 * HOUR)  # the next report; what was kept in groups
        async with self._calm_life() as life:
            await self._until(life, self._all_reported, "an end is in no report")
            await self._until(life, self.books.settled, "a message is still owed at the end")

    def _calm_life(self) -> _Calm:
        return _Calm(self)

    async def _baselined(self) -> bool:
        return await self._count("SELECT count(*) FROM events WHERE type = 'account.baselined'") == 3

    async def _told_stuck(self) -> bool:
        rows = await self.books.rows(
            "SELECT DISTINCT e.subject FROM notifications n JOIN notification_events o ON o.notification = n.n"
            " JOIN events e ON e.seq = o.seq WHERE n.rule = 'stuck'"
        )
        stuck = {subject for subject, name in self.stage.named.items() if name == STUCK}
        return stuck <= {subject for (subject,) in rows}

    async def _all_over(self) -> bool:
        return await self._count("SELECT count(*) FROM events WHERE type = 'job.finished'") == len(self.stage.named)

    async def _all_reported(self) -> bool:
        told = (
            "SELECT count(DISTINCT o.seq) FROM notifications n JOIN notification_events o ON o.notification = n.n"
            " WHERE n.rule = 'report'"
        )
        return await self._count(told) == len(self.stage.named)

    async def _count(self, sql: str) -> int:
        ((count,),) = await self.books.rows(sql)
        return int(count)

    async def _until(self, life: Life, holds: Callable[[], Awaitable[bool]], why: str) -> None:
        end = time.monotonic() + 3 * START  # with faults on the way; what is lost never comes
        while not await self._holds(holds):
            assert not life.over, f"{why}: it ended by itself"
            assert time.monotonic() < end, why
            await asyncio.sleep(0.3)

    async def _holds(self, holds: Callable[[], Awaitable[bool]]) -> bool:
        from monitor.store import StoreError

        try:
            return await holds()
        except StoreError:  # not made yet
            return False

    # --- one life

    async def _live(self, how: str, plan: Plan | None = None, *, moving: bool = True) -> None:
        hasty = max(self._hasty.values()) >= HASTY
        plan = Plan(how=how) if hasty else plan or self._plan(how)
        if moving and self._dice.random() < 0.7:
            self.stage.step()  # while nobody looks
        life = await self.begin(plan)
        if hasty:
            await until(self._acquainted, within=START, why="no account was asked a second time")
        await self._act(life, plan, moving)
        end = await self._end(life, how)
        counted = {KILL: self.endings.kills, TERM: self.endings.terms, OUTAGE: self.endings.outages}[how]
        counted[end.at] += 1
        self._tried[plan.name] += 1
        for watch in self._hasty:
            if self.stage.witness.acquainted(watch):
                self._hasty[watch] = 0
            elif any(RISK in name for name in self.lives.reached):
                self._hasty[watch] += 1

    def _acquainted(self) -> bool:
        return all(self.stage.witness.acquainted(watch) for watch in self._hasty)

    async def begin(self, plan: Plan) -> Life:
        self.stage.witness.life += 1
        return await self.lives.start(plan)

    async def _act(self, life: Life, plan: Plan, moving: bool) -> None:
        """Until the plan has ended it, or its time is over: a moment by chance, or long enough to reach the point."""
        self._leaving = plan == Plan() and self._dice.random() < 0.2
        """Whether it is killed while it ends politely."""
        patience = LONGEST if plan.name else self._dice.uniform(0.0, 0.6)
        if plan == Plan() and not self._leaving and self._dice.random() < 0.3:
            await asyncio.sleep(self._dice.uniform(0.0, 0.4))  # while it starts
            return
        first = self.stage.witness.polls()
        await until(lambda: life.over or life.paused or self._polled(first), within=START, why="no poll came")
        answers = self._dice.choice([8, 8, 20])
        end = time.monotonic() + patience
        while not life.over and not life.paused and time.monotonic() < end and not self._polled(first, answers):
            if moving:
                self.stage.step()
            await self._pass(min(STEP, max(0.0, end - time.monotonic())), life)
        if plan.how == OUTAGE:
            await self._outage(life)
        if self._leaving:
            life.signal(signal.SIGTERM)
            await self._pass(self._dice.uniform(0.0, 0.2), life)

    def _polled(self, first: int, more: int = 1) -> bool:
        return self.stage.witness.polls() >= first + more

    async def _pass(self, seconds: float, life: Life) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end and not life.over and not life.paused:
            await asyncio.sleep(0.005)

    async def _outage(self, life: Life) -> None:
        """The database server dies at the very point, and is back a moment later; the daemon goes on by itself."""
        assert self._postgres is not None
        assert not life.over, "it ended by itself"
        self.stage.witness.outage()
        await asyncio.to_thread(self._postgres.kill)
        life.signal(signal.SIGCONT)
        await asyncio.sleep(0.2)
        await asyncio.to_thread(self._postgres.start)
        back = self.clock.now()
        end = time.monotonic() + START
        while not await self._went_on(life, back):
            assert time.monotonic() < end, "after the outage it did not go on"
            await asyncio.sleep(0.05)
        assert not life.over or self._never_began, "it ended by itself"
        self.stage.witness.back()
        self.stage.step()

    @property
    def _never_began(self) -> bool:
        """Whether the last life could not start without its database, and said so: whoever started it tries again."""
        return '"started"' not in self.lives.log and "cannot be reached" in self.lives.log

    async def _went_on(self, life: Life, back: datetime) -> bool:
        """Whether each watch has written a good poll since."""
        if life.paused:  # it has come to its point only now
            life.signal(signal.SIGCONT)
        since = int(back.timestamp() * 1000)
        return life.over or await self._count(f"SELECT count(*) FROM scopes WHERE last_good <= {since}") == 0

    async def _end(self, life: Life, how: str) -> End:
        if how == KILL:
            end = await life.kill()
            assert end.status in (-signal.SIGKILL, 0 if self._leaving else None), f"it ended with {end.status}"
        else:
            end = await self.stop(life, by_itself=how == TERM and self.lives.at != "")
        for _ in range(4):
            await asyncio.sleep(0.005)  # what it had sent is read before the next life begins
        self.endings.cpu += end.cpu
        return end

    @property
    def _tail(self) -> str:
        return self.lives.log[-3000:]

    async def stop(self, life: Life, *, by_itself: bool = False) -> End:
        """SIGTERM, unless it has sent that itself: it ends well, and soon."""
        if not by_itself:
            life.signal(signal.SIGTERM)
        begun = time.monotonic()
        await until(lambda: self._ended(life), within=START, why="after SIGTERM it never ended")
        end, took = await life.end, time.monotonic() - begun
        assert took <= 10.0, f"SIGTERM took {took:.1f} s"
        twice = not by_itself and end.at and end.status == -signal.SIGTERM  # the second one ends it at once
        refused = end.status == 1 and self._never_began
        assert end.status == 0 or twice or refused, f"SIGTERM ended it with {end.status}"
        return end

    def _ended(self, life: Life) -> bool:
        if life.paused:  # the point at which the database was to die was come by only now, on the way out
            life.signal(signal.SIGCONT)
        return life.over

    def _plan(self, how: str) -> Plan:
        names = [name for name in self.lives.names if MAKING not in name]
        fresh = [name for name in names if not self.endings.kills[name] and self._tried[name] < TRIES]
        if how == KILL and (not names or self._dice.random() < 0.2):
            return Plan()
        name = self._dice.choice(fresh if fresh and how == KILL else names)
        return Plan(name=name, nth=self._dice.choice([1, 1, 1, 1, 2, 3]), how=how)

    def _config(self, address: str) -> dict[str, Any]:
        budget = {"requests_per_second": 200, "burst": 200}
        at = (self.clock.now() + HOUR).strftime("%H:%M")
        every = {"every": "30s"}
        return {
            "store": self._url,
            "accounts": [
                {"name": "studio", "provider": "model-studio", "api_key": "sk-demo", "budget": budget, "jobs": every}
                | {"endpoint": f"{address}/api/v1"},
                {"name": "arts", "provider": "modelarts", "endpoint": address, "project_id": "p-demo", "budget": budget}
                | {"access_key": "AKDEMO", "secret_key": "SKDEMO", "jobs": every, "resource_flavors": every},
            ],
            "sinks": [{"name": name, "type": "webhook", "url": self.receiver.url(name)} for name in ("inbox", "hook")],
            "rules": [
                {"name": "all", "on": ["job.*", "flavor.*"], "notify": ["inbox"], "late": "each"},
                {"name": "ends", "on": ["job.finished"], "notify": ["inbox", "hook"], "late": "each"},
                {"name": "stuck", "on": ["job.queued", "job.submitted"], "for": "5m", "remind_every": "30m"}
                | {"while": 'job.name == "stuck"', "notify": ["hook"]},
                {"name": "groups", "on": ["flavor.sold_out", "flavor.restocked"], "group_by": ["flavor.zone"]}
                | {"group_wait": "30s", "group_interval": "2m", "notify": ["hook"], "late": "each"},
                {"name": "report", "on": ["job.finished"], "digest": {"at": at}, "notify": ["hook"]},
            ],
            "flapping": "off",
            "catch_up_after": "2d",
        }


class _Calm:
    """A life that nobody kills: it is ended politely."""

    def __init__(self, campaign: Campaign) -> None:
        self._campaign = campaign

    async def __aenter__(self) -> Life:
        self._life = await self._campaign.begin(Plan())
        return self._life

    async def __aexit__(self, kind: object, *rest: object) -> None:
        if kind is None:
            await until(lambda: self._life.over or '"started"' in self._campaign.lives.log, within=START)
            await self._campaign.stop(self._life)
