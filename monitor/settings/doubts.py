"""What the config file may say and hardly means: unset variables, first runs told to nobody, idle rules, typos."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path as FilePath
from typing import TYPE_CHECKING

from monitor.model import EventType
from monitor.settings.budgetdoubts import budget_doubts
from monitor.settings.cleanupdoubts import cleanup_doubts
from monitor.settings.document import Document, read_document
from monitor.settings.nodes import Scalar
from monitor.settings.pricedoubts import price_doubts
from monitor.settings.problems import Problem
from monitor.settings.source import read_text

if TYPE_CHECKING:
    from monitor.providers.options import AccountOptions
    from monitor.rules import RuleSet
    from monitor.settings.root import Settings

_VARIABLE = re.compile(r"\$[A-Z][A-Z0-9_]*(/.*)?")
"""As a shell writes it, the whole text or the beginning of a path. Capitals only: a password may begin with `$`."""


_IDLE = frozenset({"never-matches", "never-matches-type", "never-equal", "shadowed", "muted-digest", "idle-window"})


def doubts(path: FilePath, settings: Settings | None = None) -> list[Problem]:
    """Sorted by place; none of them keeps the file from being used, and none shows a text that may be secret.

    `settings`: what was made of the file, where it is right. Raises ConfigErrors where the file cannot be read.
    """
    document = read_document(str(path), read_text(path))
    found = [*_variables(document)]
    if settings is not None:
        found += [*_first_runs(document, settings), *_accounts(document, settings)]
        found += [*_rules(document, settings), *_answers(document, settings), *_reports(document, settings)]
        found += [*budget_doubts(document, settings), *price_doubts(document, settings)]
        found += cleanup_doubts(document, settings)
    return sorted(found)


def _variables(document: Document) -> Iterator[Problem]:
    for path, node in document.values.items():
        if isinstance(node, Scalar) and _VARIABLE.fullmatch(node.text):
            message = "is taken as it stands, with its dollar sign; an environment variable is written ${env:NAME}"
            yield document.problem(path, message)


def _rules(document: Document, settings: Settings) -> Iterator[Problem]:
    """Of what the lint finds that which keeps a rule from doing what it says."""
    if not settings.rules:
        return
    from monitor.rules import RuleSet
    from monitor.rules.lint import lint

    sinks = [sink.name for sink in settings.sinks]
    rules = RuleSet.compile(settings.rules, settings.people, settings.unmatched, sinks)
    accounts = {account.name: getattr(account, "provider", "") for account in settings.accounts}
    for finding in lint(rules, sinks, settings.people, accounts):
        if finding.kind in _IDLE:
            inner = None if finding.line is None else (finding.line, finding.column or 1)
            yield document.problem(finding.path, str(finding), inner=inner)


def _answers(document: Document, settings: Settings) -> Iterator[Problem]:
    """Messages that somebody is to acknowledge bear a link only where it is known where people reach the daemon."""
    if settings.http.public_url is not None:
        return
    for index, rule in enumerate(settings.rules):
        if rule.escalate is not None and not rule.shadow:
            message = (
                "its messages bear no link to acknowledge them (the command line can); give `http.public_url`, "
                "where people reach the daemon"
            )
            yield document.problem(("rules", index, "escalate"), message, at_key=True)
            return  # told once


def _reports(document: Document, settings: Settings) -> Iterator[Problem]:
    """A report is for people to read; what follows states would take each of its lines for something new."""
    following = {sink.name for sink in settings.sinks if sink.needs_ends}
    for index, rule in enumerate(settings.rules):
        for place, name in enumerate(rule.notify if rule.digest is not None else ()):
            if name in following:
                message = f"{name} would make an alert of each thing in the report; name a sink that people read"
                yield document.problem(("rules", index, "notify", place), message)


def _first_runs(document: Document, settings: Settings) -> Iterator[Problem]:
    """Accounts whose first run is to be told and is not."""
    loud = [place for place in enumerate(settings.accounts) if place[1].first_run != "silent"]
    if not loud:
        return
    from monitor.rules import RuleSet

    sinks = [sink.name for sink in settings.sinks]
    rules = RuleSet.compile(settings.rules, settings.people, settings.unmatched, sinks)
    net = settings.unmatched
    why = f"`unmatched` begins at {net.min_severity}" if net is not None else "there is no `unmatched`"
    for index, account in loud:
        each = _each_of(account) if account.first_run == "full" else frozenset()
        if _is_told(rules, account) or any(rules.by_type[type_] for type_ in each):
            continue
        types = ", ".join(["account.baselined", *sorted({f"{type_.partition('.')[0]}.*" for type_ in each})])
        message = f"nobody is told of it: no rule tells anybody of {types}, and {why}; add a rule, or write silent"
        yield document.problem(("accounts", index, "first_run"), message)


def _accounts(document: Document, settings: Settings) -> Iterator[Problem]:
    """What the platforms' own options doubt."""
    for index, account in enumerate(settings.accounts):
        for key, message in account.doubts().items():
            yield document.problem(("accounts", index, key), message)


def _is_told(rules: RuleSet, account: AccountOptions) -> bool:
    """Whether the summary reaches anybody."""
    from monitor.rules import Notify, RuleState, step
    from monitor.rules.samples import sample

    about = {"name": account.name, "provider": account.provider, "labels": dict(account.labels)}
    event = replace(sample(EventType.ACCOUNT_BASELINED), account=account.name, subject=f"account/{account.name}")
    event = replace(event, data={"account": {**about, "region": account.location()}})
    _, effects = step(rules, RuleState(), event)
    return any(isinstance(effect, Notify) for effect in effects)


def _each_of(account: AccountOptions) -> frozenset[EventType]:
    """The types in which a full first run tells each of what is there."""
    watches = account.watches()
    jobs = {type_ for type_ in EventType if type_.startswith("job.")} if "jobs" in watches else set()
    return frozenset(jobs | ({EventType.FLAVOR_LISTED} if watches.keys() - {"jobs"} else set()))
