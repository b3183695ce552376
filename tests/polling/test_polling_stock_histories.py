"""Random histories of a catalogue, polled through faults, crashes and restarts: what was visible for `confirm` polls in
a row is told once, in order, and nothing else is."""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from monitor.emulation import Cut, Reply
from monitor.providers import registry
from tests.kit.clock import VirtualClock
from tests.kit.platforms import modelarts
from tests.kit.rig import Crash, Rig, rigged

FLAVORS = ("modelarts.bm.npu.arm.8snt9b", "modelarts.vm.cpu8u32g")
ZONES = ("cn-north-7a", "cn-north-7b")
WORDS = ("normal", "soldout", "normal", "soldout", "hibernating", None)
TWO = {"normal": "flavor.restocked", "soldout": "flavor.sold_out"}
FAULTS: tuple[Any, ...] = (
    Reply(status=500),
    Reply(status=200, body=b'{"metadata":{}}'),
    Reply(status=200, body=b'{"items":null}'),
    Reply(status=200, body=b"<html>", content_type="text/html"),
    Cut(share=0.5),
)


@dataclass
class Zone:
    """One zone's words as polls saw them."""

    believed: str
    stock: str
    row: tuple[str | None, int] = (None, 0)

    def see(self, word: str, confirm: int) -> str | None:
        """What is told, if anything."""
        if word == self.believed:
            self.row = (None, 0)
            return None
        self.row = (word, self.row[1] + 1 if self.row[0] == word else 1)
        if self.row[1] < confirm:
            return None
        self.believed, self.row = word, (None, 0)
        before = self.stock
        self.stock = word if word in TWO or before not in TWO else before
        return TWO[word] if word in TWO and before in TWO and word != before else None


@dataclass
class Oracle:
    """What the design says of the catalogue, told from what polls could see."""

    confirm: int
    zones: dict[tuple[str, str], Zone] = field(default_factory=dict)
    listed: dict[str, frozenset[str] | None] = field(default_factory=dict)
    told: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def see(self, visible: dict[str, dict[str, str]]) -> None:
        first = not self.listed
        for flavor, words in visible.items():
            subject = f"resource-flavor/{flavor}"
            if not first and self.listed.get(flavor) is None:
                self.told[subject].append("flavor.listed")
            elif not first and self.listed[flavor] != frozenset(words):
                self.told[subject].append("flavor.changed")
            self.listed[flavor] = frozenset(words)
            for zone, word in words.items():
                self._word(flavor, zone, word)
        for flavor, zones in self.listed.items():
            if flavor not in visible and zones is not None:
                self.told[f"resource-flavor/{flavor}"].append("flavor.delisted")
                self.listed[flavor] = None
        for (flavor, zone), known in self.zones.items():
            if zone not in visible.get(flavor, {}):
                known.row = (None, 0)

    def _word(self, flavor: str, zone: str, word: str) -> None:
        known = self.zones.get((flavor, zone))
        if known is None:
            self.zones[flavor, zone] = Zone(word, word)
        elif (told := known.see(word, self.confirm)) is not None:
            self.told[f"flavor/{flavor}/{zone}"].append(told)


moves = st.one_of(
    st.tuples(st.just("set"), st.sampled_from(FLAVORS), st.sampled_from(ZONES), st.sampled_from(WORDS)),
    st.tuples(st.just("set"), st.sampled_from(FLAVORS), st.sampled_from(ZONES), st.sampled_from(WORDS)),
    st.tuples(st.just("list"), st.sampled_from(FLAVORS), st.booleans()),
    st.tuples(st.just("poll")),
    st.tuples(st.just("poll")),
    st.tuples(st.just("fault"), st.sampled_from(FAULTS)),
    st.tuples(st.just("crash"), st.integers(0, 6)),
    st.tuples(st.just("restart")),
)
house = settings(
    max_examples=15,
    suppress_health_check=[HealthCheck.too_slow],
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
)


class Play:
    """`oracles`: a crash may come before or after the commit, so each doubles what may be true until the next check."""

    def __init__(self, rig: Rig, emulator: Any, confirm: int) -> None:
        self.rig, self.emulator = rig, emulator
        self.oracles = [Oracle(confirm)]

    def visible(self) -> dict[str, dict[str, str]]:
        return {flavor.id: dict(flavor.zones) for flavor in self.emulator.world.resources if flavor.listed}

    async def poll(self) -> None:
        assert await self.rig.poll() == [0.0]
        for oracle in self.oracles:
            oracle.see(self.visible())

    async def act(self, move: tuple[Any, ...]) -> None:
        if move[0] == "set":
            self.emulator.world.set_stock(*move[1:])
        elif move[0] == "list":
            self.emulator.world.resource(move[1]).listed = move[2]
        elif move[0] == "poll":
            await self.poll()
        elif move[0] == "fault":
            self.emulator.faults.add(move[1])
            await self.rig.poll()
            await self.poll()
        elif move[0] == "crash":
            committed = deepcopy(self.oracles)
            for oracle in committed:
                oracle.see(self.visible())
            self.oracles += committed
            self.rig.die_after(move[1])
            await self.rig.poll()
            raise Crash("or else right after it")
        else:
            raise Crash("restart")

    async def check(self) -> None:
        told: dict[str, list[str]] = defaultdict(list)
        for event in await self.rig.events("flavor.*"):
            told[event.subject].append(event.type.value)
        fit = [oracle for oracle in self.oracles if {s: t for s, t in oracle.told.items() if t} == dict(told)]
        assert fit, (dict(told), [dict(oracle.told) for oracle in self.oracles])
        self.oracles = fit[:8]


@house
@given(
    confirm=st.integers(1, 3),
    script=st.lists(st.lists(moves, max_size=16), min_size=1, max_size=4),
)
def test_stock_histories(confirm: int, script: list[list[tuple[Any, ...]]]) -> None:
    async def story() -> None:
        clock = VirtualClock()
        emulator: Any = registry.emulator("modelarts")(clock, autoplay=False)
        make = modelarts(jobs=None, resource_flavors={"confirm": confirm})
        async with rigged(make, {"modelarts": emulator}, clock) as rig:
            play = Play(rig, emulator, confirm)
            async with rig.running():
                await play.poll()
            for life in script:
                async with rig.running():
                    with contextlib.suppress(Crash):
                        for move in life:
                            await play.act(move)
                async with rig.running():
                    await play.check()
            async with rig.running():
                for _ in range(3):
                    await play.poll()
                await play.check()
                writes = rig.writes
                await rig.poll(1)
                assert rig.writes == writes, "nothing changed, nothing is written"

    asyncio.run(story())
