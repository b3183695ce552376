"""The checked syntax tree of an expression: which values it reads, and absent messages made null before it runs.

Protobuf reads an absent timestamp as 1970 and an absent message as an empty one, so `job.ended_at < now` would hold for
a job that has not ended. After the check every read of such a value, X, becomes `has(X) ? X : null`; a variable that
may be absent as a whole, V, becomes `@V ? V : null`, where `@V` is bound beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from google.protobuf import any_pb2
from google.protobuf.message import DecodeError

from monitor.rules.expression.complaint import Complaint
from monitor.rules.expression.cost import children, too_costly
from monitor.rules.expression.shapes import Shapes
from monitor.rules.schema import ALWAYS, SCALARS, VARIABLES, Kind

Path = tuple[str, ...]
"""A value that an expression reads: variable, field, and a field or key inside it."""

_NULLABLE = frozenset({Kind.TIME, Kind.SPAN, Kind.ERROR})
_READ_TEXT = frozenset({"duration", "timestamp", "matches"})
"""Functions that refuse some texts, which would otherwise show only when an event comes."""
_READ_ZONE = frozenset(
    f"get{part}"
    for part in (
        *("FullYear", "Month", "Date", "DayOfMonth", "DayOfWeek", "DayOfYear"),
        *("Hours", "Minutes", "Seconds", "Milliseconds"),
    )
)
"""Functions of a time that take the name of a time zone."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant text that a function reads. `source` is a call by itself."""

    function: str
    text: str
    source: str
    offset: int


@dataclass(frozen=True, slots=True)
class Tree:
    """`serialized` is the expression with absent values made null; offsets count code points from 0."""

    serialized: bytes
    reads: frozenset[Path]
    needs: frozenset[Path]
    """Variables and fields that must be filled in, those among them that are only held against null."""
    literals: tuple[Literal, ...]
    shadows: tuple[tuple[str, int], ...]
    """Variables of a macro that hide one of ours, and where."""
    costs: tuple[Complaint, ...]


class TooDeep(Exception):
    """The tree is nested deeper than it can be read."""


def read_tree(shapes: Shapes, serialized: bytes, source: str) -> Tree:
    """Takes what the library serialized of `source`. Raises TooDeep."""
    envelope = any_pb2.Any()
    try:
        envelope.ParseFromString(serialized)
        checked = shapes.checked.FromString(envelope.value)
    except DecodeError as error:
        raise TooDeep from error
    positions = {place.key: place.value for place in checked.source_info.positions}
    costs = tuple(too_costly(source, checked.expr, positions))
    surgeon = _Surgeon(shapes, positions)
    surgeon.walk(checked.expr)
    envelope.value = checked.SerializeToString()
    return Tree(
        envelope.SerializeToString(),
        frozenset(surgeon.reads),
        frozenset(surgeon.needs),
        tuple(surgeon.literals),
        tuple(surgeon.shadows),
        costs,
    )


class _Surgeon:
    """One walk over one tree; changes it in place."""

    def __init__(self, shapes: Shapes, positions: dict[int, int]) -> None:
        self._shapes = shapes
        self._positions = positions
        self._last_id = max(positions, default=0) + 1_000_000
        self.reads: set[Path] = set()
        self.needs: set[Path] = set()
        self.literals: list[Literal] = []
        self.shadows: list[tuple[str, int]] = []

    def walk(self, expr: Any) -> None:
        path = path_of(expr)
        if path is not None:
            self._read(expr, path)
        elif expr.HasField("call_expr"):
            self._call(expr)
        else:
            if expr.HasField("comprehension_expr"):
                self._shadow(expr)
            for child in children(expr):
                self.walk(child)

    def _read(self, expr: Any, path: Path) -> None:
        if path[0] not in VARIABLES and path[0] not in SCALARS:
            return
        self.needs.add(path[:2])
        if expr.select_expr.test_only:
            self.reads.add(path[:-1])
            return
        self.reads.add(path)
        if len(path) == 1 and path[0] in VARIABLES and path[0] not in ALWAYS:
            self._or_null(expr, self._ident(f"@{path[0]}"))
        elif len(path) == 2 and path[0] in VARIABLES and VARIABLES[path[0]].get(path[1]) in _NULLABLE:
            test = self._shapes.expr()
            test.CopyFrom(expr)
            test.id = self._id()
            test.select_expr.test_only = True
            self._or_null(expr, test)

    def _call(self, expr: Any) -> None:
        call = expr.call_expr
        self._literal(call)
        compared = None
        if call.function in ("_==_", "_!=_") and any(arg.const_expr.HasField("null_value") for arg in call.args):
            compared = next((path for arg in call.args if (path := path_of(arg))), None)
        before = set(self.reads)
        if call.function == "_[_]" and (key := _key(call.args)) is not None:
            self.reads.add(key)
            self.needs.add(key[:2])
        else:
            for child in children(expr):
                self.walk(child)
        if compared is not None:  # null is a value that a comparison with null takes
            self.reads = before | {path for path in self.reads if path != compared}
            if len(compared) > 1:
                self.reads.add(compared[:-1])

    def _literal(self, call: Any) -> None:
        name = str(call.function)
        if name not in _READ_TEXT | _READ_ZONE or not call.args:
            return
        if not call.args[-1].const_expr.HasField("string_value"):
            return
        text = call.args[-1].const_expr.string_value
        quoted = text.encode("unicode_escape").decode().replace('"', '\\"')
        of = '"".' if name == "matches" else 'timestamp("2026-01-31T00:00:00Z").' if name in _READ_ZONE else ""
        source = f'{of}{name}("{quoted}")'
        self.literals.append(Literal(name, text, source, self._positions.get(call.args[-1].id, 0)))

    def _shadow(self, expr: Any) -> None:
        loop = expr.comprehension_expr
        for name in (loop.iter_var, loop.iter_var2):
            if name in VARIABLES or name in SCALARS:
                self.shadows.append((name, self._positions.get(expr.id, 0)))

    def _or_null(self, expr: Any, test: Any) -> None:
        """Makes `test ? expr : null` of `expr`."""
        value = self._shapes.expr()
        value.CopyFrom(expr)
        expr.Clear()
        expr.id = self._id()
        expr.call_expr.function = "_?_:_"
        expr.call_expr.args.add().CopyFrom(test)
        expr.call_expr.args.add().CopyFrom(value)
        null = expr.call_expr.args.add()
        null.id = self._id()
        null.const_expr.null_value = 0

    def _ident(self, name: str) -> Any:
        expr = self._shapes.expr()
        expr.id = self._id()
        expr.ident_expr.name = name
        return expr

    def _id(self) -> int:
        self._last_id += 1
        return self._last_id


def path_of(expr: Any) -> Path | None:
    """`job.error.code` as a path; None for what is no plain chain of names."""
    if expr.HasField("ident_expr"):
        return (str(expr.ident_expr.name),)
    if expr.HasField("select_expr"):
        head = path_of(expr.select_expr.operand)
        return None if head is None else (*head, str(expr.select_expr.field))
    return None


def _key(args: Any) -> Path | None:
    """`account.labels["team"]` as a path."""
    head = path_of(args[0])
    key = args[1].const_expr.string_value
    return (*head, key) if head is not None and key else None
