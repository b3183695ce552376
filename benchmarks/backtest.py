"""What a back-test costs: `python benchmarks/backtest.py [EVENTS]` reads a stored history of a hundred thousand events
and drives it through the rules; figures of each part, and the memory at its most."""

from __future__ import annotations

import asyncio
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

from monitor.cli.rules.history import FromStore, whole
from monitor.lab.backtest import Backtest, Span, lead, seldom_tidied
from monitor.model import EventDraft, EventType, rfc3339
from monitor.rules import FlappingOptions, RuleOptions, RuleSet
from monitor.rules.samples import sample
from monitor.store import append_events, open_store

NOW = datetime(2026, 11, 1, tzinfo=UTC)
BACK = timedelta(days=30)
EVENTS = 100_000
RULES = [
    {"name": "ended", "on": ["job.finished"], "when": 'job.state != "canceled"', "notify": ["hook"]},
    {"name": "big", "on": ["job.*"], "when": "job.tokens > 1000 && job.name.startsWith('a')", "notify": ["hook"]},
    {"name": "stuck", "on": ["job.queued"], "for": "2h", "remind_every": "6h", "notify": ["hook"]},
    {"name": "stock", "on": ["flavor.sold_out"], "group_by": ["account.name"], "throttle": "1h", "notify": ["hook"]},
    {"name": "mine", "on": ["job.started"], "when": 'job.creator == "u-1"', "notify": ["mail"]},
]


def history(count: int) -> Iterator[list[tuple[EventDraft, int]]]:
    """Thirty days of events as real ones are, in pieces: jobs that queue, run and end, and stock that changes."""
    per_job = (EventType.JOB_SUBMITTED, EventType.JOB_QUEUED, EventType.JOB_STARTED, EventType.JOB_FINISHED)
    stock = (EventType.FLAVOR_SOLD_OUT, EventType.FLAVOR_RESTOCKED)
    made = []
    for number in range(count):
        moment = NOW - BACK + BACK * (number / count)
        job, step = divmod(number, 5)
        kind = stock[job // 50 % 2] if step == 4 else per_job[step]
        like, data = sample(kind), dict(sample(kind).data)
        subject = f"flavor/f-{job % 50}/a" if step == 4 else f"job/ft-{job}"
        if step != 4:
            data["job"] = {**data["job"], "id": f"ft-{job}", "name": f"name-{job % 97}", "creator": f"u-{job % 20}"}
        data["detected_at"] = rfc3339(moment)
        made.append(
            (
                EventDraft(
                    type=kind,
                    account="north",
                    subject=subject,
                    time=moment,
                    detected_at=moment,
                    severity=like.severity,
                    data=data,
                ),
                number,
            )
        )
        if len(made) == 1000:
            yield made
            made = []


async def fill(place: Path, count: int) -> None:
    store = await open_store("sqlite:monitor.db", state_dir=place, lock=True)
    for some in history(count):
        await store.write(lambda conn, some=some: append_events(conn, store.epoch, some))
    await store.aclose()


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        asyncio.run(fill(place, count))
        settings = SimpleNamespace(store="sqlite:monitor.db", state_dir=place)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for name, sides in {"reading": 0, "current rules": 1, "beside proposed ones": 2}.items():
            rules: list[RuleSet] = []
            for _ in range(sides):
                beside = rules[0] if rules else None
                rules.append(RuleSet.compile(made(), [], None, ["hook", "mail"], FlappingOptions(), beside=beside))
            source = FromStore(settings)
            began = time.process_time()
            span = Span(NOW - BACK, NOW)
            test = Backtest({str(n): each for n, each in enumerate(rules)}, span)
            with seldom_tidied():
                for event in whole(source, span.since - lead(rules), span.until):
                    test.hear(event)
                test.end()
            spent = time.process_time() - began
            source.close()
            said = ", ".join(str(tally.total) for tally in test.tallies.values()) or "no"
            most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
            print(f"{name:>22}: {spent:5.1f} s for {test.events:,} events, {said} messages, {most / 1024:.0f} MB more")


def made() -> list[RuleOptions]:
    return [RuleOptions.model_validate(rule) for rule in RULES]


if __name__ == "__main__":
    main()
