"""The provider against the emulator: walking pages, scopes, single jobs, who is asked and how."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from monitor.fields import Secret
from monitor.model import JobState
from monitor.providers import registry
from monitor.providers.model_studio.provider import build
from monitor.providers.ports import Malformed
from monitor.wire import Fault, FaultKind


async def walk(provider: Any, scope: Any) -> list[str]:
    ids, cursor = [], None
    while True:
        page = await provider.list_jobs(scope, cursor)
        ids += [provider.decode_job(scope, raw).item.id for raw in page.items]
        if page.next is None:
            return ids
        cursor = page.next


def test_the_registry_finds_the_builder() -> None:
    assert registry.builder("model-studio") is build


async def test_all_pages_are_walked_newest_first_with_a_hundred_jobs_each(staged: Any) -> None:
    async with staged(jobs=250) as stage:
        provider, scope = stage.reading()
        ids = await walk(provider, scope)
        assert ids == [job.job_id for job in stage.emulator.world.jobs()]
        assert ids == sorted(ids, key=lambda job_id: job_id[:15], reverse=True)
        assert stage.emulator.requests == {"list": 3}


@pytest.mark.parametrize(("jobs", "requests"), [(0, 1), (1, 1), (100, 1), (101, 2), (200, 2)])
async def test_no_page_is_asked_for_that_holds_nothing(staged: Any, jobs: int, requests: int) -> None:
    async with staged(jobs=jobs) as stage:
        assert len(await walk(*stage.reading())) == jobs
        assert stage.emulator.requests["list"] == requests


async def test_jobs_that_come_while_pages_are_read_hide_none(staged: Any) -> None:
    async with staged(jobs=250) as stage:
        there = {job.job_id for job in stage.emulator.world.jobs()}
        stage.emulator.world.shift_every_page = True
        ids = await walk(*stage.reading())
        assert there <= set(ids)
        assert len(ids) > len(set(ids)), "a job that slid onto the next page is read twice: de-duplication is polling's"


async def test_jobs_that_go_while_pages_are_read_end_the_walk_all_the_same(staged: Any) -> None:
    async with staged(jobs=250) as stage:
        provider, scope = stage.reading()
        first = await provider.list_jobs(scope)
        for job in stage.emulator.world.jobs()[:160]:
            stage.emulator.world.remove(job.job_id)
        second = await provider.list_jobs(scope, first.next)
        assert (len(second.items), second.total, second.next) == (0, 90, None)


async def test_the_platform_s_clock_comes_with_the_page(staged: Any) -> None:
    async with staged() as stage:
        stage.clock.advance(90)
        provider, scope = stage.reading()
        assert (await provider.list_jobs(scope)).date == datetime(2026, 11, 20, 8, 1, 30, tzinfo=UTC)


async def test_the_model_filter_is_sent_as_it_is_written(staged: Any) -> None:
    async with staged() as stage:
        world = stage.emulator.world
        wanted = world.add_job(model="qwen3-8b&page_no=9 ü", base_model="qwen3-8b")
        world.add_job(model="qwen3-14b")
        provider, scope = stage.reading(jobs={"model": "qwen3-8b&page_no=9 ü"})
        assert await walk(provider, scope) == [wanted]


async def test_the_workspace_narrows_the_view(staged: Any) -> None:
    async with staged(workspaces=("llm-a", "llm-b")) as stage:
        world = stage.emulator.world
        here, there = world.add_job(workspace_id="llm-a"), world.add_job(workspace_id="llm-b")
        provider, scope = stage.reading(workspace="llm-a")
        assert await walk(provider, scope) == [here]
        assert await provider.read_job(scope, there) is None
        with pytest.raises(Fault) as caught:
            await walk(*stage.reading(workspace="llm-c"))
        assert (caught.value.kind, caught.value.code) == (FaultKind.UNAUTHORIZED, "Workspace.AccessDenied")


async def test_a_single_job_is_read_as_a_listing_shows_it(staged: Any) -> None:
    async with staged(jobs=5) as stage:
        provider, scope = stage.reading()
        for raw in (await provider.list_jobs(scope)).items:
            job = provider.decode_job(scope, raw).item
            assert await provider.read_job(scope, job.id) == raw


async def test_a_deleted_job_is_missing(staged: Any) -> None:
    async with staged() as stage:
        job_id = stage.emulator.world.add_job("SUCCEEDED")
        provider, scope = stage.reading()
        assert await provider.read_job(scope, job_id) is not None
        stage.emulator.world.remove(job_id)
        assert await provider.read_job(scope, job_id) is None


@pytest.mark.parametrize("job_id", ["ft-1/cancel", "a?b=c", "a#b", "%2e%2e", "客"])
async def test_an_id_is_one_segment_of_the_path_whatever_it_is(staged: Any, job_id: str) -> None:
    async with staged() as stage:
        stage.emulator.world.add_job(job_id=job_id)
        provider, scope = stage.reading()
        assert await provider.read_job(scope, job_id) is not None
        assert stage.emulator.requests == {"get": 1}


async def test_a_wrong_key_is_a_bad_signature(staged: Any) -> None:
    async with staged() as stage:
        with pytest.raises(Fault) as caught:
            await walk(*stage.reading(api_key="sk-wrong"))
        assert (caught.value.kind, caught.value.code) == (FaultKind.UNAUTHORIZED, "InvalidApiKey")


async def test_every_job_that_the_emulator_makes_up_is_understood(staged: Any) -> None:
    async with staged(jobs=120, autoplay=True) as stage:
        provider, scope = stage.reading()
        states = set()
        for _ in range(3000):
            stage.clock.advance(20)
            for job in stage.emulator.world.jobs()[:4]:
                decoded = provider.decode_job(scope, job.encoded())
                assert decoded.drift == ()
                assert decoded.item.created_at is not None
                states.add(decoded.item.state)
        assert states == set(JobState) - {JobState.UNKNOWN}


async def test_each_thing_that_narrows_the_view_makes_another_scope(staged: Any) -> None:
    async with staged() as stage:
        views: list[dict[str, Any]] = [
            {},
            {"endpoint": "https://dashscope.aliyuncs.com/api/v1"},
            {"endpoint": "https://dashscope.aliyuncs.com/gateway/api/v1"},
            {"endpoint": "https://dashscope-intl.aliyuncs.com/api/v1"},
            {"workspace": "llm-a"},
            {"jobs": {"model": "qwen3-8b"}},
        ]
        keys = [stage.reading(**view)[1].key for view in views]
        assert len(set(keys)) == len(views)


async def test_what_does_not_narrow_the_view_keeps_the_scope(staged: Any) -> None:
    async with staged() as stage:
        view = {"endpoint": "https://dashscope.aliyuncs.com/api/v1"}
        key = stage.reading(**view)[1].key
        for more in (
            {"api_key": "sk-new"},
            {"jobs": {"every": "5s"}},
            {"time_zone": "UTC"},
            {"endpoint": "https://DASHSCOPE.aliyuncs.com:443/api/v1/"},
        ):
            assert stage.reading(**(view | more))[1].key == key
        assert "sk-" not in key


async def test_there_are_jobs_and_nothing_else_to_watch(staged: Any) -> None:
    async with staged() as stage:
        provider, scope = stage.reading()
        assert [len(provider.scopes(watch)) for watch in ("jobs", "training_flavors", "resource_flavors")] == [1, 0, 0]
        assert (provider.lists_active, provider.page_size, provider.reports_usage) == (False, 100, True)
        with pytest.raises(Fault):
            await provider.list_flavors(scope)
        with pytest.raises(Malformed):
            provider.decode_flavor(scope, b"{}")


@pytest.mark.parametrize(
    ("endpoint", "region", "console"),
    [
        ("https://dashscope.aliyuncs.com/api/v1", "cn-beijing", "bailian.console.aliyun.com"),
        ("https://dashscope-intl.aliyuncs.com/api/v1", "ap-southeast-1", "modelstudio.console.alibabacloud.com"),
        ("https://llm-x.eu-central-1.maas.aliyuncs.com/api/v1", "eu-central-1", "modelstudio.console.alibabacloud.com"),
        ("https://gateway.example.org/api/v1", None, "bailian.console.aliyun.com"),
    ],
)
async def test_the_region_is_read_from_the_platform_s_own_hosts(
    staged: Any, endpoint: str, region: str | None, console: str
) -> None:
    async with staged() as stage:
        provider, scope = stage.reading(endpoint=endpoint)
        assert provider.account.region == region
        url = provider.decode_job(scope, b'{"job_id":"ft-1","status":"RUNNING"}').item.url
        assert url is not None
        assert url.startswith(f"https://{console}/")
        assert url.endswith("ft-1")
        assert stage.provider(endpoint=endpoint, region="moon").account.region == "moon"


async def test_the_time_zone_of_the_account_counts(staged: Any) -> None:
    async with staged() as stage:
        provider, scope = stage.reading(time_zone="UTC")
        raw = b'{"job_id":"ft-1","status":"RUNNING","create_time":"2026-11-20 15:30:04"}'
        assert provider.decode_job(scope, raw).item.created_at == datetime(2026, 11, 20, 15, 30, 4, tzinfo=UTC)


async def test_a_fingerprint_changes_with_key_and_host_and_shows_neither(staged: Any) -> None:
    async with staged() as stage:
        host = {"endpoint": "https://a.test/api/v1"}
        print_ = stage.provider(**host).fingerprint()
        assert stage.provider(**host, workspace="llm-a").fingerprint() == print_
        others = [stage.provider(**host, api_key=Secret("sk-2")), stage.provider(endpoint="https://b.test/api/v1")]
        assert print_ not in [provider.fingerprint() for provider in others]
        assert "sk-demo" not in print_
