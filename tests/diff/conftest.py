"""Jobs, flavors and polls for the tables of this folder: every factory takes only what the row is about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitor.diff import FlavorContext, JobContext, diff_job
from monitor.model import Account, Catalogue, EventDraft, Flavor, Job, JobState, KnownJob

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
ACCOUNT = Account(name="llm", provider="model-studio", region="cn-beijing", labels={"team": "nlp"})


def minutes(count: float) -> datetime:
    """That many minutes after the baseline of the tests."""
    return START + timedelta(minutes=count)


def make_job(state: str = "running", **facts: Any) -> Job:
    facts = {"id": "ft-1", "name": "ft-1", "provider_state": state.upper(), "created_at": minutes(1)} | facts
    return Job(state=JobState(state), **facts)


def make_context(at: float = 10, **facts: Any) -> JobContext:
    """A poll `at` minutes after the baseline began, the last good one half a minute before."""
    told: dict[str, Any] = {
        "account": ACCOUNT,
        "now": minutes(at),
        "platform_now": minutes(at),
        "previous_good": minutes(at - 0.5),
        "gap": False,
        "baseline_from": START,
        "baselining": False,
        "first_run": "silent",
        "reports_usage": True,
    }
    return JobContext(**(told | facts))


def make_flavor(zones: dict[str, str] | None = None, **facts: Any) -> Flavor:
    told: dict[str, Any] = {
        "id": "ascend.8",
        "catalogue": Catalogue.RESOURCE,
        "name": "Ascend 8",
        "type": "Ascend",
        "max_nodes": 4,
        "specification": {"cpu": 192, "npu": "8*Ascend"},
        "billing": {"code": "a8", "unit": 1},
        "zones": {"a": "normal"} if zones is None else zones,
    }
    return Flavor(**(told | facts))


def make_flavor_context(at: float = 10, **facts: Any) -> FlavorContext:
    told: dict[str, Any] = {
        "account": ACCOUNT,
        "now": minutes(at),
        "platform_now": minutes(at),
        "previous_good": minutes(at - 0.5),
        "gap": False,
        "baselining": False,
        "first_run": "silent",
        "confirm": 1,
    }
    return FlavorContext(**(told | facts))


@dataclass
class Story:
    """Polls of one job, a minute apart; what each of them told."""

    known: KnownJob | None = None
    at: float = 10.0

    def see(self, state: str | Job, **facts: Any) -> list[EventDraft]:
        context = {key: facts.pop(key) for key in list(facts) if key in JobContext.__dataclass_fields__}
        job = state if isinstance(state, Job) else make_job(state, **facts)
        change = diff_job(self.known, job, make_context(self.at, **context))
        self.at += 1
        if change is None:
            return []
        self.known = change.known
        return list(change.drafts)

    def types(self, state: str | Job, **facts: Any) -> list[str]:
        return [draft.type.value.removeprefix("job.") for draft in self.see(state, **facts)]


@pytest.fixture(scope="session")
def at() -> Callable[[float], datetime]:
    return minutes


@pytest.fixture
def story() -> Story:
    return Story()


@pytest.fixture(scope="session")
def new_story() -> Callable[[], Story]:
    return Story


@pytest.fixture(scope="session")
def job() -> Callable[..., Job]:
    return make_job


@pytest.fixture(scope="session")
def poll() -> Callable[..., JobContext]:
    return make_context


@pytest.fixture(scope="session")
def flavor() -> Callable[..., Flavor]:
    return make_flavor


@pytest.fixture(scope="session")
def reading() -> Callable[..., FlavorContext]:
    return make_flavor_context
