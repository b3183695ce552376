"""How options and arguments are named, in `--help` and in docs/commands.md: by what is typed, not by their types."""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum
from functools import partial
from typing import Any, Literal, get_args, get_origin

_BETWEEN = re.compile(r"(-?[\d.]+)<=x<=(-?[\d.]+)")
_FROM = re.compile(r"x>=(-?[\d.]+)")
_WHOLE = re.compile(r"\b(\d+)\.0\b")


def words(option: Any) -> list[str]:
    """What may stand for the option's value: each of its words, or one name in capitals; nothing for a flag."""
    if option.is_flag:
        return []
    kind = option.type_descriptor.annotation
    kind = next(iter(get_args(kind)), kind) if get_origin(kind) is list else kind
    if get_origin(kind) is Literal:
        return [str(word) for word in get_args(kind)]
    if isinstance(kind, type) and issubclass(kind, Enum):
        return [str(each.value) for each in kind]
    return [option.metavar or {int: "N", float: "N"}.get(kind, option.name.upper())]


def name(argument: Any) -> str:
    """`JOB`; where it may be left out `[FILE]`, and where there may be several `[ID]...`."""
    bare = (argument.metavar or argument.name.upper()).strip("[].")
    return (bare if argument.required else f"[{bare}]") + ("..." if argument.nargs != 1 else "")


def humane(text: str) -> str:
    """`text` with the bounds and the default at its end as people write them: `1 to 600`, `at least 1`, `60`."""
    head, mark, extra = text.rpartition("[")
    extra = _WHOLE.sub(r"\1", _FROM.sub(r"at least \1", _BETWEEN.sub(r"\1 to \2", extra)))
    return head + mark + extra


def dress(param: Any) -> None:
    """The names of an option or argument of a command in its help."""
    if param.param_type_name == "argument":
        param.get_usage_pieces = partial(_pieces, param)
    elif not param.is_flag:
        param.metavar = "|".join(words(param))
    param.get_help_record = partial(_record, param, param.get_help_record)


def _pieces(argument: Any, ctx: Any) -> list[str]:
    return [name(argument)]


def _record(param: Any, made: Callable[[Any], tuple[str, str] | None], ctx: Any) -> tuple[str, str] | None:
    """The term and the text. An argument is called as in the usage, whose brackets say whether it is required."""
    record = made(ctx)
    if record is None:
        return None
    if param.param_type_name == "argument":
        return name(param), humane(record[1].removesuffix("  [required]"))
    return record[0], humane(record[1])
