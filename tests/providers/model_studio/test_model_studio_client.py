"""Every way in which Model Studio may refuse, fail or make no sense, over real HTTP."""

from __future__ import annotations

import json
from typing import Any

import pytest

from monitor.emulation import Cut, Reply
from monitor.providers.model_studio.emulator import refusal
from monitor.wire import Fault, FaultKind

HTML = b"<!doctype html><title>502</title>"


async def listing_fault(staged: Any, fault: Any, **changes: Any) -> Fault:
    async with staged(jobs=3) as stage:
        stage.emulator.faults.add(fault, operation="list")
        provider, scope = stage.reading(**changes)
        with pytest.raises(Fault) as caught:
            await provider.list_jobs(scope)
        assert stage.gate.faults == [caught.value], "pacing is told of the same fault"
        return caught.value


@pytest.mark.parametrize(
    ("status", "code", "kind", "hint"),
    [
        (401, "InvalidApiKey", FaultKind.UNAUTHORIZED, "api_key"),
        (200, "InvalidApiKey", FaultKind.UNAUTHORIZED, "api_key"),
        (401, "NOT AUTHORIZED", FaultKind.UNAUTHORIZED, "workspace"),
        (401, "SomethingNew", FaultKind.UNAUTHORIZED, "api_key"),
        (403, "AccessDenied", FaultKind.UNAUTHORIZED, "grant"),
        (403, "Model.AccessDenied", FaultKind.UNAUTHORIZED, "grant"),
        (403, "AccessDenied.Unpurchased", FaultKind.UNAUTHORIZED, "activate"),
        (403, "Workspace.AccessDenied", FaultKind.UNAUTHORIZED, "workspace"),
        (403, "AllocationQuota.FreeTierOnly", FaultKind.UNAUTHORIZED, "paid"),
        (403, "SomethingNew", FaultKind.UNAUTHORIZED, "grant"),
        (429, "CommodityNotPurchased", FaultKind.UNAUTHORIZED, "activate"),
        (400, "Arrearage", FaultKind.ARREARS, "settle"),
        (403, "Arrearage", FaultKind.ARREARS, "settle"),
        (429, "PrepaidBillOverdue", FaultKind.ARREARS, "settle"),
        (429, "PostpaidBillOverdue", FaultKind.ARREARS, "settle"),
        (404, "NotFound", FaultKind.MISCONFIGURED, "endpoint"),
        (404, "WorkSpaceNotFound", FaultKind.MISCONFIGURED, "workspace"),
        (404, "ModelNotFound", FaultKind.MISCONFIGURED, "model"),
        (400, "InvalidParameter", FaultKind.MISCONFIGURED, "workspace"),
        (418, "SomethingNew", FaultKind.MISCONFIGURED, "endpoint"),
        (429, "Throttling", FaultKind.THROTTLED, "every"),
        (429, "Throttling.RateQuota", FaultKind.THROTTLED, "every"),
        (429, "Throttling.BurstRate", FaultKind.THROTTLED, "every"),
        (429, "SomethingNew", FaultKind.THROTTLED, "every"),
        (200, "Throttling.AllocationQuota", FaultKind.THROTTLED, "every"),
        (500, "InternalError", FaultKind.TRANSIENT, "request id"),
        (200, "InternalError.Timeout", FaultKind.TRANSIENT, "request id"),
        (503, "ModelUnavailable", FaultKind.TRANSIENT, "request id"),
        (500, "InvalidApiKey", FaultKind.TRANSIENT, "request id"),
        (503, "Throttling", FaultKind.THROTTLED, "every"),
        (500, "Arrearage", FaultKind.ARREARS, "settle"),
        (408, "RequestTimeOut", FaultKind.TRANSIENT, "request id"),
        (200, "SomethingNew", FaultKind.SENSELESS, "endpoint"),
        (409, "Conflict", FaultKind.SENSELESS, "endpoint"),
    ],
)
async def test_each_refusal_has_its_kind_and_a_remedy(
    staged: Any, status: int, code: str, kind: FaultKind, hint: str
) -> None:
    fault = await listing_fault(staged, refusal(status, code))
    assert fault.kind is kind
    assert hint in fault.hint
    assert (fault.status, fault.code) == (status, code)
    assert fault.request_id == "00000000-0000-4000-8000-000000000000"
    assert f"({status} {code}, request {fault.request_id})" in fault.message


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, FaultKind.UNAUTHORIZED),
        (403, FaultKind.UNAUTHORIZED),
        (404, FaultKind.MISCONFIGURED),
        (429, FaultKind.THROTTLED),
        (500, FaultKind.TRANSIENT),
        (502, FaultKind.TRANSIENT),
        (504, FaultKind.TRANSIENT),
    ],
)
async def test_a_gateway_s_web_page_counts_by_its_status(staged: Any, status: int, kind: FaultKind) -> None:
    fault = await listing_fault(staged, Reply(status=status, body=HTML, content_type="text/html"))
    assert (fault.kind, fault.status, fault.code) == (kind, status, None)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"retry-after-ms": "1500", "Retry-After": "9"}, 1.5),
        ({"Retry-After": "Fri, 20 Nov 2026 08:02:00 GMT", "Date": "Fri, 20 Nov 2026 08:00:00 GMT"}, 120.0),
        ({}, None),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
async def test_when_to_come_back_is_kept(staged: Any, status: int, headers: dict[str, str], seconds: float) -> None:
    fault = await listing_fault(staged, refusal(status, "Throttling" if status == 429 else "", headers=headers))
    assert fault.retry_after == seconds


def page(**output: Any) -> bytes:
    whole = {"page_no": 1, "page_size": 100, "total": 0, "jobs": []} | output
    return json.dumps({"request_id": "r1", "output": {k: v for k, v in whole.items() if v is not ...}}).encode()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Reply(status=200, body=HTML, content_type="text/html"), "web page"),
        (Reply(status=200, body=b""), "nothing at all"),
        (Reply(status=200, body=b"  \n"), "nothing at all"),
        (Reply(status=200, body=b"ok"), "something other"),
        (Reply(status=200, body=b"[]"), "something other"),
        (Reply(status=200, body=b'{"request_id":"r1","output":[]}'), "something other"),
        (Reply(status=200, body=b'{"request_id":"r1","output":{"jobs":{}}}'), "something other"),
        (Reply(status=200, body=b'{"output":{"jobs":[' + b"[" * 5000), "something other"),
        (Reply(status=200, body=b'{"request_id":"r1"}'), "no `output`"),
        (Reply(status=200, body=b'{"request_id":"r1","output":null}'), "no `output`"),
        (Reply(status=200, body=b'{"request_id":"r1","output":{}}'), "no `jobs`"),
        (Reply(status=200, body=page(jobs=None)), "no `jobs`"),
        (Reply(status=204), "no answer"),
        (Reply(status=201, body=page()), "no answer"),
        (Reply(status=302, headers={"Location": "https://elsewhere.test/"}), "redirect"),
        (Reply(status=200, body=page(total=3)), "0 jobs on a page that should hold 3 by its own"),
        (Reply(status=200, body=page(total="3", jobs=[{}])), "1 jobs on a page that should hold 3"),
        (Reply(status=200, body=page(total=30, page_size="10", jobs=[{}] * 9)), "hold 10"),
        (Reply(status=200, body=page(page_no=2)), "page 2 of the job list when asked for page 1"),
        (Cut(share=0.5), "short"),
        (Cut(share=0.0), "short"),
    ],
)
async def test_what_makes_no_sense_is_no_listing(staged: Any, answer: Any, said: str) -> None:
    fault = await listing_fault(staged, answer)
    assert fault.kind is FaultKind.SENSELESS
    assert said in fault.message


async def test_a_code_of_nothing_is_no_error(staged: Any) -> None:
    async with staged() as stage:
        for code in (b'""', b"null", b"0"):
            stage.emulator.faults.add(Reply(status=200, body=page()[:-1] + b',"code":' + code + b"}"))
            provider, scope = stage.reading()
            assert (await provider.list_jobs(scope)).items == []


async def test_a_code_inside_a_job_is_the_job_s_own(staged: Any) -> None:
    async with staged() as stage:
        job_id = stage.emulator.world.add_job("FAILED", code="InternalError", message="x")
        provider, scope = stage.reading()
        assert len((await provider.list_jobs(scope)).items) == 1
        assert await provider.read_job(scope, job_id) is not None


@pytest.mark.parametrize(
    ("output", "total", "more"),
    [
        ({"total": "3", "jobs": [{}] * 3}, 3, False),
        ({"total": 250, "jobs": [{}] * 100}, 250, True),
        ({"total": 100, "jobs": [{}] * 100}, 100, False),
        ({"total": ..., "jobs": [{}] * 100}, None, True),
        ({"total": None, "jobs": [{}] * 99}, None, False),
        ({"total": -1, "jobs": [{}] * 2}, None, False),
        ({"total": 0, "jobs": [{}] * 2}, None, False),
        ({"total": {}, "jobs": []}, None, False),
        ({"page_no": ..., "page_size": ..., "total": 101, "jobs": [{}] * 100}, 101, True),
        ({"page_size": 10, "total": 25, "jobs": [{}] * 10}, 25, True),
        ({"page_size": ..., "total": 100, "jobs": [{}] * 100}, 100, False),
        ({"total": -1, "jobs": []}, None, False),
        ({"page_size": 0, "total": 3, "jobs": [{}] * 3}, 3, False),
    ],
)
async def test_a_total_is_believed_where_it_can_be(staged: Any, output: Any, total: int | None, more: bool) -> None:
    async with staged() as stage:
        stage.emulator.faults.add(Reply(status=200, body=page(**output)))
        provider, scope = stage.reading()
        found = await provider.list_jobs(scope)
        assert (found.total, found.next is not None, len(found.items)) == (total, more, len(output["jobs"]))


async def test_a_total_below_what_was_listed_before_is_not_believed(staged: Any) -> None:
    async with staged() as stage:
        stage.emulator.faults.add(Reply(status=200, body=page(page_no=2, total=150, jobs=[{}] * 100)))
        provider, scope = stage.reading()
        found = await provider.list_jobs(scope, 2)
        assert (found.total, found.next is not None) == (None, True)


async def test_a_refusal_that_time_does_not_mend_has_no_time_to_come_back(staged: Any) -> None:
    fault = await listing_fault(staged, refusal(403, "AccessDenied", headers={"Retry-After": "5"}))
    assert fault.retry_after is None


async def test_a_page_s_jobs_are_not_decoded(staged: Any) -> None:
    """One that cannot be decoded stands among the others, as the bytes that came."""
    broken = b'{"job_id": "\xff", "usage": 1e999}'
    async with staged() as stage:
        stage.emulator.world.add_broken(broken)
        whole = stage.emulator.world.add_job()
        provider, scope = stage.reading()
        first, second = (await provider.list_jobs(scope)).items
        assert provider.decode_job(scope, first).item.id == whole
        assert second == broken


@pytest.mark.parametrize(
    "answer",
    [
        refusal(404, "NotFound"),
        refusal(404, "NotFound.Job"),
        refusal(400, "InvalidParameter"),
        refusal(200, "NotFound"),
    ],
)
async def test_a_job_that_the_platform_does_not_know_is_missing(staged: Any, answer: Reply) -> None:
    async with staged() as stage:
        stage.emulator.faults.add(answer)
        provider, scope = stage.reading()
        assert await provider.read_job(scope, "ft-1") is None
        assert stage.gate.faults == [None], "a missing job slows nobody down"


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Reply(status=404, body=HTML, content_type="text/html"), FaultKind.MISCONFIGURED),
        (refusal(404, "WorkSpaceNotFound"), FaultKind.MISCONFIGURED),
        (refusal(403, "AccessDenied"), FaultKind.UNAUTHORIZED),
        (refusal(500, "NotFound"), FaultKind.TRANSIENT),
        (refusal(500, "InvalidParameter"), FaultKind.TRANSIENT),
        (refusal(429, "Throttling"), FaultKind.THROTTLED),
        (Reply(status=204), FaultKind.SENSELESS),
        (Reply(status=200, body=b'{"output":null}'), FaultKind.SENSELESS),
        (Reply(status=200, body=b'{"output":{}}'), FaultKind.SENSELESS),
        (Reply(status=200, body=b'{"output":[1]}'), FaultKind.SENSELESS),
        (Reply(status=200, body=b"{}"), FaultKind.SENSELESS),
        (Reply(status=200, body=b'{"output":{"job_id":"ft-2","status":"RUNNING"}}'), FaultKind.SENSELESS),
        (Cut(), FaultKind.SENSELESS),
    ],
)
async def test_no_other_answer_proves_that_a_job_is_missing(staged: Any, answer: Any, kind: FaultKind) -> None:
    async with staged() as stage:
        job_id = stage.emulator.world.add_job()
        stage.emulator.faults.add(answer)
        provider, scope = stage.reading()
        with pytest.raises(Fault) as caught:
            await provider.read_job(scope, job_id)
        assert caught.value.kind is kind


async def test_nobody_there_is_a_passing_fault(staged: Any) -> None:
    async with staged() as stage:
        provider, scope = stage.reading(endpoint="http://127.0.0.1:9/api/v1")
        with pytest.raises(Fault) as caught:
            await provider.list_jobs(scope)
        assert caught.value.kind is FaultKind.TRANSIENT


@pytest.mark.parametrize("key", ["sk demo", "sk-demo\n", "sk-démo", "sk-\x00"])
async def test_a_key_that_no_header_can_carry_is_told_without_showing_it(staged: Any, key: str) -> None:
    async with staged() as stage:
        provider, scope = stage.reading(api_key=key)
        with pytest.raises(Fault) as caught:
            await provider.list_jobs(scope)
        assert caught.value.kind is FaultKind.MISCONFIGURED
        assert "api_key" in caught.value.message
        assert key not in caught.value.message + caught.value.hint
        assert not stage.emulator.requests
