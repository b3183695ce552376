"""What is to be told of a budget, given how it stands and what was told of it, which its marks say. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from monitor.budgets.telling import End, reached, renewed
from monitor.ledger.budget_options import BudgetOptions
from monitor.ledger.budgets import Standing, decide, fingerprint
from monitor.ledger.periods import Period
from monitor.model import EventDraft
from monitor.store.budgets import Mark

SEEN = "seen"
"""The mark of a period that was watched: only of such a one what is booked late is told after its end."""
OVER = "renewed"
"""The mark of a period of which it was told that it is over."""
KEPT = 12
"""Periods of a budget whose marks are kept, those that are over among them."""
Marks = Mapping[str, frozenset[str]]
"""By period, what was told of one budget in it."""


@dataclass(slots=True)
class Judgement:
    """Events and the changes of the marks, which belong into one transaction. `drop`: by period; None: all of it."""

    drafts: list[EventDraft] = field(default_factory=list)
    add: list[Mark] = field(default_factory=list)
    drop: list[tuple[str, tuple[str, ...] | None]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.drafts or self.add or self.drop)


def by_period(marks: Iterable[Mark]) -> Marks:
    found: dict[str, set[str]] = defaultdict(set)
    for mark in marks:
        found[mark.period].add(mark.threshold)
    return {period: frozenset(names) for period, names in found.items()}


def period_name(options: BudgetOptions, period: Period) -> str:
    """`month 2026-11-01 #1a2b3c4d`: a budget that counts otherwise has told nothing in its period."""
    kind = "rolling" if period.first is None else f"{options.period} {period.first}"
    return f"{kind} #{fingerprint(options)}"


def judge(current: Standing, before: Standing | None, marks: Marks, now: datetime) -> Judgement:
    """`before`: the period before, None where it looks back. Ends come before what begins."""
    made, options = Judgement(), current.options
    name = period_name(options, current.period)
    last = period_name(options, before.period) if before is not None else None
    kept = _kept(marks, name)
    for period, told in marks.items():
        if period in (name, last) or _ahead(period, name):
            continue
        _end(made, options.name, told, _why(period, name), now)
        if period not in kept:
            made.drop.append((period, None))
        elif _told(told) and OVER not in told:
            _mark(made, options.name, period, (OVER,), now)
    if before is not None and last is not None and last in marks:
        _late(made, before, last, marks[last], now)
    _now(made, current, name, marks.get(name, frozenset()), now)
    return made


def retire(name: str, marks: Marks, now: datetime) -> Judgement:
    """Of a budget that left the config."""
    made = Judgement()
    for period, told in marks.items():
        _end(made, name, told, "removed", now)
        made.drop.append((period, None))
    return made


def _now(made: Judgement, found: Standing, name: str, marks: frozenset[str], now: datetime) -> None:
    step = decide(found, _told(marks))
    if step.threshold is not None or step.forecast:
        made.drafts.append(reached(found, step, now))
        if OVER in marks:  # by a clock that was ahead: what is told now has an end to come
            made.drop.append((name, (OVER,)))
    elif step.eased:
        made.drafts.append(renewed(found.options.name, "eased", now, found))
    if step.unmark:
        made.drop.append((name, step.unmark))
    _mark(made, found.options.name, name, {SEEN, *step.mark} - marks, now)


def _late(made: Judgement, found: Standing, name: str, marks: frozenset[str], now: datetime) -> None:
    """A period that is over: what was booked since may have passed a threshold, and what was told of it has ended."""
    step = decide(found, _told(marks))
    news = step.threshold is not None
    if news:
        made.drafts.append(reached(found, step, now))
    ended = bool(_told(marks) or step.mark)
    if ended and (news or OVER not in marks):
        made.drafts.append(renewed(found.options.name, "ended", now, found))
    _mark(made, found.options.name, name, {*step.mark, *((OVER,) if ended else ())} - marks, now)


def _end(made: Judgement, budget: str, told: frozenset[str], why: End, now: datetime) -> None:
    if _told(told) and OVER not in told:
        made.drafts.append(renewed(budget, why, now))


def _why(period: str, current: str) -> End:
    return "ended" if period.rpartition("#")[2] == current.rpartition("#")[2] else "changed"


def _kept(marks: Marks, current: str) -> frozenset[str]:
    """The newest periods of the same budget. A clock that leaps ahead and back comes to them once more, and what was
    told of them stays told."""
    form = current.rpartition("#")[2]
    same = sorted(each for each in {*marks, current} if each.rpartition("#")[2] == form)
    return frozenset(same[-KEPT:])


def _ahead(period: str, current: str) -> bool:
    """Whether it is one of the same budget that is still to come, for the clock was set back: it stays as told."""
    first, _, form = period.partition(" #")
    now, _, same = current.partition(" #")
    return form == same and first > now


def _mark(made: Judgement, budget: str, period: str, names: Iterable[str], now: datetime) -> None:
    made.add += [Mark(budget=budget, period=period, threshold=each, at=now) for each in sorted(names)]


def _told(marks: frozenset[str]) -> frozenset[str]:
    return marks - {SEEN, OVER}
