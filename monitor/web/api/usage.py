"""Tokens and their cost, summed from the ledger; currencies are never added to one another."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

import msgspec

from monitor import store
from monitor.store import Connection, UsageSum
from monitor.web.api.inside import Inside
from monitor.web.api.message import Problem
from monitor.web.api.moment import When, moment
from monitor.web.api.people import People
from monitor.web.api.route import Asked, Page, Route

GROUPS = ("day", "owner", "model", "account")
MOST_GROUPS = 8


class UsageAsked(Asked, frozen=True, kw_only=True, forbid_unknown_fields=True):
    by: Annotated[
        str,
        msgspec.Meta(
            min_length=1,
            description="What to sum by: day (UTC), owner, model, account, label:KEY; several with commas between.",
            examples=["day,model", "label:team"],
        ),
    ] = "day"
    since: When | None = None
    until: When | None = None
    account: Annotated[str, msgspec.Meta(min_length=1)] | None = None


def _list(conn: Connection, inside: Inside, asked: UsageAsked) -> Page[dict[str, Any]]:
    keys, now = _keys(asked.by), inside.clock.now()
    since, until = moment("since", asked.since, now), moment("until", asked.until, now)
    people = People(inside.settings)
    found = store.sum_usage(conn, by=keys, since=since, until=until, account=asked.account)
    return Page(items=[_item(keys, row, people) for row in found], next=None)


def _keys(by: str) -> list[str]:
    keys = [key.strip() for key in by.split(",")]
    hint = f"There are: {', '.join(GROUPS)} and label:KEY; several with commas between them."
    for key in keys:
        if key not in GROUPS and not (key.startswith("label:") and len(key) > len("label:")):
            raise Problem(400, "Bad request", f"The parameter `by`: {key[:60]!r} is no grouping.", hint)
    if len(set(keys)) < len(keys) or len(keys) > MOST_GROUPS:
        raise Problem(400, "Bad request", "The parameter `by` names a grouping twice, or too many.", hint)
    return keys


def _item(keys: list[str], row: UsageSum, people: People) -> dict[str, Any]:
    item: dict[str, Any] = dict(zip(keys, row.keys, strict=True))
    if item.get("owner"):
        item["owner_name"] = people.named(item["owner"])
    cost = None if row.cost is None else _plain(row.cost)
    return {**item, "jobs": row.jobs, "tokens": row.tokens, "cost": cost, "currency": row.currency}


def _plain(cost: Decimal) -> str:
    """Exact, in plain digits, with at least two places."""
    exponent = cost.normalize().as_tuple().exponent
    return f"{cost:.{max(2, -exponent if isinstance(exponent, int) else 2)}f}"


_TEXT = {"type": ["string", "null"]}
SCHEMA = {
    "type": "object",
    "description": "A sum: what was asked for in `by`, each as a text or null, and the figures.",
    "properties": {
        **dict.fromkeys(GROUPS, _TEXT),
        "owner_name": {**_TEXT, "description": "The owner's name in `people`."},
        "jobs": {"type": "integer"},
        "tokens": {"type": "integer"},
        "cost": {**_TEXT, "description": "A decimal number; null where no price is known.", "examples": ["12.50"]},
        "currency": _TEXT,
    },
    "patternProperties": {"^label:": _TEXT},
    "additionalProperties": False,
    "required": ["jobs", "tokens", "cost", "currency"],
}

ROUTES = (
    Route(
        path="/api/v1/usage",
        summary="Tokens and cost, summed.",
        fn=_list,
        asked=UsageAsked,
        answer=Page[dict[str, Any]],
        item=SCHEMA,
    ),
)
