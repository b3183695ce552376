"""Accounts and their watches: what can be seen of each, and how old it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated

import msgspec

from monitor import store
from monitor.model import sweep_name, watch_name
from monitor.providers.options import AccountOptions, WatchOptions
from monitor.store import Connection, Health, ScopeRow
from monitor.web.api.cursor import cut
from monitor.web.api.inside import Inside
from monitor.web.api.moment import Time, told
from monitor.web.api.route import Answer, Listed, Page, Route

Watch = tuple[str, str]
"""Account and watch."""
Healths = Mapping[Watch, Health]
Trouble = tuple["State", str | None, str | None]
"""A state, its reason, and since when it is so."""


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
    """One thing that is polled, in one workspace. `every`, `late_after` and `age` are seconds."""

    account: str
    watch: str
    workspace: str | None
    every: float
    late_after: Annotated[float, msgspec.Meta(description="Seconds without a good poll from which it counts as late.")]
    state: State
    reason: str | None
    since: Annotated[Time | None, msgspec.Meta(description="When it entered the state, as far as that is known.")]
    last_good: Annotated[Time | None, msgspec.Meta(description="The last good poll; without a daemon to the minute.")]
    age: Annotated[float | None, msgspec.Meta(description="Seconds since the last good poll.")]
    baselined_at: Time | None


class AccountItem(Answer, frozen=True, kw_only=True):
    """The worst of its watches decides, their sweeps included; `last_good` is the oldest of theirs."""

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
    health = store.load_health(conn)
    watches, counts = _watch_items(conn, inside, health), store.count_jobs(conn)
    page = cut("accounts", inside.settings.accounts, asked)
    items = [_account(each, watches, health, counts.get(each.name, {})) for each in page.items]
    return Page(items=items, next=page.next)


def _watches(conn: Connection, inside: Inside, asked: Listed) -> Page[WatchItem]:
    return cut("watches", _watch_items(conn, inside, store.load_health(conn)), asked)


def _account(
    options: AccountOptions, watches: Sequence[WatchItem], health: Healths, jobs: Mapping[str, int]
) -> AccountItem:
    mine = [watch for watch in watches if watch.account == options.name]
    troubles: list[Trouble] = [(watch.state, watch.reason, watch.since) for watch in mine]
    state, reason, since = max([*troubles, *_sweeps(mine, health)], key=lambda trouble: trouble[0].gravity)
    seen = [watch for watch in mine if watch.age is not None]
    oldest = max(seen, key=lambda watch: watch.age or 0.0) if len(seen) == len(mine) else None
    return AccountItem(
        name=options.name,
        provider=options.provider,
        region=getattr(options, "region", None),
        labels=options.labels,
        state=state,
        reason=reason,
        since=since,
        last_good=oldest.last_good if oldest else None,
        age=oldest.age if oldest else None,
        jobs=dict(jobs),
        watches=mine,
    )


def _sweeps(watches: Sequence[WatchItem], health: Healths) -> Iterator[Trouble]:
    """Sweeps that are ill, though their watch may be well: of these an event was told too."""
    for watch in watches:
        name = watch_name(watch.watch, watch.workspace)
        ill = health.get((watch.account, sweep_name(name)))
        if ill is not None and ill.state != "ok":
            yield State(ill.state), f"the sweep of {name}: {ill.reason}", told(ill.since)


def _watch_items(conn: Connection, inside: Inside, health: Healths) -> list[WatchItem]:
    """In the order of the config."""
    now, live = inside.clock.now(), inside.last_good()
    scopes: dict[Watch, list[ScopeRow]] = {}
    for row in store.list_scopes(conn):
        scopes.setdefault((row.scope.account, row.scope.watch), []).append(row)
    return [
        _watch(
            options.name,
            name,
            watch,
            workspace,
            _present(scopes.get((options.name, name), []), workspace),
            health.get((options.name, watch_name(name, workspace))),
            live.get((options.name, watch_name(name, workspace))),
            now,
        )
        for options in inside.settings.accounts
        for name, watch in options.watches().items()
        for workspace in _workspaces(options, watch)
    ]


def _workspaces(options: AccountOptions, watch: WatchOptions) -> Sequence[str | None]:
    """Those that the config names: a watch several, or an account one; else there is one view, and it bears no name."""
    named: Sequence[str] | None = getattr(watch, "workspaces", None)
    return named or (getattr(options, "workspace", None),)


def _present(rows: Sequence[ScopeRow], workspace: str | None) -> ScopeRow | None:
    """The scope that is polled now. The store also remembers those of an endpoint or filter that is no longer in the
    config: the one that was seen last counts."""
    mine = [row for row in rows if row.scope.workspace == workspace]
    return max(mine, key=lambda row: (row.last_good is not None, row.last_good or 0, row.id), default=None)


def _watch(
    account: str,
    name: str,
    options: WatchOptions,
    workspace: str | None,
    row: ScopeRow | None,
    health: Health | None,
    live: datetime | None,
    now: datetime,
) -> WatchItem:
    """`live`: its last good poll, where somebody knows that better than the store."""
    good = live or (row.last_good if row else None)
    ill = health is not None and health.state != "ok"
    state = State(health.state) if health is not None and ill else State.OK if good else State.WAITING
    return WatchItem(
        account=account,
        watch=name,
        workspace=workspace,
        every=options.every,
        late_after=options.late_after,
        state=state,
        reason=health.reason if health is not None and ill else None,
        since=told(health.since) if health is not None and (ill or good) else None,
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
