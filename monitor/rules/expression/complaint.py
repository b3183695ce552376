"""The library's compile errors in a person's words, each with its place inside the expression."""

from __future__ import annotations

import re
from dataclasses import dataclass

from monitor.model import JobState, Severity
from monitor.rules import schema
from monitor.rules.globs import nearest

_HEAD = re.compile(r"^(?:[A-Z_]+: )?ERROR: <input>:(\d+):(\d+): (.*)$")
_FIELD = re.compile(r"undefined field '(?P<field>[^']*)' not found in struct '[a-z]+\.(?P<struct>[a-z_]+)'")
_NAME = re.compile(r"undeclared reference to '(?P<name>[^']*)'")
_OVERLOAD = re.compile(r"found no matching overload for '(?P<function>[^']*)' applied to '(?P<types>.*)'$")
_OPERATORS = {f"_{sign}_": sign for sign in ("==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "%", "&&", "||")} | {
    "!_": "!",
    "-_": "-",
    "_[_]": "[]",
    "_?_:_": "? :",
    "@in": "in",
}
_TYPES = {
    "wrapper(string)": "a text",
    "string": "a text",
    "wrapper(int)": "a whole number",
    "int": "a whole number",
    "uint": "a whole number",
    "wrapper(double)": "a number with a fraction",
    "double": "a number with a fraction",
    "wrapper(bool)": "true or false",
    "bool": "true or false",
    "timestamp": "a time",
    "google.protobuf.Timestamp": "a time",
    "duration": "a duration",
    "google.protobuf.Duration": "a duration",
    "null_type": "null",
}
_FUNCTIONS = (
    *("startsWith", "endsWith", "contains", "matches", "size", "exists", "exists_one", "all", "filter", "map"),
    *("duration", "timestamp", "getFullYear", "getMonth", "getDate", "getDayOfWeek", "getHours", "getMinutes"),
)


TOO_DEEP = "is nested too deeply, or chains more than 30 of + - * /; split it into several rules"


@dataclass(frozen=True, slots=True)
class Complaint:
    """One mistake of an expression. `line` and `column` count from 1, columns in code points."""

    line: int
    column: int
    message: str


class ExpressionError(ValueError):
    """An expression that cannot stand; `complaints` has at least one."""

    def __init__(self, *complaints: Complaint) -> None:
        super().__init__("; ".join(complaint.message for complaint in complaints))
        self.complaints = complaints


def complaints_of(text: str) -> tuple[Complaint, ...]:
    """What the library wrote, taken apart; where it is in another form, all of it as one complaint at 1:1."""
    if "recursion" in text:
        return (Complaint(1, 1, TOO_DEEP),)
    found = tuple(
        _complaint(int(match[1]), int(match[2]), match[3].removesuffix(" [INVALID_ARGUMENT]"))
        for line in text.splitlines()
        if (match := _HEAD.match(line))
    )
    if found:
        return found
    plain = " ".join(text.split()).removeprefix("INVALID_ARGUMENT: ").removesuffix(" [INVALID_ARGUMENT]")
    return (Complaint(1, 1, plain[:300]),)


def place(source: str, offset: int) -> tuple[int, int]:
    """Line and column of a code point."""
    before = source[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1


def _complaint(line: int, column: int, message: str) -> Complaint:
    if (match := _NAME.search(message)) and "." in match["name"]:
        column -= match["name"].index(".")  # the library points at the dot behind the name
    return Complaint(line, max(1, column), _worded(message))


def _worded(message: str) -> str:
    if match := _FIELD.search(message):
        return _unknown_field(match["struct"], match["field"])
    if match := _NAME.search(message):
        return _unknown_name(match["name"].split(".")[0])
    if match := _OVERLOAD.search(message):
        return _wrong_type(match["function"], match["types"])
    if message.startswith("Syntax error: "):
        return _syntax(message.removeprefix("Syntax error: ").split(" expecting ")[0])
    return message


def _syntax(message: str) -> str:
    """What people write who know another language is answered with how it is written here."""
    found = re.search(r"'(=|and\b|or\b|<EOF>)", message)
    hint = {"=": "; equal is written ==", "and": "; and is written &&", "or": "; or is written ||"}
    if found is not None and found[1] == "<EOF>" and message.startswith("mismatched"):
        return "syntax error: the expression ends too early"
    return "syntax error: " + message.replace("'<EOF>'", "the end") + (hint.get(found[1], "") if found else "")


_STATES = frozenset(state.value for state in JobState) | {severity.value for severity in Severity}


def _unknown_field(struct: str, field: str) -> str:
    fields = schema.ERROR_FIELDS if struct == "error_" else schema.VARIABLES[struct]
    owner = "job.error" if struct == "error_" else struct
    near = nearest(field, fields)
    return f"{owner} has no field {field!r}; " + (f"did you mean {near}?" if near else "it has " + ", ".join(fields))


def _unknown_name(name: str) -> str:
    if name in _STATES:
        return f'unknown name {name!r}; a text stands in quotes: "{name}"'
    if near := _dotted(name):
        return f"unknown name {name!r}; did you mean {near}?"
    known = schema.names()
    if (near := nearest(name, (*_FUNCTIONS, *known))) in _FUNCTIONS:
        return f"unknown name {name!r}; did you mean {near}()?"
    return f"unknown name {name!r}; " + (f"did you mean {near}?" if near else "there are " + ", ".join(known))


def _dotted(name: str) -> str | None:
    """The field that is meant by `usage_tokens`, or by its bare name where only one variable has such a field."""
    variable, _, field = name.partition("_")
    if field in schema.VARIABLES.get(variable, ()):
        return f"{variable}.{field}"
    owners = [each for each, fields in schema.VARIABLES.items() if name in fields]
    return f"{owners[0]}.{name}" if len(owners) == 1 else None


def _wrong_type(function: str, types: str) -> str:
    sign = _OPERATORS.get(function, f"{function}()")
    parts = [_type_word(part) for part in _split(types)]
    hint = ""
    if set(parts) == {"a whole number", "a number with a fraction"}:
        hint = "; write numbers with a point here, like 100.0"
    elif "a duration" in parts and set(parts) & {"a whole number", "a number with a fraction", "a text"}:
        hint = '; write durations like duration("2h")'
    elif "a time" in parts and "a text" in parts:
        hint = '; write times like timestamp("2026-01-31T00:00:00Z")'
    return f"{sign} does not take {' and '.join(parts)}" + hint


def _split(types: str) -> list[str]:
    """`(wrapper(string), int)` taken apart at the commas that are not inside parentheses."""
    inner = types.strip().removeprefix("(").removesuffix(")")
    parts, depth = [""], 0
    for sign in inner:
        depth += (sign in "([") - (sign in ")]")
        if sign == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += sign
    return [part.strip() for part in parts if part.strip()]


def _type_word(name: str) -> str:
    if name in _TYPES:
        return _TYPES[name]
    if name.startswith("rules."):
        return "an error" if name == "rules.error_" else f"the whole {name.removeprefix('rules.')}"
    return "a list" if name.startswith("list") else "a map" if name.startswith("map") else name
