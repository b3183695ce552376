"""From the names and values of a request to what a route takes; every mistake is answered with its remedy."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, get_args, get_origin

import msgspec
from msgspec.inspect import BoolType, EnumType, IntType, StrType, Type, UnionType, type_info

from monitor.web.api.message import Problem
from monitor.web.api.route import Asked

_WHOLE = re.compile(r"-?[0-9]{1,19}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_LONGEST = 2000
"""Characters of a value."""
_SHOWN = 60


def convert(kind: type[Asked], found: Mapping[str, str], query: Sequence[tuple[str, str]]) -> Asked:
    """What is asked. `found`: the names in the path. Raises Problem that names the parameter."""
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    values: dict[str, Any] = dict(found)
    for name, value in query:
        if name not in fields or name in found:
            raise _unknown(name, [each for each in fields if each not in found])
        if _is_list(fields[name].type):
            values.setdefault(name, []).append(value)
        elif name in values:
            raise Problem(400, "Bad request", f"The parameter `{name}` stands twice.", "Give it once.")
        else:
            values[name] = value
    made = {name: _one(name, fields[name].type, value) for name, value in values.items()}
    for field in fields.values():
        if field.required and field.encode_name not in made:
            hint = f"Add ?{field.encode_name}=… to it."
            raise Problem(400, "Bad request", f"The parameter `{field.encode_name}` is missing.", hint)
    return kind(**{fields[name].name: value for name, value in made.items()})


def _one(name: str, annotation: Any, value: str | list[str]) -> Any:
    """The value in the parameter's type."""
    if isinstance(value, list):
        (inner,) = [part for part in (annotation, *get_args(annotation)) if get_origin(part) is list]
        return [_one(name, get_args(inner)[0], each) for each in value]
    if not writable(value):
        raise _no_text(name, value)
    info = _inner(type_info(annotation))
    try:
        if isinstance(info, IntType) and not _WHOLE.fullmatch(value):
            raise msgspec.ValidationError
        return msgspec.convert(value, annotation, strict=False)
    except msgspec.ValidationError:
        shown = value if len(value) <= _SHOWN else f"{value[:_SHOWN]}…"
        raise Problem(
            400, "Bad request", f"The parameter `{name}` must be {_wanted(info)}, not {shown!r}.", _meant(info, value)
        ) from None


def writable(text: str) -> bool:
    """Whether a value is a text that the store can look for."""
    return len(text) <= _LONGEST and not _CONTROL.search(text) and not _SURROGATE.search(text)


def _no_text(name: str, value: str) -> Problem:
    wrong, hint = "has line breaks or other control characters in it", "Write it in one line, without them."
    if len(value) > _LONGEST:
        wrong, hint = f"is longer than {_LONGEST} characters", "Give less."
    elif not _CONTROL.search(value):
        wrong, hint = "is no text", "Write it as UTF-8."
    return Problem(400, "Bad request", f"The parameter `{name}` {wrong}.", hint)


def _unknown(name: str, there: Sequence[str]) -> Problem:
    takes = f"It takes: {', '.join(there)}." if there else "It takes no parameters."
    shown = name if len(name) <= _SHOWN else f"{name[:_SHOWN]}…"
    return Problem(400, "Bad request", f"There is no parameter {shown!r} here.", _close(name, there) + takes)


def _meant(info: Type, value: str) -> str:
    if isinstance(info, EnumType):
        there = [str(member.value) for member in info.cls]
        return f"{_close(value, there)}Give one of: {', '.join(there)}."
    match info:
        case BoolType():
            return "Give true or false."
        case StrType():
            return "Give a shorter one." if value else "Give it a value, or leave it out."
        case _:
            return "Leave it out for the default."


def _close(word: str, there: Iterable[str]) -> str:
    found = get_close_matches(word[:_SHOWN], list(there), 1)
    return f"Did you mean `{found[0]}`? " if found else ""


def _wanted(info: Type) -> str:
    match info:
        case IntType(ge=None, le=None):
            return "a whole number"
        case IntType(ge=least, le=None):
            return f"a whole number of at least {least}"
        case IntType(ge=least, le=most):
            return f"a whole number from {least or 0} to {most}"
        case BoolType():
            return "true or false"
        case EnumType(cls=kind):
            return f"one of {', '.join(str(member.value) for member in kind)}"
        case StrType(min_length=least, max_length=most):
            return f"a text of {least or 0} to {most} characters" if most else "a text that is not empty"
        case _:
            return "something else"


def _inner(info: Type) -> Type:
    """The type beside null."""
    if isinstance(info, UnionType):
        (info,) = [each for each in info.types if not isinstance(each, msgspec.inspect.NoneType)]
    return info.type if isinstance(info, msgspec.inspect.Metadata) else info


def _is_list(annotation: Any) -> bool:
    return get_origin(annotation) is list or any(_is_list(part) for part in get_args(annotation))
