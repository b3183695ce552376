"""SIGTERM while something that the end needs does not answer: the process is gone within ten seconds, with 0, and the
next life tells what that one could not."""

from __future__ import annotations

import asyncio
import socket
import sqlite3
import subprocess
import time
from pathlib import Path

import pytest

from tests.app.test_app_life import Stage, stage
from tests.kit.forked import PROGRAM
from tests.kit.postgres import PostgresServer, postgres_server
from tests.kit.process import Program, write_config
from tests.kit.until import BUSY, until

__all__ = ["postgres_server"]
CUT = "something did not end in time and was cut; the next start takes up what is left"


async def ends_in_time(program: Program) -> None:
    begun = time.monotonic()
    assert await program.stop(within=60) == 0
    took = time.monotonic() - begun
    await program._reader
    assert took < 10 + BUSY, program.log[-2000:]
    assert "Traceback" not in program.log
    assert program.log.count(CUT) == 1, program.log[-2000:]


async def begun(it: Stage) -> str:
    """A job whose start was told."""
    await it.polled(2)
    job: str = it.studio.world.add_job("RUNNING")
    await until(lambda: any(f"job/{job}" in letter.subjects for letter in it.inbox.letters))
    return job


async def told_once(it: Stage, path: Path, job: str) -> None:
    """By the next life."""
    async with Program(path) as program:
        await until(lambda: ends(it, job), why=program.log[-2000:])
        assert await program.stop(within=30) == 0
    assert ends(it, job) == 1


def ends(it: Stage, job: str) -> int:
    return sum("job.finished" in each.types and f"job/{job}" in each.subjects for each in it.inbox.letters)


async def test_a_database_that_another_program_holds_does_not_hold_the_end(tmp_path: Path) -> None:
    async with stage(tmp_path) as it:
        path = it.config()
        async with Program(path) as program:
            job = await begun(it)
            other = sqlite3.connect(tmp_path / "state" / "monitor.db", isolation_level=None)
            other.execute("BEGIN IMMEDIATE")
            it.studio.world.set(job, status="SUCCEEDED")
            await it.polled()
            await ends_in_time(program)
            other.close()
        assert ends(it, job) == 0
        await told_once(it, path, job)


@pytest.mark.postgres
async def test_a_postgres_that_hangs_does_not_hold_the_end(tmp_path: Path, postgres_server: PostgresServer) -> None:
    async with stage(tmp_path) as it:
        path = it.config(store=postgres_server.database())
        async with Program(path) as program:
            job = await begun(it)
            with postgres_server.frozen():
                it.studio.world.set(job, status="SUCCEEDED")
                await it.polled()
                await ends_in_time(program)
        assert ends(it, job) == 0
        await told_once(it, path, job)


async def test_a_name_server_that_is_silent_does_not_hold_the_end(tmp_path: Path) -> None:
    names = tmp_path / "resolv.conf"
    names.write_text("nameserver 127.0.0.77\noptions timeout:30 attempts:2\n")
    bind = f"mount --bind {names} /etc/resolv.conf"
    if subprocess.run(["unshare", "-m", "sh", "-c", bind], capture_output=True, check=False).returncode:
        pytest.skip("another resolv.conf for one process needs root")
    account = {"name": "studio", "provider": "model-studio", "api_key": "sk-demo", "jobs": {"every": "1s"}}
    account["endpoint"] = "http://nowhere.example/api/v1"
    path = write_config(tmp_path, {"accounts": [account], "sinks": [{"name": "log", "type": "log"}]})
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.77", 53))
        silent.settimeout(60)
        async with Program(path, ("unshare", "-m", "sh", "-c", f'{bind} && exec {PROGRAM} "$@"', "run")) as program:
            assert b"nowhere" in await asyncio.to_thread(silent.recv, 512)
            begun = time.monotonic()
            assert await program.stop(within=60) == 0
            assert time.monotonic() - begun < 2 + BUSY
            await program._reader
            assert '"stopped"' in program.log
            assert CUT not in program.log
