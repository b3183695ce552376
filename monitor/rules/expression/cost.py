"""What an expression can cost at most, reckoned when the file is loaded, so that none keeps the events waiting."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from monitor.rules.expression.complaint import Complaint, place

LONGEST: Final = 100_000
"""Characters of an expression."""
MOST: Final = 25_000
"""Steps of one evaluation; they take less than 50 ms."""
PATTERN: Final = 1_000
"""Size of a regular expression with its repetitions written out."""
ENTRIES: Final = 100
"""So many entries has a map or list whose length is not known beforehand."""
_WEIGHTS: Final = {
    "matches": 40,
    "timestamp": 10,
    "duration": 10,
    "string": 5,
    "_+_": 5,
    "@in": 3,
    **dict.fromkeys(("getHours", "getMinutes", "getDate", "getDayOfWeek", "getDayOfMonth", "getMonth"), 10),
    **dict.fromkeys(("getFullYear", "getDayOfYear", "getSeconds", "getMilliseconds"), 10),
}
_FRESH_PATTERN: Final = 2_500
"""A pattern that is not a constant is read anew for each event."""
_REPEAT: Final = re.compile(r"\{(\d+)(?:,(\d*))?\}")


def too_long(source: str) -> Complaint | None:
    if len(source) <= LONGEST:
        return None
    line, column = place(source, LONGEST)
    return Complaint(line, column, f"is longer than {LONGEST} characters; make several rules of it")


def too_costly(source: str, expr: Any, positions: dict[int, int]) -> Iterator[Complaint]:
    """`expr` as it was checked, before anything is put into it."""
    large = [offset for pattern, offset in _patterns(expr, positions) if pattern_size(pattern) > PATTERN]
    for offset in large:
        message = "this pattern repeats too much: written out it is longer than 1000; use smaller counts, or + and *"
        yield Complaint(*place(source, offset), message)
    if not large and _steps(expr) > MOST:
        loop = next(_loops(expr), expr)
        line, column = place(source, positions.get(loop.id, 0))
        message = "costs too much: a macro goes through a list for each entry of another, or a list is too long"
        if not loop.HasField("comprehension_expr"):
            message = "costs too much: it has too many parts"
        yield Complaint(line, column, f"{message}; use `in`, or make several rules of it")


def pattern_size(pattern: str) -> int:
    """Signs of the pattern when each `{n}` is written out."""
    groups = [0]
    last, index = 0, 0
    while index < len(pattern):
        sign = pattern[index]
        repeat = _REPEAT.match(pattern, index)
        if sign == "(":
            groups.append(0)
            last = 0
        elif sign == ")" and len(groups) > 1:
            last = groups.pop() + 1
            groups[-1] += last
        elif repeat is not None:
            times = max(int(repeat[1][:6]), int((repeat[2] or "1")[:6]))
            groups[-1] += last * max(0, times - 1)
            last *= times
        else:
            last = 1
            groups[-1] += 1
        index = repeat.end() if repeat is not None else index + (2 if sign == "\\" else 1)
    return sum(groups)


def _steps(expr: Any) -> int:
    """An upper bound of the parts that one evaluation goes through."""
    if expr.HasField("comprehension_expr"):
        loop = expr.comprehension_expr
        once = sum(_steps(part) for part in (loop.loop_condition, loop.loop_step))
        ends = sum(_steps(part) for part in (loop.iter_range, loop.accu_init, loop.result))
        return 1 + ends + _entries(loop.iter_range) * (1 + once)
    if not expr.HasField("call_expr"):
        return 1 + sum(_steps(child) for child in children(expr))
    call = expr.call_expr
    own = _WEIGHTS.get(call.function, 1)
    if call.function == "matches" and call.args:
        pattern = call.args[-1].const_expr
        constant = pattern.HasField("string_value")
        own += 10 * pattern_size(pattern.string_value) if constant else _FRESH_PATTERN
    return own + sum(_steps(child) for child in children(expr))


def _entries(expr: Any) -> int:
    """How many entries what stands there has."""
    if expr.HasField("list_expr"):
        return len(expr.list_expr.elements)
    if expr.HasField("struct_expr"):
        return len(expr.struct_expr.entries)
    if expr.HasField("comprehension_expr"):
        return _entries(expr.comprehension_expr.iter_range)
    if expr.HasField("call_expr") and expr.call_expr.function in ("_+_", "_?_:_"):
        return sum(_entries(arg) for arg in expr.call_expr.args)
    return ENTRIES


def _loops(expr: Any) -> Iterator[Any]:
    if expr.HasField("comprehension_expr"):
        yield expr
    for child in children(expr):
        yield from _loops(child)


def _patterns(expr: Any, positions: dict[int, int]) -> Iterator[tuple[str, int]]:
    call = expr.call_expr
    if call.function == "matches" and call.args and call.args[-1].const_expr.HasField("string_value"):
        yield call.args[-1].const_expr.string_value, positions.get(call.args[-1].id, 0)
    for child in children(expr):
        yield from _patterns(child, positions)


def children(message: Any) -> Iterator[Any]:
    """The expressions directly below one."""
    for field, value in message.ListFields():
        if field.type != field.TYPE_MESSAGE:
            continue
        for part in value if field.is_repeated else (value,):
            if part.DESCRIPTOR.name == "Expr":
                yield part
            else:
                yield from children(part)
