"""What of an expression of a budget or a clean-up policy can never be true, by the lint of rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from monitor.providers.options import AccountOptions

_NEVER = frozenset({"never-matches", "never-matches-type", "never-equal"})


def idle(
    name: str, text: str, types: Sequence[str], accounts: Mapping[str, str], so: str
) -> Iterator[tuple[str, tuple[int, int] | None]]:
    """What the lint finds for a rule of these types with that condition, and line and column in the text where they are
    known. `accounts`: providers by name; `so`: what follows where nothing can match. Loads the language."""
    from monitor.rules import RuleOptions, RuleSet
    from monitor.rules.lint import lint

    sinks = ["nobody"]
    rule = {"name": name, "on": list(types), "when": text, "notify": sinks}
    rules = RuleSet.compile([RuleOptions.model_validate(rule)], [], None, sinks)
    for finding in lint(rules, sinks, (), accounts):
        if finding.kind == "never-equal" and finding.line is not None:
            yield str(finding), (finding.line, finding.column or 1)
        elif finding.kind in _NEVER:
            yield f"{finding.what.replace('`when`', 'it')}; {so}", None


def providers(accounts: Sequence[AccountOptions]) -> dict[str, str]:
    return {account.name: getattr(account, "provider", "") for account in accounts}
