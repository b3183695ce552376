"""The report of a digest rule: what came of everything that it took in a day or a week, on one page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from monitor.model import Event, EventType, Text
from monitor.rules.message import sections
from monitor.rules.message.clean import one_line
from monitor.rules.message.facts import Facts, amount, counted, joined, money, thousands
from monitor.rules.message.occasion import Occasion
from monitor.rules.message.sections import TROUBLES, by_outcome, outcome_of, summed, use_text
from monitor.rules.message.story import Line, Section, sheet
from monitor.rules.message.tally import Tally, Use, tally
from monitor.rules.message.used import quantity

LIMIT = 8_000
"""Characters of a report, in Markdown too."""
_ROWS = (12, 6, 3, 1)
"""So many of a kind are named; fewer where the report would be too long."""


@dataclass(frozen=True, slots=True)
class Span:
    """What a report covers. `word`: `Daily` or the like. `personal`: all of it belongs to who reads it."""

    since: datetime
    until: datetime
    timezone: str = "UTC"
    word: str = "Daily"
    personal: bool = False


def report(events: Iterable[Event], span: Span, occasion: Occasion, names: Mapping[str, str]) -> Text:
    """At most `LIMIT` characters, whatever happened."""
    found = tally(events, span.since, span.until)
    for rows in _ROWS:
        text = _written(found, span, occasion, names, rows)
        if max(len(text.plain), len(text.markdown)) < LIMIT:
            break
    return text


def _written(found: Tally, span: Span, occasion: Occasion, names: Mapping[str, str], rows: int) -> Text:
    lines = [
        Line("Your jobs" if span.personal else "Jobs", _jobs(found)),
        Line("Used", use_text(summed(found.used.values()))),
        Line("Also", _others(found)),
        *occasion.asides,
        Line("Period", _period(span)),
        Line("Rule", occasion.origin),
    ]
    owners = Section("By owner", sections.owners(found, names, rows))
    lists = [
        Section("Your jobs", sections.mine(found, rows)) if span.personal else owners,
        Section("Failed", [] if span.personal else sections.failed(found, names, rows)),
        Section(_spent(summed(found.used.values())), sections.uses(found, names, rows, span.personal)),
        Section("Stock", sections.stock(found, rows)),
        Section("Accounts", sections.accounts(found, rows)),
    ]
    title = f"{_name(span)}: {_summary(found, span) or 'nothing happened'}"
    return sheet(occasion.prefix + title, [line for line in lines if line.value], lists)


def _spent(use: Use) -> str:
    """What there is to tell of it: `Tokens and cost`, or `Hours` alone."""
    *first, last = [
        *(["tokens"] if use.tokens or not (use.nodes or use.cards) else []),
        *(["hours"] if use.nodes or use.cards else []),
        *(["cost"] if use.costs else []),
    ]
    return (", ".join(first) + " and " * bool(first) + last).capitalize()


def _name(span: Span) -> str:
    last = (span.until - timedelta(seconds=1)).astimezone(ZoneInfo(span.timezone))
    word = f"Your {span.word.lower()} report" if span.personal else f"{span.word} report"
    return f"{word} {last:%Y-%m-%d}"


def _period(span: Span) -> str:
    zone = ZoneInfo(span.timezone)
    since, until = span.since.astimezone(zone), span.until.astimezone(zone)
    return f"{since:%Y-%m-%d %H:%M} to {until:%Y-%m-%d %H:%M} {span.timezone}"


def _summary(found: Tally, span: Span) -> str:
    """`14 jobs finished, 2 of them failed, 31.2 M tokens (936 CNY)`: of what there is to tell."""
    parts = []
    if found.ended or found.open:
        failed = sum(outcome_of(event) == "failed" for event in found.ended.values())
        done = counted(len(found.ended), "job") if found.ended else "no job"
        parts = [f"{done} finished", f"{thousands(failed)} of them failed" if failed else ""]
    if found.used:
        used = summed(found.used.values())
        costs = " and ".join(_round(cost, currency) for currency, cost in sorted(used.costs.items())[:3])
        hours = quantity(None, used.nodes or None, used.cards or None)
        tokens = f"{_short(used.tokens)} tokens" if used.tokens or not hours else ""
        parts.append(joined(tokens, hours, by=", ") + (f" ({costs})" if costs else ""))
    changes = sum(shelf.changes for shelf in found.shelves.values())
    parts.append(f"stock changed {counted(changes, 'time')}" if changes and len(parts) < 2 else "")
    trouble = sum(any(each.counts[kind] for kind in TROUBLES) for each in found.accounts.values())
    parts.append(f"{counted(trouble, 'account')} with trouble" if trouble else "")
    return joined(*parts, by=", ") or (counted(found.total, "event") if found.total else "")


def _jobs(found: Tally) -> str:
    ended = Counter(outcome_of(event) for event in found.ended.values())
    state = Counter(_state(event) for event in found.open.values())
    under_way = ", ".join(f"{thousands(number)} {word}" for word, number in sorted(state.items()))
    return joined(by_outcome(ended), f"not over: {under_way}" if under_way else "", by="; ")


def _state(event: Event) -> str:
    if event.type is EventType.JOB_DELETED:
        return "deleted"
    return "gone" if event.type is EventType.JOB_GONE else Facts(event.data).part("job").text("state", 20) or "unknown"


def _others(found: Tally) -> str:
    """What has no part of its own, by type: nothing is left out without a word."""
    told = [f"{thousands(number)} {kind}" for kind, number in found.others.most_common()]
    quiet = {EventType.ACCOUNT_BASELINED, EventType.ACCOUNT_RECOVERED}
    for kind in sorted(quiet):
        number = sum(each.counts[kind] for each in found.accounts.values())
        told += [f"{thousands(number)} {kind.value}"] if number else []
    return ", ".join(told[:12])


def _short(tokens: int) -> str:
    """`31.2 M`; up to a million as it is."""
    for size, sign in ((10**12, "T"), (10**9, "G"), (10**6, "M")):
        if abs(tokens) >= size:
            return f"{tokens / size:.1f} {sign}"
    return thousands(tokens)


def _round(cost: Decimal, currency: str) -> str:
    word = one_line(currency, 8)
    return f"{cost:,.0f} {word}".strip() if (amount(cost) or 0) >= 100 else money(cost, word)
