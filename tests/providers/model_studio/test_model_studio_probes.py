"""What `check --online` tries of a Model Studio account: the listing, then one job."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.providers.model_studio.emulator import refusal
from monitor.wire import Fault, FaultKind


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


async def test_whether_jobs_may_be_deleted_is_asked_of_an_id_that_no_job_has(staged: Any) -> None:
    async with staged(jobs=1) as stage:
        probe = stage.provider().deletion_probe()
        assert (await probe.ask()).startswith("allowed")
        stage.emulator.faults.add(refusal(400, "InvalidParameter"), operation="delete")
        assert (await probe.ask()).startswith("allowed"), "an unknown id may be a bad parameter"
        stage.emulator.faults.add(refusal(403, "AccessDenied"), operation="delete")
        with pytest.raises(Fault) as caught:
            await probe.ask()
        assert caught.value.kind is FaultKind.UNAUTHORIZED
        assert len(stage.emulator.world.jobs()) == 1
