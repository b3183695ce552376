"""What a failed Apprise call means: Apprise gives no status, only log lines, and this reads them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from urllib.parse import unquote

from monitor.model import Outcome, Receipt

_HTTP = re.compile(r"\berror[=:]\s*(\d{3})\b")
_SMTP = re.compile(r"\((\d{3}), b['\"]")
_SOME = re.compile(r"SMTP recipient \S+ was refused: (\d{3})")
"""Of a mail to several (`cc`, `bcc`) that others of them were given."""
_DISTRUSTED = re.compile(r"certificate.verify.failed", re.IGNORECASE)
_NOT_SENT = re.compile(
    r"failed to establish a new connection|connection refused|name or service not known|name resolution|getaddrinfo"
    r"|connecttimeout|connect timeout|no route to host|network is unreachable|certificate.verify.failed"
    r"|nodename nor servname",
    re.IGNORECASE,
)
_UNKNOWN = re.compile(
    r"timed out|connection aborted|remotedisconnected|remote end closed|connection reset|broken pipe"
    r"|connection unexpectedly closed|incompleteread|response ended prematurely",
    re.IGNORECASE,
)
LATER = frozenset({408, 425, 429})
MAX_DETAIL = 200


def judge(service: str, warnings: Sequence[str], causes: Sequence[str], secret: str) -> Receipt:
    """The receipt of a call that failed.

    `warnings` are Apprise's warnings, `causes` the exceptions it only logs for debugging: those are read, never shown,
    for they hold whole URLs. What is shown of a warning has every piece of `secret` (the URL) taken out.
    """
    # A plugin that read a refusal in the body says "error=200" and mostly why: its words tell more than the code.
    codes = [int(code) for line in warnings for code in _HTTP.findall(line) if not code.startswith("2")]
    smtp = [int(code) for line in causes for code in _SMTP.findall(line)]
    some = [int(code) for line in warnings for code in _SOME.findall(line)]
    if some:
        # One mail to all of them: whoever sent it again would send it to those again who have it.
        detail = f"{service}: SMTP {_list(some)} for some of its recipients; the others have it"
        return _receipt(Outcome.REFUSED, detail)
    if any(code < 200 for code in codes):  # Python's client takes 103 for the answer, and never hears the real one
        return _receipt(Outcome.UNKNOWN, f"{service} answered {_list(codes)}, which is no answer yet")
    if codes:
        # Several codes come from a text in pieces or a URL with several addresses: one that may pass is worth a retry.
        permanent = all(300 <= code < 500 and code not in LATER for code in codes)
        return _receipt(Outcome.REFUSED if permanent else Outcome.RETRY, f"{service} answered {_list(codes)}")
    if smtp:
        permanent = all(500 <= code < 600 for code in smtp)
        return _receipt(Outcome.REFUSED if permanent else Outcome.RETRY, f"{service}: SMTP {_list(smtp)}")
    if any(_DISTRUSTED.search(line) for line in causes):
        return _receipt(Outcome.RETRY, f"{service}: the server's certificate is not trusted; nothing was sent")
    if any(_NOT_SENT.search(line) for line in causes):
        return _receipt(Outcome.RETRY, f"{service}: no connection could be made")
    if any(_UNKNOWN.search(line) for line in causes):
        return _receipt(Outcome.UNKNOWN, f"{service}: the connection broke before the answer")
    text = scrub(" ".join(warnings), secret)
    return _receipt(Outcome.RETRY, f"{service}: {text}" if text else f"{service} did not take it and did not say why")


def _receipt(outcome: Outcome, detail: str) -> Receipt:
    return Receipt(outcome=outcome, detail=detail[:MAX_DETAIL])


def _list(codes: Iterable[int]) -> str:
    return ", ".join(str(code) for code in sorted(set(codes)))


def scrub(text: str, secret: str) -> str:
    """`text` on one line, without the URL and without any piece of it but its scheme."""
    rest = secret.partition("://")[2] or secret
    raw = {rest, *re.split(r"[:/?#&=@,;+\s]+", rest)}
    pieces = raw | {unquote(piece) for piece in raw}
    for piece in sorted((piece for piece in pieces if len(piece) >= 3), key=len, reverse=True):
        text = re.sub(re.escape(piece), "***", text, flags=re.IGNORECASE)
    return " ".join(text.split())
