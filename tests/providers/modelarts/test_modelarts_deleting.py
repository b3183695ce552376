"""Deleting a job on ModelArts: accepted and gone later, refused for the job, refused for the key, or left open."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.emulation import Cut, Reply
from monitor.providers.modelarts.emulator import refuse
from monitor.providers.ports import Declined
from monitor.wire import Fault, FaultKind


async def test_a_deletion_is_accepted_and_the_job_is_gone_a_while_later(staged: Any) -> None:
    async with staged() as stage:
        job_id = stage.emulator.world.add_job("one", phase="Completed")
        provider, scope = stage.reading()
        assert await provider.delete_job(scope, job_id) is False
        assert await provider.read_job(scope, job_id) is not None
        stage.clock.advance(60)
        assert await provider.read_job(scope, job_id) is None
        assert await provider.delete_job(scope, job_id) is True, "it was asked again, and there is no such job"
        assert stage.emulator.requests["delete"] == 2
        assert stage.gate.ends == [None] * 4


@pytest.mark.parametrize("body", [b"", b'""', b"null", b"{}", b" \n"])
@pytest.mark.parametrize("status", [200, 202, 204])
async def test_a_yes_has_many_looks(staged: Any, status: int, body: bytes) -> None:
    async with staged() as stage:
        provider, scope = stage.reading()
        stage.faults.add(Reply(status=status, body=b"" if status == 204 else body), operation="delete")
        assert await provider.delete_job(scope, "j-1") is False


@pytest.mark.parametrize("code", ["ModelArts.2796", "ModelArts.2878", "ModelArts.9999"])
async def test_a_conflict_keeps_this_job_and_paces_nobody(staged: Any, code: str) -> None:
    async with staged() as stage:
        provider, scope = stage.reading()
        stage.faults.add(refuse(409, code, "job SKDEMO is in the way"), operation="delete")
        with pytest.raises(Declined) as caught:
            await provider.delete_job(scope, "j-1")
        assert (caught.value.code, caught.value.job_only) == (code, True)
        assert "SKDEMO" not in str(caught.value)
        assert stage.gate.ends == [None]


REFUSED = [
    (403, "ModelArts.2784", "no permission", "modelarts:trainJob:delete"),
    (401, "APIGW.0301", "Incorrect signature", "access_key"),
    (400, "ModelArts.2837", "the account is frozen", "billing"),
    (404, "ModelArts.2786", "project", "project_id"),
    (404, "ModelArts.2775", "a job that is not there is a 400", "region"),
    (400, "ModelArts.2812", "what nobody expected", ""),
    (404, "", "a proxy's page", ""),
]


@pytest.mark.parametrize(("status", "code", "words", "hint"), REFUSED)
async def test_a_clear_no_is_no_for_every_job_and_tells_the_remedy(
    staged: Any, status: int, code: str, words: str, hint: str
) -> None:
    async with staged() as stage:
        provider, scope = stage.reading()
        stage.faults.add(refuse(status, code, words), operation="delete")
        with pytest.raises(Declined) as caught:
            await provider.delete_job(scope, "j-1")
        assert not caught.value.job_only
        assert caught.value.code
        assert hint in caught.value.hint
        (end,) = stage.gate.ends
        assert end is not None, "the gate hears of it: bad signatures are counted there"


OPEN = [
    (refuse(500, "ModelArts.2950", "database"), FaultKind.TRANSIENT),
    (refuse(503, "ModelArts.2837", "frozen, says a server that is down"), FaultKind.TRANSIENT),
    (refuse(429, "APIGW.0308", "slow down", Retry_After="7"), FaultKind.THROTTLED),
    (Reply(status=200, body=b"<html>"), FaultKind.SENSELESS),
    (Reply(status=202, body=b'{"error_code":"ModelArts.2950","error_msg":"no"}'), FaultKind.SENSELESS),
    (Reply(status=302, headers={"Location": "/"}), FaultKind.SENSELESS),
    (Cut(share=0.4), FaultKind.SENSELESS),
]


@pytest.mark.parametrize(("fault", "kind"), OPEN)
async def test_what_leaves_it_open_is_a_fault_that_passes_and_says_that_it_may_have_arrived(
    staged: Any, fault: Any, kind: FaultKind
) -> None:
    async with staged() as stage:
        job_id = stage.emulator.world.add_job("one", phase="Completed")
        provider, scope = stage.reading()
        stage.faults.add(fault, operation="delete")
        with pytest.raises(Fault) as caught:
            await provider.delete_job(scope, job_id)
        assert (caught.value.kind, caught.value.sent) == (kind, True)
        assert caught.value.retry_after == (7.0 if kind is FaultKind.THROTTLED else None)
        assert stage.emulator.requests["delete"] == 1, "nothing is repeated by itself"
        assert stage.emulator.world.jobs[job_id].deleting is isinstance(fault, Cut)


async def test_a_host_that_is_not_there_has_surely_got_nothing(staged: Any) -> None:
    async with staged() as stage:
        provider, scope = stage.reading(endpoint="http://127.0.0.1:9")
        with pytest.raises(Fault) as caught:
            await provider.delete_job(scope, "j-1")
        assert (caught.value.kind, caught.value.sent) == (FaultKind.TRANSIENT, False)


async def test_a_token_that_ended_is_renewed_and_the_deletion_sent_once_more(staged: Any) -> None:
    async with staged() as stage:
        job_id = stage.emulator.world.add_job("one", phase="Completed")
        provider = stage.with_password()
        (scope,) = provider.scopes("jobs")
        await provider.read_job(scope, job_id)
        stage.emulator.entrance.tokens.clear()
        assert await provider.delete_job(scope, job_id) is False
        assert (stage.emulator.requests["delete"], stage.emulator.requests["tokens"]) == (2, 2)


async def test_a_token_that_cannot_be_had_sends_no_deletion(staged: Any) -> None:
    async with staged() as stage:
        provider = stage.with_password()
        (scope,) = provider.scopes("jobs")
        stage.faults.add(Reply(status=503), operation="tokens")
        with pytest.raises(Fault) as caught:
            await provider.delete_job(scope, "j-1")
        assert not caught.value.sent
        assert stage.emulator.requests["delete"] == 0


@pytest.mark.parametrize("job_id", ["", ".", "..", "a/b", "a?b", "j\n", "é"])
async def test_what_is_no_id_is_never_sent(staged: Any, job_id: str) -> None:
    async with staged() as stage:
        provider, scope = stage.reading()
        with pytest.raises(Fault) as caught:
            await provider.delete_job(scope, job_id)
        assert (caught.value.kind, caught.value.sent) == (FaultKind.MISCONFIGURED, False)
        assert stage.emulator.requests.total() == 0


async def test_another_credential_deletes_and_the_first_one_cannot(staged: Any) -> None:
    async with staged(keys={"AKDEMO": "SKDEMO", "AKDEL": "SKDEL"}) as stage:
        job_id = stage.emulator.world.add_job("one", phase="Completed")
        options = stage.options(read_only=True, delete_with={"access_key": "AKDEL", "secret_key": "SKDEL"})
        with_second = options.deleting()
        assert with_second is not None
        assert stage.options(read_only=True).deleting() is None
        provider = stage.provider(access_key=with_second.access_key, secret_key=with_second.secret_key)
        assert await provider.delete_job(provider.scopes("jobs")[0], job_id) is False
        assert provider.fingerprint() != stage.provider().fingerprint()
