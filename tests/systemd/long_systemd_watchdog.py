"""Each part of the daemon that can hang does so in turn, under the real unit and a real systemd: the watchdog ends the
daemon, the next one tells what was in flight and what happened meanwhile. `make watchdog` runs it (a minute)."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

import pytest

from monitor.fields import SystemClock
from monitor.providers import registry
from monitor.sandbox.server import serving
from tests.kit.box import ROOT, UNIT, Box
from tests.kit.outbox import HookServer, hook_server
from tests.kit.until import until

CASES = {
    "jobs": "polling studio/jobs",
    "flavors": "polling ascend/resource_flavors",
    "sweep": "polling studio/jobs",
    "routing": "routing",
    "delivery": "delivery hook",
    "writer": "the store's writer",
    "event-loop": None,
}
"""What hangs, and what the log calls it; None: nothing can be said any more."""
FAST = {"requests_per_second": 100, "burst": 100}


def config(case: str, address: str, hook: HookServer) -> dict[str, Any]:
    studio = {
        "name": "studio",
        "provider": "model-studio",
        "api_key": "sk-demo",
        "endpoint": f"{address}/api/v1",
        "budget": FAST,
        "jobs": {"every": "1s", "sweep_every": "2s"},
    }
    ascend = {
        "name": "ascend",
        "provider": "modelarts",
        "region": "cn-north-4",
        "endpoint": address,
        "project_id": "p-demo",
        "access_key": "AKDEMO",
        "secret_key": "SKDEMO",
        "budget": FAST,
        "resource_flavors": {"every": "1s"},
    }
    return {
        "http": {"listen": "off"},
        "accounts": [studio, ascend] if case == "flavors" else [studio],
        "sinks": [{"name": "hook", "type": "webhook", "url": f"http://127.0.0.1:{hook.port}/{case}", "timeout": "5m"}],
        "rules": [{"name": "jobs", "on": ["job.*"], "notify": ["hook"], "late": "each"}],
    }


async def prepare(box: Box, case: str, text: str) -> str:
    """The real unit under another name, with folders of its own."""
    unit = f"tm-{case}"
    source = (ROOT / "systemd" / f"{UNIT}.service").read_text()
    source = re.sub(r"^(User|StateDirectory|RuntimeDirectory)=.*$", rf"\1={unit}", source, flags=re.MULTILINE)
    source = re.sub(r"--config \S+", f"--config /etc/{UNIT}/{case}.yaml", source)
    lines = {"WatchdogSec": "10s", "TimeoutAbortSec": "5s", "RestartSec": "100ms", "Environment": f"HANG={case}"}
    await box.write(f"/etc/systemd/system/{unit}.service", source)
    await box("mkdir", "-p", f"/etc/systemd/system/{unit}.service.d")
    extra = "".join(f"{key}={value}\n" for key, value in lines.items())
    await box.write(f"/etc/systemd/system/{unit}.service.d/test.conf", f"[Service]\n{extra}")
    await box.write(f"/etc/{UNIT}/{case}.yaml", text)
    return unit


async def restarts(box: Box, unit: str) -> int:
    said = await box("systemctl", "show", unit, "-p", "NRestarts", "--value")
    return int(said)


def arrived(hook: HookServer, case: str) -> list[tuple[str, str]]:
    """(id of the event, its type), each once, of all messages that came."""
    events = [event for got in hook.got if got.path == f"/{case}" for event in got.body["events"]]
    return list(dict.fromkeys((event["id"], event["type"]) for event in events))


@pytest.mark.timeout(300)
async def test_whatever_hangs_is_ended_by_the_watchdog_and_nothing_is_lost(box: Box) -> None:
    folder = "/opt/training-monitor/venv/lib/python3.*/site-packages"
    await box("bash", "-ec", f"cat > $(echo {folder})/hang.pth", stdin="import tests.systemd.hanging\n")
    studio = registry.emulator("model-studio")(SystemClock(), autoplay=False)
    arts = registry.emulator("modelarts")(SystemClock(), autoplay=False)
    async with hook_server() as hook, serving({"model-studio": studio, "modelarts": arts}) as address:
        units = {case: await prepare(box, case, json.dumps(config(case, address, hook))) for case in CASES}
        await box("systemctl", "daemon-reload")
        await box("systemctl", "start", *units.values())
        try:
            await live_through(box, units, hook, studio)
        finally:
            await box("systemctl", "stop", *units.values())


async def live_through(box: Box, units: dict[str, str], hook: HookServer, studio: Any) -> None:
    for case in units:
        hook.hold(f"/{case}")
    polled = studio.requests["list"]
    await until(lambda: studio.requests["list"] > polled + 4 * len(units), why="nobody polls")
    first = studio.world.add_job("RUNNING")
    await until(lambda: {got.path for got in hook.got} == {f"/{case}" for case in units}, why="no message is in flight")
    for unit in units.values():
        await box("touch", f"/var/lib/private/{unit}/hang")
    await asyncio.sleep(1)
    studio.world.set(first, status="SUCCEEDED")
    ended = asyncio.gather(*(ended_once(box, unit) for unit in units.values()))
    await asyncio.wait_for(ended, 120)
    for case in units:
        hook.release(f"/{case}")
    wanted = ["job.submitted", "job.started", "job.finished"]
    for case, unit in units.items():
        await until(lambda case=case: len(arrived(hook, case)) >= 3, within=60, why=f"{case}: {arrived(hook, case)}")  # type: ignore[misc]
        assert sorted(kind for _, kind in arrived(hook, case)) == sorted(wanted), case
        said = await box("journalctl", "-u", unit, "--no-pager", "-o", "cat")
        assert "Watchdog timeout" in said, case
        assert "Failed with result 'watchdog'" in said, case
        lines = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
        named = [name for line in lines if line["event"].startswith("a loop hangs") for name in line["loops"]]
        assert (CASES[case] or "nothing") in (named or ["nothing"]), (case, named)
        assert await restarts(box, unit) == 1, f"{case}: one that works is not ended"


async def ended_once(box: Box, unit: str) -> None:
    while await restarts(box, unit) == 0:
        await asyncio.sleep(0.5)
