"""Accounts and their watches: what can be seen of each, and how old it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated

import msgspec

from monitor import store
from monitor.providers.options import AccountOptions
from monitor.store import Connection, Health, ScopeRow
from monitor.web.api.cursor import cut
from monitor.web.api.inside import Inside
from monitor.web.api.moment import Time, told
from monitor.web.api.route import Answer, Listed, Page, Route

Watch = tuple[str, str]
"""Account and watch."""
Present = tuple[str | None, ScopeRow | None]
"""A workspace that is polled, and what is known of it."""


class State(StrEnum):
    OK = "ok"
    UNREACHABLE = "unreachable"
    UNAUTHORIZED = "unauthorized"
    WAITING = "waiting"
    """Not polled well yet."""

    @property
    def gravity(self) -> int:
        return [State.OK, State.WAITING, State.UNREACHABLE, State.UNAUTHORIZED].index(self)


class WatchItem(Answer, frozen=True, kw_only=True):
    """One thing that is polled, in one workspace. `every` and `age` are seconds."""

    account: str
    watch: str
    workspace: str | None
    every: float
    state: State
    reason: str | None
    since: Annotated[Time | None, msgspec.Meta(description="When it entered the state, as far as that is known.")]
    last_good: Annotated[Time | None, msgspec.Meta(description="The last good poll, to the minute.")]
    age: Annotated[float | None, msgspec.Meta(description="Seconds since the last good poll.")]
    baselined_at: Time | None


class AccountItem(Answer, frozen=True, kw_only=True):
    """The worst of its watches decides; `last_good` is the oldest of theirs."""

    name: str
    provider: str
    region: str | None
    labels: dict[str, str]
    state: State
    reason: str | None
    since: Time | None
    last_good: Time | None
    age: float | None
    jobs: Annotated[dict[str, int], msgspec.Meta(description="By state: its jobs that are not gone.")]
    watches: list[WatchItem]


def _accounts(conn: Connection, inside: Inside, asked: Listed) -> Page[AccountItem]:
    watches, counts = _watch_items(conn, inside), store.count_jobs(conn)
    page = cut("accounts", inside.settings.accounts, asked)
    items = [_account(each, watches, counts.get(each.name, {})) for each in page.items]
    return Page(items=items, next=page.next)


def _watches(conn: Connection, inside: Inside, asked: Listed) -> Page[WatchItem]:
    return cut("watches", _watch_items(conn, inside), asked)


def _account(options: AccountOptions, watches: Sequence[WatchItem], jobs: Mapping[str, int]) -> AccountItem:
    mine = [watch for watch in watches if watch.account == options.name]
    worst = max(mine, key=lambda watch: watch.state.gravity)
    seen = [watch for watch in mine if watch.age is not None]
    oldest = max(seen, key=lambda watch: watch.age or 0.0) if len(seen) == len(mine) else None
    return AccountItem(
        name=options.name,
        provider=options.provider,
        region=getattr(options, "region", None),
        labels=options.labels,
        state=worst.state,
        reason=worst.reason,
        since=worst.since,
        last_good=oldest.last_good if oldest else None,
        age=oldest.age if oldest else None,
        jobs=dict(jobs),
        watches=mine,
    )


def _watch_items(conn: Connection, inside: Inside) -> list[WatchItem]:
    """In the order of the config."""
    health, now = store.load_health(conn), inside.clock.now()
    scopes: dict[Watch, list[ScopeRow]] = {}
    for row in store.list_scopes(conn):
        scopes.setdefault((row.scope.account, row.scope.watch), []).append(row)
    return [
        _watch(options.name, name, watch.every, workspace, row, health.get((options.name, name)), now)
        for options in inside.settings.accounts
        for name, watch in options.watches().items()
        for workspace, row in _present(scopes.get((options.name, name), []), getattr(watch, "workspaces", None))
    ]


def _present(rows: Sequence[ScopeRow], workspaces: Sequence[str | None] | None) -> Iterator[Present]:
    """The scopes that are polled now. The store also remembers those of an endpoint or filter that is no longer in the
    config: of each workspace the one that was seen last counts."""
    for workspace in workspaces or (None,):
        mine = [row for row in rows if workspace in (None, row.scope.workspace)]
        row = max(mine, key=lambda row: (row.last_good is not None, row.last_good or 0, row.id), default=None)
        yield (row.scope.workspace if row else workspace), row


def _watch(
    account: str,
    name: str,
    every: float,
    workspace: str | None,
    row: ScopeRow | None,
    health: Health | None,
    now: datetime,
) -> WatchItem:
    good = row.last_good if row else None
    ill = health is not None and health.state != "ok"
    state = State(health.state) if health is not None and ill else State.OK if good else State.WAITING
    return WatchItem(
        account=account,
        watch=name,
        workspace=workspace,
        every=every,
        state=state,
        reason=health.reason if health is not None and ill else None,
        since=told(health.since) if health is not None and good else None,
        last_good=told(good),
        age=max(0.0, (now - good).total_seconds()) if good else None,
        baselined_at=told(row.baselined_at) if row else None,
    )


ROUTES = (
    Route(
        path="/api/v1/accounts",
        summary="The accounts of the config.",
        fn=_accounts,
        asked=Listed,
        answer=Page[AccountItem],
    ),
    Route(path="/api/v1/watches", summary="What is polled.", fn=_watches, asked=Listed, answer=Page[WatchItem]),
)
