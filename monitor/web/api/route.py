"""How a route is declared: its path, what may be asked of it, what it answers. The OpenAPI document is made so."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Generic, TypeVar

import msgspec

from monitor.store import Connection
from monitor.web.api.inside import Inside

PAGE = 50
MOST = 1000
"""The longest page."""

Word = Annotated[str, msgspec.Meta(min_length=1)]
"""A text that is not empty."""
Limit = Annotated[int, msgspec.Meta(ge=1, le=MOST, description="The longest page that is wanted.")]
Cursor = Annotated[
    str, msgspec.Meta(min_length=1, max_length=1000, description="`next` of the page before, of the same list.")
]


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
Next = Annotated[
    str | None,
    msgspec.Meta(
        description="The `cursor` of the next page; null on the last one. A page whose filter needs a long search may"
        " hold few items or none and still have a next one."
    ),
]


class Page(Answer, Generic[T], frozen=True, kw_only=True):
    """A page of a list."""

    items: list[T]
    next: Next


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a change answers, and who is woken after the commit: the sinks whose deliveries it changed, with `events`
    who reads the log, with `deletions` who deletes, with `cleanup` who runs the policies."""

    answer: Any
    sinks: Sequence[str] = ()
    events: bool = False
    deletions: bool = False
    cleanup: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Either `fn` reads on a snapshot, or `change` changes something in the writer's transaction and is told who asks.
    All raise Problem."""

    path: str
    """`/api/v1/jobs/{account}/{id}`"""
    summary: str
    asked: type[Asked]
    answer: Any
    """The type of what is answered."""
    fn: Callable[[Connection, Inside, Any], Any] | None = None
    change: Callable[..., Change] | None = None
    """Given connection, inside, what is asked, who asks, and what `look` returned where there is one."""
    look: Callable[[Connection, Inside, Any], Any] | None = None
    """What a change checks and reads before it, on a snapshot, so that no writer waits for that."""
    posted: bool = False
    """`fn` is asked by POST, though it changes nothing."""
    errors: Mapping[int, str] = field(default_factory=dict)
    """The problems of this route, beside those that every route has."""
    example: Any = None
    """An answer, for the document."""
    item: Mapping[str, Any] | None = None
    """The schema of a list's items, where their type cannot say it."""
    more: Sequence[str] = ()
    """The names of other lists of such items beside it."""

    @property
    def method(self) -> str:
        return "POST" if self.posted or self.change is not None else "GET"
