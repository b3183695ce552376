"""What can be said of an expression without any event: for the lint of rules, which looks for what never matches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from google.protobuf import any_pb2

from monitor.rules.expression.cost import children
from monitor.rules.expression.shapes import Shapes
from monitor.rules.expression.tree import Path, path_of
from monitor.rules.schema import SCALARS, VARIABLES

_LOGIC = frozenset({"_&&_", "_||_", "!_", "_?_:_"})


@dataclass(frozen=True, slots=True)
class Compared:
    """A value that is held against constant texts: `==`, `!=` or `in`. `offset` counts code points from 0."""

    path: Path
    function: str
    texts: tuple[str, ...]
    offset: int


@dataclass(frozen=True, slots=True)
class Reading:
    """`conjuncts`: what must all be true (the parts between `&&`), each in a form that is equal for what is written
    alike. `needs`: variables without which it cannot be true. `demands`: those of `compared` that are such a part.
    `constant`: what it is whatever comes, else None."""

    conjuncts: frozenset[bytes]
    needs: frozenset[str]
    compared: tuple[Compared, ...]
    demands: tuple[Compared, ...]
    constant: bool | None


def read(shapes: Shapes, serialized: bytes, constant: bool | None) -> Reading:
    """Takes what the library serialized, before anything is put into it."""
    envelope = any_pb2.Any()
    envelope.ParseFromString(serialized)
    checked = shapes.checked.FromString(envelope.value)
    positions = {place.key: place.value for place in checked.source_info.positions}
    expr = checked.expr
    return Reading(
        conjuncts=frozenset(_canonical(part) for part in _conjuncts(expr)),
        needs=frozenset(_needs(expr, True)),
        compared=tuple(_compared(expr, positions)),
        demands=tuple(each for part in _conjuncts(expr) for each in _held(part, positions)),
        constant=constant,
    )


def _conjuncts(expr: Any) -> Iterator[Any]:
    if expr.call_expr.function == "_&&_":
        for arg in expr.call_expr.args:
            yield from _conjuncts(arg)
    else:
        yield expr


def _canonical(expr: Any) -> bytes:
    """Without the numbers that the parser gave its parts."""
    plain = type(expr)()
    plain.CopyFrom(expr)
    _clear(plain)
    return bytes(plain.SerializeToString(deterministic=True))


def _clear(expr: Any) -> None:
    expr.ClearField("id")
    for child in children(expr):
        _clear(child)


def _needs(expr: Any, wanted: bool) -> set[str]:
    """Variables that must be there for it to come out as `wanted`. Never one too many."""
    function, args = expr.call_expr.function, expr.call_expr.args
    if function == "!_":
        return _needs(args[0], not wanted)
    if function in ("_&&_", "_||_"):
        sides = [_needs(arg, wanted) for arg in args]
        return set().union(*sides) if (function == "_&&_") is wanted else set.intersection(*sides)
    if function == "_?_:_":
        return _strict(args[0]) | (_needs(args[1], wanted) & _needs(args[2], wanted))
    return _strict(expr)


def _strict(expr: Any) -> set[str]:
    """Variables whose absence makes an error of it: what a call takes must all be there, except beside `null`."""
    path = path_of(expr)
    if path is not None:
        return {path[0]} & (VARIABLES.keys() - SCALARS.keys())
    if expr.HasField("comprehension_expr"):
        return _strict(expr.comprehension_expr.iter_range)
    call = expr.call_expr
    if call.function in _LOGIC:
        return set()
    found: set[str] = set()
    to_null = any(arg.const_expr.HasField("null_value") for arg in call.args)
    for child in children(expr):
        place = path_of(child)
        if not (to_null and place is not None and len(place) == 1):
            found |= _strict(child)
    return found


def _held(expr: Any, positions: dict[int, int]) -> Iterator[Compared]:
    """What this part itself holds against texts; a map that has a key is no such value."""
    call = expr.call_expr
    if call.function not in ("_==_", "_!=_", "@in") or len(call.args) != 2:
        return
    pairs = [(call.args[0], call.args[1])]
    if call.function != "@in":
        pairs.append((call.args[1], call.args[0]))
    for value, other in pairs:
        path, texts = path_of(value), _texts(other)
        if path is not None and texts:
            yield Compared(path, call.function, texts, positions.get(_root(value).id, 0))


def _compared(expr: Any, positions: dict[int, int]) -> Iterator[Compared]:
    yield from _held(expr, positions)
    for child in children(expr):
        yield from _compared(child, positions)


def _root(expr: Any) -> Any:
    while expr.HasField("select_expr"):
        expr = expr.select_expr.operand
    return expr


def _texts(expr: Any) -> tuple[str, ...]:
    if expr.const_expr.HasField("string_value"):
        return (str(expr.const_expr.string_value),)
    elements = expr.list_expr.elements
    if elements and all(each.const_expr.HasField("string_value") for each in elements):
        return tuple(str(each.const_expr.string_value) for each in elements)
    return ()
