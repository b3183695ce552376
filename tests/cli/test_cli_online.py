"""`check --online`: what a key may, told without ever risking it; against the emulated platforms over real HTTP."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from monitor.app.online import Seen, try_accounts
from monitor.app.ways import try_ways
from monitor.emulation import Emulator, Reply, Slow
from monitor.fields import SystemClock
from monitor.model import rfc3339
from monitor.providers import registry
from monitor.providers.model_studio.emulator import refusal
from monitor.providers.modelarts.emulator import refuse
from monitor.sandbox.server import serving
from monitor.settings import Settings, load
from monitor.store import StoreError, open_store
from tests.kit.installed import Installed
from tests.kit.process import write_config

ALLOWED = 3
"""Bad signatures that are risked; one more with --retry-key."""


class Bench:
    """A config file whose accounts are on emulated platforms."""

    def __init__(self, folder: Path, address: str, platforms: dict[str, Any]) -> None:
        self.folder, self.address, self.platforms = folder, address, platforms
        self.accounts: list[dict[str, Any]] = []
        self.sinks: list[dict[str, Any]] = [{"name": "journal", "type": "log"}]

    @property
    def arts(self) -> Any:
        return self.platforms["modelarts"]

    def add_arts(self, **more: Any) -> None:
        whole = {"name": "arts", "provider": "modelarts", "region": "cn-north-4", "endpoint": self.address,
                 "project_id": "p-demo", "access_key": "AKDEMO", "secret_key": "SKDEMO",
                 "budget": {"requests_per_second": 1000, "burst": 99}, "jobs": {}, "resource_flavors": {}}  # fmt: skip
        self.accounts.append(whole | more)

    def add_studio(self, **more: Any) -> None:
        whole = {"name": "studio", "provider": "model-studio", "api_key": "sk-demo",
                 "endpoint": f"{self.address}/api/v1", "jobs": {}}  # fmt: skip
        self.accounts.append(whole | more)

    def config(self) -> Path:
        return write_config(self.folder, {"accounts": self.accounts, "sinks": self.sinks})

    def settings(self) -> Settings:
        return load(self.config(), resolve=True, environ={"HOME": str(self.folder)}, credentials_dir=None)

    async def look(self, clock: Any = None, **more: Any) -> list[Seen]:
        return await try_accounts(self.settings(), clock or SystemClock(), told=lambda name: None, **more)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    clock = SystemClock()
    platforms: dict[str, Emulator] = {kind: registry.emulator(kind)(clock, autoplay=False) for kind in registry.kinds()}
    async with serving(platforms) as address:
        yield Bench(tmp_path, address, platforms)


def said(seen: Seen) -> dict[str, str]:
    return {tried.what: tried.state for tried in seen.tried}


async def test_what_a_good_key_may_is_said_also_of_what_nobody_watches(bench: Bench) -> None:
    bench.arts.world.add_job("bert")
    bench.add_arts()
    bench.add_studio()
    arts, studio = await bench.look()
    assert (arts.verdict, studio.verdict) == ("works", "works")
    assert {tried.what for tried in arts.tried if tried.watch is None} == {
        "list the training flavors",
        "list the workspaces",
        "delete a training job",
    }
    assert set(said(arts).values()) | set(said(studio).values()) == {"ok"}
    assert arts.tried[0].detail == "1 job"
    assert bench.arts.requests.total() == 6, "one small request for each thing that is tried"


@pytest.mark.parametrize(
    ("operation", "missing"), [("search", "modelarts:trainJob:list"), ("show", "modelarts:trainJob:get")]
)
async def test_a_missing_permission_is_named_and_the_rest_goes_on(bench: Bench, operation: str, missing: str) -> None:
    bench.arts.faults.add(refuse(403, "ModelArts.2784", "No permission"), operation=operation, times=None)
    bench.add_arts()
    (arts,) = await bench.look()
    refused = [tried for tried in arts.tried if tried.state == "refused"]
    assert (arts.verdict, len(refused)) == ("partly", 1)
    assert missing in refused[0].hint
    assert missing == refused[0].permission
    assert "No permission" in refused[0].detail


async def test_a_catalogue_that_is_forbidden_matters_only_to_who_watches_it(bench: Bench) -> None:
    bench.arts.faults.add(refuse(403, "ModelArts.2784", "No permission"), operation="resource_flavors", times=None)
    bench.add_arts()
    bench.add_arts(name="jobs-only", secret_key="SKDEMO", resource_flavors=None)
    watching, other = await bench.look()
    assert (watching.verdict, other.verdict) == ("partly", "works")


@pytest.mark.parametrize("kind", ["arts", "studio"])
async def test_whether_jobs_may_be_deleted_is_asked_with_the_key_that_deletes_and_deletes_none(
    bench: Bench, kind: str
) -> None:
    arts = {"delete_with": {"access_key": "AKDEL", "secret_key": "SKDEL"}}
    bench.arts.entrance.keys["AKDEL"] = "SKDEL"
    bench.add_arts(**arts) if kind == "arts" else bench.add_studio(delete_with={"api_key": "sk-demo"})
    platform = bench.platforms["modelarts" if kind == "arts" else "model-studio"]
    platform.world.add_job(*(["bert"] if kind == "arts" else ["SUCCEEDED"]))
    (seen,) = await bench.look()
    assert (seen.verdict, [tried.what.split()[0] for tried in seen.tried].count("delete")) == ("works", 1)
    assert (seen.tried[-1].watch, seen.tried[-1].state) == ("delete_with", "ok")
    assert "as far as" in seen.tried[-1].detail
    refused = refuse(403, "ModelArts.2784", "No") if kind == "arts" else refusal(403, "AccessDenied")
    platform.faults.add(refused, operation="delete")
    (seen,) = await bench.look()
    assert (seen.verdict, seen.tried[-1].state) == ("partly", "refused")
    assert platform.requests["delete"] == 2
    (job,) = platform.world.jobs.values() if kind == "arts" else platform.world.jobs()
    assert not getattr(job, "deleting", False)


async def test_a_read_only_account_is_never_asked_to_delete(bench: Bench) -> None:
    bench.add_arts(read_only=True)
    bench.add_studio(read_only=True)
    arts, studio = await bench.look()
    assert (arts.verdict, studio.verdict) == ("works", "works")
    assert [platform.requests["delete"] for platform in bench.platforms.values()] == [0, 0]


async def test_a_wrong_key_for_deletions_is_counted_like_any_other(bench: Bench) -> None:
    bench.add_arts(read_only=True, delete_with={"access_key": "AKDEMO", "secret_key": "SKWRONG"})
    for _ in range(6):
        (arts,) = await bench.look()
    assert (arts.verdict, arts.bad_signatures) == ("partly", ALLOWED)
    assert bench.arts.entrance.bad_signatures <= ALLOWED


async def test_a_wrong_model_studio_key_is_told_with_the_region(bench: Bench) -> None:
    bench.add_studio(api_key="sk-sp-nobody", region="ap-southeast-1", endpoint=f"{bench.address}/api/v1")
    (studio,) = await bench.look()
    assert studio.verdict == "failed"
    assert "region where the key was made" in studio.tried[0].hint
    assert [tried.state for tried in studio.tried] == ["refused", "skipped", "skipped"]
    assert any("coding plan" in remark for remark in studio.remarks)


async def test_twenty_looks_with_a_wrong_secret_risk_no_more_than_three_bad_signatures(bench: Bench) -> None:
    bench.add_arts(secret_key="SKWRONG")
    bench.add_arts(name="twin", project_id="p-other", secret_key="SKWRONG")
    for _ in range(20):
        arts, twin = await bench.look()
    assert bench.arts.entrance.bad_signatures == ALLOWED
    assert (arts.bad_signatures, twin.bad_signatures) == (ALLOWED, ALLOWED)
    assert twin.tried[0].detail == "not tried: the key is that of arts"
    for _ in range(5):
        await bench.look(retry_key="arts")
    assert bench.arts.entrance.bad_signatures == ALLOWED + 1, "an explicit wish is one more, however often"


async def test_many_looks_at_once_risk_no_more_together(bench: Bench) -> None:
    bench.add_arts(secret_key="SKWRONG")
    await (await open_store("sqlite:monitor.db", state_dir=_state(bench), lock=True)).aclose()
    bench.arts.faults.add(Slow(seconds=0.05), times=None)
    await asyncio.gather(*(bench.look() for _ in range(6)))
    assert 1 <= bench.arts.entrance.bad_signatures <= ALLOWED


async def test_a_key_that_was_made_good_again_is_tried_when_somebody_says_so(bench: Bench) -> None:
    bench.add_arts()
    bench.arts.entrance.keys["AKDEMO"] = "SKOTHER"
    for _ in range(4):
        await bench.look()
    bench.arts.entrance.keys["AKDEMO"] = "SKDEMO"
    (still,) = await bench.look()
    (again,) = await bench.look(retry_key="arts")
    (then,) = await bench.look()
    assert [each.verdict for each in (still, again, then)] == ["failed", "works", "works"]
    assert (still.bad_signatures, again.bad_signatures) == (ALLOWED, 0)


class Off(SystemClock):
    def __init__(self, by: timedelta) -> None:
        self._by = by

    def now(self) -> datetime:
        return super().now() + self._by


async def test_a_wrong_clock_is_measured_and_costs_no_key(bench: Bench) -> None:
    bench.add_arts()
    bench.add_studio()
    for _ in range(2):
        arts, studio = await bench.look(Off(timedelta(minutes=-20)))
    assert (arts.verdict, arts.bad_signatures) == ("works", 0)
    for seen in (arts, studio):
        assert seen.skew is not None
        assert abs(seen.skew - 1200) < 5


@pytest.mark.parametrize(
    "fault", [Reply(status=502, body=b"<html>bad gateway"), Reply(status=200, body=b"<html>login")], ids=["502", "html"]
)
async def test_an_answer_that_is_none_is_a_failure_and_no_crash(bench: Bench, fault: Reply) -> None:
    for platform in bench.platforms.values():
        platform.faults.add(fault, times=None)
    bench.add_studio()
    (studio,) = await bench.look()
    assert studio.verdict == "failed"
    assert studio.tried[0].state == "failed"


async def test_a_host_that_is_not_there_fails_alone(bench: Bench) -> None:
    bench.add_studio()
    bench.add_studio(name="gone", endpoint="http://127.0.0.1:1/api/v1")
    studio, gone = await bench.look()
    assert (studio.verdict, gone.verdict) == ("works", "failed")
    assert "refuses connections" in gone.tried[0].detail


async def test_without_a_store_to_count_in_nobody_is_asked(bench: Bench) -> None:
    bench.add_arts()
    _state(bench).parent.joinpath("state", "monitor.db").mkdir()
    with pytest.raises(StoreError):
        await bench.look()
    assert bench.arts.requests.total() == 0


def _state(bench: Bench) -> Path:
    state = bench.folder / "state"
    state.mkdir(exist_ok=True)
    return state


async def test_the_way_to_a_sink_is_looked_at_without_sending_anything(bench: Bench) -> None:
    taken: list[str] = []

    async def take(request: web.Request) -> web.Response:
        taken.append(request.method)
        return web.Response()

    app = web.Application()
    app.router.add_route("*", "/in", take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    bench.add_studio()
    bench.sinks += [
        {"name": "open", "type": "webhook", "url": f"http://127.0.0.1:{port}/in?token=hunter2"},
        {"name": "no-tls", "type": "webhook", "url": f"https://127.0.0.1:{port}/in"},
        {"name": "closed", "type": "webhook", "url": "https://127.0.0.1:1/in"},
        {"name": "nowhere", "type": "webhook", "url": "https://nobody.invalid/in"},
        {"name": "mail", "type": "apprise", "url": f"mailto://ann:hunter2@example.org:{port}?smtp=127.0.0.1"},
        {"name": "chat", "type": "apprise", "url": "ntfy://hunter2"},
        {"name": "file", "type": "file", "path": str(bench.folder / "no" / "messages.jsonl")},
        {"name": "there", "type": "file", "path": str(bench.folder / "messages.jsonl")},
    ]
    ways = await try_ways(bench.settings().sinks, SystemClock(), lambda name: None)
    await runner.cleanup()
    assert [way.state for way in ways[:7]] == ["here", "open", "closed", "closed", "closed", "open", "unknown"]
    assert [way.state for way in ways[7:]] == ["closed", "here"]
    assert ways[7].hint == f"mkdir -p {bench.folder / 'no'}"
    assert "does not speak TLS" in ways[2].detail
    assert "does not resolve" in ways[4].detail
    assert "hunter2" not in repr(ways)
    assert taken == []


Command = Callable[..., Any]


@asynccontextmanager
async def commanded(bench: Bench) -> AsyncIterator[Command]:
    installed = Installed(bench.folder)
    bench.config()

    async def run(*arguments: str, **environ: str) -> tuple[int, str, str]:
        done = await asyncio.to_thread(installed.fork, "check", *arguments, **environ)
        return done.returncode, done.stdout, done.stderr

    yield run


async def test_the_command_says_partly_with_3_and_fits_40_columns(bench: Bench) -> None:
    bench.add_studio()
    bench.add_arts(secret_key="SKWRONG")
    async with commanded(bench) as run:
        code, out, err = await run("--online", COLUMNS="40")
        assert (code, err) == (3, "")
        assert max(map(len, out.splitlines())) <= 40
        assert "account studio (model-studio): works" in out
        code, out, _ = await run("--online", "--output", "json")
    found = json.loads(out)
    assert (code, found["result"]) == (3, "partly")
    assert [account["verdict"] for account in found["accounts"]] == ["works", "failed"]
    assert "SKWRONG" not in out
    assert rfc3339(SystemClock().now())[:4] not in str(found["sinks"])


async def test_where_nothing_works_it_ends_with_1_and_where_all_does_with_0(bench: Bench) -> None:
    bench.add_studio(api_key="sk-nobody")
    async with commanded(bench) as run:
        assert (await run("--online"))[0] == 1
    bench.accounts.clear()
    bench.add_studio()
    async with commanded(bench) as run:
        code, out, _ = await run("--online", "--send")
        assert (code, "a test message was delivered" in out) == (0, True)
        code, _, err = await run("--send")
        assert (code, "--send and --retry-key are for --online." in err) == (2, True)
        code, _, err = await run("--online", "--retry-key", "nobody")
        assert (code, "No account is named 'nobody'." in err) == (2, True)


async def test_beside_a_daemon_that_holds_the_store_it_counts_in_the_same_place(bench: Bench) -> None:
    bench.add_arts(secret_key="SKWRONG")
    held = await open_store("sqlite:monitor.db", state_dir=_state(bench), lock=True)
    try:
        (arts,) = await bench.look()
    finally:
        await held.aclose()
    assert (arts.verdict, arts.bad_signatures) == ("failed", 1)


async def test_a_platform_that_never_answers_is_left_after_a_while(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        monkeypatch.setattr("monitor.app.online.PATIENCE", 0.3)
        bench.add_studio(endpoint=f"http://127.0.0.1:{deaf.getsockname()[1]}/api/v1")
        (studio,) = await bench.look()
    assert {tried.detail for tried in studio.tried} == {"not done within 0.3 s"}
    assert os.path.exists(bench.folder / "state" / "monitor.db")
