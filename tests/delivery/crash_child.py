"""The process that the crash test kills: makes events, routes them and delivers them, as the daemon does.

Arguments: state directory, port of the server, how many events to make.
"""

from __future__ import annotations

import sys
from pathlib import Path

import anyio

from monitor.delivery import Outbox, SinkEntry
from monitor.fields import SystemClock
from monitor.fields.bell import Bell
from monitor.routing import Router
from monitor.rules import RuleOptions, RuleSet
from monitor.sinks.webhook.options import Options
from monitor.sinks.webhook.sink import build
from monitor.store import Store, last_seq, open_store
from monitor.wire import Http, new_session
from tests.kit.outbox import job_event, stored

JOBS = 7


async def main(state_dir: Path, port: int, total: int) -> None:
    clock, bell = SystemClock(), Bell()
    store = await open_store("sqlite:monitor.db", state_dir=state_dir, lock=True)
    async with new_session() as session:
        entries = []
        for name in ("a", "b"):
            options = Options(name=name, type="webhook", url=f"http://127.0.0.1:{port}/{name}", timeout="10s")
            entries.append(SinkEntry(sink=build(options, Http(session), clock), options=options))
        outbox = Outbox(store, entries, clock, events=bell)
        rules = [
            RuleOptions(name="both", on=["job.*"], notify=["a", "b"]),
            RuleOptions(name="more", on=["job.*"], notify=["a"]),
        ]
        ruleset = RuleSet.compile(rules, [], None, ["a", "b"])
        router = Router(store, ruleset, clock, bell=bell, wake=outbox.ring)
        async with anyio.create_task_group() as group:
            group.start_soon(outbox.run)
            group.start_soon(router.run)
            group.start_soon(produce, store, clock, bell, total)


async def produce(store: Store, clock: SystemClock, bell: Bell, total: int) -> None:
    first = await store.read(last_seq)
    for number in range(first, first + total):
        await stored(store, job_event(f"job-{number % JOBS}", clock.now()))
        bell.ring()
        await anyio.sleep(0.005)


if __name__ == "__main__":
    anyio.run(main, Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
