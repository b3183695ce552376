"""Fits a message to what a service takes: a title that is too long, pieces by bytes, and an end to the pieces."""

from __future__ import annotations

from monitor.sinks.apprise.dialects import Dialect

PIECES = 20
"""Messages that one text may become. Texts of ours are shorter than that anywhere; a template's may have any length."""
_FULL = 0.9
"""How full pieces are that are split between words, at the least."""


def fitted_title(title: str, body: str, longest: int, said: str) -> tuple[str, str]:
    """A title beyond `longest` (0: there is no limit) ends with an ellipsis, and stands whole before the body, there as
    `said`."""
    if longest <= 0 or len(title) <= longest:
        return title, body
    return title[: longest - 1].rstrip() + "…", f"{said}\n\n{body}"


def fitted_body(body: str, longest: int, beside: int) -> str:
    """At most what PIECES of `longest` characters hold, `beside` of which the title takes; cut at the end of a line."""
    room = int(PIECES * longest * _FULL) - beside
    if len(body) <= room:
        return body
    lines = body.splitlines()
    kept, length = 0, len("\n… and 1000000 more lines")
    while kept < len(lines) and length + len(lines[kept]) + 1 <= room:
        length += len(lines[kept]) + 1
        kept += 1
    left = len(lines) - kept
    if not kept or len(lines[kept]) > longest:  # a line that is longer than a message is worth its begin
        begin = lines[kept][: max(0, room - length - len(" … and more"))].rstrip("\\ ")
        more = f"\n… and {left - 1} more lines" if left > 1 else ""
        return "\n".join([*lines[:kept], f"{begin} … and more"]) + more
    return "\n".join(lines[:kept]) + f"\n… and {left} more line{'s' if left > 1 else ''}"


def longest_piece(text: str, dialect: Dialect | None, usual: int, beside: str = "") -> int:
    """How many characters of `text` a message may hold so that each piece stays within the service's bytes. `beside`:
    what each message holds as well."""
    if dialect is None or dialect.max_bytes is None:
        return usual
    weights = [_weight(sign, dialect.escaped) for sign in text]
    most = dialect.max_bytes - sum(_weight(sign, dialect.escaped) for sign in beside)
    if sum(weights) <= most:
        return usual
    return min(usual, max(1, _window(weights, most)))


def _window(weights: list[int], most: int) -> int:
    """The most signs of which any so many in a row weigh at most `most`."""
    narrowest, weight, begin = len(weights), 0, 0
    for end, each in enumerate(weights):
        weight += each
        while weight > most:
            narrowest = min(narrowest, end - begin)
            weight -= weights[begin]
            begin += 1
    return narrowest


def _weight(sign: str, escaped: bool) -> int:
    """Bytes of a sign: in UTF-8, or in JSON that is written in ASCII, as Apprise sends it."""
    if not escaped:
        return len(sign.encode("utf-8", "replace"))
    if sign < " ":
        return 6 if sign not in "\b\f\n\r\t" else 2
    if sign < "\x7f":
        return 2 if sign in '"\\' else 1
    return 6 if sign <= "\uffff" else 12
