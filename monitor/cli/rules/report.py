"""Says how a case went: what was expected and what came, side by side, and how it came to that."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.cli.table import wrapped
from monitor.lab import differ
from monitor.lab.case import Case
from monitor.lab.differ import Comparison, Match, Row
from monitor.lab.moments import format_exact, shown
from monitor.lab.naming import about, called
from monitor.lab.options import Expectation, HiddenExpectation
from monitor.lab.run import Outcome
from monitor.model import Event
from monitor.rules import Hide, Notify

STORY = 40
"""Lines of what happened that are shown at most."""
TEXT = 12
"""Lines of a message that are shown at most."""
WAITING = 3
"""Messages that wait still, of which so many are shown."""
FIELD = 12
"""Cells for the name of a field, with the mark before it."""


@dataclass(frozen=True, slots=True)
class Result:
    """A case that was played. `seconds` that it took."""

    case: Case
    outcome: Outcome
    comparison: Comparison
    seconds: float

    @property
    def state(self) -> str:
        if self.outcome.error:
            return "error"
        return "passed" if self.comparison.right else "failed"

    @property
    def place(self) -> str:
        return f"{self.case.file}:{self.case.line}"


def lines(result: Result, width: int) -> Iterator[str]:
    """Why it did not pass; none of the lines is wider than `width`."""
    if result.outcome.error:
        yield from wrapped(result.outcome.error, width)
    else:
        case = result.case
        for word, matches in (("message", result.comparison.messages), ("hidden", result.comparison.hidden)):
            for match in matches:
                if not match.right:
                    yield from _match(word, match, result, width)
        if _nothing_more(result) and not result.outcome.to_come:
            hint = f"The case is over at {shown(result.outcome.end, case.start)}; a `- wait:` at its end goes on."
            yield from wrapped(hint, width)
    yield from _story(result, width)
    yield from waiting(result, width)


def waiting(result: Result, width: int) -> Iterator[str]:
    """What is not told yet when the case is over, and how it can be let come; nothing where nothing waits."""
    start, end = result.case.start, result.outcome.end
    to_come = result.outcome.to_come
    if not to_come:
        return
    yield from wrapped(f"The case is over at {shown(end, start)}, and this waits still:", width)
    for told in to_come[:WAITING]:
        yield from _happened(told, start, width)
    if len(to_come) > WAITING:
        yield f"  … and {len(to_come) - WAITING} more"
    left = format_exact((to_come[0].at - end).total_seconds())
    yield from wrapped(f"A `- wait: {left}` at the end of `given` lets it come.", width)


def _nothing_more(result: Result) -> bool:
    """Whether something did not come that might come later."""
    timeless = {each.line for each in result.case.expected if each.what.at is None}
    return any(match.came is None and match.line in timeless for match in result.comparison.messages)


def _match(word: str, match: Match, result: Result, width: int) -> Iterator[str]:
    start = result.case.start
    if match.came is None:
        yield from wrapped(f"{_named(word)} of line {match.line} did not come:", width)
        wants: dict[int, Expectation | HiddenExpectation] = {each.line: each.what for each in result.case.expected}
        wants |= {each.line: each.what for each in result.case.hidden or ()}
        asked = differ.unmet(wants[match.line or 0], start)
        yield from _facts(asked, width)
    elif match.line is None:
        yield from wrapped(f"{_named(word)} came that was not expected:", width)
        yield from _facts(_facts_of(match.came, result), width)
    else:
        yield from wrapped(f"{_named(word)} of line {match.line} came otherwise:", width)
        yield from _table(match.rows, width)
        if isinstance(match.came, Notify):
            yield from _text(match.came, width)
    yield ""


def _named(word: str) -> str:
    return "The message" if word == "message" else "The hidden message"


def _table(rows: Sequence[Row], width: int) -> Iterator[str]:
    """Two columns; a mark before what differs."""
    half = max(8, (width - FIELD - 2) // 2)
    yield _line(" ", "", "expected", "came", half)
    for row in rows:
        left, right = list(wrapped(row.expected, half)), list(wrapped(row.came, half))
        for number in range(max(len(left), len(right))):
            mark = "x" if not row.right and number == 0 else " "
            yield _line(mark, row.field * (number == 0), _at(left, number), _at(right, number), half)


def _line(mark: str, field: str, left: str, right: str, half: int) -> str:
    from rich.cells import cell_len

    gap = " " * max(0, half + 2 - cell_len(left))
    return f"{mark} {field:<{FIELD - 2}}{left}{gap}{right}".rstrip()


def _at(texts: Sequence[str], number: int) -> str:
    return texts[number] if number < len(texts) else ""


def _facts(facts: Sequence[tuple[str, str]], width: int) -> Iterator[str]:
    for name, value in facts:
        for number, part in enumerate(wrapped(value, width - FIELD)):
            yield f"  {name if number == 0 else '':<{FIELD - 2}}{part}".rstrip()


def _facts_of(came: Notify | Hide, result: Result) -> list[tuple[str, str]]:
    facts = [("at", shown(came.at, result.case.start)), ("rule", came.rule), ("to", ", ".join(came.sinks))]
    if isinstance(came, Hide):
        names = differ.names_of(result.outcome.events, came.seqs)
        return [*facts, ("by", differ.by(came)), ("about", ", ".join(names))]
    shadow = [("shadow", "yes")] if came.shadow else []
    told = [("reason", came.reason.value), ("about", ", ".join(about(came))), ("title", came.text.title)]
    return [*facts, *shadow, *told]


def _text(came: Notify, width: int) -> Iterator[str]:
    """The message as it came."""
    body = [line for line in came.text.plain.splitlines() if line.strip()]
    left = len(body) - TEXT
    shown_body = [*body[:TEXT], f"… and {left} more lines"] if left > 0 else body
    for line in (came.text.title, *shown_body):
        for part in wrapped(line, width - 4):
            yield f"  | {part}"


def _story(result: Result, width: int) -> Iterator[str]:
    """What happened, in the order in which it did, whatever the clock was set to."""
    start = result.case.start
    ordered = sorted(result.outcome.story, key=lambda each: (each[0], not isinstance(each[1], Event)))
    if not ordered:
        return
    yield "What happened:"
    for _, each in ordered[:STORY]:
        yield from _happened(each, start, width)
    if len(ordered) > STORY:
        yield f"  … and {len(ordered) - STORY} more"


def _told(each: Event | Notify | Hide) -> tuple[datetime, str]:
    """When it was by the clock, and what."""
    if isinstance(each, Event):
        return each.detected_at, f"{each.type.value}  {called(each)}"
    if isinstance(each, Hide):
        return each.at, f"-- {', '.join(each.sinks)}: {each.rule}, hidden by {differ.by(each)}"
    return each.at, f"-> {', '.join(each.sinks)}: {each.rule} ({each.reason.value}) {each.text.title}"


def _happened(each: Event | Notify | Hide, start: datetime, width: int) -> Iterator[str]:
    at, text = _told(each)
    head = f"  {shown(at, start):<22} "
    for number, part in enumerate(wrapped(text, max(10, width - len(head)))):
        yield (head if number == 0 else " " * len(head)) + part
