"""What was used and what it cost, summed from the ledger; currencies are never added to one another."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, tzinfo
from decimal import Decimal
from difflib import get_close_matches
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import msgspec

from monitor import store
from monitor.fields.window import known_zone
from monitor.model import hours_text
from monitor.store import USAGE_GROUPS, Amounts, Connection, UsageSum
from monitor.web.api.inside import Inside
from monitor.web.api.message import Problem
from monitor.web.api.moment import When, between
from monitor.web.api.people import People
from monitor.web.api.route import Answer, Asked, Route

MOST_GROUPS = 8


class UsageAsked(Asked, frozen=True, kw_only=True, forbid_unknown_fields=True):
    by: Annotated[
        str,
        msgspec.Meta(
            min_length=1,
            description="What to sum by: day, week, month, owner, model, flavor, account, label:KEY; several with"
            " commas between. A week is called by its Monday; a person whom `people` names is one owner on all"
            " platforms.",
            examples=["day,model", "label:team"],
        ),
    ] = "day"
    since: When | None = None
    until: When | None = None
    account: Annotated[str, msgspec.Meta(min_length=1)] | None = None
    timezone: Annotated[
        str,
        msgspec.Meta(
            min_length=1, description="Where days, weeks and months begin.", examples=["UTC", "Asia/Shanghai"]
        ),
    ] = "UTC"


class Sums(Answer, frozen=True, kw_only=True):
    """The groups, and what all of it comes to: one for each currency, and in each a job counts once."""

    items: list[dict[str, Any]]
    next: None
    totals: list[dict[str, Any]]


def _list(conn: Connection, inside: Inside, asked: UsageAsked) -> Sums:
    keys, now = _keys(asked.by), inside.clock.now()
    since, until = between(asked.since, asked.until, now)
    people = People(inside.settings)
    found, totals = store.usage_and_totals(
        conn,
        by=keys,
        since=since,
        until=until,
        account=asked.account,
        zone=_zone(asked.timezone),
        people=people.named,
    )
    if not found:
        require_account(inside, asked.account)
    names = frozenset(people.named.values())
    whole = [_item([], row, names) for row in totals]
    return Sums(items=[_item(keys, row, names) for row in found], next=None, totals=whole)


def require_account(inside: Inside, name: str | None) -> None:
    """To be asked where nothing was found: an account that left the config is known by what it left.

    Raises Problem."""
    there = [account.name for account in inside.settings.accounts]
    if name is None or name in there:
        return
    close = get_close_matches(name, there, 1)
    hint = f"{f'Did you mean `{close[0]}`? ' if close else ''}There are: {', '.join(there)}."
    raise Problem(400, "Bad request", f"No account is named {name[:60]!r}.", hint)


def _keys(by: str) -> list[str]:
    keys = [key.strip() for key in by.split(",")]
    hint = f"There are: {', '.join(USAGE_GROUPS)} and label:KEY; several with commas between them."
    for key in keys:
        if key not in USAGE_GROUPS and not (key.startswith("label:") and len(key) > len("label:")):
            raise Problem(400, "Bad request", f"The parameter `by`: {key[:60]!r} is no grouping.", hint)
    if len(set(keys)) < len(keys) or len(keys) > MOST_GROUPS:
        raise Problem(400, "Bad request", "The parameter `by` names a grouping twice, or too many.", hint)
    return keys


def _zone(name: str) -> tzinfo:
    try:
        return UTC if name == "UTC" else ZoneInfo(known_zone(name))
    except ValueError as error:
        detail, _, remedy = str(error)[:150].partition("; ")
        hint = f"{remedy[:1].upper()}{remedy[1:]}"
        raise Problem(400, "Bad request", f"The parameter `timezone`: {detail}.", hint) from None


def _item(keys: list[str], row: UsageSum, names: Collection[str]) -> dict[str, Any]:
    item: dict[str, Any] = dict(zip(keys, row.keys, strict=True))
    if item.get("owner"):
        item["owner_name"] = item["owner"] if item["owner"] in names else None
    return {
        **item,
        "jobs": row.jobs,
        **_amounts(row),
        "cost": None if row.cost is None else plain(row.cost),
        "currency": row.currency,
        "unpriced": _amounts(row.unpriced) if row.unpriced else None,
    }


def _amounts(of: UsageSum | Amounts) -> dict[str, Any]:
    return {"tokens": of.tokens, "node_hours": hours_text(of.node_ms), "card_hours": hours_text(of.card_ms)}


def plain(cost: Decimal) -> str:
    """In plain digits, with two places or more: nine, as for hours, hold all that a price comes to, and leave out what
    each booking of a time had to be rounded by (at the twelfth)."""
    cost = round(cost, _PLACES)
    exponent = cost.normalize().as_tuple().exponent
    return f"{cost:.{max(2, -exponent if isinstance(exponent, int) else 2)}f}"


_PLACES = 9
_TEXT = {"type": ["string", "null"]}
_HOURS = {"type": "string", "examples": ["17.5"]}
_AMOUNTS = {
    "tokens": {"type": "integer"},
    "node_hours": {**_HOURS, "description": "A decimal number: how long nodes ran. To nine places."},
    "card_hours": {**_HOURS, "description": "The same of cards."},
}
SCHEMA = {
    "type": "object",
    "description": "The sum of a group in one currency: what was asked for in `by`, each as a text or null, and the"
    " figures. What has no price is part of the row of its group's currency, where that has but one.",
    "properties": {
        **dict.fromkeys(USAGE_GROUPS, _TEXT),
        "owner": {**_TEXT, "description": "Her name in `people`, else `<provider>:<id>`."},
        "owner_name": {**_TEXT, "description": "The owner's name in `people`."},
        "jobs": {"type": "integer"},
        **_AMOUNTS,
        "cost": {**_TEXT, "description": "A decimal number; null where no price is known.", "examples": ["12.50"]},
        "currency": _TEXT,
        "unpriced": {
            "type": ["object", "null"],
            "description": "How much of it has no price; null where all has.",
            "properties": _AMOUNTS,
            "additionalProperties": False,
            "required": list(_AMOUNTS),
        },
    },
    "patternProperties": {"^label:": _TEXT},
    "additionalProperties": False,
    "required": ["jobs", "tokens", "node_hours", "card_hours", "cost", "currency", "unpriced"],
}

ROUTES = (
    Route(
        path="/api/v1/usage",
        summary="Tokens, hours of nodes and cards, and cost, summed.",
        fn=_list,
        asked=UsageAsked,
        answer=Sums,
        item=SCHEMA,
        more=("totals",),
    ),
)
