"""Cuts an answer into its items without decoding them, and refuses what would lie: silence is not an empty list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from monitor.providers.modelarts.reading import number
from monitor.wire import Answer, Fault, FaultKind

_HINT = "this passes by itself; if it lasts, look whether a proxy answers in place of the platform"


class _Search(msgspec.Struct):
    items: list[msgspec.Raw] | None = None
    total: Any = None
    count: Any = None


class _Catalogue(msgspec.Struct):
    flavors: list[msgspec.Raw] | None = None
    total_count: Any = None


class _Cursor(msgspec.Struct):
    next: Any = msgspec.field(name="continue", default=None)
    remaining: Any = msgspec.field(name="remainingItemCount", default=None)


class _Listing(msgspec.Struct):
    items: list[msgspec.Raw] | None = None
    metadata: _Cursor | None = None


class _Metadata(msgspec.Struct):
    id: Any = None


class _Job(msgspec.Struct):
    metadata: _Metadata


S = TypeVar("S", _Search, _Catalogue, _Listing, _Job)


def _senseless(what: str, answer: Answer) -> Fault:
    return Fault(FaultKind.SENSELESS, f"ModelArts answered {what}", hint=_HINT, status=answer.status)


def _decode(answer: Answer, shape: type[S], what: str) -> S:
    try:
        return msgspec.json.decode(answer.body, type=shape)
    except msgspec.ValidationError:
        raise _senseless(f"{what} in a shape that it does not have", answer) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        kind = "an empty body" if not answer.body.strip() else "HTML" if b"<" in answer.body[:200] else "no whole JSON"
        raise _senseless(f"{kind} in place of {what}", answer) from None


@dataclass(frozen=True, slots=True)
class Searched:
    """One page of the job search."""

    items: Sequence[bytes]
    total: int | None
    """Documented as all jobs of the user, filtered or not; None where it is no number or less than the page holds."""


def searched(answer: Answer, *, narrowed: bool, read_before: int) -> Searched:
    """The items of a job search. `narrowed`: it had a filter; `read_before`: items that the pages before it held.

    Absent or null `items` may be how the platform writes an empty page (the reference infers it) or half an answer. So
    they are an empty page only where the answer says so in numbers too: total 0, and count 0 or absent, for the first
    page of everything; count 0 for a search with a filter, as `total` may then count more than what matches; and
    beyond the first page also a total that the pages before have reached. Else SENSELESS.
    """
    page = _decode(answer, _Search, "a list of jobs")
    total, count = _whole(page.total), _whole(page.count)
    if page.items is None:
        nothing = total == 0 and count in (0, None)
        none_match = narrowed and count == 0
        past_end = read_before > 0 and (count == 0 or (total is not None and read_before >= total))
        if not (nothing or none_match or past_end):
            raise _senseless("a list of jobs without `items`", answer)
    items = [bytes(item) for item in page.items or ()]
    return Searched(items, total if total is not None and total >= len(items) else None)


def training_flavors(answer: Answer, *, narrowed: bool) -> list[bytes]:
    """The entries of the training catalogue, which comes whole. Fewer than it says itself are a part: SENSELESS."""
    page = _decode(answer, _Catalogue, "the training flavors")
    if page.flavors is None:
        raise _senseless("the training flavors without `flavors`", answer)
    said = _whole(page.total_count)
    if said is not None and said > len(page.flavors) and not narrowed:
        raise _senseless(f"only {len(page.flavors)} of {said} training flavors", answer)
    return [bytes(item) for item in page.flavors]


def resource_flavors(answer: Answer) -> tuple[list[bytes], str | None]:
    """One page of the resource catalogue and the cursor of the next, None on the last."""
    page = _decode(answer, _Listing, "the resource flavors")
    if page.items is None:
        raise _senseless("the resource flavors without `items`", answer)
    cursor = page.metadata or _Cursor()
    if cursor.next is not None and not isinstance(cursor.next, str):
        raise _senseless("the resource flavors with a cursor that is no text", answer)
    if not cursor.next and (_whole(cursor.remaining) or 0) > 0:
        raise _senseless("the resource flavors without the cursor to the rest of them", answer)
    return [bytes(item) for item in page.items], cursor.next or None


def shown(answer: Answer, job_id: str) -> bytes:
    """The job object of a read by id: SENSELESS where it is another job or none."""
    job = _decode(answer, _Job, "a job")
    if job.metadata.id != job_id:
        raise _senseless("another job than the one asked for", answer)
    return answer.body.strip()


def job_id(item: bytes) -> str | None:
    """The id of a job of a page, None where it cannot be read."""
    try:
        found = msgspec.json.decode(item, type=_Job).metadata.id
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return found if isinstance(found, str) else None


def _whole(found: object) -> int | None:
    value = number(found)
    return int(value) if value is not None and 0 <= value < 1e15 else None
