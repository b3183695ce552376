"""The gate is the pacing of a credential: entered before anything is sent, and left once, whatever happens."""

from __future__ import annotations

import anyio
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from monitor.wire import Answer, Fault, FaultKind, Http, Patience, new_session


class Tally:
    """A gate that writes down what it is told, with a real wait at both doors."""

    def __init__(self, refuse: Fault | None = None) -> None:
        self.story: list[str] = []
        self.faults: list[Fault | None] = []
        self._refuse = refuse

    async def enter(self) -> None:
        await anyio.sleep(0)
        if self._refuse is not None:
            raise self._refuse
        self.story.append("enter")

    async def leave(self, fault: Fault | None) -> None:
        await anyio.sleep(0)
        self.faults.append(fault)
        self.story.append("leave")


def good(answer: Answer) -> Fault | None:
    return None


async def answering(request: web.Request) -> web.Response:
    await anyio.sleep(float(request.query.get("after", "0")))
    return web.Response(status=int(request.query.get("status", "200")))


def server() -> TestServer:
    application = web.Application()
    application.router.add_get("/", answering)
    return TestServer(application)


async def test_a_good_request_leaves_the_gate_with_nothing_to_tell() -> None:
    gate = Tally()
    async with server() as running, new_session() as session:
        await Http(session, gate).send("GET", str(running.make_url("/")), judge=good)
    assert (gate.story, gate.faults) == (["enter", "leave"], [None])


@pytest.mark.parametrize("where", ["judge", "network", "redirect", "url"])
async def test_a_fault_is_told_to_the_gate_before_it_is_raised(where: str) -> None:
    gate = Tally()
    judged = Fault(FaultKind.THROTTLED, "slow down", retry_after=7.0)
    async with server() as running, new_session() as session:
        url = {
            "judge": str(running.make_url("/")),
            "network": "http://127.0.0.1:1/",
            "redirect": str(running.make_url("/?status=302")),
            "url": "nonsense",
        }[where]
        with pytest.raises(Fault) as caught:
            await Http(session, gate).send("GET", url, judge=lambda answer: judged if where == "judge" else None)
    assert (gate.story, gate.faults) == (["enter", "leave"], [caught.value])


async def test_a_gate_that_stays_shut_is_not_left_and_nothing_is_sent() -> None:
    shut = Fault(FaultKind.BAD_SIGNATURE, "this key is not tried again")
    gate = Tally(refuse=shut)
    async with new_session() as session:
        with pytest.raises(Fault) as caught:
            await Http(session, gate).send("GET", "http://127.0.0.1:1/", judge=good)
    assert caught.value is shut
    assert gate.story == []


async def test_a_cancelled_request_still_leaves_the_gate() -> None:
    gate = Tally()
    async with server() as running, new_session() as session:
        with anyio.move_on_after(0.05) as scope:
            await Http(session, gate).send("GET", str(running.make_url("/?after=30")), judge=good)
    assert scope.cancelled_caught
    assert gate.story == ["enter", "leave"]
    assert gate.faults[0] is not None


async def test_a_request_that_runs_out_of_time_leaves_the_gate() -> None:
    gate = Tally()
    async with server() as running, new_session(patience=Patience(total=0.1)) as session:
        with pytest.raises(Fault, match="in time"):
            await Http(session, gate).send("GET", str(running.make_url("/?after=30")), judge=good)
    assert gate.story == ["enter", "leave"]


@pytest.mark.parametrize("broken", ["judge", "headers"])
async def test_a_bug_in_what_a_provider_hands_in_leaves_the_gate_too(broken: str) -> None:
    def failing(*_: object) -> dict[str, str]:
        raise ZeroDivisionError

    def failing_judge(answer: Answer) -> Fault | None:
        raise ZeroDivisionError

    gate = Tally()
    async with server() as running, new_session() as session:
        with pytest.raises(ZeroDivisionError):
            await Http(session, gate).send(
                "GET",
                str(running.make_url("/")),
                judge=failing_judge if broken == "judge" else good,
                headers=failing if broken == "headers" else {},
            )
    assert gate.story == ["enter", "leave"]


async def test_headers_are_made_when_the_gate_has_opened() -> None:
    """A signature holds the time; made before a long wait at the gate it would arrive stale."""
    gate = Tally()

    def headers() -> dict[str, str]:
        gate.story.append("sign")
        return {"X-Signed": "now"}

    async with server() as running, new_session() as session:
        await Http(session, gate).send("GET", str(running.make_url("/")), judge=good, headers=headers)
    assert gate.story == ["enter", "sign", "leave"]
