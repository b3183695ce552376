"""What Apprise leaves undone of a mail: a subject in lines that SMTP allows, an id that stays, a word that no person
wrote it."""

from __future__ import annotations

from email.errors import HeaderParseError
from email.header import Header, decode_header, make_header
from hashlib import blake2b
from importlib import import_module
from types import FunctionType, MethodType
from typing import Any

_LINE = 76
_SUBJECT, _ID = "Subject: ", "Message-ID: "


class Mail:
    """Stands between one instance of the e-mail plugin and the server. `begin` says which message comes."""

    def __init__(self, plugin: Any) -> None:
        """Raises ValueError where the URL holds what SMTP cannot say."""
        if not f"{plugin.user or ''}{plugin.password or ''}".isascii():
            raise ValueError("holds a user or password with letters outside ASCII, which a mail server cannot be told")
        self.delivery = self.title = ""
        self._plugin = plugin
        # RFC 3834: nobody's out-of-office answers it. What the URL says of headers stands.
        plugin.headers = {"Auto-Submitted": "auto-generated", **plugin.headers}
        send: FunctionType = type(plugin).send
        names = dict(send.__globals__)
        names["AppriseSMTPController"] = self._controller(names["AppriseSMTPController"])
        own = FunctionType(send.__code__, names, send.__name__, send.__defaults__, send.__closure__)
        own.__kwdefaults__ = send.__kwdefaults__
        plugin.send = MethodType(own, plugin)

    def begin(self, delivery: str, title: str) -> None:
        self.delivery, self.title = delivery, title
        self._plugin.headers = {**self._plugin.headers, "X-Delivery-ID": delivery}

    def _controller(self, library: Any) -> Any:
        mail = self
        piece = getattr(import_module("apprise.plugins.base"), "_delivery_index", None)

        class Controller(library):  # type: ignore[misc]
            def sendmail(self, sender: str, recipients: list[str], message: str) -> bool:
                identity = f"{mail.delivery}\0{recipients[0]}\0{piece.get() if piece else ''}"
                written = proper(message, identity, encoded=not mail.title.isascii())
                return bool(super().sendmail(sender, recipients, written))

        return Controller


def is_mail(plugin: Any) -> bool:
    return getattr(plugin, "smtp_host", None) is not None and isinstance(getattr(plugin, "headers", None), dict)


def proper(message: str, identity: str, *, encoded: bool) -> str:
    """The mail with a Message-ID that is the same for the same `identity`, so that mailboxes know a repeat, and with
    its subject in words of a legal length: Apprise makes one of any length, and servers refuse lines beyond 998 bytes.
    `encoded`: the subject is one that Apprise had to encode."""
    head, blank, body = message.partition("\n\n")
    return "\n".join(_rewritten(line, identity, encoded) for line in head.split("\n")) + blank + body


def _rewritten(line: str, identity: str, encoded: bool) -> str:
    if line.startswith(_SUBJECT) and (encoded or "=?" in line):
        return _SUBJECT + _folded(line.removeprefix(_SUBJECT), encoded)
    if line.startswith(_ID):
        digest = blake2b(identity.encode("utf-8", "replace"), digest_size=16).hexdigest()
        return f"{_ID}<{digest}@{line.rpartition('@')[2]}"
    return line


def _folded(subject: str, encoded: bool) -> str:
    """What only looks encoded, as a job's name may, is encoded so that it is read as it was written."""
    try:
        words = str(make_header(decode_header(subject))) if encoded else subject
    except (HeaderParseError, LookupError, UnicodeError):
        return subject
    return Header(words, "utf-8", maxlinelen=_LINE, header_name="Subject").encode()
