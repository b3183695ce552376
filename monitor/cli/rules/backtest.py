"""`rules backtest`: what the rules would have sent over the stored history, beside what was sent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.failure import USAGE, Failure
from monitor.cli.options import Config, Output, RuleName, Since, Until, moment

if TYPE_CHECKING:
    from monitor.cli.rules.books import Book
    from monitor.cli.rules.history import History
    from monitor.lab.backtest import Span, Tally
    from monitor.lab.compare import Comparison
    from monitor.store.options import RetentionOptions


class BacktestOutput(StrEnum):
    TABLE = "table"
    JSON = "json"
    CSV = "csv"


With = Annotated[
    Path | None,
    typer.Option(
        "--with",
        metavar="FILE",
        help="Proposed rules: a whole config file, or one with `rules:` and little else.",
    ),
]


def backtest(
    config: Config = None,
    since: Since = "30d",
    until: Until = None,
    with_: With = None,
    rule: RuleName = None,
    output: Annotated[
        BacktestOutput, typer.Option("--output", help="A table for people; json and csv for programs.")
    ] = BacktestOutput.TABLE,
) -> None:
    """What the rules would have sent over the stored history, by rule, day and sink, beside what was sent.

    Nothing is sent, and the daemon goes on.
    """
    from monitor.cli import out
    from monitor.cli.rules.books import of_file
    from monitor.cli.rules.sources import sources
    from monitor.lab.compare import CURRENT, PROPOSED, document, lines

    span = span_of(since, until)
    with sources(config) as there:
        books = {CURRENT: there.current}
        if with_ is not None:
            books[PROPOSED] = of_file(with_, there.current)
        require_rule(books, rule)
        found = tried(there.history, books, span, only=rule)
        kept = there.retention
    if output is BacktestOutput.JSON:
        out.document(Output.JSON, document(found))
    elif output is BacktestOutput.CSV:
        from monitor.cli import spreadsheet

        spreadsheet.write(["rule", "day", *found.sides], lines(found), foreign=["rule"])
    else:
        from monitor.cli.rules.backtest_page import show

        show(found, {side: book.name for side, book in books.items()}, rule, gone(span, kept))


def span_of(since: str | None, until: str | None) -> Span:
    """Raises Failure."""
    from monitor.lab.backtest import Span

    now = datetime.now(UTC)
    begin, end = _at(since or "30d", "--since", now), _at(until, "--until", now) if until else now
    if begin >= end:
        raise Failure("--since must be before --until.", "Give a longer one, like --since 30d.", code=USAGE)
    return Span(begin, min(end, now))


def _at(text: str, option: str, now: datetime) -> datetime:
    from monitor.fields import parse_duration

    known = moment(text, option) or ""
    try:
        return datetime.fromisoformat(known)
    except ValueError:
        try:
            return now - timedelta(seconds=parse_duration(known))
        except ValueError as error:
            raise Failure(f"{option} {text!r}: {error}.", "Give a shorter one, like 30d.", code=USAGE) from None


def gone(span: Span, kept: RetentionOptions | None) -> list[str]:
    """What of the time may have been removed, so that it is not counted."""
    from monitor.cli import when
    from monitor.model import rfc3339
    from monitor.rules.written import span as written

    if kept is None:
        return []
    said, now = [], datetime.now(UTC)
    for what, key, age in (("Messages", "deliveries", kept.deliveries), ("Events", "events", kept.events)):
        first = now - timedelta(seconds=age)
        if span.since < first - timedelta(minutes=1):  # of `--since 90d` none may have gone yet
            of = "SENT counts those that are left" if key == "deliveries" else "the rules are held against the rest"
            before = f"{what} of before {when.full(rfc3339(first))} may have been removed"
            said.append(f"{before} (`retention.{key}: {written(age)}`); {of}.")
    return said


def require_rule(books: dict[str, Book], rule: str | None) -> None:
    """Raises Failure where none of them has it."""
    there = list(dict.fromkeys(name for book in books.values() for name in book.order()))
    if rule is not None and rule not in there:
        raise Failure(f"No rule is named {rule!r}.", f"There are: {', '.join(there)}.", code=USAGE)


def tried(history: History, books: dict[str, Book], span: Span, *, only: str | None = None) -> Comparison:
    """The history through the rules of each book, by side, beside what was sent. Raises Failure."""
    from monitor.cli.progress import progress
    from monitor.cli.rules.history import whole
    from monitor.lab.backtest import Backtest, lead, seldom_tidied
    from monitor.lab.compare import SENT, compare
    from monitor.rules import RuleSet

    rulesets: dict[str, RuleSet] = {}
    for side, book in books.items():
        rulesets[side] = book.compile(beside=next(iter(rulesets.values()), None))
    test = Backtest(rulesets, span, only=only)
    with seldom_tidied(), progress("Reading the history …") as say:
        events = whole(history, span.since - lead(rulesets.values()), span.until)
        for number, event in enumerate(events, 1):
            test.hear(event)
            if number % 10_000 == 0:
                say(f"Events: {number:,}")
        test.end()
        sent = told(history, span, only)
    if (broken := test.broken) is not None:
        raise broken
    order = dict.fromkeys(name for book in books.values() for name in book.order() if only in (None, name))
    return compare(span, test.events, {SENT: sent, **test.tallies}, order)


def told(history: History, span: Span, only: str | None) -> Tally:
    """What was sent."""
    from monitor.lab.backtest import Tally

    tally = Tally()
    for each in history.sent(span.since):
        if each.at in span and only in (None, each.rule) and (each.shadow or each.sinks):
            tally.add(each.rule, span.day(each.at), each.sinks, shadow=each.shadow)
    return tally
