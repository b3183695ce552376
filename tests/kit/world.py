"""A world worth looking at, in the store of a page that is served: accounts, jobs, stock, usage, messages."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from monitor import store
from monitor.diff.flavor_data import flavor_data
from monitor.diff.job_data import job_data
from monitor.model import (
    Catalogue,
    DeliveryState,
    EventDraft,
    EventType,
    Flavor,
    Job,
    JobError,
    JobState,
    KnownFlavor,
    KnownJob,
    KnownStock,
    Outcome,
    Reason,
    Receipt,
    Scope,
    Severity,
    Text,
)
from monitor.rules.message import story_of
from monitor.store import BookingRow, FlavorWrite, Health, JobWrite, NotificationWrite
from tests.kit import silent, tidied
from tests.kit.web import Served

MODELS = ("qwen3-14b", "qwen3-8b", "qwen3-32b", "qwen2.5-vl-7b", "pangu-38b")
NAMES = ("客服问答", "contract-extraction", "rerank-distill", "sql-assistant", "意图识别", "pangu-pretrain", "tone-dpo")
PEOPLE = {"llm": ("1396993924585947", "1396990000000001"), "ascend": ("ann", "wangwei", "li")}
ZONES = ("cn-north-4a", "cn-north-4b", "cn-north-4c")
FLAVORS = ("modelarts.vm.npu.snt9b", "modelarts.vm.npu.snt9c", "modelarts.bm.npu.snt9b.8u", "modelarts.vm.gpu.a100")


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


class World:
    """Writes through the store's own functions, as the daemon would. `chance` makes each world the same."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.chance = random.Random(7)
        self.end = now()
        self.made = 0

    async def write(self, fn: Any) -> Any:
        return await self.served.store.write(fn)

    async def all(self) -> None:
        """Everything that the page can show."""
        await self.health()
        known = await self.jobs(70)
        await self.stock()
        await self.usage()
        await self.messages()
        await self.silences()
        await self.tidied(known)

    async def scope(self, account: str, watch: str = "jobs", age: float = 8) -> int:
        def fn(conn: Any) -> int:
            workspace = "0" if (account, watch) == ("ascend-north", "jobs") else None
            scope = Scope(account=account, watch=watch, key="all", workspace=workspace)
            row = store.ensure_scope(conn, scope, now=self.end)
            good = self.end - timedelta(seconds=age)
            store.update_scope(conn, row.id, baselined_at=self.end - timedelta(days=30), last_good=good)
            return row.id

        return int(await self.write(fn))

    async def health(self) -> None:
        await self.scope("llm-beijing", age=4)
        await self.scope("ascend-north", age=21)
        await self.scope("ascend-north", "resource_flavors", age=47)
        await self.scope("llm-singapore", age=5400)
        since = self.end - timedelta(minutes=88)
        bad = Health(state="unauthorized", failures=3, since=since, reason="The API key was refused (InvalidApiKey).")
        await self.write(lambda conn: store.save_health(conn, "llm-singapore", "jobs", bad))

    def job(self, account: str, **changes: Any) -> KnownJob:
        """A job of the last ten days, at a random point of its life."""
        self.made += 1
        chance = self.chance
        created = self.end - timedelta(hours=chance.uniform(0.1, 240))
        started: datetime | None = created + timedelta(minutes=chance.uniform(1, 90))
        ended: datetime | None = created + timedelta(hours=chance.uniform(1.5, 30))
        state = chance.choices(["succeeded", "failed", "canceled"], [8, 2, 1])[0]
        if ended and ended > self.end:
            state, ended = "running", None
        if started and started > self.end:
            state, started = "queued", None
        error = JobError(code="OutOfMemory", message="CUDA out of memory at step 412") if state == "failed" else None
        facts: dict[str, Any] = {
            "id": f"ft-{self.made:06d}-{chance.randrange(16**8):08x}",
            "name": f"{chance.choice(NAMES)}-v{chance.randrange(1, 9)}",
            "state": JobState(state),
            "provider_state": state.upper(),
            "base_model": chance.choice(MODELS),
            "creator": chance.choice(PEOPLE[account.split("-")[0]]),
            "created_at": created,
            "started_at": started,
            "ended_at": ended,
            "error": error,
            "tokens": chance.randrange(10**5, 4 * 10**6) if state == "succeeded" else None,
            "url": f"https://console.example.org/jobs/{self.made}",
        }
        job = Job(**{**facts, **changes})
        return KnownJob(job=job, revision=1, state_since=job.ended_at or job.started_at or created)

    async def jobs(self, count: int) -> list[KnownJob]:
        halves = {"llm-beijing": count - count // 3, "ascend-north": count // 3}
        made: list[KnownJob] = []
        for account, some in halves.items():
            known = [self.job(account) for _ in range(some)]
            await self.keep(account, known)
            made += known
        return made

    async def keep(self, account: str, known: Sequence[KnownJob]) -> None:
        scope = await self.scope(account, age=4)
        writes = [JobWrite(known=one, previous_revision=None, hash=n, significant=n) for n, one in enumerate(known)]
        await self.write(lambda conn: store.save_jobs(conn, scope, writes, now=self.end))

    async def stock(self) -> None:
        """Four flavors in three zones; some never change, one by the hour of the day."""
        scope = await self.scope("ascend-north", "resource_flavors", age=47)
        drafts: list[EventDraft] = []
        known = [self._flavor(FLAVORS[n], n, drafts) for n in range(len(FLAVORS))]
        writes = [FlavorWrite(known=one, previous_revision=None) for one in known]
        await self.write(lambda conn: store.save_flavors(conn, scope, writes, now=self.end))
        await self.served.tell(sorted(drafts, key=lambda draft: draft.time))

    def _flavor(self, id: str, busy: int, drafts: list[EventDraft]) -> KnownFlavor:
        stock: dict[str, KnownStock] = {}
        for zone in ZONES:
            at, word = self.end - timedelta(days=12, hours=self.chance.uniform(0, 12)), "normal"
            stock[zone] = KnownStock(word=word, raw=word, since=at, proven=True)
            while busy and (at := at + timedelta(hours=self.chance.uniform(2, 70 / busy))) < self.end:
                before, word = word, "soldout" if word == "normal" else "normal"
                stock[zone] = KnownStock(word=word, raw=word, since=at, proven=True)
                drafts.append(self._turn(id, zone, before, stock[zone]))
        zones = {zone: one.raw for zone, one in stock.items()}
        flavor = Flavor(id=id, catalogue=Catalogue.RESOURCE, type="Ascend", zones=zones)
        return KnownFlavor(flavor=flavor, revision=1, stock=stock)

    def _turn(self, id: str, zone: str, before: str, after: KnownStock) -> EventDraft:
        flavor = Flavor(id=id, catalogue=Catalogue.RESOURCE, type="Ascend", zones={zone: after.raw})
        data = flavor_data(KnownFlavor(flavor=flavor, revision=1, stock={zone: after}), zone=zone)
        previous = {"stock": before, "since": None, "duration": 3600.0, "at_least": True}
        gone = after.raw == "soldout"
        turned = EventType.FLAVOR_SOLD_OUT if gone else EventType.FLAVOR_RESTOCKED
        severity = Severity.WARNING if gone else Severity.INFO
        told = self._data("ascend-north", after.since, severity, flavor=data, previous=previous)
        return draft(turned, "ascend-north", f"flavor/{id}/{zone}", after.since, severity, told)

    async def usage(self) -> None:
        scope = await self.scope("llm-beijing", age=4)
        rows = []
        for day in range(30):
            for n, model in enumerate(MODELS[: self.chance.randrange(2, 6)]):
                tokens = self.chance.randrange(10**5, 3 * 10**6)
                price = None if n == 4 else Decimal(tokens) * Decimal("0.00003") * (n + 1)
                rows.append(
                    BookingRow(
                        account="llm-beijing",
                        provider="model-studio",
                        scope_id=scope,
                        job_id=f"booked-{day}-{n}",
                        job_name="booked",
                        model=model,
                        creator=None,
                        labels={"team": "nlp"},
                        at=self.end - timedelta(days=day),
                        tokens=tokens,
                        cost=price,
                        currency="USD" if n == 3 and price is not None else "CNY" if price is not None else None,
                    )
                )
        rows += [
            replace(
                rows[0],
                account="ascend-north",
                provider="modelarts",
                job_id=f"trained-{day}",
                model="PyTorch",
                flavor="modelarts.p3.large",
                at=self.end - timedelta(days=day),
                tokens=0,
                node_ms=(day + 1) * 3_000_000,
                card_ms=(day + 1) * 24_000_000,
                cost=Decimal(day + 1) * Decimal("17.9"),
                currency="CNY",
            )
            for day in range(0, 30, 4)
        ]
        await self.write(lambda conn: store.book(conn, *rows))

    async def messages(self) -> None:
        """Jobs that ended, each told to two sinks: delivered, refused, dead, waiting."""
        known = [self.job("llm-beijing") for _ in range(14)]
        await self.keep("llm-beijing", known)
        for n, one in enumerate(sorted(known, key=lambda one: one.state_since)):
            ends = (
                ["delivered", "delivered"] if n < 10 else ["delivered", ["dead", "refused", "waiting", "dead"][n - 10]]
            )
            await self.message(one, self.end - timedelta(minutes=(14 - n) * 17), ends)

    async def silences(self) -> None:
        """A silence at work, and a message that somebody may answer."""
        epoch, at = self.served.store.epoch, self.end
        await self.write(lambda conn: silent.stuck(conn, epoch, at, sink="team-slack"))
        await self.write(lambda conn: silent.silenced(conn, epoch, at))

    async def tidied(self, known: Sequence[KnownJob]) -> None:
        """Deletions in every phase, of jobs of llm-beijing; accounts near their cap; a policy that stands still."""
        scope = await self.scope("llm-beijing", age=4)
        over = [one for one in known if one.job.state.terminal][: len(tidied.PHASES)]
        await self.write(lambda conn: tidied.deletions(conn, scope, over, self.end))
        await self.write(lambda conn: tidied.quota(conn, "llm-beijing", 19, 20, self.end, told=95))
        await self.write(lambda conn: tidied.quota(conn, "ascend-north", 23, 50, self.end - timedelta(minutes=40)))
        await self.write(lambda conn: tidied.stopped(conn, "prod", self.end - timedelta(minutes=25)))

    async def message(self, known: KnownJob, at: datetime, ends: Sequence[str]) -> int:
        """An event about the job and a message of it to as many sinks as there are ends. Returns the event's seq."""
        failed = known.job.state is JobState.FAILED
        severity = Severity.WARNING if failed else Severity.INFO
        over = EventType.JOB_FINISHED if known.job.state.terminal else EventType.JOB_STARTED
        job = job_data(known, clock=self.end)
        told = self._data("llm-beijing", at, severity, job=job, previous=None)
        (seq,) = await self.served.tell([draft(over, "llm-beijing", f"job/{known.job.id}", at, severity, told)])
        event = await self.served.store.read(lambda conn: store.get_event(conn, seq))
        assert event is not None
        sinks = ("team-slack", "mail", "oncall")[: len(ends)]
        note = NotificationWrite(
            id=f"note-{seq}",
            rule="job-ended",
            severity=severity,
            reason=Reason.NEW,
            text=Text(title=story_of(event).title, plain=f"Account: llm-beijing\nJob: {known.job.id}", markdown="-"),
            created_at=at,
            event_seqs=(seq,),
            subjects=(f"llm-beijing|job/{known.job.id}",),
            sinks=sinks,
        )
        await self.write(lambda conn: store.write_notifications(conn, [note]))
        for sink, end in zip(sinks, ends, strict=True):
            await self.write(lambda conn, sink=sink, end=end: self._settle(conn, sink, end, at))
        return seq

    def _settle(self, conn: Any, sink: str, end: str, at: datetime) -> None:
        (sent,) = store.claim(conn, sink, now=at, limit=1)
        state = DeliveryState.PENDING if end == "waiting" else DeliveryState(end)
        detail = "" if end == "delivered" else "HTTP 503 from smtp.example.org: try again later"
        receipt = Receipt(outcome=Outcome.DELIVERED if end == "delivered" else Outcome.RETRY, detail=detail)
        later = at + timedelta(days=1) if state is DeliveryState.PENDING else None
        store.settle(conn, sent.id, state=state, receipt=receipt, now=at + timedelta(seconds=1), next_at=later)

    def _data(self, account: str, at: datetime, severity: Severity, **resource: Any) -> dict[str, Any]:
        who = {"name": account, "provider": "model-studio", "region": None, "labels": {}}
        when = at.isoformat().replace("+00:00", "Z")
        return {"account": who, "detected_at": when, "late": False, "severity": severity.value, **resource}


def draft(
    type: EventType, account: str, subject: str, at: datetime, severity: Severity, data: dict[str, Any]
) -> EventDraft:
    return EventDraft(
        type=type, account=account, subject=subject, time=at, detected_at=at, severity=severity, data=data
    )
