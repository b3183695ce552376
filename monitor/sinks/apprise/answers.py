"""What a service's answer says in its body, read for the receipt: a refusal, one that will pass, or nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from monitor.model import Outcome, Receipt
from monitor.sinks.apprise.dialects import BUSY, Dialect
from monitor.sinks.apprise.verdict import LATER, MAX_DETAIL, scrub

_LONGEST = 65_536
"""Bytes of a body that are looked at: a refusal is short."""
_CODE = re.compile(r"-?\d{1,10}")
_PASSING = re.compile(r"too (?:many|fast)|freq|rate.?limit|over limit|busy|限流|频率|频繁|太快|繁忙", re.IGNORECASE)
"""The words tell as well as the codes, of which there are many: Feishu's 9499 is a bad request, or one too many."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A message that was not taken: the service's code and words, unscrubbed. `pause` (s) where it may pass."""

    code: int
    words: str
    pause: float | None


def read(status: int, body: bytes, dialect: Dialect) -> Refusal | None:
    """None where the body does not say that the message was refused; the status counts then."""
    if status >= 500 or len(body) > _LONGEST:
        return None
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    code = next((code for path in dialect.codes if (code := _code(_at(document, path)))), 0)
    if not code:
        return None
    words = next((text for path in dialect.words if isinstance(text := _at(document, path), str) and text), "")
    passing = code in dialect.later or status in LATER or _PASSING.search(words) is not None
    pause = min(BUSY, dialect.pause) if code == -1 else dialect.pause
    return Refusal(code, words, pause if passing else None)


def receipt_of(service: str, refusals: Sequence[Refusal], secret: str) -> Receipt:
    """Of a call in which at least one piece was refused; one that may pass is worth a retry."""
    said = next((each for each in refusals if each.pause is not None), refusals[0])
    words = scrub("".join(letter if letter.isprintable() else " " for letter in said.words), secret)
    verb = "refused it" if said.pause is None else "takes no message now"
    detail = f"{service} {verb}: {words} (code {said.code})" if words else f"{service} {verb} (code {said.code})"
    if len(detail) > MAX_DETAIL:
        detail = f"{service} {verb} (code {said.code}): {words}"[:MAX_DETAIL]
    outcome = Outcome.REFUSED if said.pause is None else Outcome.RETRY
    return Receipt(outcome=outcome, detail=detail, retry_after=said.pause)


def _at(document: object, path: str) -> object:
    for key in path.split("."):
        if not isinstance(document, dict):
            return None
        document = document.get(key)
    return document


def _code(value: object) -> int:
    """0 where it is none that can be read, or says that all is well."""
    if isinstance(value, bool):
        return 0
    return int(str(value)) if isinstance(value, int | str) and _CODE.fullmatch(str(value)) else 0
