"""Words from outside made fit for a message: one line, no control or direction signs, bounded."""

from __future__ import annotations

import re
import unicodedata

_DIRECTIONS = re.compile(
    "[\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
"""What turns the reading direction or is not seen at all. The joiners that emoji and some scripts need stay."""
_MENTION = re.compile(r"@(?=(?:everyone|here|channel|all)\b)", re.IGNORECASE)
_ADDRESS = re.compile(r"https?://[A-Za-z0-9._~:/?#@!$&*+,;=%-]{1,500}")
_MARKS = 4
"""Combining signs in a row that a writing system may need; more are a joke that covers the lines around."""


def one_line(text: object, limit: int) -> str:
    """At most `limit` characters, cut with an ellipsis; a run of spaces, newlines, control signs is one space."""
    words = str(text)[: limit * 20]
    if not (words.isascii() and words.isprintable()):
        words = _thinned("".join(_visible(sign) for sign in _DIRECTIONS.sub("", words)))
    words = " ".join(words.split())
    return cut(_MENTION.sub("＠", words) if "@" in words else words, limit)


def cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def cut_words(text: str, limit: int) -> str:
    """As `cut`, between two words where the last one would not stand whole and is none of endless length."""
    if len(text) <= limit:
        return text
    head, space, _ = text[:limit].rpartition(" ")
    return head.rstrip(" ,;:(") + " …" if space and len(head) * 2 > limit else cut(text, limit)


def link(url: object) -> str | None:
    """A web address that can stand in a message as it is, or None."""
    return url if isinstance(url, str) and _ADDRESS.fullmatch(url) else None


def _visible(sign: str) -> str:
    category = unicodedata.category(sign)
    if category == "Cs":
        return "\ufffd"
    return " " if category in ("Cc", "Zl", "Zp", "Zs") else sign


def _thinned(text: str) -> str:
    result: list[str] = []
    marks = 0
    for sign in text:
        marks = marks + 1 if unicodedata.combining(sign) else 0
        if marks <= _MARKS:
            result.append(sign)
    return "".join(result)
