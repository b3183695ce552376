"""What polls find out of an account's health is what the API tells of it, whatever its workspaces are called."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from monitor.emulation import Reply
from monitor.model import rfc3339
from monitor.providers import registry
from monitor.providers.model_studio.emulator import refusal
from monitor.providers.model_studio.story import WORKSPACE
from monitor.providers.modelarts.emulator import refuse
from monitor.store import Health, save_health
from monitor.web.api import Api, Inside
from tests.kit.api import Asking
from tests.kit.clock import VirtualClock
from tests.kit.made import NOON
from tests.kit.platforms import model_studio, modelarts
from tests.kit.rig import rigged

FORBIDDEN = refuse(403, "ModelArts.2785", "no permission")
NO_KEY = refusal(401, "InvalidApiKey")


@pytest.mark.parametrize("well_before", [True, False])
@pytest.mark.parametrize(
    ("make", "fault", "code", "workspace"),
    [
        (modelarts(), FORBIDDEN, "ModelArts.2785", "0"),
        (model_studio(), NO_KEY, "InvalidApiKey", None),
        (model_studio(workspace=WORKSPACE), NO_KEY, "InvalidApiKey", WORKSPACE),
    ],
    ids=["modelarts", "model-studio", "a workspace of model-studio"],
)
async def test_a_refused_account_is_told_with_its_reason_and_since_when(
    make: Any, fault: Reply, code: str, workspace: str | None, well_before: bool
) -> None:
    clock = VirtualClock()
    provider = make("http://127.0.0.1:1")[0].provider
    emulator: Any = registry.emulator(provider)(clock, autoplay=False)
    async with rigged(make, {provider: emulator}, clock) as rig, rig.running():
        if well_before:
            await rig.poll()
        emulator.faults.add(fault, times=None)
        await rig.poll()
        refused_at = rfc3339(clock.now())
        await rig.poll()
        settings: Any = SimpleNamespace(accounts=rig.accounts)
        inside = Inside(store=rig.store, clock=clock, settings=settings)
        ask = Asking(Api(inside), inside, clock)
        (account,), (watch,) = await ask.items("/accounts"), await ask.items("/watches")
    assert account["watches"] == [watch]
    assert watch["workspace"] == workspace
    for each in (account, watch):
        assert (each["state"], each["since"]) == ("unauthorized", refused_at)
        assert code in each["reason"]
        assert (each["last_good"] is not None) is well_before


async def test_the_age_of_data_is_that_of_the_last_poll_where_a_daemon_knows_it_and_to_the_minute_where_none_runs() -> (
    None
):
    clock, make = VirtualClock(), modelarts()
    provider = make("http://127.0.0.1:1")[0].provider
    emulator: Any = registry.emulator(provider)(clock, autoplay=False)
    async with rigged(make, {provider: emulator}, clock) as rig, rig.running():
        await rig.poll()
        await rig.poll(20.0)
        clock.advance(3.0)
        settings: Any = SimpleNamespace(accounts=rig.accounts)
        for known, age in ({"last_good": rig.poller.last_good}, 3.0), ({}, 23.0):
            inside = Inside(store=rig.store, clock=clock, settings=settings, **known)
            (account,) = await Asking(Api(inside), inside, clock).items("/accounts")
            assert [account["age"], *(watch["age"] for watch in account["watches"])] == [age, age]


async def test_an_ill_workspace_makes_its_account_ill_and_not_its_neighbour(ask: Asking) -> None:
    north, _ = await ask.items("/accounts")
    assert (north["state"], north["reason"], north["since"]) == ("unauthorized", "may not list", rfc3339(NOON))
    jobs = [(one["workspace"], one["state"], one["reason"]) for one in north["watches"] if one["watch"] == "jobs"]
    assert jobs == [("0", "ok", None), ("ws-2", "unauthorized", "may not list")]


async def test_a_sweep_that_is_refused_makes_the_account_ill_and_not_its_watch(ask: Asking) -> None:
    def write(conn: Any) -> None:
        well = Health(state="ok", failures=0, since=NOON, reason="")
        save_health(conn, "north", "jobs/ws-2", well)
        save_health(conn, "north", "jobs/0 sweep", Health(state="unauthorized", failures=1, since=NOON, reason="no"))
        save_health(conn, "north", "jobs/ws-2 sweep", well)

    await ask.inside.store.write(write)
    north, _ = await ask.items("/accounts")
    told = (north["state"], north["reason"], north["since"])
    assert told == ("unauthorized", "the sweep of jobs/0: no", rfc3339(NOON))
    assert {watch["state"] for watch in north["watches"]} == {"ok"}
