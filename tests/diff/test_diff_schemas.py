"""Every event type through its builder, held against its published schema; and the table that people read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource

from monitor import diff, ledger
from monitor.budgets.telling import reached, renewed
from monitor.diff.quotas import Freed, Relief
from monitor.lab.steps import EventStep
from monitor.lab.told_events import whole
from monitor.ledger.budget_options import BudgetOptions
from monitor.ledger.budgets import Entry, Step, standing
from monitor.ledger.periods import period_of
from monitor.model import DEFAULT_SEVERITY, Account, Catalogue, Event, EventDraft, EventType, JobError, Quota
from monitor.store import UsageSum
from tests.kit.made import deletion, known_job

FOLDER = Path(__file__).parents[2] / "docs" / "events"
URN = "urn:training-monitor:event:v1:"


def _closed(schema: Any) -> Any:
    """The same schema, refusing keys that it does not name: what is sent must be documented."""
    if isinstance(schema, list):
        return [_closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    parts = {key: _closed(part) for key, part in schema.items()}
    if "allOf" in schema:
        return parts | {"unevaluatedProperties": False}
    if "properties" in schema and "account" not in schema["properties"]:
        return parts | {"additionalProperties": False}
    return parts


SCHEMAS = {path.name.removesuffix(".schema.json"): json.loads(path.read_text()) for path in FOLDER.glob("*.json")}
REGISTRY: Any = Registry().with_resources(
    (URN + name, Resource.from_contents(_closed(schema))) for name, schema in SCHEMAS.items()
)


def validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(_closed(SCHEMAS[name]), registry=REGISTRY, format_checker=FormatChecker())


@pytest.fixture
def drafts(new_story: Any, poll: Any, at: Any, flavor: Any, reading: Any) -> list[EventDraft]:
    own = [*_people_drafts(at), *_own_drafts(at), *_deletion_drafts(poll, at), *_budget_drafts(at), *_quota_drafts(at)]
    return [*_job_drafts(new_story, poll, at), *_flavor_drafts(flavor, reading), *own]


def _job_drafts(new_story: Any, poll: Any, at: Any) -> Iterator[EventDraft]:
    bare, rich = new_story(), new_story()
    for state in ("pending", "queued", "running", "queued", "running", "stopping", "canceled", "unknown", "running"):
        yield from bare.see(state, created_at=None)
    yield from diff.job_gone(bare.known, poll(30)).drafts
    facts: dict[str, Any] = {
        "kind": "sft",
        "model": "qwen3-14b",
        "base_model": "qwen3-14b",
        "output_model": "qwen3-14b-ft",
        "flavor": "ascend.8",
        "nodes": 2,
        "accelerators": 8.0,
        "workspace": "0",
        "creator": "ann",
        "started_at": at(9),
        "runs": 1,
        "checkpoints": 1,
        "max_checkpoints": 5,
        "queue_position": 1,
        "url": "https://console.example/1",
        "extra": {"priority": 1, "preemptible": True, "policy": "regular", "share": 0.5},
    }
    yield from rich.see("running", **facts)
    ended = {"error": JobError(code="1", message="OOM"), "ended_at": at(10.5), "duration": 90.25, "tokens": 120_000}
    yield from rich.see("failed", **(facts | ended | {"checkpoints": 2}))
    price = ledger.PriceOptions.model_validate(
        {"provider": "p", "model": "qwen3-14b", "per_1k_tokens": "0.00000003", "currency": "CNY", "since": "2026-01-01"}
    )
    for before, prices in ((None, [price]), (130_000, [price]), (None, [])):
        booking = ledger.book(
            replace(rich.known, booked_tokens=before), prices, provider="p", region=None, day=at(0).date()
        )
        assert booking is not None
        yield diff.usage_event(rich.known, booking, poll(12))


def _flavor_drafts(flavor: Any, reading: Any) -> Iterator[EventDraft]:
    bare = flavor({}, catalogue=Catalogue.TRAINING, name=None, type=None, max_nodes=None, specification={}, billing={})
    yield from diff.diff_flavor(None, bare, reading()).drafts
    change = diff.diff_flavor(None, flavor(), reading())
    yield from change.drafts
    for zones in ({"a": "soldout"}, {"a": "normal"}, {"a": "normal", "b": "odd"}):
        change = diff.diff_flavor(change.known, flavor(zones), reading())
        yield from change.drafts
        for turn in (draft for draft in change.drafts if draft.type is EventType.FLAVOR_SOLD_OUT):
            yield from (_flapping(turn, settled) for settled in (False, True))
    yield from diff.flavor_delisted(change.known, reading()).drafts


def _flapping(turn: EventDraft, settled: bool) -> EventDraft:
    facts = {name: getattr(turn, name) for name in EventDraft.__dataclass_fields__}
    last = Event(seq=1, id="x", revision=1, **facts)
    return diff.flavor_flapping(last, changes=6, since=turn.time, settled=settled, now=turn.detected_at)


def _people_drafts(at: Any) -> Iterator[EventDraft]:
    said: dict[str, Any] = {"rule": "r", "subjects": ["llm|job/1"], "title": "Job failed", "by": "ann", "now": at(20)}
    yield diff.acknowledged("n1", **said)
    yield diff.snoozed("n1", **said, until=at(60))
    about: dict[str, Any] = {"owner": "ann", "comment": "a move", "now": at(20)}
    yield diff.silence_added("s1", match="true", start=at(20), until=at(60), by="bob", **about)
    yield diff.silence_ended("s1", by="bob", hidden=None, **about)
    yield diff.silence_ended("s1", by=None, hidden=3, **about)


def _deletion_drafts(poll: Any, at: Any) -> Iterator[EventDraft]:
    who, known, action = Account(name="llm", provider="model-studio"), known_job(), deletion(reason="it is so")
    for tell in (diff.deletion_requested, diff.deletion_refused, diff.deletion_failed):
        yield tell(who, known, action, now=at(20))
    for booked in ([], [UsageSum(keys=(), currency="CNY", jobs=1, tokens=7, cost=Decimal("0.30"))]):
        yield from (diff.as_deleted(draft, action, booked) for draft in diff.job_gone(known, poll(30)).drafts)
    yield diff.cleanup_stopped("nightly", "HTTP 403", account="llm", now=at(20))
    for why, by in (("resumed", "ann"), ("changed", None), ("off", None), ("removed", None)):
        yield diff.cleanup_resumed("nightly", why, by=by, reason="HTTP 403", since=at(20), now=at(30))


def _budget_drafts(at: Any) -> Iterator[EventDraft]:
    now = at(20)
    for facts in ({"tokens": 10}, {"cost": "0.1", "currency": "CNY", "period": "1h", "scope": "true"}):
        options = BudgetOptions.model_validate({"name": "b", **facts})
        used = [Entry(now, Decimal("0.05"))]
        found = standing(options, period_of(options, now), used, now)
        yield reached(found, Step(threshold=100.0), now)
        yield reached(found, Step(forecast=True), now)
        yield from (renewed("b", why, now, found) for why in ("ended", "eased"))
    yield from (renewed("b", why, now) for why in ("changed", "removed"))


def _quota_drafts(at: Any) -> Iterator[EventDraft]:
    who, now = Account(name="llm", provider="model-studio"), at(20)
    relief = Relief(
        finished=3, policies=[Freed("nightly", 2, True), Freed("trial", 0, False, "it stands still: HTTP 403")]
    )
    for used, step in ((16, 80), (20, 95)):
        full = Quota(resource="jobs", used=used, cap=20, seen_at=now)
        yield diff.quota_reached(who, full, step, relief, now=now)
    yield from (diff.quota_eased(who, replace(full, cap=cap), now=now) for cap in (50, None))


def _own_drafts(at: Any) -> Iterator[EventDraft]:
    who, now = Account(name="llm", provider="model-studio"), at(20)
    yield diff.baselined(who, watch="jobs", counts={"running": 2}, now=now, first_run="silent", workspace="0")
    yield diff.unreachable(who, watch="jobs", reason="no answer", hint=None, since=at(1), failures=5, now=now)
    yield diff.recovered(who, watch="jobs", reason="no answer", since=at(1), now=now)
    yield diff.unauthorized(who, watch="jobs", reason="the key is refused", hint="correct it", now=now)
    yield diff.view_shrunk(who, watch="jobs", missing=40, known=100, now=now)
    yield diff.unrecognised(who, "status", "MIGRATING", now=now)
    yield diff.malformed(who, "jobs", "ft-1", "a job without a status", now=now)
    yield diff.rule_failed("r", what="no such key", now=now)
    yield diff.template_failed("r", what="undefined", now=now, event="abc")
    yield diff.sink_failing("s", detail="HTTP 500", since=at(1), attempts=3, waiting=2, now=now)
    yield diff.sink_recovered("s", since=at(1), waiting=2, now=now)
    yield diff.store_degraded(what="the disk is full", since=at(1), down=60.0, now=now)
    yield diff.sink_recovered("s", since=at(1), waiting=0, now=now, removed=True)
    yield diff.deliveries_dead("s", count=3, detail="HTTP 500", now=now)
    yield diff.delivery_dead("s", rule="r", title="Job failed", attempts=9, detail="HTTP 500", now=now)
    yield diff.config_reloaded(
        file="/etc/m.yaml", changes={"sinks": {"added": ["team"], "changed": ["mail"]}}, settings=["prices"], now=now
    )
    yield diff.config_rejected(file="/etc/m.yaml", problems=["m.yaml:3:1: sinks: is missing"], count=1, now=now)
    yield diff.monitor_started(version="0.1.0", now=now)
    yield diff.monitor_stopped(version="0.1.0", now=now, reason="SIGTERM")


def test_every_event_type_is_built_and_fits_its_schema_to_the_key(drafts: list[EventDraft]) -> None:
    assert {draft.type for draft in drafts} == set(EventType)
    for draft in drafts:
        data = json.loads(json.dumps(draft.data))
        problems = [
            f"{draft.type} {error.json_path}: {error.message}" for error in validator(draft.type).iter_errors(data)
        ]
        assert problems == []


def test_whole_events_of_a_case_may_say_all_that_real_ones_say(drafts: list[EventDraft]) -> None:
    for draft in drafts:
        step = EventStep.model_validate({"event": draft.type.value, "data": dict(draft.data)})
        assert whole(step, Account(name="a", provider="modelarts"), draft.time).type is draft.type


def test_a_key_that_no_schema_names_would_be_noticed(drafts: list[EventDraft]) -> None:
    for draft in drafts:
        assert not validator(draft.type).is_valid({**draft.data, "surprise": 1})
    job = next(draft for draft in drafts if draft.type == "job.finished")
    assert not validator("job.finished").is_valid({**job.data, "job": {**job.data["job"], "surprise": 1}})


def test_each_type_has_one_schema_with_its_versioned_name() -> None:
    assert set(SCHEMAS) == {event.value for event in EventType} | {"common"}
    for name, schema in SCHEMAS.items():
        Draft202012Validator.check_schema(schema)
        assert schema["$id"] == URN + name


def test_severity_and_account_in_the_data_are_those_of_the_event(drafts: list[EventDraft]) -> None:
    for draft in drafts:
        assert (draft.data["severity"], draft.data["late"]) == (draft.severity, draft.late)
        assert (draft.data["account"] or {}).get("name") == draft.account
        graded = (EventType.JOB_FINISHED, EventType.BUDGET_REACHED, EventType.QUOTA_REACHED)
        if draft.type not in graded and not draft.data.get("settled"):
            assert draft.severity == DEFAULT_SEVERITY.get(draft.type, "info")


def test_only_a_silent_baseline_and_a_silence_that_is_over_by_itself_are_quiet(
    drafts: list[EventDraft], at: Any
) -> None:
    from monitor.model import Account

    quiet = {draft.type for draft in drafts if draft.quiet}
    assert quiet == {EventType.ACCOUNT_BASELINED, EventType.SILENCE_ENDED}
    assert [draft.quiet for draft in drafts if draft.type is EventType.SILENCE_ENDED] == [False, True]
    for first_run in ("summary", "full"):
        told = diff.baselined(Account(name="a", provider="p"), watch="w", counts={}, now=at(0), first_run=first_run)
        assert told.quiet is False


def _table() -> dict[str, list[str]]:
    lines = (FOLDER / "README.md").read_text(encoding="utf-8").splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| `")]
    names = [row[0].strip("`") for row in rows]
    assert len(names) == len(set(names))
    return {name: row[1:] for name, row in zip(names, rows, strict=True)}


def test_the_readers_table_has_every_type_with_its_subject_and_severity(drafts: list[EventDraft]) -> None:
    table = _table()
    assert list(table) == [event.value for event in EventType]
    for draft in drafts:
        when, subjects, severity = table[draft.type]
        assert when
        shapes = [re.sub(r"<\w+>", "[^/]+", shape) for shape in re.findall(r"`([^`]+)`", subjects)]
        assert any(re.fullmatch(shape, draft.subject) for shape in shapes), draft.subject
        assert draft.severity in severity.replace(",", "").split()


def test_money_in_events_is_exact_text(drafts: list[EventDraft]) -> None:
    booked = [draft for draft in drafts if "usage" in draft.data and draft.type is not EventType.JOB_DELETED]
    costs = [draft.data["usage"]["cost"] for draft in booked]
    assert [cost and Decimal(cost) for cost in costs] == [Decimal("0.0000036"), Decimal("-0.0000003"), None]
