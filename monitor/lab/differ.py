"""Holds what came of a case against what was expected of it: field by field, so that people see where it differs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from monitor.lab.case import Case
from monitor.lab.moments import Moment, shown
from monitor.lab.naming import about, called
from monitor.lab.options import Expectation, HiddenExpectation
from monitor.lab.pairing import paired
from monitor.lab.run import Outcome
from monitor.model import Event
from monitor.rules import Hide, Notify

ABSENT = "-"


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that was expected of a message, and how it came. `weight`: how much it says about which is meant."""

    field: str
    expected: str
    came: str
    right: bool
    weight: int = 1


@dataclass(frozen=True, slots=True)
class Match:
    """An expected message and the one that came for it. `line`: where the expectation stands; None: none was expected.
    `rows` are empty where nothing came."""

    line: int | None
    rows: tuple[Row, ...]
    came: Notify | Hide | None

    @property
    def right(self) -> bool:
        return self.line is not None and self.came is not None and all(row.right for row in self.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    messages: tuple[Match, ...]
    hidden: tuple[Match, ...] = ()

    @property
    def right(self) -> bool:
        return all(match.right for match in (*self.messages, *self.hidden))


def compare(case: Case, outcome: Outcome) -> Comparison:
    """Every expected message must have come, and no other. Messages of one moment may come in any order."""
    names = {event.seq: called(event) for event in outcome.events}
    messages = _matched(
        [(each.line, each.what) for each in case.expected],
        [(at, each) for at, each in outcome.story if isinstance(each, Notify)],
        lambda want, came: tuple(_of_message(want, came, case.start)),
    )
    hidden: tuple[Match, ...] = ()
    if case.hidden is not None:
        hidden = _matched(
            [(each.line, each.what) for each in case.hidden],
            [(at, each) for at, each in outcome.story if isinstance(each, Hide)],
            lambda want, came: tuple(_of_hidden(want, came, case.start, names)),
        )
    return Comparison(messages=messages, hidden=hidden)


def unmet(want: Expectation | HiddenExpectation, start: datetime) -> list[tuple[str, str]]:
    """What an expectation asks for, for one that nothing came for."""
    asked: list[tuple[str, str]] = []
    for name in type(want).model_fields:
        value = getattr(want, name)
        if isinstance(value, Moment):
            asked.append((name, shown(value.of(start), start)))
        elif isinstance(value, list):
            asked.append((name, ", ".join(value)))
        elif value not in (None, False):
            asked.append((name, "yes" if value is True else str(value)))
    return asked


def _matched(
    wants: Sequence[tuple[int, Expectation | HiddenExpectation]],
    story: Sequence[tuple[datetime, Notify | Hide]],
    rows: Callable[[Any, Any], tuple[Row, ...]],
) -> tuple[Match, ...]:
    """`story`: what came, and when, whatever the clock was set to."""
    moments, came = [at for at, _ in story], [each for _, each in story]
    table: list[list[tuple[Row, ...]]] = [[rows(want, each) for each in came] for _, want in wants]
    scores = [[_score(cell) for cell in line] for line in table]
    places = paired(scores, moments)
    late: list[tuple[Row, ...]] = _out_of_order([want for _, want in wants], places, moments)
    taken = {place for place in places if place is not None}
    found: list[Match] = []
    for (line, _), cells, place, extra in zip(wants, table, places, late, strict=True):
        chosen = () if place is None else (*cells[place], *extra)
        found.append(Match(line, chosen, came[place] if place is not None else None))
    found += [Match(None, (), each) for index, each in enumerate(came) if index not in taken]
    return tuple(found)


def _out_of_order(
    wants: Sequence[Expectation | HiddenExpectation], places: Sequence[int | None], moments: Sequence[datetime]
) -> list[tuple[Row, ...]]:
    """Expectations that say no time stand in the order in which their messages must come."""
    found: list[tuple[Row, ...]] = []
    last: datetime | None = None
    for want, place in zip(wants, places, strict=True):
        early = place is not None and last is not None and moments[place] < last and want.at is None
        found.append((Row("order", "after those above", "came before one of them", False),) if early else ())
        if place is not None:
            last = moments[place] if last is None else max(last, moments[place])
    return found


def _score(rows: Sequence[Row]) -> tuple[bool, int]:
    right = sum(row.weight for row in rows if row.right)
    return all(row.right for row in rows), 100 * right - sum(row.weight for row in rows if not row.right)


def _of_message(want: Expectation, came: Notify, start: datetime) -> Iterator[Row]:
    if want.at is not None:
        yield _moment(want.at, came.at, start)
    yield from _texts((("rule", want.rule, came.rule), ("reason", want.reason, came.reason.value)), weight=3)
    if want.severity is not None:
        yield Row("severity", want.severity, came.severity, want.severity == came.severity)
    if want.to is not None:
        yield _listed("to", want.to, came.sinks)
    if want.about is not None:
        yield _listed("about", want.about, about(came), weight=4)
    if want.count is not None:
        yield Row("count", str(want.count), str(len(came.events)), want.count == len(came.events))
    title, body = came.text.title, came.text.plain.strip()
    yield from _texts((("title", want.title, title), ("body", want.body.strip() if want.body else None, body)))
    whole = f"{title}\n{body}"
    for text in want.says or ():
        yield Row("says", text, "is there" if text in whole else "is not in its text", text in whole)
    for text in want.lacks or ():
        yield Row("lacks", text, "stands in its text" if text in whole else "is not there", text not in whole)
    if want.shadow != came.shadow:
        yield Row("shadow", _yes(want.shadow), _yes(came.shadow), False, 3)


def _of_hidden(want: HiddenExpectation, came: Hide, start: datetime, names: dict[int, str]) -> Iterator[Row]:
    if want.at is not None:
        yield _moment(want.at, came.at, start)
    yield from _texts((("rule", want.rule, came.rule), ("by", want.by, by(came))), weight=3)
    if want.to is not None:
        yield _listed("to", want.to, came.sinks)
    if want.about is not None:
        yield _listed("about", want.about, [names[seq] for seq in came.seqs], weight=4)


def by(came: Hide) -> str:
    """`mute`, or the name of the silence."""
    return came.by.removeprefix("silence/")


def names_of(events: Sequence[Event], seqs: Sequence[int]) -> list[str]:
    return [called(event) for event in events if event.seq in seqs]


def _moment(want: Moment, came: datetime, start: datetime) -> Row:
    expected = want.of(start)
    near = abs((expected - came).total_seconds()) < 1
    return Row("at", shown(expected, start), shown(came, start), near, 2)


def _texts(fields: Sequence[tuple[str, str | None, str]], weight: int = 1) -> Iterator[Row]:
    for name, want, came in fields:
        if want is not None:
            yield Row(name, want, came, want == came, weight)


def _listed(name: str, want: Sequence[str], came: Sequence[str], weight: int = 1) -> Row:
    expected, found = sorted(set(want)), sorted(set(came))
    return Row(name, ", ".join(expected), ", ".join(found) or ABSENT, expected == found, weight)


def _yes(value: bool) -> str:
    return "yes" if value else "no"
