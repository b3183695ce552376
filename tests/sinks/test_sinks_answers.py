"""Services that refuse with HTTP 200: the body of their answer counts, on real connections to a server on loopback."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from monitor.model import Delivery, Notification, Outcome, Reason, Receipt, Severity, Text
from monitor.sinks.apprise.answers import read
from monitor.sinks.apprise.dialects import DIALECTS
from monitor.sinks.apprise.fitting import longest_piece
from tests.kit.messages import receipts

URLS = {
    "dingtalk": "dingtalk://SEC0123456789abcdef0123456789abcdef@0123456789abcdef0123456789abcdef/",
    "feishu": "feishu://01234567-89ab-cdef-0123-456789abcdef",
    "lark": "lark://01234567-89ab-cdef-0123-456789abcdef",
    "wecombot": "wecombot://01234567-89ab-cdef-0123-456789abcdef",
    "pushdeer": "pushdeer://PDU0123456789abcdef",
    "qq": "qq://0123456789abcdef0123456789abcdef",
    "serverchan": "schan://SCT0123456789abcdef",
    "synology": "synology://localhost/0123456789abcdef",
}
TAKEN = {
    "dingtalk": '{"errcode": 0, "errmsg": "ok"}',
    "feishu": '{"StatusCode": 0, "StatusMessage": "success", "code": 0, "data": {}, "msg": "success"}',
    "lark": '{"code": 0, "data": {}, "msg": "success"}',
    "wecombot": '{"errcode": 0, "errmsg": "ok"}',
    "pushdeer": '{"code": 0, "content": {"result": ["{\\"counts\\": 1, \\"success\\": \\"ok\\"}"]}}',
    "qq": '{"success": true, "reason": "操作成功", "code": 0, "info": {}}',
    "serverchan": '{"code": 0, "message": "", "data": {"pushid": "1", "error": "SUCCESS", "errno": 0}}',
    "synology": '{"success": true}',
}
REFUSED = [
    ("dingtalk", {"errcode": 310000, "errmsg": "keywords not in content"}),
    ("dingtalk", {"errcode": 310000, "errmsg": "sign not match"}),
    ("dingtalk", {"errcode": 300005, "errmsg": "token is not exist"}),
    ("feishu", {"code": 19024, "msg": "Key Words Not Found", "data": {}}),
    ("feishu", {"code": 19021, "msg": "sign match fail or timestamp is not within one hour from current time"}),
    ("feishu", {"StatusCode": 19001, "StatusMessage": "incoming webhook access token invalid"}),
    ("feishu", {"code": 9499, "msg": "Bad Request", "data": {}}),
    ("lark", {"code": 19022, "msg": "Ip Not Allowed"}),
    ("wecombot", {"errcode": 93000, "errmsg": "invalid webhook url, hint: [1], from ip: 192.0.2.1"}),
    ("wecombot", {"errcode": 40058, "errmsg": "text.content exceed max length 2048"}),
    ("pushdeer", {"code": 80501, "error": "no such key"}),
    ("qq", {"success": False, "reason": "no such key", "code": -1}),
    ("serverchan", {"code": 40001, "message": "bad sendkey"}),
    ("synology", {"error": {"code": 404, "errors": "invalid token"}, "success": False}),
]
LATER = [
    ("dingtalk", {"errcode": 130101, "errmsg": "send too fast, exceed 20 times per minute"}, 600.0),
    ("dingtalk", {"errcode": 660026, "errmsg": "sending too many messages per minute"}, 600.0),
    ("dingtalk", {"errcode": 410100, "errmsg": "发送速度太快而限流"}, 600.0),
    ("dingtalk", {"errcode": -1, "errmsg": "系统繁忙"}, 30.0),
    ("dingtalk", {"status": 1111, "wait": 5, "source": "x5", "punish": "deny"}, 600.0),
    ("feishu", {"code": 11232, "msg": "frequency limited psm[lark.oapi]"}, 60.0),
    ("feishu", {"code": 9499, "msg": "too many request"}, 60.0),
    ("lark", {"code": 11232, "msg": ""}, 60.0),
    ("wecombot", {"errcode": 45009, "errmsg": "api freq out of limit"}, 60.0),
    ("wecombot", {"errcode": "45009"}, 60.0),
    ("synology", {"error": {"code": 411, "errors": "create post too fast"}, "success": False}, 10.0),
]


def message(text: Text) -> list[Delivery]:
    said = Notification(
        id="n-1",
        rule="r",
        severity=Severity.INFO,
        reason=Reason.NEW,
        text=text,
        created_at=datetime(2026, 11, 20, tzinfo=UTC),
        events=(),
    )
    return [Delivery(id="d-1", sink="team", attempt=1, notification=said)]


SHORT = message(Text(title="t", plain="plain", markdown="**rich**"))


async def answered(service: str, body: object, status: int = 200, made: list[Delivery] = SHORT) -> Receipt:
    answer = body if isinstance(body, str) else json.dumps(body)
    (receipt,) = await receipts(URLS[service], answer=answer, status=status, made=made)
    return receipt


def test_every_service_whose_answers_are_read_has_a_row_in_these_tables() -> None:
    assert set(DIALECTS) == set(URLS) == set(TAKEN) == {service for service, _ in REFUSED}


@pytest.mark.parametrize("service", URLS)
async def test_a_code_that_says_all_is_well_is_delivered(service: str) -> None:
    assert (await answered(service, TAKEN[service])).outcome is Outcome.DELIVERED


@pytest.mark.parametrize(("service", "body"), REFUSED)
async def test_a_refusal_in_the_body_is_refused_with_the_words_of_the_service(
    service: str, body: dict[str, Any]
) -> None:
    receipt = await answered(service, body)
    assert (receipt.outcome, receipt.retry_after) == (Outcome.REFUSED, None)
    inner = body.get("error") if service == "synology" else body
    said = [str(value) for value in inner.values() if value not in ({}, False)]  # type: ignore[union-attr]
    assert [each for each in said if each not in receipt.detail] == []


@pytest.mark.parametrize(("service", "body", "pause"), LATER)
async def test_a_limit_or_a_busy_service_is_tried_again_after_a_pause(
    service: str, body: dict[str, Any], pause: float
) -> None:
    receipt = await answered(service, body)
    assert (receipt.outcome, receipt.retry_after) == (Outcome.RETRY, pause)
    assert "takes no message now" in receipt.detail


@pytest.mark.parametrize(
    "body", ["ok", "", "<html>", "[]", "null", "7", '{"errcode": null}', '{"errcode": true}', "{}"]
)
async def test_a_body_that_says_nothing_leaves_it_to_the_status(body: str) -> None:
    assert (await answered("dingtalk", body)).outcome is Outcome.DELIVERED


@pytest.mark.parametrize(
    ("status", "outcome"), [(400, Outcome.REFUSED), (429, Outcome.RETRY), (500, Outcome.RETRY), (503, Outcome.RETRY)]
)
async def test_with_another_status_the_words_of_the_body_are_told_too(status: int, outcome: Outcome) -> None:
    receipt = await answered("feishu", {"code": 19099, "msg": "no such thing"}, status)
    assert receipt.outcome is outcome
    assert ("no such thing" in receipt.detail) == (status < 500)


@pytest.mark.parametrize("body", [b"[" * 60_000, b'{"errcode": 1}' + b" " * 70_000, b'{"errcode": 1e999}', b"\xff\xfe"])
def test_a_body_that_is_meant_to_harm_is_not_read(body: bytes) -> None:
    assert read(200, body, DIALECTS["dingtalk"]) is None


async def test_nothing_of_the_url_and_no_control_code_is_in_what_the_service_said() -> None:
    words = "no token 0123456789ABCDEF0123456789abcdef\x1b[2J here\n" + "x" * 500
    receipt = await answered("dingtalk", {"errcode": 300005, "errmsg": words})
    assert "0123456789" not in receipt.detail
    assert receipt.detail.isprintable()
    assert receipt.detail.startswith("DingTalk refused it (code 300005): no token ***")
    assert len(receipt.detail) <= 200


async def test_after_a_refused_piece_no_further_piece_is_sent() -> None:
    got: list[Any] = []
    long = message(Text(title="t", plain="客" * 3000, markdown=""))
    await receipts(URLS["wecombot"], answer='{"errcode": 45009}', made=long, got=got)
    assert len(got) == 1


async def test_a_refusal_of_one_message_says_nothing_of_the_next_one() -> None:
    answers = iter(['{"errcode": 93000}', '{"errcode": 0}', '{"errcode": 45009}', "ok"])
    found = await receipts(URLS["wecombot"], answer=answers, made=SHORT * 4)
    assert [each.outcome.value for each in found] == ["refused", "delivered", "retry", "delivered"]


@pytest.mark.parametrize("word", ["客服", "😀", "a", "客 a"])
async def test_no_piece_for_wecom_is_longer_than_its_bytes_and_nothing_is_lost(word: str) -> None:
    got: list[Any] = []
    lines = [f"{n} {word * 9}" for n in range(400)]
    made = message(Text(title="训练任务", plain="\n".join(lines), markdown=""))
    (receipt,) = await receipts(URLS["wecombot"], answer='{"errcode": 0}', made=made, got=got)
    assert receipt.outcome is Outcome.DELIVERED
    pieces = [each["text"]["content"] for each in got]
    assert max(len(piece.encode()) for piece in pieces) <= 2048
    assert [line for line in lines if line.replace(" ", "") not in "".join("".join(pieces).split())] == []


def test_a_text_within_the_bytes_is_not_split_for_what_it_is_written_in() -> None:
    assert longest_piece("客" * 682, DIALECTS["wecombot"], 2048) == 2048
    assert longest_piece("客" * 683, DIALECTS["wecombot"], 2048) == 682
    assert longest_piece("a" * 9999, DIALECTS["wecombot"], 2048) == 2048
    assert longest_piece("客" * 9999, None, 40) == 40


async def test_the_heading_of_a_dingtalk_message_is_the_title_and_no_markdown_of_its_own() -> None:
    got: list[Any] = []
    made = message(Text(title="Job [x](http://evil) *bold* <b>", plain="plain", markdown="**rich**"))
    await receipts(URLS["dingtalk"], answer="{}", made=made, got=got)
    assert got[0]["markdown"]["text"].splitlines() == [r"# Job \[x\](http://evil) \*bold\* &lt;b&gt;", "**rich**"]
