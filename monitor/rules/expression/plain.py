"""Comparisons of one value with a constant, decided without the evaluator, which takes twenty times as long.

Most conditions are made of them, and most events fail one: only what is left goes to the evaluator, which alone decides
what is absent, what fails, and all else that can be written.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, Final, Protocol

from google.protobuf import any_pb2

from monitor.rules.expression.shapes import Shapes
from monitor.rules.expression.tree import Path, path_of
from monitor.rules.schema import SCALARS, VARIABLES, Kind

_EXACT: Final = 2**53
"""Whole numbers up to here are fractions, too, without loss."""
_EQUAL: Final = {"_==_": operator.eq, "_!=_": operator.ne}
_ORDER: Final = {"_<_": operator.lt, "_<=_": operator.le, "_>_": operator.gt, "_>=_": operator.ge}
_TURNED: Final = {"_<_": "_>_", "_<=_": "_>=_", "_>_": "_<_", "_>=_": "_<=_", "_==_": "_==_", "_!=_": "_!=_"}
_TEXTS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "startsWith": lambda value, part: bool(value.startswith(part)),
    "endsWith": lambda value, part: bool(value.endswith(part)),
    "contains": lambda value, part: part in value,
}


class Values(Protocol):
    """One event's values, by path."""

    def value(self, path: Path) -> Any:
        """As the view has it; None where it is absent."""
        ...


Shortcut = Callable[[Values], bool | None]
"""What the expression comes to; None: only the evaluator can say."""


def shortcut(shapes: Shapes, serialized: bytes) -> Shortcut | None:
    """Takes what the library serialized, before anything is put into it. None where no part of it is plain."""
    envelope = any_pb2.Any()
    envelope.ParseFromString(serialized)
    return _decided(shapes.checked.FromString(envelope.value).expr)


def _decided(expr: Any) -> Shortcut | None:
    call = expr.call_expr
    if call.function in ("_&&_", "_||_"):
        return _joined([_decided(arg) for arg in call.args], settles=call.function == "_||_")
    if call.function == "!_":
        return _negated(_decided(call.args[0]))
    if call.function == "@in":
        return _listed(call.args[0], call.args[1])
    if call.function in _TURNED and len(call.args) == 2:
        return _compared(call.function, *call.args) or _compared(_TURNED[call.function], call.args[1], call.args[0])
    if call.function in _TEXTS and len(call.args) == 1:
        return _held(call.target, _TEXTS[call.function], _constant(call.args[0]), Kind.TEXT)
    found = _place(expr)
    return (lambda values: values.value(found[0])) if found is not None and found[1] is Kind.FLAG else None


def _joined(parts: list[Shortcut | None], *, settles: bool) -> Shortcut | None:
    """One part that comes to `settles` settles it, whatever the others are, even where they fail."""
    known = tuple(part for part in parts if part is not None)
    if not known:
        return None
    otherwise = not settles if len(known) == len(parts) else None

    def decide(values: Values) -> bool | None:
        answer = otherwise
        for part in known:
            one = part(values)
            if one is settles:
                return settles
            if one is None:
                answer = None
        return answer

    return decide


def _negated(part: Shortcut | None) -> Shortcut | None:
    if part is None:
        return None

    def decide(values: Values) -> bool | None:
        answer = part(values)
        return None if answer is None else not answer

    return decide


def _compared(function: str, value: Any, other: Any) -> Shortcut | None:
    constant = _constant(other)
    if constant is None:
        return None
    kind = type(constant)
    if function in _EQUAL and kind in (str, bool):
        return _held(value, _EQUAL[function], constant, Kind.TEXT if kind is str else Kind.FLAG)
    if kind in (int, float):
        numeric = (Kind.WHOLE, Kind.NUMBER) if kind is int and abs(constant) <= _EXACT else _NUMERIC[kind]
        return _held(value, (_EQUAL | _ORDER)[function], constant, *numeric)
    return None


_NUMERIC: Final = {int: (Kind.WHOLE,), float: (Kind.NUMBER,)}


def _listed(value: Any, among: Any) -> Shortcut | None:
    texts = [_constant(each) for each in among.list_expr.elements]
    if not texts or not all(isinstance(text, str) for text in texts):
        return None
    return _held(value, lambda value, texts: value in texts, frozenset(texts), Kind.TEXT)


def _held(expr: Any, compare: Callable[[Any, Any], bool], constant: Any, *kinds: Kind) -> Shortcut | None:
    found = _place(expr)
    if found is None or constant is None or found[1] not in kinds:
        return None
    path = found[0]

    def decide(values: Values) -> bool | None:
        value = values.value(path)
        return None if value is None else compare(value, constant)

    return decide


def _place(expr: Any) -> tuple[Path, Kind] | None:
    """The value that is read, and its kind: a field, `severity`, or a key of a map."""
    key: str | None = None
    if expr.call_expr.function == "_[_]":
        expr, index = expr.call_expr.args
        key = _constant(index)
    path = path_of(expr) if not expr.select_expr.test_only else None
    if path is None:
        return None
    if len(path) == 1:
        return (path, SCALARS[path[0]]) if key is None and path[0] in SCALARS else None
    kind = VARIABLES.get(path[0], {}).get(path[1])
    if kind is Kind.MAP:
        path = path if key is None else (*path, key)
        return (path, Kind.TEXT) if len(path) == 3 and isinstance(path[2], str) else None
    return (path, kind) if kind is not None and key is None and len(path) == 2 else None


def _constant(expr: Any) -> Any:
    """A text, a number or a truth; None for all else."""
    constant = expr.const_expr
    kind = constant.WhichOneof("kind") if expr.HasField("const_expr") else None
    return getattr(constant, kind) if kind not in (None, "null_value") else None
