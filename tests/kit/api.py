"""The API around a store with something of everything in it, for tests that ask it without any transport."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from monitor.model import (
    Catalogue,
    DeliveryState,
    Event,
    EventDraft,
    EventType,
    Flavor,
    JobState,
    KnownFlavor,
    KnownStock,
    Outcome,
    Quota,
    Receipt,
    Scope,
    Severity,
    rfc3339,
)
from monitor.settings import Settings, load
from monitor.store import (
    BookingRow,
    Connection,
    FlavorWrite,
    Health,
    JobWrite,
    Store,
    append_events,
    book,
    claim,
    ensure_scope,
    save_flavors,
    save_health,
    save_jobs,
    settle,
    update_scope,
    write_notifications,
)
from monitor.store.quotas import QuotaRow, save_quota
from monitor.web.api import Api, Inside, Request
from tests.kit.clock import VirtualClock
from tests.kit.made import NOON, draft, known_job, notification

CONFIG = """
accounts:
  - name: north
    provider: modelarts
    region: cn-north-4
    project_id: 0123456789abcdef
    access_key: AK-north-secret
    secret_key: SK-north-secret
    labels: {team: vision}
    jobs: {every: 30s, workspaces: ["0", "ws-2"]}
    resource_flavors: {every: 60s}
    training_flavors: {every: 15m}
  - name: llm
    provider: model-studio
    api_key: sk-llm-secret
    jobs: {every: 45s}
people:
  - {name: Ann Bright, ids: ["modelarts:ann-id", "model-studio:139699"], notify: [slack]}
sinks:
  - {name: slack, type: webhook, url: "https://user:url-password@hooks.example.org/in?token=url-secret"}
  - {name: hook, type: webhook, url: "https://example.org/in", secret: "whsec_c2VjcmV0LW9mLXRoZS1ob29r"}
rules:
  - {name: job-ended, on: [job.finished], when: job.state != "canceled", notify: [slack, owner], severity: warning}
  - {name: stock, on: ["flavor.*"], notify: [hook]}
unmatched: {notify: [slack], min_severity: warning}
http: {listen: 127.0.0.1:0, token: http-token-secret-0123}
"""
SECRETS = (
    "AK-north-secret",
    "SK-north-secret",
    "sk-llm-secret",
    "url-password",
    "url-secret",
    "c2VjcmV0LW9mLXRoZS1ob29r",
    "http-token-secret",
)


@dataclass
class Asking:
    """Asks the API as a transport would. `woken`: the sinks that were woken, in order."""

    api: Api
    inside: Inside
    clock: VirtualClock
    woken: list[str] = field(default_factory=list)

    async def reply(self, path: str, method: str = "GET", *, who: str | None = None, **query: Any) -> Any:
        pairs = [
            (name, one) for name, value in query.items() for one in (value if isinstance(value, list) else [value])
        ]
        asked = tuple((name, str(one).lower() if isinstance(one, bool) else str(one)) for name, one in pairs)
        return await self.api.answer(Request(method=method, path=f"/api/v1{path}", query=asked, by=who))

    async def get(self, path: str, **query: Any) -> Any:
        reply = await self.reply(path, **query)
        assert reply.status == 200, reply.body
        return json.loads(reply.body)

    async def items(self, path: str, **query: Any) -> list[Any]:
        return (await self.get(path, **query))["items"]

    async def every(self, path: str, **query: Any) -> list[Any]:
        """All items, page by page."""
        found: list[Any] = []
        cursor: dict[str, str] = {}
        while True:
            page = await self.get(path, **query, **cursor)
            found += page["items"]
            if page["next"] is None:
                return found
            cursor = {"cursor": page["next"]}

    async def problem(self, path: str, method: str = "GET", *, who: str | None = None, **query: Any) -> Any:
        reply = await self.reply(path, method, who=who, **query)
        assert reply.status >= 400
        assert reply.content_type == "application/problem+json"
        document = json.loads(reply.body)
        assert document["status"] == reply.status
        return document

    async def post(self, path: str, **query: Any) -> Any:
        reply = await self.reply(path, "POST", who="ann (uid 1000)", **query)
        assert reply.status == 200, reply.body
        return json.loads(reply.body)


def settings(folder: Path, text: str = CONFIG) -> Settings:
    path = folder / "training-monitor.yaml"
    path.write_text(text + f"state_dir: {folder}\n")
    return load(path, resolve=True, environ={}, credentials_dir=None)


def asking(store: Store, folder: Path, text: str = CONFIG) -> Asking:
    clock = VirtualClock(NOON + timedelta(hours=1))
    inside = Inside(
        store=store, clock=clock, settings=settings(folder, text), started_at=NOON, troubles=lambda: ["north is ill"]
    )
    made = Asking(Api(inside), inside, clock)
    inside.wake = lambda sinks: made.woken.extend(sinks or ())
    return made


def seed(conn: Connection) -> None:
    """Jobs, flavors, events, notifications, deliveries in every state, bookings, health."""
    _jobs(conn)
    _flavors(conn)
    save_quota(conn, QuotaRow(account="llm", quota=Quota(resource="jobs", used=17, cap=20, seen_at=NOON), told=80))
    save_health(conn, "llm", "jobs", Health(state="unreachable", failures=3, since=NOON, reason="no route to host"))
    save_health(conn, "north", "jobs/ws-2", Health(state="unauthorized", failures=1, since=NOON, reason="may not list"))
    events = append_events(conn, "e", [(each, number) for number, each in enumerate(_drafts())])
    _messages(conn, events)
    _bookings(conn)


def _jobs(conn: Connection) -> None:
    for account, workspace, owner in (("north", "0", "ann-id"), ("north", "ws-2", "bob"), ("llm", None, "139699")):
        scope = ensure_scope(
            conn, Scope(account=account, watch="jobs", key=f"k {workspace}", workspace=workspace), now=NOON
        )
        if account == "north":
            update_scope(conn, scope.id, last_good=NOON, baselined_at=NOON)
        writes = []
        for number, state in enumerate(JobState):
            known = known_job(
                f"{account}-{workspace}-{number}", state=state, created_at=NOON + timedelta(minutes=number)
            )
            job = replace(known.job, creator=owner, base_model="qwen3-14b" if number % 2 else None, model="engine")
            known = replace(known, job=job, gone=state is JobState.CANCELED)
            writes.append(JobWrite(known=known, previous_revision=None, hash=number, significant=1))
        save_jobs(conn, scope.id, writes, now=NOON)


def _flavors(conn: Connection) -> None:
    for catalogue, zones in ((Catalogue.RESOURCE, {"a": "normal", "b": "soldout"}), (Catalogue.TRAINING, {})):
        scope = ensure_scope(conn, Scope(account="north", watch=catalogue.value, key="all"), now=NOON)
        update_scope(conn, scope.id, last_good=NOON + timedelta(minutes=50), baselined_at=NOON)
        writes = []
        for number in range(3):
            flavor = Flavor(
                id=f"ascend-{number}", catalogue=catalogue, name=f"Ascend {number}", type="NPU", zones=zones
            )
            stock = {zone: KnownStock(word=word, raw=word, since=NOON) for zone, word in zones.items()}
            known = KnownFlavor(flavor=flavor, revision=1, listed=number < 2, stock=stock)
            writes.append(FlavorWrite(known=known, previous_revision=None))
        save_flavors(conn, scope.id, writes, now=NOON)


def _drafts() -> Iterable[EventDraft]:
    for number in range(8):
        yield draft(
            type=EventType.JOB_FINISHED,
            subject=f"job/north-0-{number}",
            severity=Severity.WARNING if number % 2 else Severity.INFO,
            detected_at=NOON + timedelta(minutes=number),
            data={
                "account": {"name": "north", "provider": "modelarts", "region": "cn-north-4", "labels": {}},
                "job": {"id": f"north-0-{number}", "name": f"name {number}", "state": "failed", "creator": "ann-id"},
                "previous": None,
            },
        )
    yield draft(type=EventType.MONITOR_STARTED, account=None, subject="monitor", data={"version": "1"})
    for minute, type_ in ((10, EventType.FLAVOR_SOLD_OUT), (20, EventType.FLAVOR_RESTOCKED)):
        stock = "soldout" if type_ is EventType.FLAVOR_SOLD_OUT else "normal"
        flavor = {"id": "ascend-0", "catalogue": "resource_flavors", "zone": "a", "stock": stock, "zones": {"a": stock}}
        at = NOON + timedelta(minutes=minute)
        since = rfc3339(NOON if minute == 10 else at - timedelta(minutes=10))
        data = {"flavor": flavor, "previous": {"since": since, "at_least": minute == 10}}
        yield draft(type=type_, subject="flavor/ascend-0/a", time=at, detected_at=at, data=data)
    at = NOON + timedelta(minutes=30)
    flavor = {"id": "ascend-2", "catalogue": "resource_flavors", "zones": {"a": "normal", "b": "soldout"}}
    yield draft(
        type=EventType.FLAVOR_DELISTED,
        subject="resource-flavor/ascend-2",
        time=at,
        detected_at=at,
        data={"flavor": flavor},
    )


def _messages(conn: Connection, events: Iterable[Event]) -> None:
    """One message an event; those to slack end in every way, those to hook wait."""
    for number, event in enumerate(events):
        at = NOON + timedelta(minutes=number)
        rule = "stock" if event.type.value.startswith("flavor") else "job-ended"
        write = notification(f"n{number:02}", events=(event,), created_at=at, sinks=("slack", "hook"), rule=rule)
        write_notifications(conn, [write])
    ends = (DeliveryState.DELIVERED, DeliveryState.DEAD, DeliveryState.REFUSED, DeliveryState.PENDING)
    for number, delivery in enumerate(claim(conn, "slack", now=NOON + timedelta(hours=1), limit=9)):
        if number == 8:
            continue  # and one is being sent
        state = ends[number % len(ends)]
        outcome = Outcome.DELIVERED if state is DeliveryState.DELIVERED else Outcome.REFUSED
        receipt = Receipt(outcome=outcome, detail=f"answer {number}", reference="ts-1")
        next_at = NOON + timedelta(hours=2) if state is DeliveryState.PENDING else None
        settle(conn, delivery.id, state=state, receipt=receipt, now=NOON + timedelta(hours=1), next_at=next_at)


def _bookings(conn: Connection) -> None:
    costs: Iterable[tuple[str, str | None, Mapping[str, str]]] = (
        ("ann-id", "0.10", {"team": "vision"}),
        ("ann-id", "0.20", {"team": "vision"}),
        ("bob", None, {}),
        ("", "1E+2", {"team": "nlp"}),
    )
    for number, (creator, cost, labels) in enumerate(costs):
        row = BookingRow(
            account="north",
            provider="modelarts",
            scope_id=1,
            job_id=f"north-0-{number}",
            job_name="n",
            model="qwen3-14b" if number % 2 else None,
            creator=creator or None,
            labels=labels,
            at=NOON + timedelta(days=number % 2),
            tokens=1000 + number,
            cost=Decimal(cost) if cost else None,
            currency="CNY" if cost else None,
        )
        book(conn, row)
