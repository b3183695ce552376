"""Does one thing to a copy of a database again and again, killed one statement later each time, and lets the next
process finish it. Arguments: JOB FOLDER; FOLDER/made is what each begins with.
The last time nobody kills it."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import shutil
import signal
import sqlite3
import sys
from collections.abc import Awaitable, Callable
from contextlib import closing
from functools import cache, partial
from hashlib import sha256
from itertools import count
from pathlib import Path

from monitor.app.keeping import keep
from monitor.app.pruning import Pruning
from monitor.settings import Settings, load
from monitor.store import Store, check, open_store
from tests.crash.points import MAKING, Plan, Points, install
from tests.kit.clock import VirtualClock
from tests.store.test_store_prune import LIMITS

URL = "sqlite:monitor.db"


class Nth(Points):
    """Kills at that statement which writes, whichever it is, the COMMIT and what comes after it included."""

    def __init__(self, nth: int, path: Path) -> None:
        super().__init__(Plan(), str(path))
        self._left = nth

    def reach(self, name: str) -> None:
        if MAKING in name or not name.startswith("store: ") or name == "store: BEGIN":
            return
        self._left -= 1
        if self._left == 0:
            os.write(self._fd, f"{name}\n".encode())
            os.kill(os.getpid(), signal.SIGKILL)


async def prune(store: Store, folder: Path) -> None:
    async def rest(took: float) -> None:
        pass

    await Pruning(store, LIMITS, VirtualClock(), rest).run()


@cache
def configured(folder: Path) -> Settings | None:
    """Read once for all lives."""
    path = folder / "training-monitor.yaml"
    return load(path, resolve=True, environ={}, credentials_dir=None) if path.exists() else None


async def rename(store: Store, folder: Path) -> None:
    settings = configured(folder.parent)
    assert settings is not None
    await store.write(partial(keep, settings=settings))


JOBS: dict[str, Callable[[Store, Path], Awaitable[None]]] = {"prune": prune, "rename": rename}


async def do(job: str, folder: Path) -> None:
    store = await open_store(URL, state_dir=folder, lock=True)
    await JOBS[job](store, folder)
    await store.aclose()


async def finish(job: str, folder: Path, said: Path) -> None:
    """What stands there after the kill, and what the next process makes of it."""
    problems = [str(problem) for problem in (await check(URL, folder)).problems]
    await do(job, folder)
    said.write_text(json.dumps({"problems": problems, "finished": digest(folder)}))


def digest(folder: Path) -> str:
    """All rows but the epoch, which is made by chance."""
    with closing(sqlite3.connect(folder / "monitor.db")) as raw:
        tables = sorted(name for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'"))
        rows = {name: sorted(map(repr, raw.execute(f'SELECT * FROM "{name}"'))) for name in tables}
    rows["meta"] = [row for row in rows["meta"] if not row.startswith("('epoch'")]
    return sha256(repr(rows).encode()).hexdigest()


def forked(what: Callable[[], object]) -> int:
    """Runs it in a process of its own; how that ended (-9: killed)."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            what()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def main() -> None:
    job, folder = sys.argv[1], Path(sys.argv[2])
    configured(folder)
    gc.freeze()
    at, said, points = folder / "at", folder / "said", folder / "points"
    ends: dict[str, dict[str, object]] = {}
    after: list[str] = []
    for nth in count(1):
        shutil.rmtree(at, ignore_errors=True)
        shutil.copytree(folder / "made", at)
        before = digest(at)

        def until_killed(nth: int = nth) -> None:
            install(Nth(nth, points))
            asyncio.run(do(job, at))

        status = forked(until_killed)
        assert status in (0, -signal.SIGKILL), status
        found = digest(at)
        if found not in ends:  # what stands there is all that the next process knows
            assert forked(lambda: asyncio.run(finish(job, at, said))) == 0
            ends[found] = json.loads(said.read_text())
        after.append(found)
        if status == 0:
            break
    told = {"points": points.read_text().splitlines(), "before": before, "after": after, "ends": ends}
    print(json.dumps(told))  # noqa: T201
