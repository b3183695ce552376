"""Turns a refused request into a `Fault`: what the platform's status, code and words mean and what can be done."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import msgspec

from monitor.providers.modelarts.scrub import scrub
from monitor.wire import Answer, Fault, FaultKind, retry_after

JOB_NOT_FOUND = (400, "ModelArts.2775")
"""A job that does not exist is a 400, not a 404 (reference, section 4)."""

_THROTTLED = frozenset({"APIGW.0308", "ModelArts.2799", "ModelArts.4206", "ModelArts.6101"})
_ARREARS = frozenset({"ModelArts.2837", "ModelArts.6201", "ModelArts.6203"})
_WORKSPACE = frozenset({"ModelArts.2838", "ModelArts.2891"})
_PROJECT = frozenset({"ModelArts.2786"})
_NO_SUCH_API = frozenset({"APIGW.0101"})
_SAYS_ARREARS = re.compile(r"arrear|frozen|overdue|suspended|account (is )?restricted|欠费|冻结", re.IGNORECASE)
_SAYS_SIGNATURE = re.compile(r"signature|aksk|ak/sk|access key|secret ?key|\bAK\b|\bSK\b|X-Sdk-Date", re.IGNORECASE)
_SAYS_LOCKED = re.compile(r"\blimit|\blocked\b|too many", re.IGNORECASE)
_SAYS_PROJECT = re.compile(r"project.{0,60}(match|token|differ|inconsistent)|token.{0,60}project", re.IGNORECASE)
_WORDS = 200
"""Characters of the platform's own words that a fault quotes."""
_LOCK = 300.0
"""Seconds that a key stays locked after more than five bad signatures in a row."""


@contextmanager
def placed(key: str) -> Iterator[None]:
    """Within it, hints that send the reader to `endpoint` send to the config key that the host really comes from."""
    try:
        yield
    except Fault as fault:
        fault.hint = fault.hint.replace("`endpoint`", f"`{key}`")
        raise


@dataclass(frozen=True, slots=True)
class Said:
    """What an error body says, in whichever of the vendor's envelopes; the words are not scrubbed yet."""

    code: str | None
    words: str
    request_id: str | None

    def without(self, secrets: Collection[str]) -> Said:
        """The code and the request id are shown as they are, so one that repeats a secret of ours is left out."""

        def kept(text: str | None) -> str | None:
            return None if text and any(secret in text for secret in secrets if len(secret) >= 3) else text

        return Said(kept(self.code), self.words, kept(self.request_id))


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was asked, for the text: `ModelArts`, `list the training jobs`, and what the reader has to look at."""

    service: str
    action: str
    permission: str
    credential: str
    """The config keys of the credential in use: `access_key and secret_key`, `token`, `iam`."""
    signed: bool
    secrets: Collection[str]
    """What was sent, of which nothing may come back in a text."""


def said(answer: Answer) -> Said:
    """Never raises: HTML, an empty body and odd shapes have neither code nor words."""
    request_id = answer.headers.get("X-Request-Id")
    try:
        body = msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Said(None, "", _text(request_id))
    layers = [body, *body.values()] if isinstance(body, dict) else []
    for layer in layers:
        if not isinstance(layer, dict):
            continue
        for code_key, words_key in (("error_code", "error_msg"), ("errorCode", "errorMsg"), ("code", "message")):
            code, words = layer.get(code_key), layer.get(words_key)
            if isinstance(code, str | int) or isinstance(words, str):
                found = _text(request_id) or _text(layer.get("request_id"))
                return Said(_text(code), words if isinstance(words, str) else "", found)
    return Said(None, "", _text(request_id))


def _text(value: object) -> str | None:
    """A code or request id fit for a log line: short and plain, else None."""
    text = str(value) if isinstance(value, str | int) else ""
    return text if re.fullmatch(r"[\w.:/-]{1,80}", text, re.ASCII) else None


def refusal(answer: Answer, asked: Asked) -> Fault:
    """The fault that an answer outside 200 stands for."""
    heard = said(answer).without(asked.secrets)
    kind, reason, hint = _judge(answer.status, heard, asked)
    wait = retry_after(answer.headers, answer.date)
    if kind is FaultKind.BAD_SIGNATURE and _SAYS_LOCKED.search(heard.words):
        wait = max(wait or 0.0, _LOCK)
    return Fault(
        kind,
        f"{asked.service} refused to {asked.action}: {reason} ({proof(answer, heard, asked)})",
        hint=hint,
        status=answer.status,
        code=heard.code,
        request_id=heard.request_id,
        retry_after=wait,
    )


def proof(answer: Answer, heard: Said, asked: Asked) -> str:
    """The status, code and words that a text rests on, without a secret: `HTTP 409 ModelArts.2878: "…"`."""
    code = f" {heard.code}" if heard.code else ""
    words = scrub(heard.words, limit=_WORDS, known=asked.secrets)
    quoted = f': "{words}"' if words else ""
    return f"HTTP {answer.status}{code}{quoted}"


def _judge(status: int, heard: Said, asked: Asked) -> tuple[FaultKind, str, str]:
    code = heard.code or ""
    if status == 429 or code in _THROTTLED:
        return FaultKind.THROTTLED, "too many requests", "raise `every` or lower this account's `budget`"
    if status >= 500 or status in (408, 409, 425):
        return FaultKind.TRANSIENT, "a fault on its side", "nothing to do unless it lasts; the next poll tries again"
    if code in _ARREARS or (status in (400, 401, 403) and _SAYS_ARREARS.search(heard.words)):
        return FaultKind.ARREARS, "the account is in arrears, frozen or restricted", "settle it in the billing centre"
    if code in _PROJECT or (status == 403 and _SAYS_PROJECT.search(heard.words)):
        hint = "take `project_id` from the console (My Credentials), for the same region as `endpoint`"
        return FaultKind.MISCONFIGURED, "`project_id` does not belong to this credential", hint
    if code in _WORKSPACE:
        hint = "check the ids under `jobs.workspaces` and that the user may enter these workspaces"
        return FaultKind.UNAUTHORIZED, "no access to the workspace", hint
    if status in (401, 403):
        return _unauthorized(status, code, heard.words, asked)
    if code in _NO_SUCH_API or status == 404:
        hint = "check `region` and `endpoint`; ModelArts must be offered there"
        return FaultKind.MISCONFIGURED, "there is no such API at this address", hint
    hint = "check `project_id`, `workspaces` and the filters of this watch; if they are right, please report this"
    return FaultKind.MISCONFIGURED, "it does not accept the request", hint


def _unauthorized(status: int, code: str, words: str, asked: Asked) -> tuple[FaultKind, str, str]:
    wrong_signature = code == "APIGW.0301" or _SAYS_SIGNATURE.search(words)
    if asked.signed and wrong_signature:
        if _SAYS_LOCKED.search(words):
            hint = "wait five minutes, then correct access_key and secret_key; more attempts keep it locked"
            return FaultKind.BAD_SIGNATURE, "the access key is locked after too many bad signatures", hint
        hint = f"check {asked.credential}, and that this machine's clock is right; five bad signatures lock the key"
        return FaultKind.BAD_SIGNATURE, "the access key, its secret or the signature is wrong", hint
    if status == 401:
        if asked.signed:
            return FaultKind.UNAUTHORIZED, "the credential is not accepted", f"check {asked.credential} and `region`"
        hint = f"check {asked.credential}: a token lives 24 h, ends with a changed password and is valid in one region"
        return FaultKind.UNAUTHORIZED, "the token is not valid or has ended", hint
    hint = f"give the user {asked.permission}, and let ModelArts be authorised in this region"
    return FaultKind.UNAUTHORIZED, "the user is not allowed to", hint
