"""Walking a listing under both readings of `offset`, and the answers that would lie."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from monitor.emulation import Reply
from monitor.model import Scope
from monitor.providers.modelarts.emulator import refuse
from monitor.wire import Fault, FaultKind


def ids(page: Any) -> list[str]:
    return [msgspec.json.decode(item)["metadata"]["id"] for item in page.items]


async def walk(
    provider: Any, scope: Scope, *, paging: str | None = None, active: bool = False
) -> tuple[Any, list[Any]]:
    """All ids in the order of their pages, and the pages."""
    page = await provider.list_jobs(scope, active=active, paging=paging)
    pages = [page]
    while page.next is not None:
        page = await provider.list_jobs(scope, page.next, active=active, paging=page.paging or paging)
        pages.append(page)
    return [job_id for page in pages for job_id in ids(page)], pages


@pytest.mark.parametrize(("mode", "requests"), [("page", 4), ("item", 5)])
async def test_the_meaning_of_offset_is_found_with_one_question(staged: Any, mode: str, requests: int) -> None:
    async with staged(offset_mode=mode) as stage:
        made = stage.emulator.world.add_history(170)
        provider, scope = stage.reading()
        seen, pages = await walk(provider, scope)
        assert seen == made[::-1], "newest first, each once"
        assert [len(page.items) for page in pages] == [50, 50, 50, 20]
        assert pages[0].paging is None
        assert {page.paging for page in pages[1:]} == {mode}
        assert pages[0].total == 170
        assert stage.emulator.requests["search"] == requests, "in page mode the question is page two itself"


@pytest.mark.parametrize("mode", ["page", "item"])
async def test_what_was_found_before_is_not_asked_again(staged: Any, mode: str) -> None:
    async with staged(offset_mode=mode) as stage:
        made = stage.emulator.world.add_history(120)
        provider, scope = stage.reading()
        seen, _ = await walk(provider, scope, paging=mode)
        assert seen == made[::-1]
        assert stage.emulator.requests["search"] == 3


@pytest.mark.parametrize("mode", ["page", "item"])
async def test_the_config_overrides_what_was_found(staged: Any, mode: str) -> None:
    async with staged(offset_mode=mode) as stage:
        made = stage.emulator.world.add_history(120)
        provider, scope = stage.reading(jobs={"paging": mode})
        seen, _ = await walk(provider, scope, paging="page" if mode == "item" else "item")
        assert seen == made[::-1]
        assert stage.emulator.requests["search"] == 3


@pytest.mark.parametrize("mode", ["page", "item"])
@pytest.mark.parametrize("number", [0, 1, 49, 50, 51, 100])
@pytest.mark.parametrize("empty", ["list", "null", "absent"])
async def test_a_walk_ends_whatever_the_number_of_jobs(staged: Any, mode: str, number: int, empty: str) -> None:
    async with staged(offset_mode=mode, empty_items=empty) as stage:
        made = stage.emulator.world.add_history(number)
        provider, scope = stage.reading()
        seen, _ = await walk(provider, scope)
        assert seen == made[::-1]


async def test_one_page_needs_one_request(staged: Any) -> None:
    async with staged() as stage:
        stage.emulator.world.add_history(49)
        provider, scope = stage.reading()
        _, pages = await walk(provider, scope)
        assert (len(pages), stage.emulator.requests["search"]) == (1, 1)


@pytest.mark.parametrize("mode", ["page", "item"])
@pytest.mark.parametrize("new", [1, 7, 20])
async def test_jobs_that_arrive_between_two_pages_do_not_fool_the_question(staged: Any, mode: str, new: int) -> None:
    async with staged(offset_mode=mode) as stage:
        made = stage.emulator.world.add_history(130)

        def arrive(world: Any) -> None:
            for number in range(new):
                world.add_job(f"new-{number}")

        stage.emulator.operations.after_search.append(arrive)
        provider, scope = stage.reading()
        seen, pages = await walk(provider, scope)
        assert set(made) <= set(seen), "none of the old ones was missed"
        assert pages[-1].paging == mode


@pytest.mark.parametrize("mode", ["page", "item"])
async def test_jobs_that_go_between_two_pages_do_not_fool_the_question(staged: Any, mode: str) -> None:
    async with staged(offset_mode=mode) as stage:
        made = stage.emulator.world.add_history(130)

        def go(world: Any) -> None:
            for job_id in made[-15:]:
                world.remove(job_id)

        stage.emulator.operations.after_search.append(go)
        provider, scope = stage.reading()
        _, pages = await walk(provider, scope)
        assert pages[-1].paging == mode


async def test_a_platform_that_ignores_offset_is_a_fault_and_no_endless_walk(staged: Any) -> None:
    async with staged() as stage:
        stage.emulator.world.add_history(60)
        provider, scope = stage.reading()
        first = await provider.list_jobs(scope)
        body = msgspec.json.encode({"total": 60, "items": [msgspec.Raw(item) for item in first.items]})
        stage.faults.add(Reply(status=200, body=body), operation="search", times=None)
        for paging in (None, "page", "item"):
            with pytest.raises(Fault) as caught:
                await provider.list_jobs(scope, first.next, paging=paging)
            assert caught.value.kind is FaultKind.SENSELESS
            assert "same page" in str(caught.value)


@pytest.mark.parametrize("mode", ["page", "item"])
async def test_the_active_jobs_are_searched_by_phase(staged: Any, mode: str) -> None:
    async with staged(offset_mode=mode) as stage:
        world = stage.emulator.world
        world.add_history(200)
        phases = ("Creating", "Pending", "Running", "Terminating")
        active = [world.add_job(f"j{number}", phase=phases[number % 4]) for number in range(70)]
        world.add_job("ended", phase="Completed")
        provider, scope = stage.reading()
        seen, pages = await walk(provider, scope, active=True)
        assert seen == active[::-1]
        assert [page.total for page in pages] == [None, None]


@pytest.mark.parametrize("empty", ["list", "null", "absent"])
async def test_no_active_job_at_all_is_an_empty_page(staged: Any, empty: str) -> None:
    async with staged(empty_items=empty) as stage:
        stage.emulator.world.add_history(5)
        provider, scope = stage.reading()
        page = await provider.list_jobs(scope, active=True)
        assert (list(page.items), page.next) == ([], None)


async def test_each_workspace_is_a_scope_of_its_own(staged: Any) -> None:
    async with staged(workspaces=["0", "ws1"]) as stage:
        stage.emulator.world.add_job("in-default")
        other = stage.emulator.world.add_job("in-ws1", workspace="ws1")
        provider = stage.provider(jobs={"workspaces": ["0", "ws1"]})
        scopes = provider.scopes("jobs")
        assert [scope.workspace for scope in scopes] == ["0", "ws1"]
        assert len({scope.key for scope in scopes}) == 2
        assert ids(await provider.list_jobs(scopes[1])) == [other]


async def test_scopes_change_with_what_narrows_them_and_with_nothing_else(staged: Any) -> None:
    async with staged() as stage:

        def key(watch: str, **changes: Any) -> str:
            return stage.provider(**changes).scopes(watch)[0].key

        assert key("jobs") == key("jobs", jobs={"every": "5m"})
        assert key("jobs") != key("jobs", project_id="p-other")
        assert key("jobs") != key("jobs", endpoint="http://other.test")
        assert key("training_flavors") != key("training_flavors", training_flavors={"flavor_type": "GPU"})
        assert key("resource_flavors") != key("resource_flavors", resource_flavors={"label_selector": "a"})
        assert stage.provider(jobs=None).scopes("jobs") == []


async def test_a_read_by_id_tells_a_missing_job_from_a_fault(staged: Any) -> None:
    async with staged() as stage:
        job_id = stage.emulator.world.add_job("one")
        provider, scope = stage.reading()
        raw = await provider.read_job(scope, job_id)
        assert provider.decode_job(scope, raw).item.name == "one"
        assert await provider.read_job(scope, "00000000-0000-4000-8000-000000000000") is None
        for reply in (
            refuse(404, "APIGW.0101", "no such API"),
            refuse(400, "ModelArts.2764", "bad query"),
            refuse(404, "ModelArts.2775", "not found"),
            Reply(status=400, body=b""),
            Reply(status=200, body=b'{"metadata":{"id":"another"}}'),
            Reply(status=200, body=b"{}"),
        ):
            stage.faults.add(reply, operation="show")
            with pytest.raises(Fault):
                await provider.read_job(scope, job_id)
        for odd in ("", "..", "a/b", "a b", "é"):
            with pytest.raises(Fault):
                await provider.read_job(scope, odd)


LIES = [
    (b"{}", "without `items`"),
    (b'{"total":5059,"count":0}', "without `items`"),
    (b'{"total":0,"count":3,"items":null}', "without `items`"),
    (b'{"total":3,"count":0,"items":null}', "without `items`"),
    (b'{"count":0,"items":null}', "without `items`"),
    (b'{"items":{}}', "in a shape"),
    (b"[]", "in a shape"),
    (b'""', "in a shape"),
    (b"null", "in a shape"),
    (b"", "an empty body"),
    (b"<html>please sign in</html>", "HTML"),
    (b'{"items":[{"metadata":{"id":"1"', "no whole JSON"),
    (b'{"items":[]} {}', "no whole JSON"),
]


@pytest.mark.parametrize(("body", "told"), LIES)
async def test_an_answer_that_would_lie_is_senseless(staged: Any, body: bytes, told: str) -> None:
    async with staged() as stage:
        stage.faults.add(Reply(status=200, body=body), operation="search")
        provider, scope = stage.reading()
        with pytest.raises(Fault) as caught:
            await provider.list_jobs(scope)
        assert caught.value.kind is FaultKind.SENSELESS
        assert told in str(caught.value)
        assert stage.gate.ends[-1] is caught.value, "the gate is told, too"


@pytest.mark.parametrize("body", [b'{"total":0,"count":0}', b'{"total":0,"items":null}', b'{"items":[]}'])
async def test_an_account_without_jobs_is_an_empty_page(staged: Any, body: bytes) -> None:
    async with staged() as stage:
        stage.faults.add(Reply(status=200, body=body), operation="search")
        provider, scope = stage.reading()
        page = await provider.list_jobs(scope)
        assert (list(page.items), page.next) == ([], None)


@pytest.mark.parametrize(("total", "expected"), [(b"7", 7), (b'"7"', 7), (b"1", None), (b"-1", None), (b"null", None)])
async def test_a_total_is_given_on_only_where_it_can_be_true(staged: Any, total: bytes, expected: int | None) -> None:
    async with staged() as stage:
        stage.faults.add(Reply(status=200, body=b'{"total":%s,"items":[{},1]}' % total), operation="search")
        provider, scope = stage.reading()
        page = await provider.list_jobs(scope)
        assert page.total == expected
        assert list(page.items) == [b"{}", b"1"], "an odd item harms itself only, later"
