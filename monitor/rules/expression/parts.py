"""An expression taken apart at its outer `&&`, `||` and `!`, as text, so that people can be told which part decided."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

_OPEN, _CLOSE = "([{", ")]}"


@dataclass(frozen=True, slots=True)
class Part:
    """`sign`: `&&`, `||` or `!` between or before its parts; empty where it is not taken apart any further."""

    text: str
    sign: str = ""
    parts: tuple[Part, ...] = ()


def parts_of(source: str) -> Part:
    """Never raises: what cannot be taken apart is one part."""
    text = _bare(source)
    if _cuts(text, "?"):
        return Part(text)
    for sign in ("||", "&&"):
        if cuts := _cuts(text, sign):
            ends = [*cuts, len(text)]
            begins = [0, *(cut + len(sign) for cut in cuts)]
            pieces = [text[begin:end] for begin, end in zip(begins, ends, strict=True)]
            if all(piece.strip() for piece in pieces):
                return Part(text, sign, tuple(parts_of(piece) for piece in pieces))
    if text.startswith("!") and _wrapped(rest := text[1:].strip()):
        return Part(text, "!", (parts_of(rest),))
    return Part(text)


def _bare(text: str) -> str:
    """Without the brackets around all of it."""
    text = text.strip()
    while _wrapped(text):
        text = text[1:-1].strip()
    return text


def _wrapped(text: str) -> bool:
    """Whether one pair of brackets holds all of it."""
    if not text.startswith("(") or not text.endswith(")"):
        return False
    return all(depth > 0 for place, _, depth in _outside_of_texts(text) if place < len(text) - 1)


def _cuts(text: str, sign: str) -> list[int]:
    """Where the sign stands outside of brackets and texts."""
    found = [place for place, _, depth in _outside_of_texts(text) if depth == 0 and text.startswith(sign, place)]
    return [place for place in found if sign != "?" or text[place - 1 : place] != "."]


def _outside_of_texts(text: str) -> Iterator[tuple[int, str, int]]:
    """Each character that is no part of a text or a comment, and how many brackets are open behind it."""
    place, depth = 0, 0
    while place < len(text):
        char = text[place]
        if char in "\"'":
            place = _behind_text(text, place)
            continue
        if text.startswith("//", place):
            end = text.find("\n", place)
            place = len(text) if end < 0 else end
            continue
        depth += (char in _OPEN) - (char in _CLOSE)
        yield place, char, depth
        place += 1


def _behind_text(text: str, begin: int) -> int:
    """The place behind the text that begins here; raw ones take no backslash, but none of ours ends in one."""
    quote = text[begin] * 3 if text.startswith(text[begin] * 3, begin) else text[begin]
    raw = text[begin - 1 : begin] in ("r", "R") and begin > 0
    place = begin + len(quote)
    while place < len(text):
        if text[place] == "\\" and not raw:
            place += 2
        elif text.startswith(quote, place):
            return place + len(quote)
        else:
            place += 1
    return len(text)
