"""How many jobs each account has and may have, as last seen."""

from __future__ import annotations

from typing import Annotated

import msgspec

from monitor.diff.quotas import quota_data
from monitor.store import Connection
from monitor.store.quotas import QuotaRow, load_quotas
from monitor.web.api.cursor import cut
from monitor.web.api.inside import Inside
from monitor.web.api.moment import Time
from monitor.web.api.route import Answer, Listed, Page, Route


class QuotaItem(Answer, frozen=True, kw_only=True):
    """One account, where its platform says how many jobs it has or the config says how many it may have."""

    account: str
    resource: Annotated[str, msgspec.Meta(description="As the platform calls it, or `jobs`: counted here.")]
    used: int
    cap: Annotated[int | None, msgspec.Meta(description="Null: no cap is known.")]
    free: int | None
    share: Annotated[float | None, msgspec.Meta(description="In percent of the cap, to a tenth, rounded down.")]
    reached: Annotated[int | None, msgspec.Meta(description="The threshold, in percent, that was told and holds.")]
    seen_at: Time


def _list(conn: Connection, inside: Inside, asked: Listed) -> Page[QuotaItem]:
    accounts = {account.name for account in inside.settings.accounts}
    page = cut("quotas", [row for row in load_quotas(conn) if row.account in accounts], asked)
    return Page(items=[_item(row) for row in page.items], next=page.next)


def _item(row: QuotaRow) -> QuotaItem:
    return QuotaItem(account=row.account, reached=row.told or None, **quota_data(row.quota))


ROUTES = (
    Route(
        path="/api/v1/quotas",
        summary="How many jobs each account has and may have.",
        fn=_list,
        asked=Listed,
        answer=Page[QuotaItem],
    ),
)
