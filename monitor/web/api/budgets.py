"""The budgets of the config: what is used of each in the period that lasts, what is left, what it comes to."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from monitor.budgets.counting import Counting, count
from monitor.budgets.telling import figures
from monitor.ledger.budgets import Standing
from monitor.store import Connection
from monitor.web.api.cursor import cut
from monitor.web.api.inside import Inside
from monitor.web.api.moment import Time
from monitor.web.api.route import Answer, Listed, Page, Route

_Amount = Annotated[str, msgspec.Meta(description="An exact decimal number, in the unit of the budget.")]


class BudgetItem(Answer, frozen=True, kw_only=True):
    name: str
    unit: Literal["tokens", "node_hours", "card_hours", "cost"]
    amount: _Amount
    currency: Annotated[str | None, msgspec.Meta(description="Of a budget of money; else null.")]
    used: _Amount
    left: Annotated[str, msgspec.Meta(description="Below 0 where more was used than the amount.")]
    share: Annotated[float, msgspec.Meta(description="In percent of the amount, to a tenth.")]
    thresholds: Annotated[list[float], msgspec.Meta(description="In percent, as the config names them.")]
    reached: Annotated[float | None, msgspec.Meta(description="The highest threshold that is reached now.")]
    period: Literal["day", "week", "month", "rolling"]
    timezone: str
    scope: Annotated[str | None, msgspec.Meta(description="What counts; null: everything.")]
    starts_at: Time
    ends_at: Time
    forecast: Annotated[bool, msgspec.Meta(description="Whether the config wants one; else the next two are null.")]
    expected: Annotated[
        str | None,
        msgspec.Meta(
            description="What it comes to at this rate: by the end, or at most where it looks back; null in the first"
            " tenth of a period."
        ),
    ]
    passes_at: Annotated[
        Time | None, msgspec.Meta(description="When all is used at this rate; null: not before the end, or it is.")
    ]
    idle: Annotated[
        bool, msgspec.Meta(description="Nothing that was used in the last 90 days counts: the scope may be wrong.")
    ]


def _list(conn: Connection, inside: Inside, asked: Listed) -> Page[BudgetItem]:
    now, counted = inside.clock.now(), inside.budgets()
    if counted is None:
        counted = count(conn, inside.settings.budgets, now)
    page = cut("budgets", counted, asked)
    return Page(items=[_item(each, each.standing(now)) for each in page.items], next=page.next)


def _item(counting: Counting, found: Standing) -> BudgetItem:
    facts: dict[str, Any] = {key: value for key, value in figures(found).items() if key != "threshold"}
    thresholds = sorted(found.options.thresholds)
    reached = max(filter(found.reached, thresholds), default=None)
    forecast = found.options.forecast
    return BudgetItem(**facts, thresholds=thresholds, reached=reached, forecast=forecast, idle=counting.idle)


ROUTES = (
    Route(
        path="/api/v1/budgets",
        summary="The budgets of the config.",
        fn=_list,
        asked=Listed,
        answer=Page[BudgetItem],
    ),
)
