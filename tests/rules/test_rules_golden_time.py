"""The words of messages that are more than news: `golden/time/<name>.txt`, each made by the engine from a story."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor import diff
from monitor.model import Event, EventDraft, EventType, JobError, event_id
from monitor.rules import (
    Effect,
    Engine,
    Flapping,
    FlappingOptions,
    Heard,
    Notify,
    PersonOptions,
    RuleOptions,
    RuleSet,
    RuleState,
    UnmatchedOptions,
)

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
FOLDER = Path(__file__).parent / "golden" / "time"
OOM = JobError(code="OutOfMemory", message="CUDA out of memory on rank 3: tried to allocate 2.50 GiB")
ANN = PersonOptions(name="Ann", ids=["model-studio:1396993924585947", "modelarts:ann"], notify=["ann-mail"])
SINKS = ["team", "ann-mail", "boss", "journal"]
NPU = "modelarts.bm.npu.910b.8"


def minutes(count: float) -> datetime:
    return NOON + timedelta(minutes=count)


class Day:
    """An engine, and what it has said so far."""

    def __init__(self, *rules: Mapping[str, Any]) -> None:
        options = [RuleOptions.model_validate({"notify": ["team"]} | rule) for rule in rules]
        net = UnmatchedOptions(notify=["journal"])
        ruleset = RuleSet.compile(options, [ANN], net, SINKS, flapping=FlappingOptions())
        self.heard = Heard()
        self.engine = Engine(ruleset, RuleState(), self.heard)
        self.told: list[Notify] = []
        self._seq = 0

    def see(self, drafts: Iterable[EventDraft]) -> Day:
        for draft in sorted(drafts, key=lambda draft: draft.detected_at):
            self._heed(self.engine.advance(draft.detected_at, before=True))
            self.take(draft)
        return self

    def until(self, count: float, wall: float | None = None) -> Day:
        """`wall`: the clock is there already when what falls due is dealt with."""
        self._heed(self.engine.advance(minutes(count), wall=minutes(wall) if wall is not None else None))
        return self

    def take(self, draft: EventDraft) -> None:
        self._seq += 1
        facts = {name: getattr(draft, name) for name in EventDraft.__dataclass_fields__}
        name = event_id("epoch", draft.account, draft.subject, draft.type, self._seq)
        event = Event(seq=self._seq, id=name, revision=self._seq, **facts)
        self.heard.add(event)
        self._heed(self.engine.take(event))

    def _heed(self, effects: Iterable[Effect]) -> None:
        """A flapping is an event of its own, which the rules take in their turn."""
        for effect in effects:
            if isinstance(effect, Notify):
                self.told.append(effect)
            if isinstance(effect, Flapping):
                self.take(
                    diff.flavor_flapping(
                        effect.event,
                        changes=effect.changes,
                        since=effect.since,
                        settled=effect.settled,
                        now=effect.at,
                    )
                )


STUCK = {"name": "stuck", "on": ["job.queued", "job.requeued"], "for": "2h", "severity": "warning"}
STOCK = {"name": "stock", "on": ["flavor.sold_out", "flavor.restocked"]}
ENDED = {"name": "ended", "on": ["job.finished"]}


@pytest.fixture(scope="session")
def told(tuned: Any, trained: Any, shelf: Any, accounts: Any) -> dict[str, Notify]:
    """Name of the golden file -> the message."""
    made = Makers(tuned, trained, shelf, accounts)
    return {
        name.removeprefix("tell_").replace("_", "-"): getattr(made, name)()
        for name in dir(made)
        if name.startswith("tell_")
    }


@dataclass(frozen=True)
class Makers:
    """One message each; the fixtures of the room make the events."""

    tuned: Any
    trained: Any
    shelf: Any
    accounts: Any

    def queue(self) -> list[EventDraft]:
        """Seven jobs came through the queue of a flavor, of which there is some in one zone; then one that does not."""
        drafts: list[EventDraft] = []
        for number, waited in enumerate((4, 6, 9, 12, 14, 40, 55)):
            life = self.trained(f"before-{number}", id=f"b-{number}", flavor=NPU)
            drafts += life.see(-400, "queued").see(-400 + waited, "running").drafts
        stock = self.shelf().read(-90, {"cn-north-4a": "normal", "cn-north-4b": "normal", "cn-north-4c": "normal"})
        stock.read(-60, {"cn-north-4a": "soldout", "cn-north-4b": "soldout", "cn-north-4c": "soldout"})
        drafts += stock.read(-30, {"cn-north-4a": "soldout", "cn-north-4b": "normal", "cn-north-4c": "soldout"}).drafts
        return drafts

    def job(self, name: str = "resnet50-nightly", **facts: Any) -> Any:
        return self.trained(name, flavor=NPU, **facts)

    def tell_for_fired(self) -> Notify:
        life = self.job().see(0, "queued", queue_position=4)
        return Day(STUCK).see([*self.queue(), *life.drafts]).until(121).told[-1]

    def tell_for_fired_late(self) -> Notify:
        started = diff.monitor_started(version="0.1.0", now=minutes(600))
        day = Day(STUCK).see(self.job().see(0, "queued").drafts)
        day.take(started)  # nobody had a look between
        return day.until(661, wall=661).told[-1]

    def tell_for_fired_unseen(self) -> Notify:
        arts = self.accounts[1]
        down = diff.unreachable(
            arts, watch="jobs", reason="HTTP 502", hint=None, since=minutes(60), failures=5, now=minutes(63)
        )
        up = diff.recovered(arts, watch="jobs", reason="HTTP 502", since=minutes(60), now=minutes(300))
        return Day(STUCK).see([*self.job().see(0, "queued").drafts, down, up]).until(400).told[-1]

    def tell_reminder(self) -> Notify:
        rule = STUCK | {"remind_every": "3h"}
        return Day(rule).see([*self.queue(), *self.job().see(0, "queued").drafts]).until(481).told[-1]

    def tell_reminder_of_many(self) -> Notify:
        rule = STUCK | {"remind_every": "6h", "group_by": ["account.name"]}
        return Day(rule).see([draft for n in range(3) for draft in self._queued(n).drafts]).until(500).told[-1]

    def _queued(self, number: int) -> Any:
        return self.job(f"run-{number:02}", id=f"id-{number}").see(0, "queued")

    def tell_resolved(self) -> Notify:
        rule = STUCK | {"resolved": True}
        return Day(rule).see(self.job().see(0, "queued").see(900, "running").drafts).until(901).told[-1]

    def tell_resolved_stock(self) -> Notify:
        rule = {"name": "gone", "on": ["flavor.sold_out"], "for": "1d", "resolved": True}
        stock = self.shelf().read(0, {"cn-north-4a": "normal"}).read(10, {"cn-north-4a": "soldout"})
        return Day(rule).see(stock.read(10 + 26 * 60, {"cn-north-4a": "normal"}).drafts[1:]).told[-1]

    def tell_escalated(self) -> Notify:
        rule = STUCK | {"escalate": {"after": "1h", "notify": ["boss"]}, "notify": ["team", "owner"]}
        return Day(rule).see(self.job().see(0, "queued").drafts).until(181).told[-1]

    def tell_snooze_over(self) -> Notify:
        """Of something that has an end and no reminders."""
        life = self.job().see(0, "running").see(42, "failed", error=OOM)
        rule = ENDED | {"escalate": {"after": "9h", "notify": ["boss"]}}
        about = ["ascend-north|job/" + life.facts["id"]]
        asked: dict[str, Any] = {"rule": "ended", "subjects": about, "title": "t", "by": "Ann", "now": minutes(50)}
        return Day(rule).see([*life.drafts, diff.snoozed("n1", **asked, until=minutes(240))]).until(241).told[-1]

    def tell_hold_digest(self) -> Notify:
        """From 14:00 to 20:00: a job that was queued and runs now, one that failed, a flavor that is back."""
        window = {"between": ["14:00", "20:00"], "timezone": "UTC"}
        rule = {"name": "day", "on": ["job.queued", "job.finished", "flavor.*"], "hold": window}
        jobs = self.job("moved-on", id="m").see(130, "queued").see(300, "running").drafts
        jobs += self.job("broken", id="k").see(100, "running").see(200, "failed", error=OOM).drafts
        stock = self.shelf().read(0, {"cn-north-4a": "normal", "cn-north-4b": "normal"})
        for turn in range(4):
            stock.read(140 + 40 * turn, {"cn-north-4a": ("soldout", "normal")[turn % 2], "cn-north-4b": "normal"})
        return Day(rule).see([*jobs, *stock.drafts[1:]]).until(480).told[-1]

    def tell_after_mute(self) -> Notify:
        rule = STOCK | {"mute": {"between": ["12:00", "20:00"], "timezone": "UTC"}}
        stock = self.shelf().read(-5, {"cn-north-4a": "normal", "cn-north-4b": "normal"})
        stock.read(60, {"cn-north-4a": "soldout", "cn-north-4b": "soldout"}).read(90, {"cn-north-4a": "normal"})
        return Day(rule).see(stock.drafts[1:]).until(480).told[-1]

    def _silence(self, **facts: Any) -> EventDraft:
        plain: dict[str, Any] = {"owner": "Ann", "comment": "hall 2 is without power", "by": "Ann"}
        match = 'account.name == "ascend-north"'
        return diff.silence_added("s1", match=match, start=NOON, until=minutes(120), now=NOON, **plain | facts)

    def tell_after_silence(self) -> Notify:
        rule = {"name": "states", "on": ["job.queued"]}
        drafts = [draft for n in range(3) for draft in self._queued(n).drafts]
        drafts += self.job("run-00", id="id-0").see(5, "queued").see(30, "running").drafts[1:]
        drafts += [draft for n in (3, 4) for draft in self._queued(n).see(50, "running").drafts]
        return Day(rule).see([self._silence(), *drafts]).until(121).told[-1]

    def tell_silence_note(self) -> Notify:
        rule = {"name": "states", "on": ["job.queued"]}
        drafts = [draft for n in range(3) for draft in self._queued(n).see(50 + n, "running").drafts]
        ended = diff.silence_ended(
            "s1", owner="Ann", comment="hall 2 is without power", by="Ann", hidden=None, now=minutes(90)
        )
        return Day(rule).see([self._silence(), *drafts, ended]).until(90).told[-1]

    def tell_silence_note_of_one(self) -> Notify:
        arts = self.accounts[1]
        facts: dict[str, Any] = {"watch": "jobs", "reason": "HTTP 502", "since": minutes(0)}
        down = diff.unreachable(arts, hint=None, failures=5, now=minutes(3), **facts)
        rule = {"name": "accounts", "on": ["account.unreachable"]}
        up = diff.recovered(arts, now=minutes(33), **facts)
        told = Day(rule).see([self._silence(), down, up]).until(121).told
        return next(said for said in told if said.rule == "accounts")

    def tell_storm(self) -> Notify:
        drafts = []
        for number in range(30):
            life = self.job(f"run-{number:02}", id=f"id-{number}").see(0, "running")
            drafts += life.see(40 + number / 100, "failed" if number % 10 == 9 else "canceled", error=OOM).drafts
        return Day(ENDED | {"group_by": ["account.name"]}).see(drafts).until(60).told[-1]

    def tell_stuck_storm(self) -> Notify:
        """The longest wait first, and what is usual for all of them."""
        drafts = [*self.queue()]
        for number in range(14):
            drafts += self.job(f"run-{number:02}", id=f"id-{number}").see(number / 60, "queued").drafts
        return Day(STUCK | {"group_by": []}).see(drafts).until(130).told[-1]

    def _flips(self, count: int) -> list[EventDraft]:
        stock = self.shelf().read(0, {"cn-north-4a": "normal"})
        for turn in range(count):
            stock.read(5 + 6 * turn, {"cn-north-4a": ("soldout", "normal")[turn % 2]})
        return stock.drafts[1:]  # type: ignore[no-any-return]

    def tell_flapping(self) -> Notify:
        return Day(STOCK).see(self._flips(9)).told[-1]

    def tell_settled(self) -> Notify:
        return Day(STOCK).see(self._flips(9)).until(180).told[-1]

    def tell_rule_failed(self) -> Notify:
        rule = ENDED | {"when": "job.tokens * 9223372036854775807 > 0"}
        life = self.tuned().see(0, "running").see(48, "failed", error=OOM, tokens=9)
        finished = [draft for draft in life.drafts if draft.type is EventType.JOB_FINISHED]
        return Day(rule).see(finished).told[0]

    def tell_shadow(self) -> Notify:
        return Day(STUCK | {"shadow": True}).see(self.job().see(0, "queued").drafts).until(121).told[-1]

    def _week(self) -> list[EventDraft]:
        drafts: list[EventDraft] = []
        for number in range(16):
            creator = "77" if number % 3 == 0 else "1396993924585947"
            life = (
                self.tuned(f"run-{number:02}", id=f"ft-{number}", creator=creator).see(0, "pending").see(5, "running")
            )
            if number < 14:
                life.see(
                    40 + number, "failed" if number % 7 == 4 else "succeeded", error=OOM if number % 7 == 4 else None
                )
                drafts += life.use(60, 2_230_000 + number).drafts
            else:
                drafts += life.drafts
        stock = self.shelf().read(-60, {"cn-north-4a": "normal", "cn-north-4b": "normal"})
        stock.read(60, {"cn-north-4a": "soldout", "cn-north-4b": "normal"})
        drafts += stock.read(260, {"cn-north-4a": "normal", "cn-north-4b": "normal"}).drafts[1:]
        facts: dict[str, Any] = {"watch": "jobs", "reason": "HTTP 502", "since": minutes(0)}
        drafts.append(diff.unreachable(self.accounts[0], hint=None, failures=5, now=minutes(3), **facts))
        drafts.append(diff.recovered(self.accounts[0], now=minutes(33), **facts))
        return drafts

    def _reports(self) -> list[Notify]:
        digest = {"at": "08:00", "timezone": "Asia/Shanghai"}
        rule = {"name": "daily", "on": ["job.*", "usage.*", "flavor.*", "account.*"], "digest": digest}
        quiet = diff.monitor_started(version="0.1.0", now=minutes(-600))
        day = Day(rule | {"notify": ["team", "owner"]}).see([quiet, *self._week()]).until(13 * 60)
        return [said for said in day.told if said.rule == "daily"]

    def tell_report(self) -> Notify:
        return next(said for said in self._reports() if "team" in said.sinks)

    def tell_report_personal(self) -> Notify:
        return next(said for said in self._reports() if said.sinks == ("ann-mail",))


def _text(said: Notify) -> str:
    text = said.text
    return f"{text.title}\n\n{text.plain}\n\n--- markdown\n{text.markdown}\n"


def test_every_message_in_time_reads_as_it_was_agreed(told: dict[str, Notify]) -> None:
    assert {name: _text(said) for name, said in told.items()} == {
        path.stem: path.read_text() for path in FOLDER.glob("*.txt")
    }


def test_every_message_in_time_fits_its_place(told: dict[str, Notify]) -> None:
    for name, said in told.items():
        lines = said.text.plain.splitlines()
        assert len(said.text.title) <= 120, name
        assert len(lines) <= (30 if name.startswith("report") else 18), name
        assert not said.text.title[:1].islower() or said.text.title.startswith((NPU, "qwen3")), name
        assert "None" not in said.text.plain, name


def _shown(page: str) -> list[str]:
    """Blocks of the page that show a message: the title, and its lines one step further in."""
    blocks: list[list[str]] = []
    inside = False
    for line in page.splitlines():
        if re.match(r" {4}\S", line):
            blocks.append([line.strip()])
        elif inside and (not line or line.startswith(" " * 8)):
            blocks[-1].append(line.strip())
        inside = line.startswith(" " * 4) or (inside and not line)
    return ["\n".join(block).strip() for block in blocks]


def test_the_page_shows_messages_as_they_are(told: dict[str, Notify]) -> None:
    page = (FOLDER.parents[3] / "docs" / "messages.md").read_text()
    sections = page[page.index("## Messages in time") : page.index("## When, and how often")]
    shown = _shown(sections)
    real = {f"{said.text.title}\n{said.text.plain}": name for name, said in told.items()}
    assert [text for text in shown if text not in real] == []
    assert len(shown) >= 12
