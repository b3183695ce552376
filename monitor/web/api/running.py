"""What runs now, what it has used or will come to, and what that costs: an estimate, never a booking."""

from __future__ import annotations

from typing import Annotated

import msgspec

from monitor import ledger, store
from monitor.ledger import Basis
from monitor.model import JobState, hours_text
from monitor.settings.shipped import all_prices
from monitor.store import Connection, RunningJob
from monitor.web.api.inside import Inside
from monitor.web.api.moment import Time, told
from monitor.web.api.people import People
from monitor.web.api.route import Answer, Asked, Page, Route, Word
from monitor.web.api.usage import plain, require_account


class RunningAsked(Asked, frozen=True, kw_only=True, forbid_unknown_fields=True):
    account: Word | None = None


_Hours = Annotated[str | None, msgspec.Meta(description="A decimal number, to nine places.", examples=["17.5"])]


class RunningItem(Answer, frozen=True, kw_only=True):
    """A job that uses something at the moment, and an estimate of it."""

    account: str
    id: str
    name: str
    state: JobState
    model: Annotated[str | None, msgspec.Meta(description="The base model, else the model.")]
    flavor: str | None
    nodes: int | None
    creator: str | None
    owner: Annotated[str | None, msgspec.Meta(description="The creator's name in `people`.")]
    started_at: Time | None
    state_since: Time
    basis: Annotated[
        Basis | None,
        msgspec.Meta(
            description="`time`: what it has used so far, by how long its nodes ran. `log`: the same, by what its log"
            " said. `usual`: what it will come to, if it uses what jobs of its base model did (the median of the last"
            " 20). null: nothing is known."
        ),
    ]
    tokens: int | None
    node_hours: _Hours
    card_hours: _Hours
    cost: Annotated[str | None, msgspec.Meta(description="At today's price; null where none is known.")]
    currency: str | None
    read_at: Annotated[Time | None, msgspec.Meta(description="When its log was read.")]


def _list(conn: Connection, inside: Inside, asked: RunningAsked) -> Page[RunningItem]:
    found = store.running_jobs(conn, asked.account)
    if not found:
        require_account(inside, asked.account)
        return Page(items=[], next=None)
    prices = inside.prices() if inside.prices is not None else all_prices(inside.settings.prices)
    regions = {account.name: (account.provider, account.location()) for account in inside.settings.accounts}
    usual, people, now = store.usual_tokens(conn), People(inside.settings), inside.clock.now()
    items = []
    for each in found:
        known, account = each.record.known, each.record.account
        provider, region = regions.get(account, ("", None))
        made = ledger.estimate(
            known,
            prices,
            provider=provider,
            region=region,
            now=now,
            seen_at=each.seen_at,
            logged=each.logged,
            usual=usual.get((provider, known.job.base_model or known.job.model or "")),
        )
        items.append(_item(each, made, people.name(account, known.job.creator)))
    return Page(items=items, next=None)


def _item(running: RunningJob, made: ledger.Estimate, owner: str | None) -> RunningItem:
    known, job = running.record.known, running.record.known.job
    return RunningItem(
        account=running.record.account,
        id=job.id,
        name=job.name,
        state=job.state,
        model=job.base_model or job.model,
        flavor=job.flavor,
        nodes=job.nodes,
        creator=job.creator,
        owner=owner,
        started_at=told(job.started_at),
        state_since=told(known.state_since) or "",
        basis=made.basis,
        tokens=made.usage.tokens,
        node_hours=hours_text(made.usage.node_ms),
        card_hours=hours_text(made.usage.card_ms),
        cost=None if made.cost is None else plain(made.cost),
        currency=made.currency,
        read_at=told(running.logged_at) if made.basis is Basis.LOG else None,
    )


ROUTES = (
    Route(
        path="/api/v1/usage/running",
        summary="What runs now, and an estimate of what it uses and costs.",
        fn=_list,
        asked=RunningAsked,
        answer=Page[RunningItem],
    ),
)
