"""Turns an answer that brings nothing into a `Fault` that says what is wrong and what the operator can do."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from monitor.providers.model_studio.codes import verdict
from monitor.providers.model_studio.scrub import scrub
from monitor.wire import Answer, Fault, FaultKind, retry_after

NO_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What msgspec raises on bytes that are not the JSON that was asked for."""
_SHOWABLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._:-]{0,79}")
_TOP = msgspec.json.Decoder(dict[str, msgspec.Raw])


@dataclass(frozen=True, slots=True)
class Head:
    """What an answer's body says of an error. `code` is for deciding, `shown` and `request_id` are fit to be shown."""

    code: str | None = None
    shown: str | None = None
    request_id: str | None = None


class Judge:
    """Judges answers to one API key. `hide` is told of a text whether it holds the key."""

    def __init__(self, hide: Callable[[str], bool]) -> None:
        self._hide = hide

    def head(self, body: bytes) -> Head:
        """The error fields of a body; empty where it is no JSON object."""
        try:
            top = _TOP.decode(body)
        except NO_JSON:
            return Head()
        return self.head_of(top.get("code"), top.get("request_id"))

    def head_of(self, code: msgspec.Raw | None, request_id: msgspec.Raw | None) -> Head:
        word = scalar(code)
        text = str(word) if word else None
        return Head(text, self._showable(text), self._showable(scalar(request_id)))

    def refusal(self, answer: Answer, head: Head | None = None) -> Fault | None:
        """The fault in an answer that is an error by its status or its code; None for a 200 without a code."""
        head = self.head(answer.body) if head is None else head
        if answer.status == 200 and head.code is None:
            return None
        kind, what, hint = verdict(answer.status, (head.code or "").lower())
        proof = [" ".join(str(word) for word in (answer.status, head.shown) if word)]
        if head.request_id:
            proof.append(f"request {head.request_id}")
        paced = kind in (FaultKind.THROTTLED, FaultKind.TRANSIENT)
        return Fault(
            kind,
            f"{what} ({', '.join(proof)})",
            hint=hint,
            status=answer.status,
            code=head.shown,
            request_id=head.request_id,
            retry_after=retry_after(answer.headers, answer.date) if paced else None,
        )

    def _showable(self, word: Any) -> str | None:
        text = str(word).strip() if word else ""
        if not _SHOWABLE.fullmatch(text) or self._hide(text) or scrub(text) != text:
            return None
        return text


def scalar(raw: msgspec.Raw | None) -> str | int | float | bool | None:
    """The value of a slice that is a JSON scalar; None for anything else, broken or absent."""
    try:
        value = msgspec.json.decode(raw) if raw else None
    except NO_JSON:
        return None
    return value if isinstance(value, str | int | float) else None


def senseless(answer: Answer, what: str, request_id: str | None = None) -> Fault:
    """A fault for an answer that says 200 and means nothing."""
    return Fault(
        FaultKind.SENSELESS,
        f"Model Studio answered {what}" + (f" (request {request_id})" if request_id else ""),
        hint="it is asked again; if this lasts, check `endpoint`, and what stands between it and this machine",
        status=answer.status,
        request_id=request_id,
    )


def not_json(answer: Answer) -> str:
    """What a body that could not be read looks like, in words."""
    body = answer.body.strip()
    if not body:
        return "with nothing at all"
    if body.startswith(b"<"):
        return "with a web page instead of JSON"
    return "with something other than the JSON it should"
