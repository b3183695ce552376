"""The long run (`make crash`): a campaign on each store, and what came of it as a table."""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.crash.campaign import Campaign
from tests.crash.judge import Judge
from tests.kit.postgres import running_postgres


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--store", choices=("sqlite", "postgres", "both"), default="both")
    parser.add_argument("--kills", type=int, default=300, help="kills of the daemon on each store")
    parser.add_argument("--terms", type=int, default=30, help="SIGTERMs on each store")
    parser.add_argument("--outages", type=int, default=60, help="kills of PostgreSQL under the daemon")
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    asked = parser.parse_args()
    print(f"seed {asked.seed}", flush=True)  # noqa: T201
    faults = 0
    for store in ("sqlite", "postgres"):
        if asked.store in (store, "both"):
            with tempfile.TemporaryDirectory(prefix=f"crash-{store}-") as folder:
                faults += campaign(store, Path(folder), asked)
    return 1 if faults else 0


def campaign(store: str, folder: Path, asked: argparse.Namespace) -> int:
    """Runs one and says what came of it; gives the number of faults."""
    begun = time.monotonic()
    if store == "sqlite":
        made = Campaign(folder, "sqlite:monitor.db", asked.seed)
        judge = asyncio.run(run(made, asked.kills, asked.terms, 0))
    else:
        with running_postgres() as server:
            made = Campaign(folder, server.database(), asked.seed, server)
            judge = asyncio.run(run(made, asked.kills, asked.terms, asked.outages))
    for line in said(store, made, judge, time.monotonic() - begun):
        print(line, flush=True)  # noqa: T201
    return len(judge.faults)


async def run(made: Campaign, kills: int, terms: int, outages: int) -> Judge:
    await made.run(kills=kills, terms=terms, outages=outages)
    judge = Judge(made)
    await judge.look()
    return judge


def said(store: str, made: Campaign, judge: Judge, seconds: float) -> list[str]:
    """The report."""
    ends, figures = made.endings, judge.figures
    stages = Counter(name.split(":")[0] or "by time" for name in ends.kills.elements())
    named = [name for name in made.lives.names if name in ends.kills]
    rows = [
        ("kills", f"{ends.kills.total()} ({', '.join(f'{count} {name}' for name, count in sorted(stages.items()))})"),
        ("named points visited", f"{len(named)} of {len(made.lives.names)}"),
        ("SIGTERM", f"{ends.terms.total()} ({ends.terms.total() - ends.terms['']} at a named point), each exit 0"),
        ("database killed", f"{ends.outages.total()} ({ends.outages.total() - ends.outages['']} at a named point)"),
        ("transitions shown", figures["transitions"]),
        ("events", figures["events"]),
        ("messages", f"{figures['messages']}, {figures['reminders']} of them reminders"),
        ("deliveries", f"{figures['deliveries']}, {figures['arrivals']} arrivals"),
        ("repeats", f"{figures['repeats']}; attempts before: {reasons(figures['why'])}"),
        ("lost, invented, out of order or unexplained", len(judge.faults)),
    ]
    lines = [f"\n{store}, {made.lives.started} lives in {seconds:.0f} s"]
    lines += [f"  {name:44} {value}" for name, value in rows]
    lines += [f"  {count:4} killed at {name or 'a moment by chance'}" for name, count in sorted(ends.kills.items())]
    lines += [f"       not visited: {name}" for name in made.lives.names if name not in ends.kills]
    return lines + [f"  FAULT {fault}" for fault in judge.faults[:50]]


def reasons(why: dict[str, int]) -> str:
    return ", ".join(f"{count} {reason}" for reason, count in sorted(why.items())) or "none"


if __name__ == "__main__":
    sys.exit(main())
