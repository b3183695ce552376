"""Answers and silences over a real daemon: the link of a real message, and the commands beside it."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import sqlite3
from pathlib import Path
from typing import Any

import aiohttp

from tests.app.test_app_reload import Stage, stage
from tests.kit.forked import program_in, warmed
from tests.kit.inbox import Inbox
from tests.kit.process import Program
from tests.kit.until import until


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def config(it: Stage, port: int) -> Path:
    return it.config(
        http={"listen": f"127.0.0.1:{port}", "public_url": f"http://127.0.0.1:{port}", "token": "t" * 24},
        sinks=[it.sink("inbox", it.inbox), it.sink("other", it.other)],
        rules=[
            {
                "name": "runs",
                "on": ["job.started"],
                "notify": ["inbox"],
                "escalate": [{"after": "1h", "notify": ["other"]}],
            },
            {"name": "answers", "on": ["notification.*"], "notify": ["other"]},
        ],
    )


async def command(file: Path, *arguments: str) -> Any:
    process = await asyncio.create_subprocess_exec(
        "training-monitor",
        *arguments,
        *("--config", str(file), "--output", "json"),
        env={"HOME": str(file.parent), **program_in(file.parent)},
        pass_fds=[warmed().fileno()],
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return json.loads(out)


def about(inbox: Inbox, subject: str) -> list[dict[str, Any]]:
    """The messages about subjects that begin so."""
    return [letter.message for letter in inbox.letters if any(each.startswith(subject) for each in letter.subjects)]


async def told(inbox: Inbox, subject: str) -> dict[str, Any]:
    await until(lambda: about(inbox, subject), why=f"nothing came about {subject}")
    return about(inbox, subject)[0]


async def test_a_click_on_the_link_of_a_message_is_an_event_that_rules_may_take(tmp_path: Path) -> None:
    port = free_port()
    async with stage(tmp_path) as it, Program(config(it, port)):
        await it.polled(2)
        job = it.studio.world.add_job("RUNNING")
        body = str((await told(it.inbox, f"job/{job}"))["body"])
        found = re.search(r"^Acknowledge or snooze: (http://127\.0\.0\.1:\d+/answer/[\w-]+)$", body, re.MULTILINE)
        assert found is not None, body
        async with aiohttp.ClientSession() as session:
            async with session.get(found[1]) as looked:
                assert (looked.status, "Nobody has acknowledged it yet." in await looked.text()) == (200, True)
            async with session.post(found[1], data={"do": "ack", "name": "Ann"}) as done:
                assert (done.status, "Ann (by the link)" in await done.text()) == (200, True)
        message = await told(it.other, "notification/")
        assert message["events"][0]["data"]["by"] == "Ann (by the link)"
        assert message["events"][0]["data"]["subjects"] == [f"studio|job/{job}"]


async def test_a_silence_hides_and_its_early_end_tells_what_still_holds(tmp_path: Path) -> None:
    async with stage(tmp_path) as it:
        file = config(it, free_port())
        async with Program(file):
            await it.polled(2)
            match = 'event.type == "job.started"'
            asked = ("--match", match, "--for", "1h", "--owner", "ann", "--comment", "moving")
            added = await command(file, "silences", "add", *asked, "--yes")
            hidden = it.studio.world.add_job("RUNNING")

            def hid() -> int:
                with sqlite3.connect(f"file:{tmp_path}/state/monitor.db?mode=ro", uri=True) as db:
                    return int(db.execute("SELECT count(*) FROM hidden").fetchone()[0])

            await until(lambda: hid() == 1, why="nothing was hidden")
            shown = await command(file, "silences", "show", added["id"])
            assert [(event["subject"], event["rules"], event["sinks"]) for event in shown["events"]] == [
                (f"job/{hidden}", ["runs"], ["inbox"])
            ]
            assert about(it.inbox, f"job/{hidden}") == []
            await command(file, "silences", "end", added["id"])
            message = await told(it.inbox, f"job/{hidden}")
            assert "silence" in message["body"]
