"""How a route is declared: its path, what may be asked of it, what it answers. The OpenAPI document is made so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

import msgspec

from monitor.store import Connection
from monitor.web.api.inside import Inside

PAGE = 50
MOST = 1000
"""The longest page."""

Limit = Annotated[int, msgspec.Meta(ge=1, le=MOST, description="The longest page that is wanted.")]
Cursor = Annotated[str, msgspec.Meta(max_length=200, description="`next` of the page before.")]


class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of what may be asked: fields that stand in the route's path come from there, the others from the query.
    A list takes its parameter repeated."""


class Listed(Asked, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of what may be asked of a list."""

    limit: Limit = PAGE
    cursor: Cursor | None = None


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """Base of what is answered."""


T = TypeVar("T")


class Page(Answer, Generic[T], frozen=True, kw_only=True):
    """A page of a list. `next` is null on the last one."""

    items: list[T]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """`fn` runs in one transaction of the store: a read on a snapshot, a change in the writer. It raises Problem."""

    path: str
    """`/api/v1/jobs/{account}/{id}`"""
    summary: str
    fn: Callable[[Connection, Inside, Any], Any]
    asked: type[Asked]
    answer: Any
    """The type of what `fn` returns."""
    method: str = "GET"
    """GET reads; POST changes something, and wants to know who asks."""
