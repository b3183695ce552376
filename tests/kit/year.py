"""A store that lives through days in seconds: jobs come, run, end, are told of and leave or are deleted; stock changes;
silences hide; retention goes behind. What it holds at the end of each day is counted.

Pure diff and store, by the daemon's own statements; only the platform, the rules and the sinks are played here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial

from sqlalchemy import Connection, func, select, text

from monitor import diff
from monitor.actions.asking import ask
from monitor.app.pruning import Limits, Pruning
from monitor.diff import JobContext
from monitor.model import (
    Account,
    ActionState,
    Asker,
    AskerKind,
    DeliveryState,
    Event,
    EventType,
    Job,
    JobState,
    Outcome,
    Reason,
    Receipt,
    Scope,
    Severity,
    Text,
)
from monitor.polling.ingest import Batch, ingest_jobs
from monitor.polling.sight import Found
from monitor.store import (
    HiddenWrite,
    NotificationWrite,
    ScopeRow,
    SilenceRow,
    Store,
    add_silence,
    append_events,
    archive_job,
    claim,
    ensure_scope,
    last_seq,
    move_action,
    next_revision,
    read_events,
    set_cursor,
    settle,
    write_hidden,
    write_notifications,
)
from monitor.store.options import RetentionOptions
from monitor.store.tables import metadata
from tests.kit.clock import VirtualClock
from tests.kit.made import draft

BEGUN = datetime(2026, 1, 1, tzinfo=UTC)
ACCOUNT = Account(name="north", provider="model-studio", labels={"team": "nlp"})
NIGHTLY = Asker(AskerKind.POLICY, "nightly")
SCOPE = Scope(account="north", watch="jobs", key="k")
KEPT_FOR_GOOD = frozenset({"bookings", "forgotten_jobs"})
"""What grows with each job for ever: the ledger, and a line that keeps ids right."""
MOST = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """At its end. `used`: bytes of the database that hold something, `size`: with those that are free again."""

    number: int
    rows: dict[str, int]
    used: int
    size: int

    @property
    def bounded(self) -> int:
        """Rows of all tables but those that grow for good."""
        return sum(count for name, count in self.rows.items() if name not in KEPT_FOR_GOOD)


class Year:
    """`jobs` a day, each on its platform for `listed` days after its end; `stocks` changes of stock a day."""

    def __init__(self, store: Store, *, jobs: int, listed: int, stocks: int, retention: RetentionOptions) -> None:
        self._store = store
        self._jobs = jobs
        self._listed = listed
        self._stocks = stocks
        self._retention = retention
        self._number = 0
        self._now = BEGUN
        self._scope: ScopeRow | None = None
        self.told: set[str] = set()
        """The ids of all events that there ever were."""

    async def day(self) -> Day:
        self._number += 1
        morning = BEGUN + timedelta(days=self._number)
        if self._scope is None:
            scope = await self._store.write(partial(ensure_scope, scope=SCOPE, now=BEGUN))
            self._scope = replace(scope, baseline_from=BEGUN, baselined_at=BEGUN)
        for hour, state in ((8, JobState.QUEUED), (10, JobState.RUNNING), (18, JobState.SUCCEEDED)):
            self._now = morning + timedelta(hours=hour)
            news = {job.id: Found(job, hour, hour) for job in self._submitted(morning, state)}
            await self._poll(news=news)
            await self._route()
        await self._change_stock()
        await self._leave()
        await self._answer()
        await self._tidy()
        return await self._store.read(self._count)

    def _submitted(self, morning: datetime, state: JobState) -> list[Job]:
        ended = state.terminal
        return [
            Job(
                id=f"ft-{self._number:04}-{n:03}",
                name=f"qwen3-14b instruction tuning, run {n} of day {self._number}",
                state=state,
                provider_state=state.value.upper(),
                kind="sft",
                model=f"qwen3-14b-ft-2026-{self._number:04}-{n:03}",
                base_model="qwen3-14b",
                creator=f"user-{n % 7}",
                created_at=morning + timedelta(hours=7),
                ended_at=morning + timedelta(hours=17) if ended else None,
                tokens=1_000_000 + n if ended else None,
                extra={"training_type": "sft", "n_epochs": 3, "batch_size": 16},
            )
            for n in range(self._jobs)
        ]

    async def _poll(self, **batch: object) -> None:
        assert self._scope is not None
        context = JobContext(
            account=ACCOUNT,
            now=self._now,
            platform_now=self._now,
            previous_good=self._now - timedelta(seconds=30),
            gap=False,
            baseline_from=BEGUN,
            baselining=False,
            first_run="silent",
            reports_usage=True,
        )
        made = Batch(scope=self._scope, context=context, **batch)  # type: ignore[arg-type]
        await self._store.write(lambda conn: ingest_jobs(conn, made, epoch=self._store.epoch, prices=()))

    async def _leave(self) -> None:
        """Those of long ago leave their platform; every other one because it was deleted."""
        number = self._number - self._listed
        if number > 0:
            ids = [f"ft-{number:04}-{n:03}" for n in range(self._jobs)]
            await self._store.write(partial(self._delete, ids=ids[::2]))
            await self._poll(others=dict.fromkeys(ids, diff.job_gone))

    def _delete(self, conn: Connection, ids: Sequence[str]) -> None:
        """As a policy has it done; the next poll sees what came of it."""
        for job_id in ids:
            action = ask(conn, self._store.epoch, ACCOUNT, job_id, NIGHTLY, forbidden="", now=self._now).action
            assert action is not None
            archive_job(conn, action.scope_id, job_id, self._now)
            assert move_action(conn, action, replace(action, state=ActionState.ACCEPTED, tries=1, sent_at=self._now))

    async def _change_stock(self) -> None:
        def write(conn: Connection) -> None:
            for n in range(self._stocks):
                kind = EventType.FLAVOR_SOLD_OUT if n % 2 else EventType.FLAVOR_RESTOCKED
                made = draft(
                    type=kind,
                    subject=f"resource-flavor/card-{n % 5}/zone-{n % 3}",
                    time=self._now,
                    detected_at=self._now,
                    data={"flavor": {"id": f"card-{n % 5}", "zone": f"zone-{n % 3}", "stock": kind.value}},
                )
                append_events(conn, self._store.epoch, [(made, next_revision(conn, "north", made.subject))])

        await self._store.write(write)
        await self._route()

    async def _route(self) -> None:
        """Of each end a message to two sinks, one of which refuses one in fifty; every tenth is hidden instead."""

        def route(conn: Connection) -> list[Event]:
            newest = last_seq(conn)
            seen = read_events(conn, after=self._routed(conn), limit=MOST)
            ends = [event for event in seen if event.type is EventType.JOB_FINISHED]
            write_notifications(conn, [self._message(event) for event in ends if event.seq % 10])
            name = self._silence(conn)
            hidden = tuple(event.seq for event in ends if not event.seq % 10)
            write_hidden(
                conn, [HiddenWrite(by=f"silence/{name}", rule="ended", sinks=("mail",), seqs=hidden, at=self._now)]
            )
            set_cursor(conn, "routing", newest)
            return seen

        seen = await self._store.write(route)
        ids = {event.id for event in seen}
        assert not ids & self.told, "an id was given twice"
        self.told |= ids
        for sink, every in (("mail", 50), ("hook", 0)):
            await self._store.write(partial(self._deliver, sink=sink, every=every))

    def _routed(self, conn: Connection) -> int:
        return int(conn.execute(text("SELECT COALESCE(MAX(seq), 0) FROM cursors WHERE name = 'routing'")).scalar_one())

    def _silence(self, conn: Connection) -> str:
        name = f"week-{self._number // 7}"
        if conn.execute(text(f"SELECT 1 FROM silences WHERE id = '{name}'")).first() is None:
            times = {"starts_at": self._now, "ends_at": self._now + timedelta(days=7)}
            add_silence(conn, SilenceRow(id=name, match="true", owner="ann", comment="a week of work", **times))
            next_revision(conn, None, f"silence/{name}")
        return name

    def _message(self, event: Event) -> NotificationWrite:
        words = f"{event.data['job']['name']} has ended after a while, with these facts:" + " fact: value;" * 10
        return NotificationWrite(
            id=event.id,
            rule="ended",
            severity=Severity.INFO,
            reason=Reason.NEW,
            text=Text(title=words[:80], plain=words, markdown=words),
            created_at=self._now,
            event_seqs=(event.seq,),
            subjects=(f"north|{event.subject}",),
            sinks=("mail", "hook"),
        )

    def _deliver(self, conn: Connection, sink: str, every: int) -> None:
        for n, taken in enumerate(claim(conn, sink, now=self._now, limit=MOST)):
            dead = every and n % every == 0
            state, outcome = (
                (DeliveryState.DEAD, Outcome.REFUSED) if dead else (DeliveryState.DELIVERED, Outcome.DELIVERED)
            )
            receipt = Receipt(outcome=outcome, detail="550 no such mailbox" if dead else "")
            settle(conn, taken.id, state=state, receipt=receipt, now=self._now)

    async def _answer(self) -> None:
        """Somebody acknowledges one message a day."""

        def write(conn: Connection) -> None:
            query = text("SELECT id FROM notifications ORDER BY n DESC LIMIT 1")
            name = conn.execute(query).scalar()
            made = diff.acknowledged(
                str(name), rule="ended", subjects=["north|job/x"], title="x", by="ann", now=self._now
            )
            append_events(conn, self._store.epoch, [(made, next_revision(conn, None, made.subject))])

        await self._store.write(write)
        await self._route()

    async def _tidy(self) -> None:
        async def rest(took: float) -> None: ...

        limits = Limits.of(self._retention, self._now)
        await Pruning(self._store, limits, VirtualClock(), rest).run()

    def _count(self, conn: Connection) -> Day:
        rows = {
            name: int(conn.execute(select(func.count()).select_from(table)).scalar_one())
            for name, table in metadata.tables.items()
        }
        pages, free, size = (
            int(conn.exec_driver_sql(f"PRAGMA {name}").scalar_one())
            for name in ("page_count", "freelist_count", "page_size")
        )
        return Day(number=self._number, rows=rows, used=(pages - free) * size, size=pages * size)


def flat(days: Sequence[Day], of: Callable[[Day], float], within: float) -> bool:
    """Whether the second half of the days holds no more than the first, but for that share."""
    half = len(days) // 2
    return max(map(of, days[half:])) <= max(map(of, days[:half])) * (1 + within)
