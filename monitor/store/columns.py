"""Column types of the tables: times as epoch milliseconds, 64-bit fingerprints, keys that grow with time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import BigInteger, Integer, String
from sqlalchemy.types import TypeDecorator

T = TypeVar("T")

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)

Key = BigInteger().with_variant(Integer(), "sqlite")
"""An integer primary key; on SQLite it must be INTEGER to be the row's own number."""

Bytewise = String().with_variant(String(collation="C"), "postgresql")
"""Text compared byte by byte on both databases, so that an index serves a search by prefix."""

CHUNK = 500
"""Values in one IN list: below every limit of both databases, and few enough distinct lengths to plan."""


class Moment(TypeDecorator[datetime]):
    """An aware UTC datetime as epoch milliseconds. What is finer than a millisecond is cut off."""

    impl = BigInteger
    cache_ok = True

    def bind_processor(self, dialect: Any) -> Callable[[datetime | None], int | None]:
        return _to_ms

    def process_result_value(self, value: Any, dialect: Any) -> datetime | None:
        return None if value is None else EPOCH + timedelta(milliseconds=value)


def _to_ms(moment: datetime | None) -> int | None:
    return None if moment is None else (moment - EPOCH) // _MILLISECOND


class Words(TypeDecorator[str]):
    """Text that a platform may have written: PostgreSQL refuses the character NUL, which becomes the sign for what
    cannot be shown."""

    impl = String
    cache_ok = True

    def bind_processor(self, dialect: Any) -> Callable[[str | None], str | None] | None:
        return _without_nul if dialect.name == "postgresql" else None


def _without_nul(text: str | None) -> str | None:
    return text.replace("\0", "\ufffd") if text is not None and "\0" in text else text


def whole_ms(moment: datetime) -> datetime:
    """The moment as the store will give it back."""
    return EPOCH + (moment - EPOCH) // _MILLISECOND * _MILLISECOND


def signed(value: int) -> int:
    """A 64-bit unsigned number as the signed one that databases hold."""
    return value - (1 << 64) if value >= 1 << 63 else value


def unsigned(value: int) -> int:
    return value + (1 << 64) if value < 0 else value


def chunks(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """The values in pieces that fit into one IN list."""
    for start in range(0, len(values), CHUNK):
        yield values[start : start + CHUNK]


def like_any(text: str) -> str:
    """A LIKE pattern (escape `\\`) for rows that hold the text anywhere."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
