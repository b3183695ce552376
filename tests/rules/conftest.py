"""Real events for the rules: jobs, flavors and accounts put through the diff, numbered as the store would."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitor import diff, ledger
from monitor.model import Account, Catalogue, Event, EventDraft, Flavor, Job, JobState, event_id

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
STUDIO = Account(name="llm-beijing", provider="model-studio", region="cn-beijing", labels={"team": "nlp"})
ARTS = Account(name="ascend-north", provider="modelarts", region="cn-north-4")


def minutes(count: float) -> datetime:
    """That many minutes after noon."""
    return NOON + timedelta(minutes=count)


def store(drafts: Iterable[EventDraft], first: int = 1, **changes: Any) -> list[Event]:
    return [
        Event(
            seq=seq,
            id=event_id("epoch", draft.account, draft.subject, draft.type, seq),
            revision=seq,
            **{name: getattr(draft, name) for name in EventDraft.__dataclass_fields__} | changes,
        )
        for seq, draft in enumerate(drafts, first)
    ]


@dataclass
class Life:
    """One job, polled again and again."""

    account: Account
    facts: dict[str, Any]
    known: Any = None
    drafts: list[EventDraft] = field(default_factory=list)

    def see(self, at: float, state: str, *, gap: bool = False, **facts: Any) -> Life:
        self.facts = {**self.facts, **facts}
        job = Job(state=JobState(state), provider_state=state.upper(), **self.facts)
        change = diff.diff_job(self.known, job, self.poll(at, gap))
        if change is not None:
            self.known = change.known
            self.drafts += change.drafts
        return self

    def poll(self, at: float, gap: bool = False) -> diff.JobContext:
        return diff.JobContext(
            account=self.account,
            now=minutes(at),
            platform_now=minutes(at),
            previous_good=minutes(at - 0.5),
            gap=gap,
            baseline_from=minutes(-600),
            baselining=False,
            first_run="silent",
            reports_usage=True,
        )

    def use(self, at: float, tokens: int) -> Life:
        """Books the figure at 0.03 CNY per thousand tokens."""
        return self._book(at, {"model": "qwen3-14b", "per_1k_tokens": "0.03"}, tokens=tokens)

    def work(self, at: float, ran: float, per_card_hour: str | None = None) -> Life:
        """Books the seconds that its nodes ran."""
        return self._book(at, {"flavor": self.known.job.flavor, "per_card_hour": per_card_hour or 0}, ran=ran)

    def _book(self, at: float, priced: dict[str, Any], **figure: Any) -> Life:
        told = {"provider": self.account.provider, "currency": "CNY", "since": "2026-01-01"}
        prices = [ledger.PriceOptions.model_validate(told | priced)] if 0 not in priced.values() else []
        used = replace(self.known, job=replace(self.known.job, **figure))
        booking = ledger.book(used, prices, provider=self.account.provider, region=None, day=minutes(at).date())
        assert booking is not None
        self.drafts.append(diff.usage_event(self.known, booking, self.poll(at)))
        tokens, time = booking.after(self.known)
        self.known = replace(self.known, booked_tokens=tokens, booked_time=time)
        return self

    def gone(self, at: float) -> Life:
        self.drafts += diff.job_gone(self.known, self.poll(at)).drafts
        return self


def fine_tune(name: str = "zh-support-v2", **facts: Any) -> Life:
    plain = {
        "id": "ft-202611211200-ab12",
        "name": name,
        "kind": "sft",
        "model": "qwen3-14b",
        "base_model": "qwen3-14b",
        "creator": "1396993924585947",
        "created_at": minutes(0),
        "url": "https://bailian.console.aliyun.com/?tab=model#/efm/model_finetune/detail/ft-202611211200-ab12",
    }
    return Life(STUDIO, plain | facts)


def training_job(name: str = "resnet50-nightly", **facts: Any) -> Life:
    plain = {
        "id": "3faf5c03-aaa1-4cbe-879d-24b05d997347",
        "name": name,
        "kind": "job",
        "model": "pytorch_1.8",
        "flavor": "modelarts.p3.large.public",
        "nodes": 2,
        "creator": "ann",
        "created_at": minutes(0),
        "url": "https://console.huaweicloud.com/modelarts/?region=cn-north-4#/trainingJobs/3faf5c03",
    }
    return Life(ARTS, plain | facts)


@dataclass
class Shelf:
    """One flavor of a catalogue, read again and again."""

    known: Any = None
    drafts: list[EventDraft] = field(default_factory=list)

    def read(self, at: float, zones: dict[str, str], **facts: Any) -> Shelf:
        offer = Flavor(
            id="modelarts.bm.npu.910b.8",
            catalogue=Catalogue.RESOURCE,
            name="Ascend 910B x 8",
            type="Ascend",
            zones=zones,
            **{"max_nodes": 8, "specification": {"cpu": 192, "memory": "1536GiB", "npu": "8 * Ascend-910B"}} | facts,
        )
        change = diff.diff_flavor(self.known, offer, self._reading(at))
        if change is not None:
            self.known = change.known
            self.drafts += change.drafts
        return self

    def withdrawn(self, at: float) -> Shelf:
        change = diff.flavor_delisted(self.known, self._reading(at))
        assert change is not None
        self.drafts += change.drafts
        return self

    def _reading(self, at: float) -> diff.FlavorContext:
        return diff.FlavorContext(
            account=ARTS,
            now=minutes(at),
            platform_now=minutes(at),
            previous_good=minutes(at - 1),
            gap=False,
            baselining=False,
            first_run="silent",
            confirm=1,
        )


@pytest.fixture(scope="session")
def at() -> Callable[[float], datetime]:
    return minutes


@pytest.fixture(scope="session")
def stored() -> Callable[..., list[Event]]:
    return store


@pytest.fixture(scope="session")
def tuned() -> Callable[..., Life]:
    return fine_tune


@pytest.fixture(scope="session")
def trained() -> Callable[..., Life]:
    return training_job


@pytest.fixture(scope="session")
def shelf() -> Callable[..., Shelf]:
    return Shelf


@pytest.fixture(scope="session")
def accounts() -> tuple[Account, Account]:
    return STUDIO, ARTS


@pytest.fixture
def finished(trained: Any, stored: Any) -> Event:
    life = trained().see(0, "queued").see(5, "running").see(20, "succeeded")
    return stored(life.drafts)[-1]  # type: ignore[no-any-return]
