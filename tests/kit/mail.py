"""A real SMTP server that keeps what it gets, and says what it is told to say."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from types import MappingProxyType
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

TAKEN = "250 OK"


class Inbox:
    """`answer` to whole mails, `rcpt` to recipients, `answers` to some of them by their address."""

    def __init__(
        self, answer: str = TAKEN, rcpt: str = TAKEN, answers: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        self.mails: list[EmailMessage] = []
        self.raw: list[bytes] = []
        self.recipients: list[list[str]] = []
        self.logins: list[str] = []
        self.answer = answer
        self.rcpt = rcpt
        self.answers = dict(answers)

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, _: list[str]) -> str:
        said = self.answers.get(address, self.rcpt)
        if said == TAKEN:
            envelope.rcpt_tos.append(address)
        return said

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        if self.answer == TAKEN:
            self.mails.append(mail)
            self.raw.append(envelope.content)
            self.recipients.append(envelope.rcpt_tos)
        return self.answer

    def let_in(self, login: str, password: str) -> dict[str, Any]:
        """Options of `served`: only who knows these, and speaks TLS, may send."""

        def decide(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
            assert isinstance(data, LoginPassword)
            known = (data.login, data.password) == (login.encode(), password.encode())
            self.logins.append(data.login.decode())
            # `handled`: else it would send no answer to a wrong one, and the client would hang.
            return AuthResult(success=known, handled=known, auth_data=data)

        return {"require_starttls": True, "auth_required": True, "authenticator": decide}


@contextmanager
def served(inbox: Inbox, **options: Any) -> Iterator[int]:
    """The port on loopback."""
    controller = Controller(inbox, hostname="127.0.0.1", port=0, **options)
    # Not port 0: the controller asks the port that it was given whether it answers.
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        controller.port = free.getsockname()[1]
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()
