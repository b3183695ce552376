"""Every way to prove who asks, against an emulator that checks for itself; time is virtual."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import anyio
import pytest
from aiohttp import web

from monitor.emulation import Reply
from monitor.fields import Secret
from monitor.providers.modelarts.emulator import Emulator, refuse
from monitor.wire import Fault, FaultKind


async def fault_of(provider: Any, watch: str = "jobs") -> Fault:
    scope = provider.scopes(watch)[0]
    with pytest.raises(Fault) as caught:
        await (provider.list_jobs(scope) if watch == "jobs" else provider.list_flavors(scope))
    return caught.value


async def test_an_access_key_reads_everything(staged: Any) -> None:
    async with staged() as stage:
        job_id = stage.emulator.world.add_job("bert-1")
        provider = stage.provider()
        page = await provider.list_jobs(provider.scopes("jobs")[0])
        assert len(page.items) == 1
        assert page.date == stage.clock.now()
        assert await provider.read_job(provider.scopes("jobs")[0], job_id) is not None
        for watch in ("training_flavors", "resource_flavors"):
            assert (await provider.list_flavors(provider.scopes(watch)[0])).items
        assert stage.emulator.entrance.bad_signatures == 0


async def test_a_label_selector_with_odd_characters_is_signed_as_it_is_sent(staged: Any) -> None:
    async with staged() as stage:
        selector = "os.modelarts.flavor/baremetal=true,a!=b c+d%&é"
        provider = stage.provider(resource_flavors={"label_selector": selector})
        page = await provider.list_flavors(provider.scopes("resource_flavors")[0])
        assert len(page.items) == 1


async def test_the_security_token_of_a_temporary_key_is_signed(staged: Any) -> None:
    async with staged() as stage:
        stage.emulator.entrance.keys["AKTEMP"] = "SKTEMP"
        stage.emulator.entrance.security_tokens["AKTEMP"] = "ST-1"
        keys = {"access_key": "AKTEMP", "secret_key": "SKTEMP"}
        provider = stage.provider(**keys, security_token="ST-1\n")
        await provider.list_jobs(provider.scopes("jobs")[0])
        fault = await fault_of(stage.provider(**keys, security_token="ST-2"))
        assert fault.kind is FaultKind.BAD_SIGNATURE
        assert "security_token" in fault.hint
        assert "ST-2" not in f"{fault}{fault.hint}"


async def test_a_ready_token_is_sent_and_its_end_is_told(staged: Any) -> None:
    async with staged() as stage:
        stage.emulator.entrance.tokens["T-ready"] = stage.clock.now() + timedelta(hours=24)
        provider = stage.provider(token="T-ready")
        await provider.list_jobs(provider.scopes("jobs")[0])
        stage.clock.advance(25 * 3600)
        fault = await fault_of(provider)
        assert (fault.kind, fault.status, fault.code) == (FaultKind.UNAUTHORIZED, 401, "APIGW.0307")
        assert "24 h" in fault.hint
        assert stage.emulator.requests["search"] == 2


async def test_a_password_fetches_one_token_for_many_requests(staged: Any) -> None:
    async with staged() as stage:
        provider = stage.with_password()
        scope = provider.scopes("jobs")[0]
        async with anyio.create_task_group() as group:
            for _ in range(5):
                group.start_soon(provider.list_jobs, scope)
        assert stage.emulator.requests["tokens"] == 1
        assert stage.emulator.requests["search"] == 5


async def test_a_token_is_renewed_before_it_ends(staged: Any) -> None:
    async with staged() as stage:
        provider = stage.with_password()
        scope = provider.scopes("jobs")[0]
        await provider.list_jobs(scope)
        stage.clock.advance(23 * 3600)
        await provider.list_jobs(scope)
        assert stage.emulator.requests["tokens"] == 1
        stage.clock.advance(40 * 60)
        await provider.list_jobs(scope)
        assert stage.emulator.requests["tokens"] == 2
        assert all(end is None for end in stage.gate.ends), "no request met an ended token"


async def test_a_short_lived_token_is_renewed_in_its_last_fifth(staged: Any) -> None:
    async with staged() as stage:
        stage.emulator.entrance.token_life = timedelta(minutes=10)
        provider = stage.with_password()
        scope = provider.scopes("jobs")[0]
        for expected, minutes in ((1, 7), (1, 2), (2, 0)):
            await provider.list_jobs(scope)
            assert stage.emulator.requests["tokens"] == expected
            stage.clock.advance(minutes * 60)


async def test_a_refused_token_is_renewed_once_and_the_request_repeated_once(staged: Any) -> None:
    async with staged() as stage:
        provider = stage.with_password()
        scope = provider.scopes("jobs")[0]
        await provider.list_jobs(scope)
        stage.emulator.entrance.revoke_tokens()
        async with anyio.create_task_group() as group:
            for _ in range(3):
                group.start_soon(provider.list_jobs, scope)
        assert stage.emulator.requests["tokens"] == 2, "whoever comes second uses the token that the first fetched"
        assert stage.emulator.requests["search"] <= 7


async def test_a_401_that_a_new_token_does_not_mend_is_not_repeated_again(staged: Any) -> None:
    async with staged() as stage:
        provider = stage.with_password()
        stage.faults.add(refuse(401, "APIGW.0307", "The token must be updated."), operation="search", times=None)
        fault = await fault_of(provider)
        assert fault.kind is FaultKind.UNAUTHORIZED
        assert stage.emulator.requests["search"] == 2
        assert stage.emulator.requests["tokens"] == 2


@pytest.mark.parametrize("wrong", [{"password": "not-it-1234"}, {"user": "bob"}, {"domain": "other"}])
async def test_a_wrong_password_counts_as_a_bad_signature(staged: Any, wrong: dict[str, str]) -> None:
    async with staged() as stage:
        fault = await fault_of(stage.with_password(**wrong))
        assert (fault.kind, fault.status) == (FaultKind.BAD_SIGNATURE, 401)
        assert "iam.password" in fault.hint
        assert "not-it-1234" not in f"{fault}{fault.hint}"
        assert stage.emulator.requests["tokens"] == 1
        assert stage.emulator.requests["search"] == 0


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply(status=201, body=b"{}"), FaultKind.SENSELESS),
        (Reply(status=200, body=b"<html>", content_type="text/html"), FaultKind.SENSELESS),
        (Reply(status=403, body=b'{"error":{"code":403,"message":"locked"}}'), FaultKind.UNAUTHORIZED),
        (
            Reply(status=404, body=b'{"error":{"code":404,"message":"Could not find project."}}'),
            FaultKind.MISCONFIGURED,
        ),
        (Reply(status=429), FaultKind.THROTTLED),
        (Reply(status=503, body=b"<html>"), FaultKind.TRANSIENT),
    ],
)
async def test_what_iam_answers_instead_of_a_token_is_told(staged: Any, reply: Reply, kind: FaultKind) -> None:
    async with staged() as stage:
        stage.faults.add(reply, operation="tokens")
        fault = await fault_of(stage.with_password())
        assert fault.kind is kind
        assert "IAM" in str(fault)
        await stage.with_password().list_jobs(stage.with_password().scopes("jobs")[0])


async def test_a_token_without_a_readable_end_is_kept_for_less_than_a_day(staged: Any) -> None:
    async with staged() as stage:
        token = "T-odd"
        stage.emulator.entrance.tokens[token] = stage.clock.now() + timedelta(days=9)
        stage.faults.add(
            Reply(status=201, body=b'{"token":{}}', headers={"X-Subject-Token": token}), operation="tokens"
        )
        provider = stage.with_password()
        scope = provider.scopes("jobs")[0]
        await provider.list_jobs(scope)
        stage.clock.advance(23 * 3600)
        await provider.list_jobs(scope)
        assert stage.emulator.requests["tokens"] == 1
        stage.clock.advance(3600)
        await provider.list_jobs(scope)
        assert stage.emulator.requests["tokens"] == 2


async def test_a_token_of_thirty_kilobytes_is_taken_and_sent(staged: Any) -> None:
    async with staged() as stage:
        platform = Emulator(stage.clock, autoplay=False)
        platform.entrance.token_size = 30_000
        app = web.Application()
        app.add_routes(platform.routes())
        runner = web.AppRunner(app, max_line_size=65_536, max_field_size=65_536)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        stage.address = f"http://127.0.0.1:{runner.addresses[0][1]}"
        provider = stage.with_password()
        await provider.list_jobs(provider.scopes("jobs")[0])
        await runner.cleanup()
        assert platform.requests["search"] == 1


@pytest.mark.parametrize("hours", [-30, -1, 1, 400])
async def test_a_wrong_clock_costs_one_bad_signature_and_no_failed_poll(
    staged: Any, wrong_clock: Any, hours: int
) -> None:
    async with staged() as stage:
        provider = stage.provider(clock=wrong_clock(stage.clock, timedelta(hours=hours)))
        scope = provider.scopes("jobs")[0]
        async with anyio.create_task_group() as group:
            for _ in range(8):
                group.start_soon(provider.list_jobs, scope)
        await provider.list_jobs(scope)
        assert stage.emulator.entrance.bad_signatures == 1
        assert stage.emulator.requests["search"] == 10
        (told,) = [end for end in stage.gate.ends if end is not None]
        assert told.kind is FaultKind.TRANSIENT, "it is not the key that is wrong"
        assert "clock" in str(told)
        assert ("ahead" if hours > 0 else "behind") in str(told)


async def test_a_clock_that_is_a_little_off_is_corrected_before_it_harms(staged: Any, wrong_clock: Any) -> None:
    async with staged() as stage:
        clock = wrong_clock(stage.clock, timedelta(minutes=-13))
        provider = stage.provider(clock=clock)
        scope = provider.scopes("jobs")[0]
        await provider.list_jobs(scope)
        clock._off = timedelta(minutes=-20)  # it drifts on; each answer corrects it
        await provider.list_jobs(scope)
        assert stage.emulator.entrance.bad_signatures == 0


async def test_a_wrong_secret_behind_a_wrong_clock_is_still_found(staged: Any, wrong_clock: Any) -> None:
    async with staged() as stage:
        clock = wrong_clock(stage.clock, timedelta(hours=3))
        fault = await fault_of(stage.provider(clock=clock, access_key="AKDEMO", secret_key="SK-wrong-1"))
        assert fault.kind is FaultKind.BAD_SIGNATURE
        assert stage.emulator.entrance.bad_signatures == 2


async def test_a_wrong_secret_is_one_bad_signature_and_its_text_names_no_key(staged: Any) -> None:
    async with staged() as stage:
        fault = await fault_of(stage.provider(access_key="AKDEMO", secret_key="SK-wrong-1"))
        assert (fault.kind, fault.status, fault.code) == (FaultKind.BAD_SIGNATURE, 401, "APIGW.0301")
        assert stage.emulator.entrance.bad_signatures == 1
        text = f"{fault}{fault.hint}{fault!r}"
        assert "AKDEMO" not in text
        assert "SK-wrong-1" not in text
        assert "access_key" in fault.hint
        assert "clock" in fault.hint
        assert fault.request_id


async def test_a_locked_key_is_told_with_the_time_to_wait(staged: Any) -> None:
    async with staged() as stage:
        wrong = stage.provider(access_key="AKDEMO", secret_key="SK-wrong-1")
        for _ in range(6):
            await fault_of(wrong)
        right = stage.provider()
        fault = await fault_of(right)
        assert fault.kind is FaultKind.BAD_SIGNATURE
        assert "locked" in str(fault)
        assert fault.retry_after == 300
        stage.clock.advance(301)
        await right.list_jobs(right.scopes("jobs")[0])


@pytest.mark.parametrize(
    ("bad", "expected"),
    [
        (Secret("", missing="the variable HW_AK is not set"), "access_key has no value: the variable HW_AK is not set"),
        (Secret("two words"), "access_key holds a blank"),
        (Secret("line\nbreak"), "access_key holds a blank"),
        (Secret("schlüssel"), "access_key holds a blank"),
        (Secret(" \n"), "access_key is empty"),
    ],
)
async def test_a_key_that_cannot_be_sent_is_a_fault_that_names_it(staged: Any, bad: Secret, expected: str) -> None:
    async with staged() as stage:
        fault = await fault_of(stage.provider(access_key=bad, secret_key="SKDEMO"))
        assert fault.kind is FaultKind.MISCONFIGURED
        assert expected in str(fault)
        assert stage.emulator.requests.total() == 0


async def test_the_fingerprint_changes_with_key_secret_and_host_only_and_shows_none(
    staged: Any,
) -> None:
    async with staged() as stage:
        made = [
            stage.provider(),
            stage.provider(access_key="AKDEMO", secret_key="SKDEMO2"),
            stage.provider(access_key="AKDEMO2", secret_key="SKDEMO"),
            stage.provider(endpoint="https://modelarts.cn-north-4.myhuaweicloud.com"),
            stage.provider(token="SKDEMO"),
            stage.with_password(),
            stage.with_password(password="other"),
        ]
        prints = [provider.fingerprint() for provider in made]
        assert len(set(prints)) == len(prints)
        assert prints[0] == stage.provider().fingerprint()
        assert prints[0] == stage.provider(project_id="p-other").fingerprint(), (
            "a lock falls on the key, in any project"
        )
        assert all("DEMO" not in text and len(text) == 32 for text in prints)
        assert stage.emulator.requests.total() == 0
