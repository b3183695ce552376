"""Secrets in every place where one can stand, a full run with faults at its most talkative: none is in what it left."""

from __future__ import annotations

import asyncio
import base64
import shutil
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import asyncpg
import pytest

from tests.kit.installed import Installed
from tests.kit.postgres import PASSWORD, PostgresServer, postgres_server
from tests.kit.process import Program, write_config
from tests.kit.until import START, until
from tests.security.hostile_world import WAYS, World

__all__ = ["postgres_server"]
CONFIGURED = {
    "api key": "sk-A1piKeyA1piKeyA1piKey",
    "access key": "AKA1CCESSKEYOFTHEUSER",
    "secret key": "sEcr3tKeyOfTheUser0123456789abcdefABCDEF",
    "http token": "hTtpT0kenHttpT0kenHttp",
    "heartbeat path": "hEartb3atPathPart",
    "sink user": "sInkUs3rPart",
    "sink password": "sInkP4ssPart",
    "sink path": "sInkPathP4rt",
    "sink query": "sInkQu3ryPart",
    "sink header": "sInkHeaderHe4der",
    "webhook secret": "d2ViaG9va3NlY3JldHdlYmhvb2tzZWNyZXQ",
}
PAGES = ("jobs", "events", "notifications", "deliveries", "sinks", "rules", "accounts", "flavors", "usage", "silences")
COMMANDS = (
    "check", "check --output json", "config show", "config show --output json", "jobs list --output json",
    "jobs show tune", "jobs show pretrain --output json", "events list --output jsonl --limit 10000",
    "notifications list --output json", "deliveries list --output json", "sinks list --output json", "db check",
    "rules explain 3", "rules lint", "doctor", "--debug jobs show nobody", "usage --output csv",
    "flavors list --output json",
)  # fmt: skip
SENDING = ("sinks test hook-403", "sinks test apprise-cut --timeout 1s")
"""What is run while the sinks can still answer."""


def config(world: World, port: int, folder: Path) -> dict[str, Any]:
    address, budget = f"http://{world.place}", {"requests_per_second": 200, "burst": 200}
    user = f"{CONFIGURED['sink user']}:{CONFIGURED['sink password']}@{world.place}"
    query, own = f"?key={CONFIGURED['sink query']}", {"X-Own": CONFIGURED["sink header"]}
    failing: list[dict[str, Any]] = []
    for way in WAYS:
        url = f"http://{user}/{way}/{CONFIGURED['sink path']}{query}"
        secret = f"whsec_{CONFIGURED['webhook secret']}"
        failing += [
            {"name": f"hook-{way}", "type": "webhook", "url": url, "secret": secret, "headers": own},
            {"name": f"events-{way}", "type": "cloudevents", "url": url, "secret": secret, "headers": own},
            {"name": f"prometheus-{way}", "type": "alertmanager", "url": url, "headers": own},
            {"name": f"apprise-{way}", "type": "apprise",
             "url": f"json://{user}/{way}/{CONFIGURED['sink path']}?+X-Own={CONFIGURED['sink header']}"},
        ]  # fmt: skip
    return {
        "http": {"listen": f"127.0.0.1:{port}", "token": CONFIGURED["http token"]},
        "heartbeat": {"url": f"{address}/403/{CONFIGURED['heartbeat path']}", "every": "60s"},
        "accounts": [
            {"name": "studio", "provider": "model-studio", "api_key": CONFIGURED["api key"],
             "endpoint": f"{address}/api/v1", "budget": budget, "jobs": {"every": "1s"}},
            {"name": "arts", "provider": "modelarts", "endpoint": address, "project_id": "p", "budget": budget,
             "access_key": CONFIGURED["access key"], "secret_key": CONFIGURED["secret key"],
             "jobs": {"every": "1s"}, "training_flavors": {"every": "1s"}, "resource_flavors": {"every": "1s"}},
        ],
        "sinks": [
            {"name": "inbox", "type": "webhook", "url": f"{address}/inbox"}, {"name": "journal", "type": "log"},
            {"name": "lines", "type": "file", "path": str(folder / "state" / "lines.jsonl")}, *failing,
        ],
        "rules": [
            {"name": "all", "on": ["*"], "notify": ["inbox", "journal", "lines"]},
            {"name": "ends", "on": ["job.finished"], "notify": [sink["name"] for sink in failing]},
            {"name": "raises", "on": ["job.finished"], "notify": ["journal"],
            "body": "{{ 1 / (job.name | length - 4) }}"},
            {"name": "overflows", "on": ["job.finished"], "when": "job.checkpoints * 9223372036854775807 > 0",
             "notify": ["journal"]},
        ],
    }  # fmt: skip


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_no_secret_is_in_any_log_event_message_page_metric_file_or_column(tmp_path: Path) -> None:
    written, secrets = asyncio.run(run(tmp_path))
    needles = spelled(secrets)
    installed = Installed(tmp_path)
    for command in COMMANDS:
        done = installed.run(*command.split())
        written[command] = done.stdout + done.stderr
    written |= dict(files(tmp_path / "state")) | dict(columns(tmp_path / "state" / "monitor.db"))
    assert "answered 403" in written[SENDING[0]], "the sink repeated what it was told"
    assert "Boom" in written["log"], "the reason as such is told"
    assert "Boom" in "".join(written[place] for place in written if place.startswith("events."))
    config_file = (tmp_path / "training-monitor.yaml").read_text()
    assert set(CONFIGURED) <= set(found(config_file, needles)), "it finds what stands there"
    nowhere(written, needles)


@pytest.mark.slow
@pytest.mark.postgres
@pytest.mark.timeout(300)
def test_no_secret_is_in_any_column_of_postgresql_and_not_its_own_password(
    tmp_path: Path, postgres_server: PostgresServer
) -> None:
    name = postgres_server.database().rpartition("/")[2]
    url = postgres_server.url(name, user="secured", password=PASSWORD)
    written, secrets = asyncio.run(run(tmp_path, store=url))
    tables = asyncio.run(postgres_columns(postgres_server.url(name)))
    assert {"events.data", "deliveries.detail", "notifications.plain"} <= {place.partition(" ")[0] for place in tables}
    config_file = (tmp_path / "training-monitor.yaml").read_text()
    needles = spelled(secrets | {"store password": PASSWORD})
    assert "store password" in found(config_file, needles), "it finds what stands there"
    nowhere(written | tables, needles)


def nowhere(written: dict[str, str], needles: dict[str, str]) -> None:
    leaks = [f"{name} in {place}" for place, text in written.items() for name in found(text, needles)]
    assert not leaks, "\n".join(leaks)


async def run(folder: Path, **more: Any) -> tuple[dict[str, str], dict[str, str]]:
    """All that a daemon says through a good time, failed jobs, and platforms that refuse; then it is killed."""
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    async with World() as world:
        path = write_config(folder, config(world, port, folder) | more)
        async with Program(path, fresh=not more) as program:
            await until(lambda: known(world) or program.process.returncode is not None, within=START)
            assert program.process.returncode is None, program.log
            world.mood = "failed"
            await until(lambda: world.types.count("job.finished") >= 2, within=60)
            await until(lambda: set(WAYS) <= set(world.asked), why="a sink was not tried")
            await until(lambda: {"template.failed", "rule.failed", "delivery.dead"} <= set(world.types), within=60)
            written = await pages(port)
            backup = await asyncio.to_thread(Installed(folder).run, "db", "backup")
            assert (backup.returncode == 0) is not bool(more), backup.stderr  # that of PostgreSQL is pg_dump's
            world.mood = "ill"
            await until(lambda: world.types.count("account.unauthorized") >= 2, within=60)
            written |= {f"{name} (later)": text for name, text in (await pages(port)).items()}
            written |= {f"{name} (alive)": text for name, text in files(folder / "state")}
            assert any(name.endswith("-wal") for name, _ in files(folder / "state")) is not bool(more)
            await program.kill()
            shutil.copytree(folder / "state", folder / "killed", ignore=shutil.ignore_patterns("*.sock"))
            for command in SENDING:
                sent = await asyncio.to_thread(Installed(folder).run, *command.split())
                written[command] = sent.stdout + sent.stderr
        written |= {f"{name} (killed)": text for name, text in files(folder / "killed")}
        written |= {"log": program.log, "letters": repr(world.letters), "backup": backup.stdout + backup.stderr}
        return written, CONFIGURED | world.secrets


def known(world: World) -> bool:
    """Whether each watch was polled after its baseline."""
    return min(world.polls("api"), world.polls("v1"), world.polls("v2") / 2) >= 3


async def pages(port: int) -> dict[str, str]:
    """What the port answers to who may ask, to who may not, and to who asks wrongly."""
    told: dict[str, str] = {}
    paths = [*(f"/api/v1/{page}?limit=1000" for page in PAGES), "/api/v1/status", "/api/v1/events/3/explanation"]
    paths += ["/api/v1/openapi.json", "/metrics", "/readyz", "/healthz", "/", "/sign-in", "/api/v1/nothing"]
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session:
        for path in paths:
            for token in (CONFIGURED["http token"], "wrong")[: 2 if path == "/readyz" else 1]:
                headers = {"Authorization": f"Bearer {token}"}
                async with session.get(path, headers=headers, allow_redirects=False) as answer:
                    told[f"{path} {token == 'wrong'}"] = f"{dict(answer.headers)} {await answer.text()}"
        async with session.post("/sign-in", data={"token": CONFIGURED["http token"]}, allow_redirects=False) as answer:
            told["sign-in"] = f"{dict(answer.headers)} {await answer.text()}"
    return told


def files(folder: Path) -> Iterator[tuple[str, str]]:
    """The database, its WAL, copies, what the sink wrote: as bytes."""
    yield from ((path.name, path.read_bytes().decode("latin-1")) for path in folder.rglob("*") if path.is_file())


async def postgres_columns(url: str) -> dict[str, str]:
    """Each column whole, of every table that is there."""
    connection, told = await asyncpg.connect(url), {}
    try:
        for (table,) in await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"):
            for number, row in enumerate(await connection.fetch(f'SELECT * FROM "{table}"')):
                for name, value in row.items():
                    text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
                    told[f"{table}.{name} {number}"] = text
    finally:
        await connection.close()
    return told


def columns(database: Path) -> Iterator[tuple[str, str]]:
    """Each column whole: in the file a long text is in pieces."""
    with closing(sqlite3.connect(database)) as raw:
        for (table,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            cursor = raw.execute(f'SELECT * FROM "{table}"')
            names = [column[0] for column in cursor.description]
            for row in cursor.fetchall():
                for name, value in zip(names, row, strict=True):
                    yield (
                        f"{table}.{name} {row[0]!s:.20}",
                        value.decode("latin-1") if isinstance(value, bytes) else str(value),
                    )


def found(text: str, needles: dict[str, str]) -> Iterator[str]:
    """The names of the secrets in it."""
    return (name for name, needle in needles.items() if needle in text)


def spelled(secrets: dict[str, str]) -> dict[str, str]:
    """What to look for, by name: each as it is, and as headers and URLs write it."""
    pair = f"{CONFIGURED['sink user']}:{CONFIGURED['sink password']}"
    sought = dict(secrets)
    sought |= {f"{name}, quoted": quote(secret) for name, secret in secrets.items() if quote(secret) != secret}
    sought |= {f"{name}, in base64": base64.b64encode(secret.encode()).decode() for name, secret in secrets.items()}
    sought["user and password of a sink, as a header"] = base64.b64encode(pair.encode()).decode()
    return sought | {"a malformed item": "Pl4nted-malformed"}
