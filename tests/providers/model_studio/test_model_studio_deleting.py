"""Deleting a fine-tuning job on Model Studio: its answer decides, for its documents contradict each other."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.emulation import Cut, Reply
from monitor.providers.model_studio.emulator import refusal
from monitor.providers.model_studio.options import Options
from monitor.providers.ports import Declined
from monitor.wire import Fault, FaultKind


@pytest.mark.parametrize("status", ["SUCCEEDED", "FAILED", "CANCELED"])
async def test_a_finished_job_is_accepted_to_be_deleted_and_then_gone(staged: Any, status: str) -> None:
    async with staged() as stage:
        job_id = stage.emulator.world.add_job(status)
        provider, scope = stage.reading()
        assert await provider.delete_job(scope, job_id) is False
        assert await provider.read_job(scope, job_id) is None
        assert await provider.delete_job(scope, job_id) is True
        assert stage.emulator.requests["delete"] == 2
        assert stage.gate.faults == [None] * 3


@pytest.mark.parametrize("status", ["PENDING", "QUEUING", "RUNNING", "CANCELING"])
async def test_a_job_in_flight_is_kept_and_paces_nobody(staged: Any, status: str) -> None:
    async with staged() as stage:
        job_id = stage.emulator.world.add_job(status)
        provider, scope = stage.reading()
        with pytest.raises(Declined) as caught:
            await provider.delete_job(scope, job_id)
        assert (caught.value.code, caught.value.job_only) == ("UnsupportedOperation", True)
        assert stage.emulator.world.find(job_id) is not None
        assert stage.gate.faults == [None]


@pytest.mark.parametrize(("status", "code"), [(409, "Conflict"), (200, "UnsupportedOperation"), (409, "")])
async def test_a_conflict_keeps_this_job_only(staged: Any, status: int, code: str) -> None:
    async with staged() as stage:
        provider, scope = stage.reading()
        stage.emulator.faults.add(refusal(status, code, "the model is deployed"))
        with pytest.raises(Declined) as caught:
            await provider.delete_job(scope, "ft-1")
        assert caught.value.job_only


REFUSED = [
    (403, "AccessDenied", "grant"),
    (403, "Workspace.AccessDenied", "workspace"),
    (403, "", "grant"),
    (401, "InvalidApiKey", "api_key"),
    (400, "Arrearage", "settle"),
    (404, "WorkSpaceNotFound", "workspace"),
    (404, "", "endpoint"),
    (400, "SomethingNew", "endpoint"),
]


@pytest.mark.parametrize(("status", "code", "hint"), REFUSED)
async def test_a_clear_no_is_no_for_every_job_and_tells_the_remedy(
    staged: Any, status: int, code: str, hint: str
) -> None:
    async with staged() as stage:
        provider, scope = stage.reading()
        stage.emulator.faults.add(refusal(status, code, "sk-demo may not"), operation="delete")
        with pytest.raises(Declined) as caught:
            await provider.delete_job(scope, "ft-1")
        assert not caught.value.job_only
        assert caught.value.code
        assert hint in caught.value.hint
        assert "sk-demo" not in str(caught.value)


OPEN = [
    (refusal(500, "InternalError"), FaultKind.TRANSIENT),
    (refusal(200, "InternalError"), FaultKind.TRANSIENT),
    (refusal(429, "Throttling", headers={"retry-after-ms": "7000"}), FaultKind.THROTTLED),
    (Reply(status=502, body=b"<html>", content_type="text/html"), FaultKind.TRANSIENT),
    (Reply(status=200, body=b"{}"), FaultKind.SENSELESS),
    (Reply(status=200, body=b'{"output":{"status":"failed"}}'), FaultKind.SENSELESS),
    (Reply(status=200, body=b'{"output":null}'), FaultKind.SENSELESS),
    (Reply(status=200, body=b'{"output":[]}'), FaultKind.SENSELESS),
    (Reply(status=204), FaultKind.SENSELESS),
    (Cut(share=0.4), FaultKind.SENSELESS),
]


@pytest.mark.parametrize(("fault", "kind"), OPEN)
async def test_what_leaves_it_open_is_a_fault_that_passes_and_says_that_it_may_have_arrived(
    staged: Any, fault: Any, kind: FaultKind
) -> None:
    async with staged() as stage:
        job_id = stage.emulator.world.add_job("SUCCEEDED")
        provider, scope = stage.reading()
        stage.emulator.faults.add(fault, operation="delete")
        with pytest.raises(Fault) as caught:
            await provider.delete_job(scope, job_id)
        assert (caught.value.kind, caught.value.sent) == (kind, True)
        assert caught.value.retry_after == (7.0 if kind is FaultKind.THROTTLED else None)
        assert stage.emulator.requests["delete"] == 1, "nothing is repeated by itself"
        assert (stage.emulator.world.find(job_id) is None) is isinstance(fault, Cut)


@pytest.mark.parametrize("there", [True, False])
async def test_an_id_that_is_called_a_bad_parameter_is_looked_for(staged: Any, there: bool) -> None:
    async with staged() as stage:
        job_id = stage.emulator.world.add_job("SUCCEEDED") if there else "ft-1"
        provider, scope = stage.reading()
        stage.emulator.faults.add(refusal(400, "InvalidParameter"), operation="delete")
        if not there:
            assert await provider.delete_job(scope, job_id) is True
        else:
            with pytest.raises(Declined) as caught:
                await provider.delete_job(scope, job_id)
            assert not caught.value.job_only
        assert dict(stage.emulator.requests) == {"delete": 1, "get": 1}


@pytest.mark.parametrize("job_id", ["", ".", "..", "a/b", "a?b", "ft-1\n", "é", "outputs", "Delete"])
async def test_what_is_no_id_of_a_job_is_never_sent(staged: Any, job_id: str) -> None:
    async with staged() as stage:
        provider, scope = stage.reading()
        with pytest.raises(Fault) as caught:
            await provider.delete_job(scope, job_id)
        assert (caught.value.kind, caught.value.sent) == (FaultKind.MISCONFIGURED, False)
        assert stage.emulator.requests.total() == 0


async def test_without_a_host_or_a_key_surely_nothing_has_arrived(staged: Any) -> None:
    async with staged() as stage:
        provider, scope = stage.reading(endpoint="http://127.0.0.1:9/api/v1")
        with pytest.raises(Fault) as caught:
            await provider.delete_job(scope, "ft-1")
        assert not caught.value.sent
        provider, scope = stage.reading(api_key="two words")
        with pytest.raises(Declined):
            await provider.delete_job(scope, "ft-1")
        with pytest.raises(Fault) as unread:
            await provider.read_job(scope, "ft-1")
        assert not unread.value.sent
        assert stage.emulator.requests.total() == 0


async def test_another_key_deletes(staged: Any) -> None:
    async with staged(api_keys=["sk-demo", "sk-delete"]) as stage:
        said = {"name": "llm", "provider": "model-studio", "api_key": "sk-none", "jobs": {}}
        options = Options.model_validate(said | {"read_only": True, "delete_with": {"api_key": "sk-delete"}})
        with_second = options.deleting()
        assert with_second is not None
        assert Options.model_validate(said | {"read_only": True}).deleting() is None
        job_id = stage.emulator.world.add_job("FAILED")
        provider, scope = stage.reading(api_key=with_second.api_key)
        assert await provider.delete_job(scope, job_id) is False


async def test_the_platform_has_no_quota_to_ask_for(staged: Any) -> None:
    async with staged() as stage:
        assert await stage.provider().quota() is None
        assert stage.emulator.requests.total() == 0
