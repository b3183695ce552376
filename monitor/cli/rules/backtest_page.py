"""A back-test as people read it: a sentence, then the messages by rule, by day and by sink."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from monitor.cli import out, when
from monitor.cli.chart import sparkline
from monitor.cli.table import Column
from monitor.lab.compare import CURRENT, PROPOSED, SENT
from monitor.model import rfc3339

if TYPE_CHECKING:
    from monitor.lab.compare import Comparison, Row

TITLES = {SENT: "SENT", CURRENT: "CURRENT", PROPOSED: "PROPOSED"}
CURVE = 30
DAY = timedelta(days=1)


def show(found: Comparison, names: Mapping[str, str], rule: str | None, gone: Sequence[str] = ()) -> None:
    """`names`: what the sides are called; `rule`: the one that it is about; `gone`: what of it may not be known."""
    for sentence in (*_sentences(found, names, rule), *gone):
        out.block(sentence)
    out.line()
    _rules(found)
    if len(found.days) > 1:
        out.line()
        _days(found)
    if found.sinks:
        out.line()
        _sinks(found)
    for sentence in _beside(found):
        out.line()
        out.block(sentence)


def _sentences(found: Comparison, names: Mapping[str, str], rule: str | None) -> list[str]:
    begin, end = (when.full(rfc3339(each)) for each in (found.span.since, found.span.until))
    of = f" of {rule}" if rule is not None else ""
    now = found.total(CURRENT)
    said = [
        f"From {begin} to {end}: {_counted(found.events, 'event')}.",
        f"{_counted(found.total(SENT), 'message')}{of} were sent; the rules of {names[CURRENT]} would have sent {now:,}"
        f"{_pace(found, now)}.",
    ]
    if PROPOSED in found.sides:
        proposed = found.total(PROPOSED)
        said.append(f"Those of {names[PROPOSED]} would have sent {proposed:,}: {_difference(proposed - now)}.")
    return said


def _pace(found: Comparison, messages: int) -> str:
    """By the time itself, which touches one calendar day more than it is long. Of less than a day nothing is said."""
    length = found.span.until - found.span.since
    return f" ({messages / (length / DAY):,.1f} a day)" if length >= DAY else ""


def _rules(found: Comparison) -> None:
    last = found.sides[-1]
    cells = [
        [row.name, *_counts(found, row), *_change(found, row), sparkline(row.days[last], CURVE, plain=out.plain())]
        for row in found.rules
    ]
    total = [found.total(side) for side in found.sides]
    days = [found.on(index, last) for index in range(len(found.days))]
    change = [_signed(total[-1] - total[-2])] if PROPOSED in found.sides else []
    cells.append(["TOTAL", *(f"{count:,}" for count in total), *change, sparkline(days, CURVE, plain=out.plain())])
    columns = [Column(title="RULE", least=10), *_sides(found)]
    if PROPOSED in found.sides:
        columns.append(Column(title="CHANGE", least=6, right=True))
    out.rows([*columns, Column(title="EACH DAY", least=8, optional=True)], cells, "")


def _days(found: Comparison) -> None:
    last = found.sides[-1]
    most = max((found.on(index, last) for index in range(len(found.days))), default=0) or 1
    cells = []
    for index, day in enumerate(found.days):
        counts = [found.on(index, side) for side in found.sides]
        share = f"{counts[-1] / most:.4f}"
        cells.append([day.isoformat(), *(f"{count:,}" for count in counts), *([share] if out.chart() else [])])
    bars = [Column(title="", least=4, optional=True, bar=True)] if out.chart() else []
    out.rows([Column(title="DAY", least=10), *_sides(found), *bars], cells, "")


def _sinks(found: Comparison) -> None:
    cells = [[sink, *(f"{counts[side]:,}" for side in found.sides)] for sink, counts in found.sinks]
    out.rows([Column(title="SINK", least=10), *_sides(found)], cells, "")


def _beside(found: Comparison) -> list[str]:
    """What is no message: trials, and what was kept back."""
    last = found.sides[-1]
    trials = [f"{row.name} {row.shadow[last]:,}" for row in found.rules if row.shadow[last]]
    kept = [f"{row.name} {row.hidden[last]:,}" for row in found.rules if row.hidden[last]]
    said = [f"On trial (shadow), sent to nobody: {', '.join(trials)}."] if trials else []
    return said + ([f"Kept back by silences and mute windows: {', '.join(kept)}."] if kept else [])


def _sides(found: Comparison) -> Sequence[Column]:
    return [Column(title=TITLES[side], least=4, right=True) for side in found.sides]


def _counts(found: Comparison, row: Row) -> list[str]:
    return [f"{row.total(side):,}" for side in found.sides]


def _change(found: Comparison, row: Row) -> list[str]:
    return [_signed(row.total(PROPOSED) - row.total(CURRENT))] if PROPOSED in found.sides else []


def _signed(count: int) -> str:
    return f"{count:+,}" if count else "-"


def _difference(count: int) -> str:
    if count == 0:
        return "as many"
    return f"{abs(count):,} {'more' if count > 0 else 'fewer'}"


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + ("" if count == 1 else "s")
