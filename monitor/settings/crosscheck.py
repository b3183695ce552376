"""Checks what no section can see by itself: names, budgets, prices, and that rules fit sinks and people."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel
from yarl import URL

from monitor.actions.options import CleanupOptions
from monitor.fields import Secret
from monitor.ledger.options import PriceOptions
from monitor.model import EventType
from monitor.providers import registry as providers
from monitor.providers.options import AccountOptions
from monitor.rules.globs import matching_types
from monitor.rules.options import OWNER, RuleOptions
from monitor.settings.document import Document
from monitor.settings.problems import Path, Problem, path_text
from monitor.settings.sections import Sections, names

Identity = tuple[object, ...]


def cross_check(document: Document, data: dict[str, Any], found: Sections) -> Iterator[Problem]:
    """Every mistake between sections, for what was right in itself."""
    for section in ("accounts", "sinks", "people", "budgets", "cleanup"):
        yield from _names(document, data, section)
    for section in ("accounts", "sinks", "rules", "budgets", "cleanup"):
        yield from _former_names(document, data, section)
    if OWNER in (sinks := names(data, "sinks")):
        yield document.problem(sinks[OWNER], "`owner` means the people of a job in rules; give the sink another name")
    yield from _budgets(document, found.accounts)
    yield from _prices(document, found.prices)
    yield from _cleanup(document, data, found)


def _names(document: Document, data: dict[str, Any], section: str) -> Iterator[Problem]:
    first: dict[str, Path] = {}
    entries = data.get(section)
    for index, entry in enumerate(entries if isinstance(entries, list) else ()):
        name = entry.get("name") if isinstance(entry, dict) else None
        if not isinstance(name, str):
            continue
        here: Path = (section, index, "name")
        if name in first:
            line = document.values[first[name]].start.line + 1
            taken = f"{name!r} is the name of {path_text(first[name][:-1])} (line {line}) already; names are unique"
            yield document.problem(here, taken)
        first.setdefault(name, here)


def _former_names(document: Document, data: dict[str, Any], section: str) -> Iterator[Problem]:
    """What was called otherwise before can have been only one, and is not there any more."""
    taken, first = names(data, section), dict[str, Path]()
    entries = data.get(section)
    for index, entry in enumerate(entries if isinstance(entries, list) else ()):
        was = entry.get("was") if isinstance(entry, dict) else None
        if not isinstance(was, str):
            continue
        here: Path = (section, index, "was")
        if was == entry.get("name"):
            yield document.problem(here, "it is called so now; write the name that it had before, or remove `was`")
        elif was in taken:
            place = path_text(taken[was][:-1])
            yield document.problem(
                here, f"{was!r} is still there, as {place}; only a name that is gone can be taken over"
            )
        elif was in first:
            place = path_text(first[was][:-1])
            yield document.problem(here, f"{place} was {was!r} already; what is known under a name goes to one only")
        first.setdefault(was, here)


def _budgets(document: Document, accounts: dict[int, AccountOptions]) -> Iterator[Problem]:
    """An unchanged poll costs at least one request per scope; more than the budget would let the polls fall behind."""
    sharing: dict[Identity, list[int]] = defaultdict(list)
    for index, account in accounts.items():
        sharing[_credential(account)].append(index)
    for indexes in sharing.values():
        needed = sum(requests_per_second(accounts[index]) for index in indexes)
        budget = min(accounts[index].budget.requests_per_second for index in indexes)
        if needed <= budget:
            continue
        index, watch = max(
            ((index, watch) for index in indexes for watch in accounts[index].watches()),
            key=lambda place: _rate(accounts[place[0]], place[1]),
        )
        shared = " of the accounts that share this credential" if len(indexes) > 1 else ""
        yield document.problem(
            ("accounts", index, watch, "every"),
            f"the polls{shared} need {needed:.3g} requests per second and the budget has {budget:.3g}; "
            "poll less often, or raise budget.requests_per_second",
        )


def requests_per_second(account: AccountOptions) -> float:
    """What the account's watches ask for at least, while they are active."""
    return sum(_rate(account, watch) for watch in account.watches())


def _rate(account: AccountOptions, watch: str) -> float:
    options = account.watches()[watch]
    scopes = len(getattr(options, "workspaces", None) or (None,))
    return scopes / options.every


def _credential(account: AccountOptions) -> Identity:
    """Equal for accounts that use the same credential on the same host."""
    origin = getattr(account, "origin", None)
    endpoint = origin() if callable(origin) else getattr(account, "endpoint", "")
    return (getattr(account, "provider", ""), _host(str(endpoint)), *_secrets(account))


def _host(url: str) -> str | None:
    """The text itself where a reference in it, left unresolved, keeps it from being a URL."""
    try:
        return URL(url).host
    except ValueError:
        return url


def _secrets(model: BaseModel) -> Iterator[object]:
    for name in type(model).model_fields:
        value = getattr(model, name) if name != "delete_with" else None  # it polls nothing
        if isinstance(value, Secret):
            yield (name, value)
        elif isinstance(value, BaseModel):
            yield from _secrets(value)


def _cleanup(document: Document, data: dict[str, Any], found: Sections) -> Iterator[Problem]:
    """A policy for an account or a rule that is not there would wait for ever."""
    there = {"accounts": names(data, "accounts"), "require_delivered": names(data, "rules")}
    for index, policy in found.cleanup.items():
        for key, known in there.items():
            for place, name in enumerate(getattr(policy, key) or ()):
                if name not in known:
                    what = "account" if key == "accounts" else "rule"
                    message = f"no {what} is named {name!r}; there are: {', '.join(sorted(known)) or 'none'}"
                    yield document.problem(("cleanup", index, key, place), message)
        yield from _idle(document, found, index, policy)


def _idle(document: Document, found: Sections, index: int, policy: CleanupOptions) -> Iterator[Problem]:
    """What is there and could never do what the policy needs of it."""
    reasons = {account.name: _undeletable(account) for account in found.accounts.values()}
    for place, name in enumerate(policy.accounts or ()):
        if reason := reasons.get(name):
            yield document.problem(("cleanup", index, "accounts", place), f"{reason}, so nothing of it is deleted")
    if policy.accounts is None and reasons and all(reasons.values()):
        name, reason = next(iter(reasons.items()))
        message = f"of no account is anything deleted; of {name}: {reason}"
        yield document.problem(("cleanup", index), message)
    rules = {rule.name: rule for rule in found.rules.values()}
    for place, name in enumerate(policy.require_delivered or ()):
        if (rule := rules.get(name)) is not None and (reason := _unheard(rule)):
            message = f"{reason}, so no job would ever go"
            yield document.problem(("cleanup", index, "require_delivered", place), message)


def _unheard(rule: RuleOptions) -> str:
    """Why no message of the rule about a job's end ever arrives; empty where one may."""
    if rule.shadow:
        return f"the rule {rule.name!r} is on trial (shadow) and sends nothing"
    tells = any(EventType.JOB_FINISHED in matching_types(pattern) for pattern in rule.on)
    return "" if tells else f"the rule {rule.name!r} does not tell of job.finished"


def _undeletable(account: AccountOptions) -> str:
    return account.forbids_deleting() or ("" if "jobs" in account.watches() else "the account watches no jobs")


def _prices(document: Document, prices: dict[int, PriceOptions]) -> Iterator[Problem]:
    seen: dict[Identity, int] = {}
    kinds = providers.kinds()
    for index, price in prices.items():
        if price.provider not in kinds:
            message = f"no such provider; there are: {', '.join(kinds)}"
            yield document.problem(("prices", index, "provider"), message)
        key = (price.provider, price.model, price.flavor, price.region, price.since)
        if key in seen:
            line = document.values["prices", seen[key]].start.line + 1
            what = "model" if price.model is not None else "flavor"
            same = f"overlaps with prices[{seen[key]}] (line {line}): same {what} and same `since`; keep one"
            yield document.problem(("prices", index), same)
        seen.setdefault(key, index)
