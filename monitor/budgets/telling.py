"""The events of budgets: a threshold that was reached, an amount that will be passed at this rate, and their end."""

from __future__ import annotations

from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Literal

from monitor.diff.drafts import draft, moment
from monitor.ledger.budget_options import BudgetOptions
from monitor.ledger.budgets import Standing, Step, limit_of, people, unit_of
from monitor.model import EventDraft, EventType, Severity

End = Literal["ended", "eased", "changed", "removed"]
"""Why what was told of a budget holds no longer: its period is over; so much fell out of a period that looks back; it
counts otherwise now; it left the config."""
_FULL = 100.0
_TENTH = Decimal("0.1")


def reached(found: Standing, step: Step, now: datetime) -> EventDraft:
    """`budget.reached`: the threshold of the step, or that the amount will be passed at this rate. Who is told of a
    threshold hears the forecast along."""
    severity = Severity.CRITICAL if (step.threshold or 0.0) >= _FULL else Severity.WARNING
    reason = "threshold" if step.threshold is not None else "forecast"
    data = {**figures(found), "threshold": step.threshold, "reason": reason}
    return _draft(EventType.BUDGET_REACHED, found.options.name, data, now, severity)


def renewed(name: str, why: End, now: datetime, found: Standing | None = None) -> EventDraft:
    """`budget.renewed`: what was told before holds no longer. `found`: how it stood then, where that is known."""
    data = figures(found) if found is not None else {**dict.fromkeys(FIGURES), "name": name}
    return _draft(EventType.BUDGET_RENEWED, name, {**data, "reason": why}, now, Severity.INFO)


FIGURES = (
    *("name", "unit", "amount", "currency", "used", "left", "share", "threshold", "period", "timezone", "scope"),
    *("starts_at", "ends_at", "expected", "passes_at"),
)


def figures(found: Standing) -> dict[str, Any]:
    """A budget as events and the API show it. Amounts are text, exact, in the unit of the budget; the share is in
    percent. Who wants no `forecast` is shown none."""
    options, limit = found.options, found.limit
    ahead = found.forecast if options.forecast else None
    passes_at = None if ahead is None else ahead.passes_at
    return {
        "name": options.name,
        "unit": unit_of(options),
        "amount": _plain(options, limit_of(options)),
        "currency": options.currency,
        "used": _plain(options, found.used),
        "left": _plain(options, limit - found.used),
        "share": percent(found),
        "threshold": None,
        "period": options.period if isinstance(options.period, str) else "rolling",
        "timezone": options.timezone,
        "scope": options.scope,
        "starts_at": moment(found.period.start),
        "ends_at": moment(found.period.end),
        "expected": _plain(options, ahead.expected) if ahead is not None else None,
        "passes_at": moment(passes_at.replace(microsecond=0)) if passes_at is not None else None,
    }


def percent(found: Standing) -> float:
    """To a tenth, and never rounded up to 100: what is not reached is not shown as reached."""
    exact = found.percent
    near = exact.quantize(_TENTH, rounding=ROUND_HALF_EVEN) if abs(exact) < 10**12 else exact
    return float(min(near, Decimal("99.9")) if exact < 100 else near)


_PLACES = {"tokens": 0, "cost": 12}


def _plain(options: BudgetOptions, amount: Decimal) -> str:
    places = Decimal(1).scaleb(-_PLACES.get(unit_of(options), 9))
    shown = people(options, amount)
    if shown.adjusted() < 12:
        shown = shown.quantize(places, rounding=ROUND_HALF_EVEN)
    return format(shown.normalize() if shown else Decimal(0), "f")


def _draft(type: EventType, name: str, budget: dict[str, Any], now: datetime, severity: Severity) -> EventDraft:
    return draft(type, account=None, subject=f"budget/{name}", now=now, data={"budget": budget}, severity=severity)
