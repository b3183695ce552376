"""A platform that is down or overrun for six hours of virtual time: one message that it is so, one that it is over, and
all that happened meanwhile."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from monitor.emulation import Reply
from monitor.providers import registry
from tests.kit.clock import VirtualClock
from tests.kit.platforms import model_studio
from tests.kit.rig import make_template, rigged

HOURS = 6
DOWN = Reply(status=503, body=b"<html>upstream is down</html>", content_type="text/html")
THROTTLED = Reply(status=429, body=b'{"code":"Throttling","message":"x"}')
ASKED = Reply(status=429, body=b'{"code":"Throttling","message":"x"}', headers={"Retry-After": "90"})


@pytest.mark.parametrize(
    ("fault", "most", "least"),
    [
        pytest.param(DOWN, HOURS * 120, HOURS * 60, id="down"),
        pytest.param(THROTTLED, HOURS * 120, HOURS * 60, id="throttled"),
        pytest.param(ASKED, HOURS * 41, HOURS * 38, id="throttled for 90 s each time"),
    ],
)
async def test_six_hours_without_a_platform_are_two_messages_and_lose_nothing(
    fault: Reply, most: int, least: int, tmp_path: Path
) -> None:
    await make_template(tmp_path)
    clock = VirtualClock()
    studio: Any = registry.emulator("model-studio")(clock, autoplay=False)
    async with rigged(model_studio(), {"model-studio": studio}, clock) as rig, rig.running():
        await rig.poll()
        ends, runs = (studio.world.add_job("RUNNING") for _ in range(2))
        await rig.poll()
        studio.faults.add(fault, times=None)
        before, until = rig.requests, clock.monotonic() + HOURS * 3600
        while clock.monotonic() < until:
            await rig.poll()
        asked = rig.requests - before
        studio.world.set(ends, status="SUCCEEDED", usage=1000)
        studio.faults.clear()
        for _ in range(8):
            await rig.poll()
        events = await rig.events("account.unreachable", "account.recovered")
        told = [event.type.value for event in events]
        stories = [await rig.story(f"job/{job}") for job in (ends, runs)]
    assert told == ["account.unreachable", "account.recovered"]
    assert ("asks for fewer requests" in events[0].data["reason"]) == (fault is not DOWN)
    assert stories[0][:3] == ["job.submitted", "job.started", "job.finished"]
    assert stories[1] == ["job.submitted", "job.started"]
    assert least <= asked <= most
