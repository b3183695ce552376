"""Tables that fit the terminal, also with double-width names and hostile text; pure text in, lines out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size

from monitor.telemetry.printable import printable

GAP = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """`least`: how narrow it may get where the table is too wide. `optional` columns go first, the last one before
    the others. `wrap` is for the last one: its text goes on below itself. `colour` gives the ANSI code of a cell."""

    title: str
    least: int = 6
    right: bool = False
    optional: bool = False
    wrap: bool = False
    colour: Callable[[str], str | None] | None = None


def table(columns: Sequence[Column], rows: Sequence[Sequence[str]], *, width: int, colours: bool) -> Iterator[str]:
    """The head and a line per row, none wider than `width` cells."""
    cells = [[printable(cell) for cell in row] for row in rows]
    shown, widths = _layout(columns, cells, width)
    head = [_fit(columns[index].title, size, columns[index].right) for index, size in zip(shown, widths, strict=True)]
    yield _paint((" " * GAP).join(head).rstrip(), "2" if colours else None)
    for row in cells:
        for part in _lines([columns[index] for index in shown], [row[index] for index in shown], widths, colours):
            yield part.rstrip()


def _lines(columns: Sequence[Column], row: Sequence[str], widths: Sequence[int], colours: bool) -> Iterator[str]:
    """The line of a row, and those below it that its last column needs."""
    parts = []
    below: list[str] = []
    for column, cell, size in zip(columns, row, widths, strict=True):
        first, *rest = wrapped(cell, size) if column.wrap else [cell]
        below += rest
        code = column.colour(cell) if colours and column.colour else None
        parts.append(_paint(_fit(first, size, column.right), code))
    yield (" " * GAP).join(parts)
    margin = " " * (_total(widths[:-1]) + GAP)
    yield from (margin + part for part in below)


def _layout(columns: Sequence[Column], cells: Sequence[Sequence[str]], width: int) -> tuple[list[int], list[int]]:
    """Which columns are shown, and how wide each is."""
    natural = [
        max([cell_len(column.title), *(cell_len(row[index]) for row in cells)]) for index, column in enumerate(columns)
    ]
    shown = list(range(len(columns)))
    for index in reversed(range(len(columns))):
        if columns[index].optional and _total([natural[place] for place in shown]) > width:
            shown.remove(index)
    widths = [natural[index] for index in shown]
    while _total(widths) > width:
        spare = [size - min(size, columns[index].least) for index, size in zip(shown, widths, strict=True)]
        place = spare.index(max(spare))
        if spare[place] == 0:
            place = widths.index(max(widths))
            if widths[place] <= 1:
                break
        widths[place] -= 1
    return shown, widths


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + GAP * (len(widths) - 1)


def _fit(text: str, size: int, right: bool) -> str:
    length = cell_len(text)
    if length > size:
        return set_cell_size(text, size - 1).rstrip() + "…" if size > 1 else "…"[:size]
    return " " * (size - length) + text if right else text + " " * (size - length)


def wrapped(text: str, width: int) -> Iterator[str]:
    """`text` in lines of at most `width` cells, broken at blanks where there are any."""
    for paragraph in printable(text, lines=True).split("\n"):
        line = ""
        for word in paragraph.split(" "):
            joined = f"{line} {word}" if line else word
            if cell_len(joined) <= width:
                line = joined
                continue
            if line:
                yield line
            line = word
            while cell_len(line) > width:
                head = set_cell_size(line, width).rstrip()
                yield head
                line = line[len(head) :]
        yield line


def _paint(text: str, code: str | None) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if code else text
