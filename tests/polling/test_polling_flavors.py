"""Catalogues: sold out and restocked, listed and delisted, over confirmations, odd items, restarts and faults."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from monitor.emulation import Reply
from monitor.providers import registry
from monitor.providers.modelarts.provider import ModelArts
from tests.kit.clock import VirtualClock
from tests.kit.platforms import modelarts
from tests.kit.rig import Rig, rigged

CARD, ZONE = "modelarts.bm.npu.arm.8snt9b", "cn-north-7a"
SUBJECT = f"flavor/{CARD}/{ZONE}"


@asynccontextmanager
async def catalogue(**more: Any) -> AsyncIterator[tuple[Rig, Any]]:
    clock = VirtualClock()
    emulator: Any = registry.emulator("modelarts")(clock, autoplay=False)
    watches = more or {"resource_flavors": {}}
    async with rigged(modelarts(**({"jobs": None} | watches)), {"modelarts": emulator}, clock) as rig:
        yield rig, emulator


async def told(rig: Rig) -> list[tuple[str, str]]:
    return [(event.type.value, event.subject) for event in await rig.events("flavor.*", "poll.*", "provider.*")]


def as_body(emulator: Any) -> dict[str, Any]:
    items = [flavor.as_json() for flavor in emulator.world.resources]
    return {"apiVersion": "v1", "kind": "ResourceFlavorList", "metadata": {}, "items": items}


def reply(body: Any) -> Reply:
    return Reply(status=200, body=msgspec.json.encode(body))


async def test_a_flavor_that_sells_out_and_comes_back_says_how_long_it_was_gone() -> None:
    async with catalogue() as (rig, emulator), rig.running():
        await rig.poll()
        emulator.world.set_stock(CARD, ZONE, "soldout")
        await rig.poll(60)
        await rig.poll(60)
        emulator.world.set_stock(CARD, ZONE, "normal")
        await rig.poll(60)
        assert await told(rig) == [("flavor.sold_out", SUBJECT), ("flavor.restocked", SUBJECT)]
        (back,) = await rig.events("flavor.restocked")
        assert back.data["previous"]["stock"] == "soldout"
        assert back.data["previous"]["duration"] == 120


@pytest.mark.parametrize("confirm", [1, 2, 3])
async def test_a_change_is_told_after_that_many_equal_polls_across_a_restart(confirm: int) -> None:
    async with catalogue(resource_flavors={"confirm": confirm}) as (rig, emulator):
        async with rig.running():
            await rig.poll()
            for _ in range(4):  # flaps that never last
                if confirm > 1:
                    emulator.world.set_stock(CARD, ZONE, "soldout")
                    await rig.poll()
                    emulator.world.set_stock(CARD, ZONE, "normal")
                    await rig.poll()
            assert await told(rig) == []
            emulator.world.set_stock(CARD, ZONE, "soldout")
        for poll in range(1, confirm + 1):
            async with rig.running():
                await rig.poll()
                assert await told(rig) == ([("flavor.sold_out", SUBJECT)] if poll == confirm else [])


async def test_a_failed_poll_neither_confirms_nor_unsettles() -> None:
    async with catalogue(resource_flavors={"confirm": 3}) as (rig, emulator), rig.running():
        await rig.poll()
        emulator.world.set_stock(CARD, ZONE, "soldout")
        await rig.poll()
        for body in ({"kind": "ResourceFlavorList"}, {"items": None}):
            emulator.faults.add(reply(body))
            await rig.poll()
        await rig.poll()
        assert await told(rig) == []
        await rig.poll()
        assert await told(rig) == [("flavor.sold_out", SUBJECT)]


async def test_a_zone_that_vanishes_is_a_change_of_the_offer_and_its_stock_is_remembered() -> None:
    async with catalogue() as (rig, emulator), rig.running():
        await rig.poll()
        emulator.world.set_stock(CARD, ZONE, None)
        await rig.poll()
        emulator.world.set_stock(CARD, ZONE, "soldout")
        await rig.poll()
        found = await told(rig)
        assert found[0] == ("flavor.changed", f"resource-flavor/{CARD}")
        assert sorted(found[1:]) == [("flavor.changed", f"resource-flavor/{CARD}"), ("flavor.sold_out", SUBJECT)]


async def test_an_empty_catalogue_is_complete_and_one_without_items_is_a_fault() -> None:
    async with catalogue() as (rig, emulator), rig.running():
        await rig.poll()
        for body in ({}, {"items": None}, {"metadata": {}, "items": "none"}):
            emulator.faults.add(reply(body))
            await rig.poll()
            assert await told(rig) == []
        empty = {"metadata": {}, "items": []}
        emulator.faults.add(reply(empty))
        await rig.poll()
        assert [what for what, _ in await told(rig)] == ["flavor.delisted"] * 4
        await rig.poll()
        assert [what for what, _ in await told(rig)][4:] == ["flavor.listed"] * 4


async def test_a_first_catalogue_that_is_empty_is_a_baseline_and_what_comes_later_is_news() -> None:
    async with catalogue() as (rig, emulator), rig.running():
        emulator.faults.add(reply({"metadata": {}, "items": []}))
        await rig.poll()
        assert len(await rig.events("account.baselined")) == 1
        await rig.poll()
        assert [what for what, _ in await told(rig)] == ["flavor.listed"] * 4


async def test_a_malformed_item_is_left_out_reported_once_and_not_delisted() -> None:
    async with catalogue() as (rig, emulator):
        async with rig.running():
            await rig.poll()
            emulator.world.set_stock("modelarts.vm.cpu8u32g", ZONE, "soldout")
            body = as_body(emulator)
            body["items"][0]["spec"] = 7
            emulator.faults.add(reply(body), times=None)
            await rig.poll()
            await rig.poll()
        async with rig.running():
            await rig.poll()
            assert sorted(await told(rig)) == [
                ("flavor.sold_out", f"flavor/modelarts.vm.cpu8u32g/{ZONE}"),
                ("poll.malformed", "account/ascend"),
            ]
            (odd,) = await rig.events("poll.malformed")
            assert odd.data["item"] == body["items"][0]["metadata"]["name"]


async def test_an_item_whose_id_cannot_be_read_lets_nothing_be_delisted() -> None:
    async with catalogue() as (rig, emulator), rig.running():
        await rig.poll()
        body = as_body(emulator)
        body["items"] = [{"metadata": "what?"}, *body["items"][2:]]
        emulator.faults.add(reply(body), times=2)
        await rig.poll()
        await rig.poll()
        assert [what for what, _ in await told(rig)] == ["poll.malformed"], "who is missing cannot be said"
        await rig.poll()
        assert len(await told(rig)) == 1


async def test_an_unknown_word_of_stock_is_kept_and_reported_once() -> None:
    async with catalogue() as (rig, emulator):
        for _ in range(2):
            async with rig.running():
                await rig.poll()
                emulator.world.set_stock(CARD, ZONE, "hibernating")
                await rig.poll()
        async with rig.running():
            emulator.world.set_stock(CARD, ZONE, "soldout")
            await rig.poll()
            assert await told(rig) == [
                ("provider.unrecognised", "account/ascend"),
                ("flavor.sold_out", SUBJECT),
            ]


async def test_an_unchanged_catalogue_writes_nothing_and_decodes_nothing_but_for_one_row_a_minute() -> None:
    async with catalogue(resource_flavors={}, training_flavors={}) as (rig, emulator), rig.running():
        await rig.poll()
        emulator.world.resources.reverse()
        writes = rig.writes
        scopes: list[Any] = [loop.watched for loop in rig.loops]
        decodes = [scope.decodes for scope in scopes]
        for _ in range(5):
            await rig.poll(10)
        assert rig.writes == writes
        await rig.poll(10)
        assert rig.writes == writes + 2
        assert [scope.decodes for scope in scopes] == decodes


async def test_a_catalogue_that_is_polled_every_quarter_of_an_hour_has_no_gap() -> None:
    async with catalogue(training_flavors={}) as (rig, emulator), rig.running():
        await rig.poll()
        for cores in (9, 10):
            emulator.world.training_flavor("modelarts.vm.cpu.2u").cores = cores
            await rig.poll(901)
        assert [event.late for event in await rig.events("flavor.changed")] == [False, False]
        emulator.world.training_flavor("modelarts.vm.cpu.2u").cores = 11
        await rig.poll(1900)
        assert [event.late for event in await rig.events("flavor.changed")] == [False, False, True]


async def test_the_two_catalogues_keep_their_flavors_apart() -> None:
    async with catalogue(resource_flavors={}, training_flavors={}) as (rig, emulator), rig.running():
        await rig.poll()
        emulator.world.resource(CARD).listed = False
        emulator.world.training_flavor("modelarts.vm.cpu.2u").listed = False
        await rig.poll()
        assert sorted(await told(rig)) == [
            ("flavor.delisted", f"resource-flavor/{CARD}"),
            ("flavor.delisted", "training-flavor/modelarts.vm.cpu.2u"),
        ]


async def test_another_label_selector_is_another_scope_and_no_event_id_is_given_twice() -> None:
    async with catalogue() as (rig, emulator):
        async with rig.running():
            await rig.poll()
            emulator.world.set_stock(CARD, ZONE, "soldout")
            await rig.poll()
            emulator.world.set_stock(CARD, ZONE, "normal")
            await rig.poll()
        address = rig.accounts[0].model_dump()["endpoint"]
        selector = "os.modelarts.flavor/baremetal=true"
        rig.accounts = modelarts(jobs=None, resource_flavors={"label_selector": selector})(address)
        async with rig.running():
            await rig.poll()
            emulator.world.set_stock(CARD, ZONE, "soldout")
            assert await rig.poll() == [0.0]
            emulator.world.set_stock(CARD, ZONE, "normal")
            assert await rig.poll() == [0.0]
            assert await told(rig) == [("flavor.sold_out", SUBJECT), ("flavor.restocked", SUBJECT)] * 2


async def test_another_parser_makes_no_change_of_the_offer(monkeypatch: pytest.MonkeyPatch) -> None:
    async with catalogue() as (rig, emulator):
        async with rig.running():
            await rig.poll()
        read = ModelArts.decode_flavor

        def other(self: ModelArts, scope: Any, raw: bytes) -> Any:
            decoded = read(self, scope, raw)
            wider = {**decoded.item.specification, "bandwidth": 100}
            return replace(decoded, item=replace(decoded.item, specification=wider))

        monkeypatch.setattr(ModelArts, "parser_version", "modelarts/next")
        monkeypatch.setattr(ModelArts, "decode_flavor", other)
        emulator.world.set_stock(CARD, ZONE, "soldout")
        async with rig.running():
            await rig.poll()
            await rig.poll()
            assert await told(rig) == [("flavor.sold_out", SUBJECT)]
