"""Secrets in every place where one can stand, the real program at its most talkative: none is in what it left."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from monitor.emulation import Cut, Reply
from monitor.fields import SystemClock
from monitor.providers import registry
from monitor.sandbox.server import serving
from tests.kit.inbox import Inbox
from tests.kit.process import PROGRAM, Program, write_config
from tests.kit.until import START, until

CONFIGURED = {
    "api key": "sk-A1piKeyA1piKeyA1piKey",
    "access key": "AKA1CCESSKEYOFTHEUSER",
    "secret key": "sEcr3tKeyOfTheUser0123456789abcdefABCDEF",
    "webhook path": "wEbh00kPathPart",
    "webhook query": "wEbh00kQueryPart",
    "webhook user": "wEbh00kUserPart",
    "webhook password": "wEbh00kPassPart",
    "webhook secret": "d2ViaG9va3NlY3JldHdlYmhvb2tzZWNyZXQ",
    "webhook header": "hEad3rHeaderHeader",
    "apprise password": "aPpris3PassPart",
    "apprise path": "aPpris3PathPart",
    "apprise query": "aPpris3QueryPart",
}
OF_JOBS = {
    "job endpoint": "jupyter-token-",
    "job command": "sk-command-secret",
    "job parameter": "parameter-secret",
    "job input": "obs-secret",
    "job environment": "environment-secret",
    "failure link": "s1gnatureOfTheLink",
    "failure user": "linkPassw0rd",
    "failure key": "sk-F4ilureF4ilureF4ilure",
    "failure variable": "hunter2hunter2",
    "hyper parameter": "hyp3rParameter",
    "unknown field": "unkn0wnFieldValue",
}
REASON = (
    f"cannot read https://bob:{OF_JOBS['failure user']}@obs.example.com/x?Signature={OF_JOBS['failure link']}&a=b"
    f" with key {OF_JOBS['failure key']}; PASSWORD={OF_JOBS['failure variable']}"
)


class Sinks:
    """A server on which each sink fails in a way of its own, and says everything it was told."""

    async def __aenter__(self) -> Sinks:
        app = web.Application()
        app.router.add_route("*", "/{where:.*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.place = "{}:{}".format(*self._runner.addresses[0][:2])
        self.asked: set[str] = set()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        way = request.path.split("/")[1]
        self.asked.add(way)
        if way == "cut":
            assert request.transport is not None
            request.transport.close()
        if way == "redirect":
            return web.Response(status=302, headers={"Location": str(request.url)})
        return web.Response(status=int(way) if way.isdigit() else 500, text=f"{request.url} {dict(request.headers)}")

    def webhook(self, way: str) -> dict[str, Any]:
        user = f"{CONFIGURED['webhook user']}:{CONFIGURED['webhook password']}@"
        query = f"?key={CONFIGURED['webhook query']}"
        return {
            "name": f"hook-{way}",
            "type": "webhook",
            "url": f"http://{user}{self.place}/{way}/{CONFIGURED['webhook path']}{query}",
            "secret": f"whsec_{CONFIGURED['webhook secret']}",
            "headers": {"X-Own": CONFIGURED["webhook header"]},
        }

    def apprise(self, way: str) -> dict[str, Any]:
        path = f"{way}/{CONFIGURED['apprise path']}?+X-Own={CONFIGURED['apprise query']}"
        return {
            "name": f"apprise-{way}",
            "type": "apprise",
            "url": f"json://ann:{CONFIGURED['apprise password']}@{self.place}/{path}",
        }


WAYS = ("500", "403", "redirect", "cut")


def config(address: str, sinks: Sinks, inbox: Inbox) -> dict[str, Any]:
    budget = {"requests_per_second": 200, "burst": 200}
    failing = [*(sinks.webhook(way) for way in WAYS), *(sinks.apprise(way) for way in WAYS)]
    return {
        "accounts": [
            {"name": "studio", "provider": "model-studio", "api_key": CONFIGURED["api key"],
             "endpoint": f"{address}/api/v1", "budget": budget, "jobs": {"every": "1s"}},
            {"name": "arts", "provider": "modelarts", "endpoint": address, "project_id": "p-demo",
             "access_key": CONFIGURED["access key"], "secret_key": CONFIGURED["secret key"], "budget": budget,
             "jobs": {"every": "1s"}, "training_flavors": {"every": "1s"}, "resource_flavors": {"every": "1s"}},
        ],
        "sinks": [{"name": "inbox", "type": "webhook", "url": inbox.url}, {"name": "journal", "type": "log"}, *failing],
        "rules": [
            {"name": "all", "on": ["*"], "notify": ["inbox", "journal"]},
            {"name": "ends", "on": ["job.finished"], "notify": [sink["name"] for sink in failing]},
        ],
    }  # fmt: skip


async def test_no_secret_is_in_any_log_event_message_page_or_database(tmp_path: Path) -> None:
    studio = registry.emulator("model-studio")(SystemClock(), autoplay=False, api_keys=[CONFIGURED["api key"]])
    keys = {CONFIGURED["access key"]: CONFIGURED["secret key"]}
    arts = registry.emulator("modelarts")(SystemClock(), autoplay=False, keys=keys)
    platforms = {"model-studio": studio, "modelarts": arts}
    async with Inbox() as inbox, Sinks() as sinks, serving(platforms) as address:
        path = write_config(tmp_path, config(address, sinks, inbox))
        async with Program(path) as program:
            await until(
                lambda: min(studio.requests["list"], arts.requests["search"]) >= 2, within=START, why="nobody polls"
            )
            fine_tune = add_fine_tune(studio.world)
            training = arts.world.add_job("pretrain", phase="Running")
            await until(lambda: {"job/" + fine_tune, "job/" + training} <= subjects(inbox), why="no job was seen")
            studio.world.set(fine_tune, status="FAILED", code="Boom", message=REASON)
            arts.world.set_phase(training, "Failed", exit_code=1, message=REASON)
            await until(lambda: len(ends(inbox)) == 2, why="no end was told")
            await until(lambda: set(WAYS) <= sinks.asked, why=f"a sink was not tried: {sinks.asked}")
            speak_ill(studio, arts)
            await until(lambda: len(troubles(inbox)) >= 2, within=60, why="no trouble was told: " + program.log[-3000:])
            assert await program.stop() == 0
        written = {"log": program.log, "messages": repr([letter.message for letter in inbox.letters])}
        written |= {str(file): file.read_bytes().decode("latin-1") for file in (tmp_path / "state").iterdir()}
        written |= await pages(path)
    assert "Boom" in written["log"], "the reason as such is told"
    assert not (leaks := found(written)), "\n".join(leaks)


def add_fine_tune(world: Any) -> str:
    more = {"hyper_parameters": {"token": OF_JOBS["hyper parameter"]}, "brand_new": OF_JOBS["unknown field"]}
    return str(world.add_job("RUNNING", job_name="tune", **more))


def speak_ill(studio: Any, arts: Any) -> None:
    """Every request fails from now on, in words that repeat what the platform knows."""
    said = " ".join(CONFIGURED[name] for name in ("api key", "access key", "secret key"))
    for platform in (studio, arts):
        platform.faults.add(Reply(status=500, body=said.encode(), content_type="text/html"))
        platform.faults.add(Cut(share=0.5))
        location = {"Location": f"https://elsewhere.example.com/?key={CONFIGURED['api key']}"}
        platform.faults.add(Reply(status=302, headers=location))
    body = b'{"code": "InvalidApiKey", "error_code": "APIGW.0301", "message": "%s", "error_msg": "%s"}'
    refused = body % (said.encode(), said.encode())
    studio.faults.add(Reply(status=401, body=refused), times=None)
    arts.faults.add(Reply(status=401, body=refused), times=None)


def subjects(inbox: Inbox) -> set[str]:
    return {subject for letter in inbox.letters for subject in letter.subjects}


def ends(inbox: Inbox) -> list[str]:
    return [type_ for letter in inbox.letters for type_ in letter.types if type_ == "job.finished"]


def troubles(inbox: Inbox) -> list[str]:
    bad = ("account.unauthorized", "account.unreachable")
    return [type_ for letter in inbox.letters for type_ in letter.types if type_ in bad]


async def pages(path: Path) -> dict[str, str]:
    """What the commands print of all that."""
    commands = [
        ["check"], ["check", "--output", "json"], ["jobs", "list", "--output", "json"], ["jobs", "show", "tune"],
        ["jobs", "show", "pretrain", "--output", "json"], ["events", "list", "--output", "jsonl", "--limit", "10000"],
        ["events", "list"], ["sinks", "list"], ["sinks", "list", "--output", "json"], ["db", "check"],
        ["sinks", "test", "hook-403"], ["sinks", "test", "apprise-cut", "--timeout", "1s"],
    ]  # fmt: skip
    return {" ".join(command): await run([*command, "--config", str(path)]) for command in commands}


async def run(arguments: list[str], **environ: str) -> str:
    """All that a command says."""
    process = await asyncio.create_subprocess_exec(
        str(PROGRAM), *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        env={"PATH": os.environ["PATH"], **environ},
    )  # fmt: skip
    said, _ = await asyncio.wait_for(process.communicate(), 30)
    assert b"Traceback" not in said
    return said.decode()


def found(written: dict[str, str]) -> list[str]:
    """Which secret stands where."""
    secrets = CONFIGURED | OF_JOBS
    return [f"{name} in {place}" for place, text in written.items() for name, it in secrets.items() if it in text]


PASSWORD = "pOstgr3sPassword"


@pytest.mark.parametrize("command", [["check"], ["run"], ["jobs", "list"], ["db", "check"], ["db", "upgrade"]])
async def test_the_password_of_a_database_is_in_no_error(command: list[str], tmp_path: Path) -> None:
    url = f"postgresql://monitor:{PASSWORD}@127.0.0.1:1/monitor?application_name={PASSWORD}"
    account = {"name": "a", "provider": "model-studio", "api_key": CONFIGURED["api key"], "jobs": {}}
    path = write_config(tmp_path, {"store": url, "accounts": [account], "sinks": [{"name": "j", "type": "log"}]})
    said = await run([*command, "--config", str(path)])
    assert said
    assert PASSWORD not in said
    assert CONFIGURED["api key"] not in said


@pytest.mark.parametrize(
    "sink",
    [
        {"type": "apprise", "url": "nosuch://ann:${env:SECRET}@example.org/${env:SECRET}"},
        {"type": "apprise", "url": "slack://${env:SECRET}"},
        {"type": "webhook", "url": "gopher://example.org/${env:SECRET}"},
        {"type": "webhook", "url": "https://example.org", "secret": "whsec_${env:SECRET}-!"},
        {"type": "webhook", "url": "https://example.org", "headers": {"X-A": "${env:SECRET}\n"}},
        {"type": "webhook", "url": "https://example.org", "timeout": "${env:SECRET}"},
        {"type": "${env:SECRET}"},
    ],
)
async def test_a_mistake_in_the_config_file_is_told_without_what_a_reference_stands_for(
    sink: dict[str, Any], tmp_path: Path
) -> None:
    account = {"name": "a", "provider": "model-studio", "api_key": "${env:SECRET}", "jobs": {}}
    path = write_config(tmp_path, {"accounts": [account], "sinks": [{"name": "s"} | sink]})
    said = await run(["check", "--config", str(path)], SECRET=CONFIGURED["webhook path"])
    assert "1 mistake" in said or "One mistake" in said
    assert CONFIGURED["webhook path"] not in said
