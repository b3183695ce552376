"""What a `webhook` sink puts on the wire: the documented JSON, ids that stay, signatures that the library takes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from standardwebhooks import Webhook

from monitor.fields import Secret, SystemClock
from monitor.model import Delivery, Event, EventType, Notification, Outcome, Reason, Receipt, Severity, Text
from monitor.sinks import signing
from monitor.sinks.signing import signing_key
from monitor.sinks.webhook.options import Options
from monitor.sinks.webhook.sink import build
from monitor.wire import Http, new_session

MOMENT = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
WHSEC = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def delivery(attempt: int = 1) -> Delivery:
    event = Event(
        seq=7,
        id="0af1",
        type=EventType.JOB_FINISHED,
        account="llm-beijing",
        subject="job/ft-1",
        revision=3,
        time=MOMENT,
        detected_at=MOMENT,
        severity=Severity.WARNING,
        data={"account": {"name": "llm-beijing"}, "job": {"name": "微调"}},
    )
    text = Text(title="Job 微调 failed", plain="no quota", markdown="**no quota**")
    said = Notification(
        id="n-1",
        rule="job-ended",
        severity=Severity.WARNING,
        reason=Reason.NEW,
        text=text,
        created_at=MOMENT,
        events=(event,),
    )
    return Delivery(id="d-1", sink="hook", attempt=attempt, notification=said)


class Receiver:
    def __init__(self, *answers: tuple[int, dict[str, str]]) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self._answers = list(answers)

    async def take(self, request: web.Request) -> web.Response:
        self.got.append(({k.lower(): v for k, v in request.headers.items()}, await request.read()))
        status, headers = self._answers.pop(0) if self._answers else (200, {})
        return web.Response(status=status, headers=headers)


async def sent(receiver: Receiver, *deliveries: Delivery, **options: Any) -> list[Receipt]:
    app = web.Application()
    app.router.add_post("/in", receiver.take)
    async with TestServer(app, host="127.0.0.1") as server, new_session() as session:
        made = Options(name="hook", type="webhook", url=str(server.make_url("/in?token=hidden")), **options)
        sink = build(made, Http(session), SystemClock())
        return [await sink.send(each) for each in deliveries]


async def test_the_json_is_the_documented_one_and_holds_the_events_as_cloudevents() -> None:
    receiver = Receiver()
    await sent(receiver, delivery())
    from json import loads

    assert loads(receiver.got[0][1]) == {
        "id": "n-1",
        "rule": "job-ended",
        "severity": "warning",
        "title": "Job 微调 failed",
        "body": "no quota",
        "created_at": "2026-11-20T08:00:00Z",
        "reason": "new",
        "events": [
            {
                "specversion": "1.0",
                "id": "0af1",
                "type": "job.finished",
                "source": "training-monitor/llm-beijing",
                "subject": "job/ft-1",
                "time": "2026-11-20T08:00:00Z",
                "datacontenttype": "application/json",
                "data": {"account": {"name": "llm-beijing"}, "job": {"name": "微调"}},
            }
        ],
    }


async def test_every_attempt_bears_the_same_id_and_no_signature_without_a_secret() -> None:
    receiver = Receiver((503, {}))
    receipts = await sent(receiver, delivery(1), delivery(2))
    assert [receipt.outcome for receipt in receipts] == [Outcome.RETRY, Outcome.DELIVERED]
    headers = [got[0] for got in receiver.got]
    assert [each["webhook-id"] for each in headers] == ["d-1", "d-1"]
    assert all(each["content-type"] == "application/json" for each in headers)
    assert all(abs(int(each["webhook-timestamp"]) - datetime.now(UTC).timestamp()) < 60 for each in headers)
    assert all("webhook-signature" not in each for each in headers)


@pytest.mark.parametrize("secret", [WHSEC, "a plain secret, 密"])
async def test_a_receiver_with_the_standard_library_takes_the_signature_and_no_changed_body(secret: str) -> None:
    receiver = Receiver()
    await sent(receiver, delivery(), secret=secret)
    headers, body = receiver.got[0]
    library = Webhook(secret if secret.startswith("whsec_") else secret.encode())
    library.verify(body, headers)
    with pytest.raises(Exception, match="No matching signature"):
        library.verify(body.replace(b"failed", b"passed"), headers)


@given(
    id=st.text("abcdef0123456789-_", min_size=1, max_size=40),
    content=st.text(max_size=200),
    key=st.binary(min_size=1, max_size=64),
    second=st.integers(0, 4_000_000_000),
)
def test_the_signature_equals_the_library_s(id: str, content: str, key: bytes, second: int) -> None:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=second)
    ours = signing.headers(id, moment, content.encode(), key)["webhook-signature"]
    assert ours == Webhook(key).sign(id, moment, content)


@pytest.mark.parametrize(
    ("headers", "seconds"), [({"Retry-After": "120"}, 120.0), ({"retry-after-ms": "1500"}, 1.5), ({}, None)]
)
async def test_retry_after_is_handed_on(headers: dict[str, str], seconds: float | None) -> None:
    (receipt,) = await sent(Receiver((429, headers)), delivery())
    assert receipt == Receipt(outcome=Outcome.RETRY, detail="answered 429", retry_after=seconds)


async def test_own_headers_are_sent() -> None:
    receiver = Receiver()
    await sent(receiver, delivery(), headers={"Authorization": "Bearer abc"})
    assert receiver.got[0][0]["authorization"] == "Bearer abc"


async def test_a_redirect_is_refused_with_what_to_do_and_not_followed() -> None:
    receiver = Receiver((302, {"Location": "/in"}))
    (receipt,) = await sent(receiver, delivery())
    assert receipt.outcome is Outcome.REFUSED
    assert "set `url` to where it leads" in receipt.detail
    assert len(receiver.got) == 1


async def test_a_huge_answer_that_says_yes_is_a_yes() -> None:
    class Huge(Receiver):
        async def take(self, request: web.Request) -> web.Response:
            await super().take(request)
            return web.Response(body=bytes(17 * 1024 * 1024))

    (receipt,) = await sent(Huge(), delivery())
    assert receipt == Receipt(outcome=Outcome.DELIVERED, detail="answered 200")


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "ftp://example.org/hidden"},
        {"url": "hidden"},
        {"url": "https:///hidden"},
        {"secret": "whsec_hidden!"},
        {"secret": "whsec_"},
        {"headers": {"webhook-id": "hidden"}},
        {"headers": {"a b": "hidden"}},
        {"headers": {"X-A": "hid\r\nden"}},
        {"uri": "https://example.org/hidden"},
    ],
)
def test_wrong_options_are_refused_without_showing_them(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        Options(**{"name": "hook", "type": "webhook", "url": "https://example.org/", **wrong})
    assert "hidden" not in str(caught.value)


def test_a_secret_that_is_not_resolved_yet_is_no_mistake() -> None:
    missing = Secret("", missing="HOOK is not set")
    assert Options(name="hook", type="webhook", url=missing, secret=missing).url is missing


def test_unpadded_keys_are_taken() -> None:
    assert signing_key(Secret("whsec_YWI")) == b"ab"
