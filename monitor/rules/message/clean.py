"""Words from outside made fit for a message: one line, no control or direction signs, bounded."""

from __future__ import annotations

import re
import unicodedata

_DIRECTIONS = re.compile(
    "[\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
"""What turns the reading direction or is not seen at all. The joiners that emoji and some scripts need stay."""
_BLANKS = re.compile("[\x00-\x1f\x7f-\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]")
"""Control signs, and what parts words or lines: Unicode's Cc, Zs, Zl and Zp."""
_HALVES = re.compile("[\ud800-\udfff]")
"""Half a sign, which no file and no wire takes."""
_MENTION = re.compile(r"@(?=(?:everyone|here|channel|all)\b)", re.IGNORECASE)
_ADDRESS = re.compile(r"https?://[A-Za-z0-9._~:/?#@!$&*+,;=%-]{1,500}")
_MARKS = 4
"""Combining signs in a row that a writing system may need; more are a joke that covers the lines around."""
_PILES = re.compile(f"[\u0300-\u302f\u3099\u309a\ua66f-\U0010ffff]{{{_MARKS + 1},}}")
"""Where such a joke may be: no combining sign is below, nor among the letters of Chinese and Japanese between."""
_FIT = re.compile("[ -~\u3001-\u3029\u3041-\u3096\u30a0-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uff01-\uff60]*")
"""What most texts are of, ASCII and Chinese or Japanese, and what needs no second look."""


def one_line(text: object, limit: int) -> str:
    """At most `limit` characters, cut with an ellipsis; a run of spaces, newlines, control signs is one space."""
    words = str(text)[: limit * 20]
    if not _FIT.fullmatch(words):
        words = _HALVES.sub("\ufffd", _BLANKS.sub(" ", _DIRECTIONS.sub("", words)))
        words = _PILES.sub(_thinned, words)
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


def _thinned(pile: re.Match[str]) -> str:
    result: list[str] = []
    marks = 0
    for sign in pile[0]:
        marks = marks + 1 if unicodedata.combining(sign) else 0
        if marks <= _MARKS:
            result.append(sign)
    return "".join(result)
