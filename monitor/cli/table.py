"""Tables that fit the terminal, also with double-width names and hostile text; pure text in, lines out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size

from monitor.cli.chart import bar
from monitor.telemetry.printable import printable

GAP = 2
LONGEST_BAR = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """`least`: how narrow it may get where the table is too wide; its title is not cut for that. `optional` columns go
    where they would leave others less than they have `wanted` (else their least), the last one before the others.
    `wrap` is for the last one of a line: its text goes on below itself. `colour` gives the ANSI code of a cell. `bar`:
    its cells are shares of one, drawn."""

    title: str
    least: int = 6
    wanted: int = 0
    right: bool = False
    optional: bool = False
    wrap: bool = False
    colour: Callable[[str], str | None] | None = None
    bar: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """A column of the layout, and how wide it is."""

    index: int
    column: Column
    size: int


def table(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], *, width: int, colours: bool, plain: bool = False
) -> Iterator[str]:
    """The head and the rows, no line wider than `width` cells. Where the columns do not fit beside each other even at
    their least, each row takes several lines. `plain`: ASCII only."""
    cells = [[shown(cell, plain) for cell in row] for row in rows]
    lines = _layout(columns, cells, width)
    for places, margin in lines:
        parts = [_fit(place.column.title, place.size, place.column.right, plain) for place in places]
        if head := (margin + (" " * GAP).join(parts)).rstrip():
            yield _paint(head, "2" if colours else None)
    for row in cells:
        for places, margin in lines:
            for text in _lines(places, row, colours, plain):
                if text.strip() or not margin:
                    yield margin + text.rstrip()


def shown(text: str, plain: bool) -> str:
    """`text` as it may be shown: nothing that acts on a terminal, and where it is `plain`, nothing beyond ASCII."""
    safe = printable(text)
    return safe.encode("ascii", "backslashreplace").decode() if plain else safe


def _lines(places: Sequence[Place], row: Sequence[str], colours: bool, plain: bool) -> Iterator[str]:
    """The line of a row, and those below it that its last column needs."""
    parts = []
    below: list[str] = []
    for place in places:
        column, cell = place.column, row[place.index]
        first, *rest = wrapped(cell, place.size) if column.wrap else [cell]
        below += rest
        if column.bar:
            first = bar(float(cell or 0), place.size, plain=plain)
        code = column.colour(cell) if colours and column.colour else None
        parts.append(_paint(_fit(first, place.size, column.right, plain), code))
    yield (" " * GAP).join(parts)
    margin = " " * (_total([place.size for place in places[:-1]]) + GAP if places[:-1] else 0)
    yield from (margin + part for part in below)


def _layout(columns: Sequence[Column], cells: Sequence[Sequence[str]], width: int) -> list[tuple[list[Place], str]]:
    """The lines of a row: their columns, and what stands before them."""
    natural = [_natural(column, [row[index] for row in cells]) for index, column in enumerate(columns)]
    least = [
        min(size, max(column.least, cell_len(column.title))) for size, column in zip(natural, columns, strict=True)
    ]
    eased = [max(low, min(size, each.wanted)) for low, size, each in zip(least, natural, columns, strict=True)]
    found = []
    for number, line in enumerate(_broken(columns, eased, least, width)):
        margin = " " * GAP if number else ""
        sizes = _sizes(line, columns, (natural, eased, least), width - len(margin))
        found.append(([Place(index, columns[index], size) for index, size in zip(line, sizes, strict=True)], margin))
    return found


def _broken(columns: Sequence[Column], eased: Sequence[int], least: Sequence[int], width: int) -> list[list[int]]:
    """Which columns stand beside each other. Of several lines each takes the optional ones for which it has room."""
    kept = list(range(len(columns)))
    for index in reversed(range(len(columns))):
        if columns[index].optional and _total([eased[place] for place in kept]) > width:
            kept.remove(index)
    if _total([least[place] for place in kept]) <= width:
        return [kept]
    lines: list[list[int]] = [[]]
    for index, column in enumerate(columns):
        room = width if len(lines) == 1 else width - GAP
        if not lines[-1] or _total([least[place] for place in [*lines[-1], index]]) <= room:
            lines[-1].append(index)
        elif not column.optional:
            lines.append([index])
    return lines


def _natural(column: Column, cells: Sequence[str]) -> int:
    return LONGEST_BAR if column.bar else max([cell_len(column.title), *map(cell_len, cells)])


def _sizes(line: Sequence[int], columns: Sequence[Column], wishes: Sequence[Sequence[int]], width: int) -> list[int]:
    """How wide the columns of a line are: optional ones and bars give first, then who has more than is wanted, then
    what can spare most. `wishes`: the natural, the wanted and the least width of each column."""
    natural, eased, least = wishes
    sizes = [natural[index] for index in line]
    while _total(sizes) > width:
        spare = [
            (
                size > least[index] and (columns[index].optional or columns[index].bar),
                size > eased[index],
                size - least[index],
            )
            for index, size in zip(line, sizes, strict=True)
        ]
        place = spare.index(max(spare))
        if spare[place][2] == 0:
            place = sizes.index(max(sizes))
            if sizes[place] <= 1:
                break
        sizes[place] -= 1
    return sizes


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + GAP * (len(widths) - 1)


def _fit(text: str, size: int, right: bool, plain: bool) -> str:
    length = cell_len(text)
    if length > size:
        mark = "~" if plain else "…"
        cut = set_cell_size(text, size - 1).rstrip() + mark if size > 1 else mark[:size]
        return cut + " " * (size - cell_len(cut))
    return " " * (size - length) + text if right else text + " " * (size - length)


def wrapped(text: str, width: int) -> Iterator[str]:
    """`text` in lines of at most `width` cells, broken at blanks where there are any."""
    width = max(2, width)  # the cells of the widest character
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
