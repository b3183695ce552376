"""How many training jobs the user has and may have, by ModelArts' own word."""

from __future__ import annotations

import json
from typing import Any

import pytest

from monitor.emulation import Reply
from monitor.providers.modelarts.emulator import refuse
from monitor.wire import Fault, FaultKind


def listed(*entries: Any) -> Reply:
    return Reply(status=200, body=json.dumps({"quotas": list(entries)}).encode())


@pytest.mark.parametrize(
    ("answer", "seen"),
    [
        (listed({"resource": "job-num", "quota": 10000, "used": 25}), (25, 10000)),
        (
            listed({"resource": "visual-job-num", "quota": 9, "used": 9}, {"resource": "job-num", "used": "3"}),
            (3, None),
        ),
        (listed({"resource": "job-num", "quota": -1, "used": 0}), (0, None)),
        (listed(), None),
        (Reply(status=200, body=b'{"quotas":null}'), None),
        (refuse(404, "APIGW.0101", "no such API"), None),
    ],
)
async def test_the_quota_of_jobs_is_read(staged: Any, answer: Any, seen: Any) -> None:
    async with staged() as stage:
        stage.faults.add(answer, operation="quotas")
        stage.faults.add(answer, operation="nowhere")
        quota = await stage.provider().quota()
        assert (quota and (quota.used, quota.cap)) == seen
        assert quota is None or (quota.resource, quota.seen_at) == ("job-num", stage.clock.now())


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Reply(status=200, body=b"<html>"), FaultKind.SENSELESS),
        (Reply(status=200, body=b"[]"), FaultKind.SENSELESS),
        (Reply(status=200, body=b'{"quotas":[7]}'), FaultKind.SENSELESS),
        (listed({"resource": "job-num", "quota": 5}), FaultKind.SENSELESS),
        (refuse(403, "ModelArts.2784", "not allowed"), FaultKind.UNAUTHORIZED),
    ],
)
async def test_an_answer_that_says_no_quota_is_a_fault(staged: Any, answer: Any, kind: FaultKind) -> None:
    async with staged() as stage:
        stage.faults.add(answer, operation="quotas")
        with pytest.raises(Fault) as caught:
            await stage.provider().quota()
        assert caught.value.kind is kind


async def test_the_emulated_account_counts_its_jobs(staged: Any) -> None:
    async with staged() as stage:
        made = stage.emulator.world.add_history(7)
        stage.emulator.world.job_quota = 20
        quota = await stage.provider().quota()
        assert quota is not None
        assert (quota.used, quota.cap) == (7, 20)
        stage.emulator.world.remove(made[0])
        again = await stage.provider().quota()
        assert again is not None
        assert again.used == 6
