"""Finds the next page of a job search, though the vendor's texts disagree on what `offset` counts: pages or items."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from monitor.providers.modelarts.slices import Searched, job_id
from monitor.wire import Answer, Fault, FaultKind

LIMIT = 50
"""The most that one search gives."""
PAGE = "page"
ITEM = "item"

Ask = Callable[[int, int], Awaitable[tuple[Searched, Answer]]]
"""Asks for the page at an offset; the second number is how many items the pages before it held."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a walk stands: the page just read and how many were."""

    previous: Sequence[bytes]
    pages: int
    reading: str | None


@dataclass(frozen=True, slots=True)
class Step:
    """One page of a walk; `next` is None on the last."""

    found: Searched
    answer: Answer
    reading: str | None
    next: Cursor | None


async def first(ask: Ask, reading: str | None) -> Step:
    """The first page. What `offset` means is not asked here: most polls need no second page."""
    found, answer = await ask(0, 0)
    return _step(found, answer, 1, reading)


async def following(ask: Ask, cursor: Cursor, reading: str | None) -> Step:
    """The page after `cursor`. Raises Fault, also for a platform that gives the same page again and again.

    Where the reading is not known, `offset=1` tells: an answer that repeats half or more of the first page begins at
    the second item; else it is the second page itself, and is not asked for again. Half, not all but one, because
    jobs come and go between the two questions.
    """
    reading = cursor.reading or reading
    if reading is None:
        found, answer = await ask(1, LIMIT)
        before = _ids(cursor.previous)
        if len(before & _ids(found.items)) * 2 < len(before):
            return _step(found, answer, 2, PAGE)
        reading = ITEM
    offset = cursor.pages if reading == PAGE else cursor.pages * LIMIT
    found, answer = await ask(offset, cursor.pages * LIMIT)
    if len(found.items) >= LIMIT and _ids(found.items) <= _ids(cursor.previous):
        raise Fault(
            FaultKind.SENSELESS,
            "ModelArts answered with the same page of jobs twice",
            hint="if it lasts, the platform reads `offset` otherwise than thought; set `jobs.paging`",
            status=answer.status,
        )
    return _step(found, answer, cursor.pages + 1, reading)


def _step(found: Searched, answer: Answer, pages: int, reading: str | None) -> Step:
    full = len(found.items) >= LIMIT
    return Step(found, answer, reading, Cursor(found.items, pages, reading) if full else None)


def _ids(items: Sequence[bytes]) -> set[str]:
    return {found for found in map(job_id, items) if found is not None}
