"""`python -m tests.actions`: a thousand deletions and more on bad days, then a hundred kills; says what went wrong."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Callable
from itertools import count, cycle
from pathlib import Path

import structlog

from tests.actions.kills import killed_course
from tests.actions.test_actions_chaos import course
from tests.actions.victim import MAKE
from tests.kit.postgres import running_postgres
from tests.kit.rig import SQLITE, make_template


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


Urls = Callable[[], str]
"""Each gives a store that nobody has used."""


async def days(deletions: int, seed: int, url: Urls) -> int:
    """Bad days until so many deletions were asked for; how many went wrong."""
    asked = carried_out = bad = 0
    for number, kind, deaths in zip(count(seed), cycle(MAKE), cycle((0, 0, 4, 4)), strict=False):
        if asked >= deletions:
            break
        chaos, wrong = await course(kind, number, deaths=deaths, url=url())
        asked, carried_out, bad = asked + len(chaos.asked), carried_out + sum(chaos.done.values()), bad + bool(wrong)
        for each in wrong:
            say(f"{kind}, seed {number}, {deaths} deaths: {each}")
    say(f"{asked} deletions asked for, {carried_out} carried out, {bad} days on which something went wrong")
    return bad


async def deaths(kills: int, seed: int, url: Urls) -> int:
    """Real kills; how many courses went wrong."""
    killed = bad = 0
    for number, kind in zip(count(seed), cycle(MAKE), strict=False):
        if killed >= kills:
            break
        with tempfile.TemporaryDirectory() as folder:
            died, wrong = await killed_course(kind, number, Path(folder), url())
        killed, bad = killed + died, bad + bool(wrong)
        for each in wrong:
            say(f"{kind}, seed {number}, killed: {each}")
    say(f"{killed} kills, {bad} courses on which something went wrong")
    return bad


def main(given: argparse.Namespace) -> int:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(make_template(Path(folder)))
        if given.store in ("sqlite", "both"):
            bad += asyncio.run(campaign(given, lambda: SQLITE))
        if given.store in ("postgres", "both"):
            with running_postgres() as server:
                bad += asyncio.run(campaign(given, server.database))
    return bad


async def campaign(given: argparse.Namespace, url: Urls) -> int:
    return await days(given.deletions, given.seed, url) + await deaths(given.kills, given.seed, url)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.actions")
    parser.add_argument("--store", choices=("sqlite", "postgres", "both"), default="sqlite")
    parser.add_argument("--deletions", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1000)
    raise SystemExit(1 if main(parser.parse_args()) else 0)
