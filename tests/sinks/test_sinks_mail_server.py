"""E-mail through Apprise to a real SMTP server with STARTTLS and log-in: who gets what, once, and how it looks."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from email.header import decode_header, make_header
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import trustme

from monitor.fields import SystemClock
from monitor.model import Delivery, Notification, Outcome, Reason, Receipt, Severity, Text
from monitor.sinks.apprise import sink as apprise_sink
from monitor.sinks.apprise.options import Options
from monitor.wire import Http, new_session
from tests.kit.mail import Inbox, served

LOGIN, PASSWORD = "monitor@example.org", "p:w/@#1%"
LONG = "任务“客服问答-v3”失败 " * 40
FIRST, SECOND = "ann@example.org", "bob@example.org"


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A server certificate for `localhost` whose issuer this process trusts."""
    issuer = trustme.CA()
    issuer.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issuer.issue_cert("localhost").configure_cert(context)
    return context


def delivery(text: Text | None = None, number: int = 1) -> Delivery:
    said = Notification(
        id="n-1",
        rule="r",
        severity=Severity.WARNING,
        reason=Reason.NEW,
        text=text or Text(title="a title", plain="plain", markdown="**rich**"),
        created_at=datetime(2026, 11, 20, tzinfo=UTC),
        events=(),
    )
    return Delivery(id=f"d-{number}", sink="mail", attempt=1, notification=said)


async def send(
    port: int, *deliveries: Delivery, query: str = f"to={FIRST}", password: str = PASSWORD, between: Any = None
) -> list[Receipt]:
    """`between`: called after each attempt."""
    user = f"{quote(LOGIN, safe='')}:{quote(password, safe='')}"
    url = f"mailtos://{user}@localhost:{port}?mode=starttls&from=Training Monitor<tm@example.org>&{query}"
    receipts = []
    async with new_session() as session:
        options = Options(name="mail", type="apprise", url=url, timeout="5s")
        sink = apprise_sink.build(options, Http(session), SystemClock())
        for each in deliveries or [delivery()]:
            receipts.append(await sink.send(each))
            assert not any(secret in repr(receipts[-1]) for secret in (PASSWORD, LOGIN, "example.org"))
            if between is not None:
                between()
    return receipts


async def test_a_mail_goes_out_over_starttls_after_the_log_in(tls: ssl.SSLContext) -> None:
    inbox = Inbox()
    with served(inbox, tls_context=tls, **inbox.let_in(LOGIN, PASSWORD)) as port:
        (receipt,) = await send(port)
    assert receipt == Receipt(outcome=Outcome.DELIVERED, detail="taken by E-Mail")
    assert inbox.logins == [LOGIN]
    assert inbox.recipients == [[FIRST]]


async def test_a_wrong_password_is_refused_and_nothing_is_sent(tls: ssl.SSLContext) -> None:
    inbox = Inbox()
    with served(inbox, tls_context=tls, **inbox.let_in(LOGIN, PASSWORD)) as port:
        (receipt,) = await send(port, password="wrong")
    assert (receipt.outcome, receipt.detail) == (Outcome.REFUSED, "E-Mail: SMTP 535")
    assert inbox.mails == []


async def test_a_certificate_that_nobody_vouches_for_gets_no_password_and_is_said(
    tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    inbox = Inbox()
    with served(inbox, tls_context=tls, **inbox.let_in(LOGIN, PASSWORD)) as port:
        (receipt,) = await send(port)
    assert receipt.outcome is Outcome.RETRY
    assert receipt.detail == "E-Mail: the server's certificate is not trusted; nothing was sent"
    assert inbox.logins == []


async def test_a_server_without_tls_gets_no_password(tls: ssl.SSLContext) -> None:
    inbox = Inbox()
    with served(inbox) as port:
        (receipt,) = await send(port)
    assert receipt.outcome is Outcome.RETRY
    assert inbox.logins == inbox.mails == []


async def test_greylisting_is_waited_out_and_the_mail_comes_once(tls: ssl.SSLContext) -> None:
    inbox = Inbox(rcpt="450 4.2.0 greylisted, come back later")

    def welcome() -> None:
        inbox.rcpt = "250 OK"

    with served(inbox, tls_context=tls, **inbox.let_in(LOGIN, PASSWORD)) as port:
        first, second = await send(port, delivery(), delivery(), between=welcome)
    assert (first.outcome, first.detail) == (Outcome.RETRY, "E-Mail: SMTP 450")
    assert second.outcome is Outcome.DELIVERED
    assert len(inbox.mails) == 1


async def test_of_several_addresses_the_one_that_has_it_is_not_sent_it_again(tls: ssl.SSLContext) -> None:
    inbox = Inbox(answers={SECOND: "451 not now"})

    def welcome() -> None:
        inbox.answers.clear()

    with served(inbox, tls_context=tls, **inbox.let_in(LOGIN, PASSWORD)) as port:
        first, second = await send(port, delivery(), delivery(), query=f"to={FIRST},{SECOND}", between=welcome)
        assert (first.outcome, second.outcome) == (Outcome.RETRY, Outcome.DELIVERED)
        assert sorted(inbox.recipients) == [[FIRST], [SECOND]]
        await send(port, delivery(number=2), query=f"to={FIRST},{SECOND}")
        assert len(inbox.mails) == 4, "another message goes to both again"


async def test_an_address_that_is_refused_for_good_keeps_no_other_from_its_mail(tls: ssl.SSLContext) -> None:
    inbox = Inbox(answers={FIRST: "550 no such user"})
    with served(inbox, tls_context=tls, **inbox.let_in(LOGIN, PASSWORD)) as port:
        (receipt,) = await send(port, query=f"to={FIRST},{SECOND}")
    assert (receipt.outcome, receipt.detail) == (Outcome.REFUSED, "E-Mail: SMTP 550")
    assert inbox.recipients == [[SECOND]]


@pytest.mark.parametrize("said", ["550 no such user", "451 not now"])
async def test_one_mail_that_some_of_its_recipients_have_is_not_sent_to_them_again(
    tls: ssl.SSLContext, said: str
) -> None:
    inbox = Inbox(answers={SECOND: said})
    with served(inbox, tls_context=tls, **inbox.let_in(LOGIN, PASSWORD)) as port:
        (receipt,) = await send(port, query=f"to={FIRST}&cc={SECOND}")
    assert receipt.outcome is Outcome.REFUSED
    assert receipt.detail == f"E-Mail: SMTP {said[:3]} for some of its recipients; the others have it"
    assert inbox.recipients == [[FIRST]]


async def test_what_a_mail_looks_like_to_a_program(tls: ssl.SSLContext) -> None:
    inbox = Inbox()
    plain = f"Why: 内存不足 😀 \u202e <b>&amp;</b>\n{'x' * 2000}\n.\n..two dots\nFrom here on"
    text = Text(title=LONG, plain=plain, markdown="**not used**")
    with served(inbox, tls_context=tls, **inbox.let_in(LOGIN, PASSWORD)) as port:
        ann = "to=" + quote(f"安娜 Müller<{FIRST}>")
        await send(port, delivery(text), delivery(text), delivery(text, 2), query=ann)
    mail, again, other = inbox.mails
    whole = " ".join(LONG.split())
    assert mail["subject"] == whole[:249] + "…"
    assert str(make_header(decode_header(mail["from"]))) == "Training Monitor <tm@example.org>"
    assert mail["to"].addresses[0].addr_spec == FIRST
    assert mail["to"].addresses[0].display_name == "安娜 Müller"
    assert abs(parsedate_to_datetime(mail["date"]) - datetime.now(UTC)) < timedelta(minutes=1)
    assert mail["message-id"] == again["message-id"], "a mailbox could not tell that it has it already"
    assert other["message-id"] != mail["message-id"]
    assert mail["x-delivery-id"] == again["x-delivery-id"] == "d-1"
    assert mail["auto-submitted"] == "auto-generated"
    assert mail["x-application"] == "Training Monitor"
    assert mail.get_content_type() == "text/plain"
    assert mail.get_content_charset() == "utf-8"
    assert mail.get_content().replace("\r\n", "\n").rstrip("\n") == f"{LONG}\n\n{plain}"
    assert max(len(each) for each in inbox.raw[0].split(b"\r\n")) <= 120, "SMTP allows 998, RFC 2047 words of 75"
    assert inbox.raw[0].isascii(), "a server that does not know 8BITMIME would break it"


@pytest.mark.parametrize(
    "title",
    ["t" * 250, "failed: " * 30, "微" * 250, "😀" * 250, "é" + "x" * 249, "=?utf-8?q?x?= y" * 12, "=?utf-8?q?x=0Ay?="],
)
async def test_a_long_subject_is_read_as_it_was_written(title: str) -> None:
    inbox = Inbox()
    with served(inbox) as port:
        url = f"mailto://localhost:{port}?mode=insecure&from=tm@example.org&to={FIRST}"
        async with new_session() as session:
            sink = apprise_sink.build(Options(name="m", type="apprise", url=url), Http(session), SystemClock())
            receipt = await sink.send(delivery(Text(title=title, plain="p", markdown="m")))
    assert receipt.outcome is Outcome.DELIVERED
    assert inbox.mails[0]["subject"] == title.strip()
    assert inbox.mails[0]["message-id"]


async def test_a_long_text_in_several_mails_has_an_id_for_each() -> None:
    inbox = Inbox()
    with served(inbox) as port:
        url = f"mailto://localhost:{port}?mode=insecure&from=tm@example.org&to={FIRST}"
        async with new_session() as session:
            sink = apprise_sink.build(Options(name="m", type="apprise", url=url), Http(session), SystemClock())
            await sink.send(delivery(Text(title="t", plain="a line\n" * 9000, markdown="m")))
    assert len(inbox.mails) > 1
    assert len({mail["message-id"] for mail in inbox.mails}) == len(inbox.mails)


@pytest.mark.parametrize(
    "url", ["mailtos://u:p%C3%A4@h.org?from=a@h.org&to=b@h.org", "mailtos://%C3%A4:p@h.org?from=a@h.org&to=b@h.org"]
)
async def test_a_password_that_no_log_in_can_send_is_said_when_the_file_is_read(url: str) -> None:
    async with new_session() as session:
        with pytest.raises(ValueError, match="outside ASCII"):
            apprise_sink.build(Options(name="m", type="apprise", url=url), Http(session), SystemClock())
