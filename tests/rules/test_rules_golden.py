"""The words of every event type, word by word: `golden/<name>.txt` holds title, plain text and Markdown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from monitor import diff
from monitor.actions.stopping import REMEDY
from monitor.budgets.telling import reached, renewed
from monitor.diff.quotas import Freed, Relief
from monitor.ledger.budget_options import BudgetOptions
from monitor.ledger.budgets import Entry, Step, standing
from monitor.ledger.periods import period_of
from monitor.model import Asker, AskerKind, Event, EventDraft, EventType, JobError, Quota, Reason, Severity
from monitor.rules import render
from monitor.store import UsageSum
from tests.kit.made import deletion

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
FOLDER = Path(__file__).parent / "golden"
HOURS = UsageSum(
    keys=(), currency="CNY", jobs=1, tokens=0, cost=Decimal("238.67"), node_ms=24_000_000, card_ms=192_000_000
)
ANN = Asker(AskerKind.USER, "ann")
OOM = JobError(code="OutOfMemory", message="CUDA out of memory on rank 3: tried to allocate 2.50 GiB")


@pytest.fixture(scope="session")
def told(
    tuned: Any, trained: Any, shelf: Any, stored: Callable[..., list[Event]], accounts: Any, at: Any
) -> dict[str, list[Event]]:
    """Name of the golden file -> the events of one message."""
    found: dict[str, list[Event]] = {"test": []}
    found |= _jobs(tuned, trained, stored, at)
    found |= _places(shelf, stored, accounts, at)
    found |= _deletions(tuned, trained, stored, at)
    found |= _quotas(stored, accounts, at)
    found |= _budgets(stored, at)
    found |= _digests(tuned, trained, shelf, stored, at)
    return found


def _jobs(tuned: Any, trained: Any, stored: Any, at: Any) -> dict[str, list[Event]]:
    life = tuned().see(0, "pending").see(1, "queued", queue_position=4).see(6, "running", queue_position=None)
    life.see(20, "running", checkpoints=3, max_checkpoints=10)
    life.see(48, "failed", error=OOM, ended_at=at(48)).see(50, "running", error=None, ended_at=None)
    life.see(70, "succeeded", output_model="qwen3-14b-ft-2026", ended_at=at(70), duration=1200.0)
    life.use(71, 1_234_567).use(90, 1_240_000).gone(95)
    other = trained(accelerators=8.0).see(0, "queued").see(12, "running", started_at=at(11), runs=1)
    other.see(40, "queued").see(55, "running", runs=2).see(60, "stopping").see(61, "canceled", ended_at=at(61))
    other.work(61, 3000.0, "2.50").work(90, 3030.5, "2.50")
    late = trained(started_at=at(5), ended_at=at(65), runs=1).see(240, "failed", gap=True, error=OOM)
    found = _named("tune", stored(life.drafts)) | _named("train", stored(other.drafts))
    small = trained(started_at=at(5), nodes=1, accelerators=None).see(9, "failed").work(9, 30.0)
    return found | {"train-late": stored(late.drafts)[-1:], "train-unpriced": stored(small.drafts)[-1:]}


def _named(family: str, events: list[Event]) -> dict[str, list[Event]]:
    """`tune-finished`, and `tune-finished-2` for the second of its type."""
    found: dict[str, list[Event]] = {}
    for event in events:
        name = f"{family}-{event.type.value.partition('.')[2]}"
        count = sum(key.startswith(name) for key in found)
        found[f"{name}-{count + 1}" if count else name] = [event]
    return found


def _places(shelf: Any, stored: Any, accounts: Any, at: Any) -> dict[str, list[Event]]:
    studio, arts = accounts
    turns = shelf().read(0, {"cn-north-4a": "normal", "cn-north-4b": "normal"}).read(60, {"cn-north-4a": "soldout"})
    turns.read(260, {"cn-north-4a": "normal"}, max_nodes=16, specification={"cpu": 192, "npu": "8 * Ascend-910B3"})
    turns.withdrawn(300)
    drafts = {
        "baselined": diff.baselined(
            studio, watch="jobs", counts={"succeeded": 1400, "failed": 9, "running": 3}, now=at(0), first_run="summary"
        ),
        "unreachable": diff.unreachable(
            studio,
            watch="jobs",
            reason="HTTP 502",
            hint="Nothing to do; polls go on.",
            since=at(0),
            failures=5,
            now=at(3),
        ),
        "recovered": diff.recovered(studio, watch="jobs", reason="HTTP 502", since=at(0), now=at(33)),
        "unauthorized": diff.unauthorized(
            arts, watch="jobs", reason="the platform refuses the key (401)", hint="Check access_key.", now=at(0)
        ),
        "shrunk": diff.view_shrunk(arts, watch="jobs", missing=40, known=120, now=at(0), workspace="0"),
        "unrecognised": diff.unrecognised(arts, "status", "Hibernating", now=at(0)),
        "malformed": diff.malformed(studio, "jobs", "ft-9", "`create_time` is no time", now=at(0)),
        "rule-failed": diff.rule_failed("job-ended", what="integer overflow", now=at(0), event="abc"),
        "template-failed": diff.template_failed("job-ended", what="there is no field 'nam' (line 1)", now=at(0)),
        "dead": diff.delivery_dead(
            "team-slack",
            rule="job-ended",
            title="qwen-sft failed after 42 min",
            attempts=18,
            detail="HTTP 410 Gone",
            now=at(0),
        ),
        "sink-failing": diff.sink_failing(
            "team-slack", detail="HTTP 502 Bad Gateway", since=at(-7), attempts=5, waiting=12, now=at(0)
        ),
        "sink-recovered": diff.sink_recovered("team-slack", since=at(-133), waiting=12, now=at(0)),
        "store-degraded": diff.store_degraded(what="the disk is full", since=at(-42), down=2520.0, now=at(0)),
        "reloaded": diff.config_reloaded(
            file="/etc/training-monitor/training-monitor.yaml",
            changes={"accounts": {"removed": ["old"]}, "sinks": {"added": ["team"], "changed": ["mail", "hook"]}},
            settings=["prices"],
            now=at(0),
        ),
        "reloaded-same": diff.config_reloaded(file="/etc/training-monitor.yaml", changes={}, settings=[], now=at(0)),
        "rejected": diff.config_rejected(
            file="/etc/training-monitor.yaml",
            problems=[f"training-monitor.yaml:{line}:3: sinks[0].url: expected a URL" for line in (3, 4, 5, 6)],
            count=9,
            now=at(0),
        ),
        "started": diff.monitor_started(version="0.1.0", now=at(0)),
        "stopped": diff.monitor_stopped(version="0.1.0", now=at(0), reason="SIGTERM"),
    }
    sold = next(event for event in stored(turns.drafts) if event.type is EventType.FLAVOR_SOLD_OUT)
    drafts |= _of_people(at) | {
        name: diff.flavor_flapping(sold, changes=changes, since=at(18), settled=name != "flapping", now=at(now))
        for name, changes, now in (("flapping", 6, 60), ("settled", 14, 180))
    }
    return _named("flavor", stored(turns.drafts)) | {name: stored([draft]) for name, draft in drafts.items()}


def _of_people(at: Any) -> dict[str, EventDraft]:
    title = "Training job “resnet50-nightly” has been in the queue for 2 h"
    said: dict[str, Any] = {"rule": "stuck", "subjects": ["a|job/1"], "title": title, "by": "ann", "now": at(5)}
    about: dict[str, Any] = {"owner": "ann", "comment": "the cluster moves to hall 2"}
    match = 'account.name == "ascend-north"'
    return {
        "acknowledged": diff.acknowledged("n1", **said),
        "snoozed": diff.snoozed("n1", **said, until=at(180)),
        "silence-added": diff.silence_added(
            "s1", match=match, start=at(5), until=at(125), by="ann", now=at(5), **about
        ),
        "silence-ended": diff.silence_ended("s1", by="bob", hidden=None, now=at(60), **about),
        "silence-over": diff.silence_ended("s1", by=None, hidden=3, now=at(125), **about),
    }


def _deletions(tuned: Any, trained: Any, stored: Any, at: Any) -> dict[str, list[Event]]:
    life = tuned().see(0, "failed", error=OOM, ended_at=at(0))
    who, known = life.account, life.known
    wanted = deletion(asker=Asker(AskerKind.POLICY, "nightly"), requested_at=at(5))
    (gone,) = diff.job_gone(known, life.poll(9)).drafts
    other = trained().see(0, "succeeded", ended_at=at(0), started_at=at(-40))
    (left,) = diff.job_gone(other.known, other.poll(9)).drafts
    newest = replace(wanted, reason="it is the newest job of its account, which is never deleted")
    still = "the platform said yes, and 30 min later the job is still there"
    no = replace(wanted, tries=1, reason="ModelArts does not delete the job in its present state (HTTP 409)")
    drafts = {
        "deletion-requested": diff.deletion_requested(who, known, replace(wanted, asker=ANN), now=at(5)),
        "deletion-refused": diff.deletion_refused(who, known, newest, now=at(5)),
        "deletion-refused-there": diff.deletion_refused(who, known, no, now=at(5)),
        "deletion-failed": diff.deletion_failed(who, known, replace(wanted, tries=3, reason=still), now=at(35)),
        "deleted": diff.as_deleted(gone, wanted),
        "deleted-train": diff.as_deleted(left, replace(wanted, asker=Asker(AskerKind.TOKEN, "api")), [HOURS]),
        "cleanup-stopped": diff.cleanup_stopped("nightly", "ModelArts refuses (HTTP 403)", account="a", now=at(6)),
        "cleanup-resumed": diff.cleanup_resumed(
            "nightly", "resumed", by="ann", reason="ModelArts refuses (HTTP 403)", since=at(6), now=at(9)
        ),
        "cleanup-resumed-changed": diff.cleanup_resumed(
            "half", "changed", by=None, reason="6 of 7 would go", since=at(6), now=at(9)
        ),
        "cleanup-stopped-half": diff.cleanup_stopped("half", f"6 of 7 would go; {REMEDY}", account="a", now=at(6)),
    }
    return {name: stored([draft]) for name, draft in drafts.items()}


def _quotas(stored: Any, accounts: Any, at: Any) -> dict[str, list[Event]]:
    studio, arts = accounts
    some = Quota(resource="jobs", used=17, cap=20, seen_at=at(5))
    full = Quota(resource="job-num", used=10_000, cap=10_000, seen_at=at(5))
    policies = [
        Freed("nightly", 5, True),
        Freed("trials", 31, False),
        Freed("failed", 0, True, "it stands still: ModelArts refuses (HTTP 403)"),
    ]
    drafts = {
        "quota-reached": diff.quota_reached(studio, some, 80, Relief(finished=16), now=at(5)),
        "quota-full": diff.quota_reached(arts, full, 95, Relief(finished=9_988, policies=policies), now=at(5)),
        "quota-eased": diff.quota_eased(studio, replace(some, used=14), now=at(9)),
    }
    return {name: stored([draft]) for name, draft in drafts.items()}


def _budgets(stored: Any, at: Any) -> dict[str, list[Event]]:
    money = BudgetOptions(name="team-nlp", cost=5000, currency="CNY", timezone="Asia/Shanghai")
    cards = BudgetOptions(name="cards", card_hours=400, period="30d")
    month = standing(money, period_of(money, at(5)), [Entry(at(0), Decimal("4012.5"))], at(5))
    old, late = Entry(at(0) - timedelta(days=20), Decimal(600_000_000)), Entry(at(0), Decimal(860_000_000))
    rolling = standing(cards, period_of(cards, at(5)), [old, late], at(5))
    drafts = {
        "budget-reached": reached(month, Step(threshold=80.0, forecast=True), at(5)),
        "budget-spent": reached(rolling, Step(threshold=100.0), at(5)),
        "budget-forecast": reached(month, Step(forecast=True), at(5)),
        "budget-renewed": renewed("team-nlp", "ended", at(9), month),
    }
    return {name: stored([draft]) for name, draft in drafts.items()}


def _digests(tuned: Any, trained: Any, shelf: Any, stored: Any, at: Any) -> dict[str, list[Event]]:
    drafts = []
    for number in range(14):
        life = tuned(f"run-{number:02}", id=f"ft-{number}").see(0, "pending").see(5, "running")
        life.see(40 + number, "failed" if number % 5 == 4 else "succeeded", error=OOM if number % 5 == 4 else None)
        drafts += life.drafts
        if number == 3:
            drafts += life.use(44, 2_000_000).drafts[-1:]
    stock = shelf().read(0, {"cn-north-4a": "normal", "cn-north-4b": "normal"})
    stock.read(10, {"cn-north-4a": "soldout", "cn-north-4b": "soldout"}).read(30, {"cn-north-4a": "normal"})
    small = trained("夜间训练-中文").see(0, "queued").see(12, "running", started_at=at(11))
    return {
        "digest-many": stored([*drafts, *stock.drafts[1:]], late=True),
        "digest-one": stored(small.drafts, late=True),
    }


def _text(name: str, events: list[Event]) -> str:
    reason = Reason.CATCH_UP if len(events) > 1 else Reason.NEW
    severity = max((event.severity for event in events), key=lambda severity: severity.rank, default=Severity.INFO)
    text = render(events, rule="job-ended", reason=reason, severity=severity, now=NOON)
    return f"{text.title}\n\n{text.plain}\n\n--- markdown\n{text.markdown}\n"


def test_every_message_reads_as_it_was_agreed(told: dict[str, list[Event]]) -> None:
    assert {name: _text(name, events) for name, events in told.items()} == {
        path.stem: path.read_text() for path in FOLDER.glob("*.txt")
    }


def test_every_event_type_has_a_golden_message(told: dict[str, list[Event]]) -> None:
    assert {event.type for events in told.values() for event in events} == set(EventType)


def test_no_message_needs_more_than_a_phone_shows(told: dict[str, list[Event]]) -> None:
    for name, events in told.items():
        title, _, rest = _text(name, events).partition("\n\n")
        plain = rest.partition("\n\n--- markdown")[0]
        assert len(title) <= 120, name
        assert len(plain.splitlines()) <= (18 if len(events) > 1 else 8), name
