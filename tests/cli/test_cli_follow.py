"""`events follow` beside a writer, in a pipe, and at its end."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess

from monitor.model import EventType
from monitor.store import Connection, append_events
from tests.kit.forked import command, warmed
from tests.kit.installed import Installed, draft


def more(conn: Connection, epoch: str) -> None:
    append_events(conn, epoch, [(draft(EventType.JOB_STARTED, "job/new", minutes=30, job={"id": "new"}), 1)])


async def follow(installed: Installed, *arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *command("events", "follow", *arguments),
        pass_fds=[warmed().fileno()],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=installed.environ(),
        cwd=installed.root,
    )


async def line(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    return (await asyncio.wait_for(process.stdout.readline(), 30)).decode()


async def test_follow_prints_what_was_and_then_what_comes_and_ends_on_ctrl_c_with_0(installed: Installed) -> None:
    process = await follow(installed, "--output", "jsonl", "--limit", "2")
    assert [json.loads(await line(process))["type"] for _ in range(2)] == ["job.finished", "flavor.sold_out"]

    await asyncio.to_thread(installed.write, more)
    assert json.loads(await line(process))["subject"] == "job/new"

    process.send_signal(signal.SIGINT)
    _, said = await asyncio.wait_for(process.communicate(), 30)
    assert (process.returncode, said) == (0, b"")


async def test_follow_shows_people_a_line_each_and_passes_by_what_is_not_asked_for(installed: Installed) -> None:
    process = await follow(installed, "--type", "job.started", "--limit", "0")
    await asyncio.sleep(0)
    for number in range(3):
        await asyncio.to_thread(
            installed.write,
            lambda conn, epoch, number=number: append_events(
                conn, epoch, [(draft(EventType.JOB_QUEUED, f"job/{number}", job={"id": "q"}), 1)]
            ),
        )
    # the process may begin after these; what follows is seen in either case once it has begun
    for number in range(60):
        subject = f"job/s{number}"
        await asyncio.to_thread(
            installed.write,
            lambda conn, epoch, subject=subject: append_events(
                conn, epoch, [(draft(EventType.JOB_STARTED, subject, job={"id": "s", "name": "s"}), 1)]
            ),
        )
        assert process.stdout is not None
        try:
            shown = (await asyncio.wait_for(process.stdout.readline(), 1)).decode()
            break
        except TimeoutError:
            continue
    assert "job.started" in shown
    assert "[llm-beijing]" in shown
    process.send_signal(signal.SIGINT)
    assert await asyncio.wait_for(process.wait(), 30) == 0


async def test_follow_ends_quietly_when_its_reader_leaves_though_nothing_happens(installed: Installed) -> None:
    with subprocess.Popen(
        command("events", "follow"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=installed.environ(),
        cwd=installed.root, pass_fds=[warmed().fileno()],
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        await asyncio.to_thread(process.stdout.readline)
        process.stdout.close()
        assert await asyncio.to_thread(process.wait, 30) == 0
        assert process.stderr.read() == b""
