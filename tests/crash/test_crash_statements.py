"""Retention and a rename, killed at each statement that they write: nothing is lost or doubled, the next process goes
on, and at the end all is as if nobody had been killed."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from monitor.rules.state import Timer
from monitor.store import (
    BookingRow,
    HiddenWrite,
    SilenceRow,
    Store,
    add_silence,
    book,
    open_store,
    write_hidden,
)
from monitor.store.sink_health import SinkHealth, save_sink_health
from tests.kit.forked import python
from tests.kit.process import write_config
from tests.store.test_store_prune import NOW, OLD, RECENT, Past, followed


@pytest.fixture
def folder() -> Iterator[Path]:
    """In memory where that is to be had: a kill takes nothing from the kernel, so nothing need reach a disk."""
    memory = Path("/dev/shm")
    with TemporaryDirectory(dir=memory if memory.is_dir() else None) as made:
        yield Path(made)


def killed(job: str, folder: Path, fill: Callable[[Store], Awaitable[None]]) -> dict[str, Any]:
    """What came of it: the points it was killed at, what stood there after each, and at the end without a kill."""

    async def made() -> None:
        store = await open_store("sqlite:monitor.db", state_dir=folder / "made", lock=True)
        await fill(store)
        await store.aclose()

    (folder / "made").mkdir()
    asyncio.run(made())
    done = python("from tests.crash.statements import main; main()", job, folder)
    assert done.returncode == 0, done.stderr[-3000:]
    told: dict[str, Any] = json.loads(done.stdout)
    ends, whole = told["ends"].values(), told["after"].pop()
    assert [problem for end in ends for problem in end["problems"]] == []
    assert {end["finished"] for end in ends} == {whole} != {told["before"]}
    assert len(told["after"]) == len(told["points"])
    return told | {"whole": whole}


def booking(job: str) -> BookingRow:
    return BookingRow(
        account="north", provider="model-studio", scope_id=1, job_id=job, job_name=job, model=None, creator=None,
        labels={}, at=OLD, tokens=5, cost=None, currency=None, correction=False,
    )  # fmt: skip


async def all_that_goes(store: Store) -> None:
    past = Past(store)
    for name in ("a", "b"):
        await past.message(f"old {name}", await past.event(f"job/{name}"))
        await past.event(f"job/{name}", RECENT)
    held = await past.event("job/held")
    await past.message("waits", held, settled=None)
    await past.job("gone", gone=True, booked_tokens=5)
    await store.write(lambda conn: book(conn, booking("gone")))
    silence = SilenceRow(
        id="0123456789abcdef", match="true", owner="ann", comment="", starts_at=OLD, ends_at=OLD + timedelta(hours=1)
    )
    await store.write(partial(add_silence, row=silence))
    hidden = HiddenWrite(by=f"silence/{silence.id}", rule="r", sinks=("slack",), seqs=(1,), at=OLD)
    await store.write(partial(write_hidden, writes=[hidden]))


def test_retention_that_is_killed_at_any_statement_goes_on_where_it_was(folder: Path) -> None:
    told = killed("prune", folder, all_that_goes)
    deleted = Counter(point.rpartition(" ")[2] for point in told["points"] if " DELETE " in point)
    assert deleted.keys() >= {
        "attempts", "deliveries", "notification_events", "notifications", "hidden", "silences", "jobs", "events",
    }  # fmt: skip
    assert len(set(told["after"])) > 3, "each piece is a commit of its own"
    assert told["points"][-1].endswith("after COMMIT")


async def all_that_is_named(store: Store) -> None:
    past = Past(store)
    event = await past.event("job/a")
    await past.message("waits", event, settled=None)
    await past.job("a")
    await past.event("account/north")
    await past.remembered(**followed(timers={"job-ended": Timer(seq=event.seq, due=NOW)}))
    health = SinkHealth(sink="slack", since=OLD, failures=1, messages=1, detail="answered 503")
    await store.write(partial(save_sink_health, health=health))
    await store.write(lambda conn: book(conn, booking("a")))


def test_a_rename_that_is_killed_at_any_statement_is_whole_or_not_begun(folder: Path) -> None:
    account = {"name": "nlp", "was": "north", "provider": "model-studio", "api_key": "k", "jobs": {}}
    sinks = [{"name": "team", "was": "slack", "type": "log"}]
    rules = [{"name": "ended", "was": "job-ended", "on": ["job.finished"], "notify": ["team"]}]
    write_config(folder, {"accounts": [account], "sinks": sinks, "rules": rules})
    told = killed("rename", folder, all_that_is_named)
    found = told["after"]
    commit = next(number for number, point in enumerate(told["points"]) if point.endswith("COMMIT"))
    assert commit > 20, "it is one transaction"
    assert set(found[: commit + 1]) == {told["before"]}
    assert set(found[commit + 1 :]) == {told["whole"]}, "between its commit and what follows"
    assert len(found) > commit + 1
