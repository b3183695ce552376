"""Says what pydantic found in the words of somebody who edits the file: what is wrong, and what would be right."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic_core import ErrorDetails

_KIND = {bool: "a truth value", int: "a number", float: "a number", list: "a list", dict: "a mapping", str: "a text"}


def explain(error: ErrorDetails, value: Any) -> str:
    """`value` is what stands in the file there; of it only the kind is told, never the content."""
    say = _SAYINGS.get(error["type"])
    if say is not None:
        return say(error.get("ctx") or {}, _found(value))
    return error["msg"]


def _found(value: Any) -> str:
    return "nothing" if value is None else _KIND.get(type(value), "something else")


def _text(context: dict[str, Any], found: str) -> str:
    hint = "; put it in quotes" if found in ("a number", "a truth value") else ""
    return f"expected a text, found {found}{hint}"


def _value(context: dict[str, Any], found: str) -> str:
    return str(context.get("error", "is not right"))


def _literal(context: dict[str, Any], found: str) -> str:
    return f"expected {str(context['expected']).replace(chr(39), '')}"


def _pattern(context: dict[str, Any], found: str) -> str:
    pattern = context["pattern"]
    if pattern == "^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$":
        return "is no name; use at most 63 letters, digits, `.`, `_` and `-`, beginning with a letter or digit"
    return f"has characters that may not stand here, or is too long; it must match {pattern}"


def _bound(word: str, key: str) -> Callable[[dict[str, Any], str], str]:
    return lambda context, found: f"must be {word} {context[key]:g}"


def _length(context: dict[str, Any], found: str) -> str:
    least = context["min_length"]
    return "must not be empty" if least == 1 else f"needs at least {least}"


def _says(text: str) -> Callable[[dict[str, Any], str], str]:
    return lambda context, found: text.replace("FOUND", found)


_NUMBER = _says("expected a number, found FOUND")
_WHOLE = _says("expected a whole number, found FOUND")
_LIST = _says("expected a list, found FOUND; write [one, two] or lines that begin with `- `")
_MAPPING = _says("expected a mapping (`key: value` lines), found FOUND")
_TRUTH = _says("expected true or false, found FOUND")
_DATE = _says("expected a date like 2026-01-31")

_SAYINGS: dict[str, Callable[[dict[str, Any], str], str]] = {
    "missing": _says("is missing"),
    "string_type": _text,
    "string_sub_type": _text,
    "string_pattern_mismatch": _pattern,
    "string_too_short": _length,
    "too_short": _length,
    "string_too_long": lambda context, found: f"is longer than {context['max_length']} characters",
    "too_long": lambda context, found: f"has more than {context['max_length']} entries",
    "value_error": _value,
    "literal_error": _literal,
    "enum": _literal,
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_from_float": _WHOLE,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "decimal_type": _NUMBER,
    "decimal_parsing": _NUMBER,
    "finite_number": _NUMBER,
    "bool_type": _TRUTH,
    "bool_parsing": _TRUTH,
    "list_type": _LIST,
    "tuple_type": _LIST,
    "dict_type": _MAPPING,
    "model_type": _MAPPING,
    "model_attributes_type": _MAPPING,
    "date_type": _DATE,
    "date_parsing": _DATE,
    "date_from_datetime_parsing": _DATE,
    "date_from_datetime_inexact": _DATE,
    "greater_than": _bound("above", "gt"),
    "greater_than_equal": _bound("at least", "ge"),
    "less_than": _bound("below", "lt"),
    "less_than_equal": _bound("at most", "le"),
}
