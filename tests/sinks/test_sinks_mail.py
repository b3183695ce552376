"""E-mail through Apprise to a real SMTP server: what a person reads, and what its refusals mean."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from monitor.fields import SystemClock
from monitor.model import Delivery, Notification, Outcome, Reason, Receipt, Severity, Text
from monitor.sinks.apprise import sink as apprise_sink
from monitor.sinks.apprise.options import Options
from monitor.wire import Http, new_session
from tests.kit.mail import Inbox, served

HOSTILE = "<script>alert(1)</script> </body> *_` 任务“微调” &amp; %00 \u202e 😀"


async def send(port: int, text: Text, *, user: str = "", times: int = 1) -> list[Receipt]:
    url = f"mailto://{user}127.0.0.1:{port}?mode=insecure&from=tm@example.org&to=ann@example.org"
    said = Notification(
        id="n-1",
        rule="r",
        severity=Severity.WARNING,
        reason=Reason.NEW,
        text=text,
        created_at=datetime(2026, 11, 20, tzinfo=UTC),
        events=(),
    )
    async with new_session() as session:
        options = Options(name="mail", type="apprise", url=url, timeout="5s")
        sink = apprise_sink.build(options, Http(session), SystemClock())
        return [await sink.send(Delivery(id="d-1", sink="mail", attempt=1, notification=said)) for _ in range(times)]


def seen(mail: EmailMessage) -> str:
    body = mail.get_body(preferencelist=("html", "plain"))
    assert body is not None
    assert body.get_content_type() == "text/plain"
    return str(body.get_content())


async def test_hostile_and_chinese_text_is_read_as_it_was_written() -> None:
    inbox = Inbox()
    with served(inbox) as port:
        text = Text(title=f"任务 {HOSTILE}", plain=f"{HOSTILE}\n第二行", markdown="**not used: mail has no Markdown**")
        receipts = await send(port, text)
    assert receipts[0].outcome is Outcome.DELIVERED
    (mail,) = inbox.mails
    assert mail["subject"] == text.title
    assert HOSTILE in seen(mail)
    assert "第二行" in seen(mail)
    assert "not used" not in seen(mail)


async def test_no_header_can_be_smuggled_in_by_a_title() -> None:
    inbox = Inbox()
    with served(inbox) as port:
        await send(port, Text(title="x\r\nBcc: eve@example.org", plain="p", markdown="m"))
    assert all(mail["bcc"] is None for mail in inbox.mails)


async def test_ten_mails_wait_for_no_throttle() -> None:
    inbox = Inbox()
    with served(inbox) as port:
        began = time.monotonic()
        receipts = await send(port, Text(title="t", plain="p", markdown="m"), times=10)
        took = time.monotonic() - began
    assert {receipt.outcome for receipt in receipts} == {Outcome.DELIVERED}
    assert len(inbox.mails) == 10
    assert took < 25, "Apprise waits 5.5 s between two mails unless it is told not to"


@pytest.mark.parametrize(
    ("inbox", "outcome", "said"),
    [
        (Inbox(rcpt="550 no such user"), Outcome.REFUSED, "SMTP 550"),
        (Inbox(rcpt="451 greylisted"), Outcome.RETRY, "SMTP 451"),
        (Inbox(answer="554 spam"), Outcome.REFUSED, "SMTP 554"),
        (Inbox(answer="452 full"), Outcome.RETRY, "SMTP 452"),
    ],
)
async def test_what_the_server_says_decides(inbox: Inbox, outcome: Outcome, said: str) -> None:
    with served(inbox) as port:
        (receipt,) = await send(port, Text(title="t", plain="p", markdown="m"))
    assert receipt.outcome is outcome
    assert said in receipt.detail


@pytest.mark.filterwarnings("ignore:Requiring AUTH")
async def test_a_wrong_password_is_refused_and_not_shown() -> None:
    def never(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        return AuthResult(success=False, handled=False)

    with served(Inbox(), auth_required=True, auth_require_tls=False, authenticator=never) as port:
        (receipt,) = await send(port, Text(title="t", plain="p", markdown="m"), user="ann:hiddenpw@")
    assert receipt.outcome is Outcome.REFUSED
    assert "535" in receipt.detail
    assert "hiddenpw" not in receipt.detail
    assert "ann" not in receipt.detail


async def test_no_server_is_tried_again() -> None:
    with served(Inbox()) as port:
        pass
    (receipt,) = await send(port, Text(title="t", plain="p", markdown="m"))
    assert receipt.outcome is Outcome.RETRY
