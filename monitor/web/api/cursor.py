"""Where a page of a list ended, as an opaque short text that only the same list takes back."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import msgspec
import xxhash

from monitor.web.api.message import Problem
from monitor.web.api.route import Listed, Page

_SEAL = 4
T = TypeVar("T", int, str)
Item = TypeVar("Item")
Row = TypeVar("Row")


def pack(of: str, *place: int | str) -> str:
    """The cursor behind this place in the list `of`."""
    plain = msgspec.msgpack.encode(place)
    return _text(_seal(of, plain) + plain)


def number(of: str, cursor: str | None) -> int | None:
    """The one number in the cursor; None without a cursor. Raises Problem where this list did not make it."""
    found = places(of, cursor, int, 1)
    return None if found is None else found[0]


def places(of: str, cursor: str | None, kind: type[T], count: int) -> tuple[T, ...] | None:
    """As many numbers or words. Raises Problem."""
    if cursor is None:
        return None
    try:
        raw = urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4))
        found = msgspec.msgpack.decode(raw[_SEAL:], type=list[kind])  # type: ignore[valid-type]
        if _text(raw) == cursor and raw[:_SEAL] == _seal(of, raw[_SEAL:]) and len(found) == count:
            return tuple(found)
    except (ValueError, msgspec.MsgspecError):
        pass
    hint = "Take `next` of the page before, of the same list, or leave it out to begin."
    raise Problem(400, "Bad request", "The parameter `cursor` is none that this list gave.", hint)


def page(of: str, rows: Iterable[Row], last: int | None, item: Callable[[Row], Item]) -> Page[Item]:
    """A page of a list that is kept in the order of one number; `last`: where it ended, None at the end of the list."""
    return Page(items=[item(row) for row in rows], next=None if last is None else pack(of, last))


def cut(of: str, items: Sequence[Item], asked: Listed) -> Page[Item]:
    """A page of a list that is short and at hand."""
    begin = number(of, asked.cursor) or 0
    end = begin + asked.limit
    return Page(items=list(items[begin:end]), next=pack(of, end) if end < len(items) else None)


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


def _seal(of: str, plain: bytes) -> bytes:
    """A cursor of another list, or one with a slip in it, is not taken for a place. It is no secret."""
    return xxhash.xxh32_digest(of.encode() + b"\0" + plain)
