"""Stories of budgets: how much of one is used, when the rest will be, and that it begins anew."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from monitor.model import Event, EventType
from monitor.rules.message.facts import Facts, amount, clock, money
from monitor.rules.message.story import Line, Story

_WORDS = {"tokens": "tokens", "node_hours": "node hours", "card_hours": "card hours"}
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_ENDS = {
    "ended": "begins anew",
    "eased": "has room again",
    "changed": "was changed in the config, and begins anew",
    "removed": "is no longer in the config",
}
_HUNDREDTH = Decimal("0.01")
_SOON = timedelta(days=1)
"""What comes sooner has its hour told."""


def budget_story(event: Event) -> Story:
    """`budget.reached` and `budget.renewed`."""
    budget = Facts(event.data).part("budget")
    over = event.type is EventType.BUDGET_RENEWED
    passes = _day(budget, event.time) if not over else ""
    last = "At most" if budget.text("period") == "rolling" else "By the end"  # the former has no end
    lines = (
        Line("Used before" if over else "Used", _used(budget)),
        Line("Left", "" if over or _below(budget.raw("left")) else _so_much(budget, "left")),
        Line("At this rate", f"all of it is used on {passes}" if passes else ""),
        Line(last, f"{_so_much(budget, 'expected')} at this rate" if passes else ""),
        Line("Threshold", _percent(budget.raw("threshold"))),
        Line("Period", _period(budget)),
        Line("Counts", budget.text("scope", 200)),
        Line("Time", clock(event.time)),
    )
    happened = _ENDS.get(budget.text("reason"), "begins anew") if over else _reached(budget, passes)
    return Story(f"budget {budget.text('name')}".strip(), happened, tuple(line for line in lines if line.value))


def _reached(budget: Facts, passes: str) -> str:
    if budget.text("reason") == "forecast" and passes:
        return f"will be used up on {passes} at this rate"
    share, whole = _percent(budget.raw("share")), _so_much(budget, "amount")
    return f"has used {share} of {whole}" if share and whole else "has reached a threshold"


def _used(budget: Facts) -> str:
    used, whole, share = _so_much(budget, "used"), _so_much(budget, "amount"), _percent(budget.raw("share"))
    return f"{used} of {whole} ({share})" if used and whole and share else ""


def _so_much(budget: Facts, key: str) -> str:
    """`4,012.50 CNY`, `86 tokens`, `12.5 card hours`."""
    found = amount(budget.raw(key))
    if found is None:
        return ""
    if budget.text("unit") == "cost":
        return money(found, budget.text("currency", 8))
    shown = found.quantize(_HUNDREDTH).normalize() if found else Decimal(0)
    return f"{shown:,f} {_WORDS.get(budget.text('unit'), '')}".strip()


def _percent(value: object) -> str:
    found = amount(value)
    return f"{found.normalize():,f}%" if found is not None else ""


def _below(value: object) -> bool:
    found = amount(value)
    return found is not None and found < 0


def _period(budget: Facts) -> str:
    """`month from 1 Nov to 30 Nov 2026 (Asia/Shanghai)`; of one that looks back, since when."""
    start, end, zone = budget.moment("starts_at"), budget.moment("ends_at"), _zone(budget)
    if start is None or end is None:
        return ""
    if budget.text("period") == "rolling":
        return f"since {clock(start)}"
    first, last = start.astimezone(zone), (end - timedelta(seconds=1)).astimezone(zone)
    one = first.date() == last.date()
    days = f"{_date(last)} {last.year}" if one else f"from {_date(first)} to {_date(last)} {last.year}"
    return f"{budget.text('period')} {days} ({budget.text('timezone')})"


def _day(budget: Facts, now: datetime) -> str:
    """`Thursday 26 Nov` where the budget's days begin; within a day `Thursday 26 Nov, 14:05 (UTC)`."""
    passes = budget.moment("passes_at")
    if passes is None:
        return ""
    zone = _zone(budget)
    local = passes.astimezone(zone)
    hour = f", {local:%H:%M} ({zone.key})" if abs(passes - now) < _SOON else ""
    return f"{_DAYS[local.weekday()]} {_date(local)}{hour}"


def _date(local: datetime) -> str:
    return f"{local.day} {_MONTHS[local.month - 1]}"


def _zone(budget: Facts) -> ZoneInfo:
    try:
        return ZoneInfo(budget.text("timezone") or "UTC")
    except (ValueError, OSError, KeyError):  # the data may be of another machine, or another version
        return ZoneInfo("UTC")
