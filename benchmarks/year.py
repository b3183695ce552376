"""A store through a whole year and more in minutes: what it holds at the end of each month, and whether it stays as
large as what it must remember.

    make year
    .venv/bin/python -m benchmarks.year [--days 400] [--jobs 200] [--events 60] [--deliveries 30] [--listed 30]

Jobs come, run, end, are told of to two sinks and leave their platform, every other one deleted by a policy; stock
changes; silences hide; retention goes behind, all by the daemon's own diff and statements on a virtual clock
(tests/kit/year.py). It ends with 1 where rows or bytes grow after the retention is reached, the ledger apart, or where
an event's id was given twice.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

import uvloop

from monitor.store import check, open_store
from monitor.store.options import RetentionOptions
from tests.kit.year import KEPT_FOR_GOOD, Day, Year, flat

LEDGER = 600
"""Bytes that one job leaves for good."""
TABLES = ("events", "notifications", "jobs", "hidden", "actions", "bookings", "forgotten_jobs")


async def live(days: int, jobs: int, listed: int, retention: RetentionOptions, folder: Path) -> list[Day]:
    store = await open_store("sqlite:monitor.db", state_dir=folder, lock=True)
    year = Year(store, jobs=jobs, listed=listed, stocks=jobs // 4, retention=retention)
    lived: list[Day] = []
    begun = time.perf_counter()
    print(f"{'day':>4} {'used MB':>8} {'file MB':>8} {'log MB':>7} " + " ".join(f"{name:>14}" for name in TABLES))
    for number in range(1, days + 1):
        lived.append(await year.day())
        if number % 30 == 0 or number == days:
            day, log = lived[-1], (folder / "monitor.db-wal").stat().st_size
            counts = " ".join(f"{day.rows[name]:>14,}" for name in TABLES)
            print(f"{number:>4} {day.used / 1e6:>8.1f} {day.size / 1e6:>8.1f} {log / 1e6:>7.1f} {counts}", flush=True)
    print(f"{len(year.told):,} events, each with an id of its own, in {time.perf_counter() - begun:.0f} s")
    await store.aclose()
    return lived


def verdict(lived: list[Day], jobs: int, reached: int) -> list[str]:
    """What is not as it should be."""
    after = lived[reached:]
    if len(after) < 20:
        return [f"{len(lived)} days are too few: the retention is reached after {reached}"]
    wrong = [] if flat(after, lambda day: day.bounded, 0.02) else ["rows grow"]
    grown, allowed = after[-1].used - after[0].used, len(after) * jobs * LEDGER
    print(f"after day {reached}: {grown / len(after) / 1000:.1f} kB more each day for {jobs} jobs in the ledger")
    wrong += [f"bytes grow by {grown}, the ledger by no more than {allowed}"] if grown > allowed + 65536 else []
    ledger = sum(after[-1].rows[name] - after[0].rows[name] for name in KEPT_FOR_GOOD)
    return wrong if ledger > 0 else [*wrong, "the ledger does not grow"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    for name, default in (("days", 400), ("jobs", 200), ("events", 60), ("deliveries", 30), ("listed", 30)):
        parser.add_argument(f"--{name}", type=int, default=default)
    asked = parser.parse_args()
    retention = RetentionOptions(events=f"{asked.events}d", deliveries=f"{asked.deliveries}d")
    with tempfile.TemporaryDirectory() as folder:
        lived = uvloop.run(live(asked.days, asked.jobs, asked.listed, retention, Path(folder)))
        wrong = verdict(lived, asked.jobs, asked.listed + 2 * asked.events + 10)
        wrong += asyncio.run(check("sqlite:monitor.db", Path(folder))).problems
    print("\n".join(wrong) or "flat")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
