"""What `check --online` tries of a Model Studio account: the listing, then one job."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.parametrize("jobs", [0, 3])
async def test_the_listing_and_one_job_are_read_whether_or_not_there_are_jobs(staged: Any, jobs: int) -> None:
    async with staged(jobs=jobs) as stage:
        said = [await probe.ask() for probe in stage.provider().probes()]
        assert said == [f"{jobs} jobs", ""]
        assert dict(stage.emulator.requests) == {"list": 1, "get": 1}


@pytest.mark.parametrize(
    ("changes", "remark"),
    [
        ({"endpoint": "https://dashscope.aliyuncs.com/api/v1", "region": "ap-southeast-1"}, "own region"),
        ({"endpoint": "https://dashscope.aliyuncs.com/api/v1", "region": "cn-beijing"}, None),
        ({"endpoint": "https://dashscope.aliyuncs.com/api/v1", "api_key": "sk-sp-abc"}, "coding plan"),
    ],
)
async def test_what_can_be_doubted_without_asking_is_remarked(
    staged: Any, changes: dict[str, Any], remark: str | None
) -> None:
    async with staged() as stage:
        remarks = stage.provider(**changes).remarks()
    assert [remark in one for one in remarks if remark] == ([True] if remark else [])
    assert "abc" not in repr(remarks)
