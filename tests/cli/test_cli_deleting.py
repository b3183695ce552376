"""`jobs delete` and `jobs cleanup`: looked at first, asked, followed until done; beside a daemon and without one."""

from __future__ import annotations

import asyncio
import json
import pwd
from datetime import datetime
from os import getuid
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from monitor.actions import guard
from monitor.emulation import Emulator
from monitor.fields import SystemClock
from monitor.fields.bell import Bell
from monitor.polling.poller import Poller
from monitor.polling.surroundings import Surroundings
from monitor.providers import registry
from monitor.sandbox.server import serving
from monitor.settings import Only, load
from monitor.store import open_store
from monitor.wire import new_session
from tests.kit.installed import Installed
from tests.kit.living import living
from tests.kit.process import Program, write_config
from tests.kit.until import START, until

POLICIES: list[dict[str, Any]] = [
    {"name": "nightly", "after": "0s", "at_most": 1, "enabled": True, "every": "1d"},
    {"name": "trial", "after": "0s"},
]


class Bench:
    """A platform with six jobs, an account that knows them, and the command."""

    def __init__(self, folder: Path, address: str, platform: Any) -> None:
        self.installed = Installed(folder)
        self.platform = platform
        account = {"name": "studio", "provider": "model-studio", "api_key": "sk-demo", "jobs": {"every": "1s"},
                   "endpoint": f"{address}/api/v1", "budget": {"requests_per_second": 1000, "burst": 99}}  # fmt: skip
        sinks = [{"name": "hook", "type": "webhook", "url": "${env:NEVER_SET}"}]
        self.config: dict[str, Any] = {"state_dir": str(folder / "state"),
                       "http": {"listen": "off"}, "accounts": [account],
                       "sinks": sinks, "cleanup": POLICIES}  # fmt: skip
        write_config(folder, self.config)

    async def run(self, *arguments: str, **environment: str) -> CompletedProcess[str]:
        return await asyncio.to_thread(self.installed.run, *arguments, **environment)

    async def jobs(self, *arguments: str) -> list[dict[str, Any]]:
        done = await self.run("jobs", "list", "--output", "json", *arguments)
        found: list[dict[str, Any]] = json.loads(done.stdout)
        return found

    async def types(self) -> list[str]:
        done = await self.run("events", "list", "--type", "deletion.*", "--type", "job.deleted", "--output", "json")
        return [event["type"] for event in json.loads(done.stdout)]

    def quick(self, job: str) -> None:
        """The job vanishes between the read and the request: the platform's answer is that it is gone, and nobody
        waits the ten seconds until the first look."""
        self.platform.faults.afterwards("get", lambda: self.platform.world.remove(job))

    async def look(self) -> None:
        """What a daemon has seen that does not run any more."""
        settings = load(self.installed.config, resolve=Only("accounts"), environ={}, credentials_dir=None)
        settings.state_dir.mkdir(exist_ok=True)
        store = await open_store(settings.store, state_dir=settings.state_dir, lock=True)
        try:
            async with new_session() as session:
                around = Surroundings(store=store, clock=SystemClock(), bell=Bell())
                poller = Poller(settings.accounts, session, around)
                await poller.open()
                assert [await loop.turn() for loop in poller.loops] == [0.0]
        finally:
            await store.aclose()


@pytest.fixture
async def bench(tmp_path: Path) -> Any:
    platform: Emulator = registry.emulator("model-studio")(SystemClock(), jobs=6, autoplay=False)
    async with serving({"model-studio": platform}) as address:
        made = Bench(tmp_path, address, platform)
        await made.look()
        yield made


async def test_without_a_daemon_the_command_deletes_by_itself_and_says_who_asked(bench: Bench) -> None:
    newest, *_, victim = await bench.jobs("--finished")
    looked = await bench.run("jobs", "delete", "studio", victim["id"], newest["id"], "--dry-run")
    assert looked.returncode == 3
    assert looked.stdout.splitlines()[-1] == "Nothing was deleted."
    assert "it is the newest job of its account" in " ".join(looked.stdout.split())
    assert await bench.types() == []

    asked = await bench.run("jobs", "delete", "studio", victim["id"])
    assert (asked.returncode, asked.stderr.splitlines()[0]) == (
        2,
        "error: One job of studio would be deleted; nothing was done.",
    )
    bench.quick(victim["id"])
    done = await bench.run("jobs", "delete", "studio", victim["id"], newest["id"], "--yes", "--output", "json")
    assert (done.returncode, done.stderr.splitlines()[0]) == (3, "error: 1 of 2 jobs were not deleted.")
    first, second = json.loads(done.stdout)
    who = {"kind": "user", "name": pwd.getpwuid(getuid()).pw_name}
    assert (first["deletion"]["state"], first["deletion"]["asked_by"]) == ("deleted", who)
    assert second["deletion"]["state"] == "refused"
    assert sorted(await bench.types()) == ["deletion.refused", "deletion.requested", "job.deleted"]
    assert victim["id"] in {job["id"] for job in await bench.jobs("--all")}
    assert victim["id"] not in {job["id"] for job in await bench.jobs()}
    alone = await bench.run("jobs", "delete", "studio", newest["name"], "--yes")
    assert (alone.returncode, alone.stderr.splitlines()[0]) == (1, "error: No job was deleted.")
    twice = await bench.run("jobs", "delete", "studio", victim["id"], "--yes")
    words = " ".join(twice.stdout.split())
    assert (twice.returncode, "it was deleted already, 20" in words) == (1, True)
    assert f"(asked for by {who['name']})" in words
    steps = " ".join((await bench.run("events", "list", "--type", "deletion.*", COLUMNS="500")).stdout.split())
    assert f"is not deleted; {guard.NEWEST}; asked for by {who['name']}" in steps
    shown = [line for line in (await bench.run("jobs", "list", "--all")).stdout.splitlines() if victim["id"] in line]
    assert [line.split()[1] for line in shown] == ["deleted"]
    page = " ".join((await bench.run("jobs", "show", victim["id"])).stdout.split())
    assert f"on the platform no: deleted {datetime.now().astimezone():%Y-%m-%d}" in page
    assert f"(asked for by {who['name']})" in page


async def test_more_than_half_is_asked_for_twice_and_an_account_must_be_there(bench: Bench) -> None:
    ids = [job["id"] for job in await bench.jobs("--finished")][1:]
    done = await bench.run("jobs", "delete", "studio", *ids, "--yes")
    assert (done.returncode, done.stderr.splitlines()) == (
        1,
        [
            f"error: {len(ids)} of the 6 jobs of studio would go at once, which is more than half; "
            "nothing was deleted.",
            "hint: Say --yes-delete-many.",
        ],
    )
    assert await bench.types() == []
    done = await bench.run("jobs", "delete", "studi", ids[0], "--yes")
    assert (done.returncode, done.stderr.splitlines()) == (
        2,
        ["error: No account is named 'studi'.", "hint: Did you mean `studio`? There are: studio."],
    )
    assert (await bench.run("usage", "--account", "studi")).stderr == done.stderr
    write_config(bench.installed.root, {**bench.config, "cleanup": [{"name": "all", "after": "0s", "enabled": True}]})
    done = await bench.run("jobs", "cleanup", "--yes")
    assert (done.returncode, done.stderr.splitlines()[1]) == (
        1,
        "hint: Say --yes-delete-many, or name policies that delete less.",
    )
    assert await bench.types() == []


async def test_a_slip_of_the_pen_deletes_nothing_and_is_no_news(bench: Bench) -> None:
    victim = (await bench.jobs("--finished"))[-1]["id"]
    done = await bench.run("jobs", "delete", "studio", victim, "nope", "--yes")
    assert (done.returncode, done.stderr.splitlines()) == (
        1,
        [
            "error: No job of studio has the id or the name 'nope', or an id that begins so; nothing was deleted.",
            "hint: `training-monitor jobs list --account studio` shows those that are.",
        ],
    )
    assert await bench.types() == []


async def test_the_hint_of_a_refusal_is_about_its_reason(bench: Bench, tmp_path: Path) -> None:
    newest, *_, victim = await bench.jobs("--finished")
    done = await bench.run("jobs", "delete", "studio", newest["id"], "--dry-run")
    assert done.stderr.splitlines()[1] == "hint: Only finished jobs go, and never the newest."
    (account,) = bench.config["accounts"]
    write_config(tmp_path, {**bench.config, "cleanup": [], "accounts": [{**account, "read_only": True}]})
    done = await bench.run("jobs", "delete", "studio", victim["id"], "--dry-run")
    assert done.stderr.splitlines()[1].startswith("hint: Give the account `delete_with`")
    really = await bench.run("jobs", "delete", "studio", victim["id"], "--yes")
    assert (really.returncode, really.stderr.splitlines()[0]) == (1, "error: No job was deleted.")
    assert really.stderr.splitlines()[1] == done.stderr.splitlines()[1]
    assert await bench.types() == [], "the config alone decides it"


async def test_the_plan_is_shown_and_only_yes_runs_it(bench: Bench) -> None:
    shown = (await bench.run("jobs", "cleanup")).stdout
    lines = shown.splitlines()
    assert lines[1].split()[:4] == ["nightly", "active", "1", str(len(await bench.jobs("--finished")) - 1)]
    assert lines[1].endswith("due now")
    assert lines[2].endswith("deletes nothing: not enabled")
    assert lines[-1] == "Nothing was deleted; --yes does it, for the policies that are enabled."
    assert "stay: a run deletes at most 1" in shown
    assert "which trial would do too" in " ".join(shown.split())
    assert await bench.types() == []
    whole = await bench.run("jobs", "cleanup", "--all")
    assert whole.stdout.count("a run deletes at most 1") > 1
    off = await bench.run("jobs", "cleanup", "trial", "--yes")
    assert (off.returncode, off.stderr.splitlines()[0]) == (
        1,
        "error: The policy trial is not enabled: it deletes nothing.",
    )
    (goes,) = [job for job in json.loads((await bench.run("jobs", "cleanup", "--output", "json")).stdout)["jobs"]
               if job["stays"] is None]  # fmt: skip
    bench.quick(goes["job"])
    done = await bench.run("jobs", "cleanup", "--yes")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[1].split()[1] == "deleted"
    assert len(await bench.jobs()) == 5
    for unknown in (["nix"], ["nix", "--yes"], ["--resume", "nix"]):
        done = await bench.run("jobs", "cleanup", *unknown)
        assert (done.returncode, done.stderr.splitlines()[0]) == (2, "error: The config has no clean-up policy 'nix'.")
    still = await bench.run("jobs", "cleanup", "--resume", "nightly")
    assert (still.returncode, still.stderr.splitlines()[0]) == (1, "error: The policy nightly does not stand still.")


async def test_beside_a_daemon_it_is_the_daemon_that_deletes(bench: Bench, tmp_path: Path) -> None:
    config = {**bench.config, "sinks": [{"name": "journal", "type": "log"}]}
    victim = (await bench.jobs("--finished"))[-1]
    async with living(tmp_path, config):
        bench.quick(victim["id"])
        done = await bench.run("jobs", "delete", "studio", victim["id"], "--yes")
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.splitlines()[-1].split() == [victim["name"], "deleted", "studio", victim["id"]]
        plan = await bench.run("jobs", "cleanup", "--output", "json")
        assert [policy["name"] for policy in json.loads(plan.stdout)["policies"]] == ["nightly", "trial"]


async def test_a_daemon_that_is_killed_meanwhile_goes_on_with_it_and_the_command_says_so(
    bench: Bench, tmp_path: Path
) -> None:
    config = write_config(tmp_path, {**bench.config, "cleanup": [], "sinks": [{"name": "journal", "type": "log"}]})
    victim = (await bench.jobs("--finished"))[-1]
    async with Program(config) as daemon:
        await until(lambda: '"started"' in daemon.log, within=START, why="it does not begin")
        asked = asyncio.create_task(bench.run("jobs", "delete", "studio", victim["id"], "--yes"))
        await until(lambda: bench.platform.requests["delete"] == 1, why="nothing was sent")
        await daemon.kill()
        done = await asked
    assert done.returncode == 1
    assert done.stderr.splitlines()[0].endswith("One deletion is still under way.")
    assert "at its next start" in done.stderr


async def test_a_config_without_policies_says_where_to_read_on(bench: Bench, tmp_path: Path) -> None:
    write_config(tmp_path, {**bench.config, "cleanup": []})
    shown = await bench.run("jobs", "cleanup")
    assert (shown.returncode, shown.stdout) == (0, "The config has no clean-up policy; docs/cleanup.md has examples.\n")
    done = await bench.run("jobs", "cleanup", "--yes")
    assert (done.returncode, done.stderr.splitlines()[0]) == (2, "error: The config has no clean-up policy.")
