"""What each refusal of the platform means, what it tells people, and that it never shows a secret."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from monitor.emulation import Cut, Reply
from monitor.providers.modelarts.emulator import refuse
from monitor.wire import Fault, FaultKind

T, S, U, M, A, B, X = (
    FaultKind.TRANSIENT,
    FaultKind.SENSELESS,
    FaultKind.UNAUTHORIZED,
    FaultKind.MISCONFIGURED,
    FaultKind.ARREARS,
    FaultKind.BAD_SIGNATURE,
    FaultKind.THROTTLED,
)


async def refused(stage: Any, reply: Any, watch: str = "jobs", **changes: Any) -> Fault:
    stage.faults.add(reply, times=None)
    provider, scope = stage.reading(watch, **changes)
    with pytest.raises(Fault) as caught:
        await (provider.list_jobs(scope) if watch == "jobs" else provider.list_flavors(scope))
    stage.faults.clear()
    return caught.value


REFUSALS = [
    (401, "APIGW.0301", "Incorrect IAM authentication information: verify aksk signature fail", B, "access_key"),
    (403, "APIGW.0302", "The AK is not valid", B, "access_key"),
    (401, "ModelArts.50001000", "The token is invalid", U, "access_key"),
    (401, "APIGW.0305", "Incorrect auth info", U, "region"),
    (403, "ModelArts.2784", "No permission", U, "modelarts:trainJob:list"),
    (403, "APIGW.0310", "The project ID is inconsistent with the token", M, "project_id"),
    (404, "ModelArts.2786", "project id mismatch", M, "project_id"),
    (400, "ModelArts.2837", "The account is frozen", A, "billing"),
    (401, "ModelArts.6201", "The account is suspended", A, "billing"),
    (403, "ModelArts.0112", "Your account is in arrears", A, "billing"),
    (400, "ModelArts.2891", "No permission to access the workspace", U, "workspaces"),
    (404, "APIGW.0101", "The API does not exist", M, "endpoint"),
    (404, "", "", M, "endpoint"),
    (400, "ModelArts.2807", "Unsupported filter", M, "report"),
    (414, "APIGW.0201", "URI too long", M, "report"),
    (429, "APIGW.0308", "The throttling threshold has been reached", X, "every"),
    (429, "", "", X, "budget"),
    (400, "ModelArts.6101", "busy", X, "every"),
    (500, "ModelArts.2950", "internal error", T, "next poll"),
    (503, "", "", T, "next poll"),
    (408, "ModelArts.4205", "timeout", T, "next poll"),
    (409, "ModelArts.2878", "state changed", T, "next poll"),
]


@pytest.mark.parametrize(("status", "code", "words", "kind", "hint"), REFUSALS)
async def test_a_refusal_has_its_kind_its_words_and_a_remedy(
    staged: Any, status: int, code: str, words: str, kind: FaultKind, hint: str
) -> None:
    async with staged() as stage:
        reply = refuse(status, code, words) if code else Reply(status=status, body=b"<html><h1>No</h1></html>")
        fault = await refused(stage, reply)
        assert (fault.kind, fault.status, fault.code) == (kind, status, code or None)
        assert hint in fault.hint
        assert "list the training jobs" in str(fault)
        assert f"HTTP {status}" in str(fault)
        assert words in str(fault)
        assert "\n" not in str(fault)
        assert fault.request_id, "the X-Request-Id is what the vendor's support asks for"


@pytest.mark.parametrize(("status", "code", "words", "kind", "hint"), REFUSALS)
async def test_with_a_token_nothing_counts_as_a_bad_signature(
    staged: Any, status: int, code: str, words: str, kind: FaultKind, hint: str
) -> None:
    async with staged() as stage:
        stage.emulator.entrance.tokens["T-ready"] = stage.clock.now() + timedelta(hours=1)
        reply = refuse(status, code, words) if code else Reply(status=status)
        fault = await refused(stage, reply, token="T-ready")
        assert fault.kind is (U if kind is B else kind)


@pytest.mark.parametrize(
    "body",
    [
        {"error_code": "APIGW.0308", "error_msg": "slow down", "request_id": "r-1"},
        {"errorCode": "APIGW.0308", "errorMsg": "slow down"},
        {"code": "APIGW.0308", "message": "slow down"},
        {"error": {"code": "APIGW.0308", "message": "slow down"}},
        {"error": {"error_code": "APIGW.0308", "error_msg": "slow down"}},
    ],
)
async def test_every_envelope_of_an_error_is_understood(staged: Any, body: dict[str, Any]) -> None:
    async with staged() as stage:
        fault = await refused(stage, Reply(status=400, body=json.dumps(body).encode()))
        assert (fault.kind, fault.code) == (X, "APIGW.0308")
        assert "slow down" in str(fault)


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b'"x"', b"<html>", b"\xff", b"[" * 100_000, b'{"error":[1]}'])
async def test_an_error_without_an_envelope_is_told_by_its_status(staged: Any, body: bytes) -> None:
    async with staged() as stage:
        fault = await refused(stage, Reply(status=403, body=body))
        assert (fault.kind, fault.code) == (U, None)


@pytest.mark.parametrize(("header", "seconds"), [("7", 7.0), ("0", 0.0), ("soon", None)])
async def test_retry_after_is_passed_on(staged: Any, header: str, seconds: float | None) -> None:
    async with staged() as stage:
        fault = await refused(stage, refuse(429, "APIGW.0308", "slow down", Retry_After=header))
        assert fault.retry_after == seconds


@pytest.mark.parametrize("status", [201, 202, 204, 206])
@pytest.mark.parametrize("watch", ["jobs", "training_flavors", "resource_flavors"])
async def test_another_success_than_200_is_senseless(staged: Any, status: int, watch: str) -> None:
    async with staged() as stage:
        fault = await refused(stage, Reply(status=status), watch)
        assert (fault.kind, fault.status) == (S, status)


async def test_a_redirect_is_not_followed(staged: Any) -> None:
    async with staged() as stage:
        fault = await refused(stage, Reply(status=302, headers={"Location": stage.address}))
        assert fault.kind is S
        assert stage.emulator.requests.total() == 1


@pytest.mark.parametrize("watch", ["jobs", "training_flavors", "resource_flavors"])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.95])
async def test_a_cut_page_is_a_fault(staged: Any, watch: str, share: float) -> None:
    async with staged() as stage:
        stage.emulator.world.add_history(20)
        fault = await refused(stage, Cut(share=share), watch)
        assert fault.kind in (S, T)


async def test_a_platform_that_cannot_be_reached_is_transient(staged: Any) -> None:
    async with staged() as stage:
        provider, scope = stage.reading(endpoint="http://127.0.0.1:9")
        with pytest.raises(Fault) as caught:
            await provider.list_jobs(scope)
        assert caught.value.kind is T


CATALOGUE_LIES = [
    ("training_flavors", b"{}", "without `flavors`"),
    ("training_flavors", b'{"total_count":0,"flavors":null}', "without `flavors`"),
    ("training_flavors", b'{"total_count":5,"flavors":[{}]}', "only 1 of 5"),
    ("resource_flavors", b"{}", "without `items`"),
    ("resource_flavors", b'{"items":null,"metadata":{}}', "without `items`"),
    ("resource_flavors", b'{"items":[],"metadata":{"remainingItemCount":4}}', "without the cursor"),
    ("resource_flavors", b'{"items":[],"metadata":{"continue":5}}', "cursor that is no text"),
    ("resource_flavors", b'{"items":[],"metadata":{"continue":"x"}}', "the same pages"),
    ("resource_flavors", b"<html>", "HTML"),
]


@pytest.mark.parametrize(("watch", "body", "told"), CATALOGUE_LIES)
async def test_a_catalogue_that_would_lie_is_senseless(staged: Any, watch: str, body: bytes, told: str) -> None:
    async with staged() as stage:
        fault = await refused(stage, Reply(status=200, body=body), watch)
        assert fault.kind is S
        assert told in str(fault)


@pytest.mark.parametrize(
    ("watch", "body"),
    [("training_flavors", b'{"flavors":[]}'), ("resource_flavors", b'{"items":[],"metadata":null}')],
)
async def test_an_empty_catalogue_is_complete_and_empty(staged: Any, watch: str, body: bytes) -> None:
    async with staged() as stage:
        stage.faults.add(Reply(status=200, body=body))
        provider, scope = stage.reading(watch)
        assert list((await provider.list_flavors(scope)).items) == []


async def test_a_catalogue_of_one_type_may_count_them_all(staged: Any) -> None:
    async with staged() as stage:
        stage.faults.add(Reply(status=200, body=b'{"total_count":5,"flavors":[{}]}'))
        provider, scope = stage.reading("training_flavors", training_flavors={"flavor_type": "GPU"})
        assert len((await provider.list_flavors(scope)).items) == 1


async def test_a_catalogue_is_read_to_its_last_page_or_not_at_all(staged: Any) -> None:
    async with staged() as stage:
        entry = stage.emulator.world.resources[0]
        template = json.dumps(entry.as_json())
        pages = [
            {"items": [json.loads(template)] * 3, "metadata": {"continue": "c 1/+&="}},
            {"items": [json.loads(template)] * 2, "metadata": {"continue": ""}},
        ]
        for page in pages:
            stage.faults.add(Reply(status=200, body=json.dumps(page).encode()))
        provider, scope = stage.reading("resource_flavors")
        assert len((await provider.list_flavors(scope)).items) == 5
        stage.faults.add(Reply(status=200, body=json.dumps(pages[0]).encode()))
        stage.faults.add(Reply(status=500))
        with pytest.raises(Fault):
            await provider.list_flavors(scope)


ECHOES = [
    "signature fail, ak AKDEMO",
    "X-Auth-Token: T-very-secret-token",
    'the body was {"password": "demo-password"}',
    "see https://user:pw@host.test/x?Signature=abcdef&AccessKeyId=AKDEMO",
    "Authorization: SDK-HMAC-SHA256 Access=AKDEMO, Signature=0123456789abcdef0123456789abcdef0123456789abcdef",
]
SECRETS = ["AKDEMO", "SKDEMO", "T-very-secret-token", "demo-password", "pw@", "abcdef"]


@pytest.mark.parametrize("words", ECHOES)
@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500])
@pytest.mark.parametrize("way", ["keys", "token", "iam"])
async def test_no_secret_that_the_platform_echoes_gets_into_a_fault(
    staged: Any, words: str, status: int, way: str
) -> None:
    async with staged() as stage:
        stage.emulator.entrance.tokens["T-very-secret-token"] = stage.clock.now() + timedelta(hours=1)
        iam = {"user": "ann", "password": "demo-password", "domain": "demo", "endpoint": stage.address}
        changes = {"keys": {}, "token": {"token": "T-very-secret-token"}, "iam": {"iam": iam}}[way]
        fault = await refused(stage, refuse(status, "ModelArts.9999", words), **changes)
        shown = f"{fault} {fault.hint} {fault.code} {fault.request_id} {fault!r} {fault.__dict__}"
        assert not [secret for secret in SECRETS if secret in shown]
