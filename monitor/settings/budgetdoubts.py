"""What budgets may say and hardly mean: a scope that nothing can match, an amount or currency that counts nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from monitor.ledger.budget_options import BudgetOptions
from monitor.settings.document import Document
from monitor.settings.idle import idle, providers
from monitor.settings.problems import Problem
from monitor.settings.shipped import all_prices

if TYPE_CHECKING:
    from monitor.model import Event
    from monitor.providers.options import AccountOptions
    from monitor.settings.root import Settings

_BOOKED = ("usage.recorded", "usage.corrected")


def budget_doubts(document: Document, settings: Settings) -> Iterator[Problem]:
    """Loads the language where there is a scope. What the ledger holds is looked at by the daemon."""
    for index, budget in enumerate(settings.budgets):
        place = ("budgets", index)
        for message, *inner in _scope(budget, settings) if budget.scope is not None else ():
            yield document.problem((*place, "scope"), message, inner=inner[0] if inner else None)
        if budget.currency is not None and not _priced(budget.currency, settings):
            message = f"no price is in {budget.currency}, so nothing counts; add `prices` in it, or correct it"
            yield document.problem((*place, "currency"), message)
        if (found := _unbooked(budget, settings)) is not None:
            yield document.problem((*place, found[0]), found[1], at_key=True)


def _scope(budget: BudgetOptions, settings: Settings) -> Iterator[tuple[Any, ...]]:
    """What is wrong with it, and the line and column in its text where there is one."""
    from monitor.rules.scope import Scope

    told = list(idle(budget.name, str(budget.scope), _BOOKED, providers(settings.accounts), "so nothing counts"))
    yield from told
    scope, kept = Scope(budget.scope), _event()
    for path in sorted(scope.reads):
        if len(path) > 1 and path[0] in kept.data and path[1] not in kept.data[path[0]]:
            there = ", ".join(sorted(kept.data[path[0]]))
            yield (f"`{'.'.join(path[:2])}` is not kept in the ledger; of `{path[0]}` there are: {there}",)
    if not told and scope.reads and all(path[0] == "account" for path in scope.reads):
        accounts = [_event(each) for each in settings.accounts]
        if not any(scope.decide(each).matched for each in accounts):
            yield ("matches no account, so nothing counts; correct it, or the `labels` of an account",)


def _unbooked(budget: BudgetOptions, settings: Settings) -> tuple[str, str] | None:
    """The amount that no account it is for is booked in, and why that is wrong; None where one may be."""
    amount, booked = ("tokens", "tokens") if budget.tokens is not None else (_hours(budget), "hours")
    accounts = list(_meant(budget, settings))
    if not amount or not accounts or any(account.booked_in in ("", booked) for account in accounts):
        return None
    other = "tokens, never in hours" if booked == "hours" else "hours, never in tokens"
    return amount, f"what these accounts use is booked in {other}, so nothing counts; name another amount or scope"


def _hours(budget: BudgetOptions) -> str:
    return next((name for name in ("card_hours", "node_hours") if getattr(budget, name) is not None), "")


def _meant(budget: BudgetOptions, settings: Settings) -> Iterator[AccountOptions]:
    """The accounts that it may count; none where jobs decide that as well."""
    from monitor.rules.scope import Scope

    scope = Scope(budget.scope)
    if all(path[0] == "account" for path in scope.reads):
        yield from (each for each in settings.accounts if scope.decide(_event(each)).matched)


def _event(account: Any = None) -> Event:
    """What a scope sees of something that was used under the account."""
    from monitor.budgets.counting import as_event
    from monitor.store import BookingRow
    from monitor.store.budgets import Booked

    row = BookingRow(
        account=getattr(account, "name", ""),
        provider=getattr(account, "provider", ""),
        region=account.location() if account is not None else None,
        scope_id=0,
        job_id="",
        job_name="",
        model=None,
        creator=None,
        labels=dict(getattr(account, "labels", {})),
        at=datetime(2026, 1, 1, tzinfo=UTC),
        tokens=0,
        cost=None,
        currency=None,
    )
    return as_event(Booked(id=0, place=(0, 0), row=row))


def _priced(currency: str, settings: Settings) -> bool:
    known = set(providers(settings.accounts).values())
    return any(price.currency == currency and price.provider in known for price in all_prices(settings.prices))
