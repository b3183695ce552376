"""A process that lives a story on a store and is killed again and again until it has come to the end.

Arguments: state directory, seed of the story, its length, the most statements of one life. It prints how often it died.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import sys
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import event
from sqlalchemy.pool import Pool

from monitor.store import open_store
from tests.kit.story import Story, invent, live_through


def die_at(statement: int) -> None:
    """SIGKILL when the writer begins its `statement`th statement from now: within a transaction, before its commit or
    after it."""
    left = statement

    def count(text: str) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def watch(raw: Any, record: Any) -> None:
        if isinstance(raw, sqlite3.Connection):
            raw.set_trace_callback(count)

    event.listen(Pool, "connect", watch)


async def live(folder: Path, story: Story) -> None:
    store = await open_store("sqlite:monitor.db", state_dir=folder, lock=True)
    await live_through(store, story)
    await store.aclose()


def main(folder: Path, seed: int, length: int, most: int) -> int:
    dice, deaths, story = Random(seed), 0, invent(Random(seed), length)
    story.ruleset()  # compiled once for all lives
    while True:
        statement = dice.randint(1, most)
        child = os.fork()
        if child == 0:
            die_at(statement)
            asyncio.run(live(folder, story))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if os.waitstatus_to_exitcode(status) == 0:
            sys.stdout.write(f"{deaths}\n")
            return 0
        if os.waitstatus_to_exitcode(status) != -signal.SIGKILL:
            return 1
        deaths += 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *(int(word) for word in sys.argv[2:])))
