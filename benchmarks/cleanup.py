"""How long the plan of a clean-up takes, whole (as people see it) and of what goes (as the daemon makes it).

    .venv/bin/python -m benchmarks.cleanup [--jobs 10000] [--policies 10]

The processor's time is told: the best of three. The expressions of the policies compare, look into texts and choose.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import uvloop

from monitor.actions.options import CleanupOptions
from monitor.actions.policies import Land, read_plan
from monitor.model import Account, Job, JobState, KnownJob, Scope
from monitor.store import Connection, JobWrite, ensure_scope, open_store, save_jobs

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
BACK = timedelta(days=200)
LAND = Land(Account(name="north", provider="model-studio", labels={"team": "nlp"}), "", lambda place: True)
WHENS = (
    'job.state == "failed"',
    'job.name.startsWith("tmp-")',
    'job.base_model == "m-3" && job.state == "failed"',
    'job.creator == "u-7"',
    'account.labels["team"] == "nlp"',
    'job.tokens > 5000 && job.state == "succeeded"',
    'job.name.matches("^x.*[0-9]$")',
    'job.creator in ["u-1", "u-2"]',
)


def writes(jobs: int) -> Iterator[JobWrite]:
    for n in range(jobs):
        made = NOW - BACK * (1 - n / jobs)
        runs = n % 50 == 0 and n > jobs * 0.8
        state = JobState.RUNNING if runs else JobState.SUCCEEDED if n % 3 else JobState.FAILED
        job = Job(
            id=f"ft-{n:06}",
            name=f"name-{n % 300}",
            state=state,
            provider_state=state.value.upper(),
            model=f"m-{n % 9}",
            creator=f"u-{n % 50}",
            created_at=made,
            started_at=made,
            ended_at=None if runs else made + timedelta(hours=2),
            tokens=n,
            extra={"training_type": "sft", "n_epochs": 3, "batch_size": 16},
        )
        known = KnownJob(job=job, revision=2, state_since=made + timedelta(hours=2), ever_started=True)
        yield JobWrite(known=known, previous_revision=None, hash=n, significant=n)


def policies(count: int, whens: tuple[str | None, ...]) -> list[CleanupOptions]:
    return [
        CleanupOptions.model_validate(
            {
                "name": f"p{n}",
                "enabled": True,
                "after": f"{7 + n}d",
                "when": whens[n % len(whens)],
                "keep_last": [{"count": 3, "per": "model"}],
            }
        )
        for n in range(count)
    ]


async def run(jobs: int, count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = await open_store("sqlite:monitor.db", state_dir=Path(folder), lock=True)

        def fill(conn: Connection) -> None:
            scope = ensure_scope(conn, Scope(account="north", watch="jobs", key="k"), now=NOW)
            save_jobs(conn, scope.id, list(writes(jobs)), now=NOW)

        await store.write(fill)
        nothing = tuple(f'job.name.startsWith("tmp-{n}")' for n in range(count))
        for title, made in (("some match", policies(count, WHENS)), ("none matches", policies(count, nothing))):
            for only in (False, True):
                took: list[float] = []
                for _ in range(3):
                    begun = time.process_time()
                    asked = partial(read_plan, policies=made, lands=[LAND], now=NOW, only_going=only)
                    found = await store.read(asked)
                    took.append(time.process_time() - begun)
                what = "of what goes" if only else "whole"
                going = len(found.going(each.name for each in made))
                print(f"{count} policies, {title}, {what}: {min(took) * 1000:.0f} ms, {going} of {jobs} jobs go")
        await store.aclose()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--policies", type=int, default=10)
    asked = parser.parse_args()
    uvloop.run(run(asked.jobs, asked.policies))


if __name__ == "__main__":
    main()
