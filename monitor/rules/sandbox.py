"""Jinja in a sandbox for the templates of rules: no way out of it, and each loop, call and value is counted.

Templates come from the owner of the config file, and values from platforms: a mistake in the one or a giant in the
other must not keep the messages waiting.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import wraps
from typing import Any, Final, cast

from jinja2 import StrictUndefined, TemplateSyntaxError, nodes, pass_context
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context, LoopContext, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from monitor.rules.budget import Budget, check_text
from monitor.rules.filters import FILTERS, absent

BUDGET: Final = "@budget"
"""The name under which a rendering knows its budget; no template can name it."""
_ROUNDS: Final = 1_000
_JINJAS: Final = (
    "abs capitalize count d default dictsort first float int items join last length list lower map max min reject "
    "rejectattr replace reverse round select selectattr sort string sum title trim truncate unique upper urlencode "
    "wordcount"
)
_METHODS: Final[Sequence[tuple[type | tuple[type, ...], str]]] = (
    (
        str,
        "capitalize casefold count endswith find index isalnum isalpha isdigit islower isupper join lower lstrip "
        "partition removeprefix removesuffix replace rfind rpartition rsplit rstrip split splitlines startswith strip "
        "swapcase title upper",
    ),
    (Mapping, "get items keys values"),
    ((list, tuple), "count index"),
    (
        (datetime, date, time),
        "year month day hour minute second date time isoformat isoweekday weekday strftime timestamp",
    ),
    (timedelta, "days seconds total_seconds"),
    (LoopContext, "index index0 revindex revindex0 first last length cycle changed previtem nextitem depth"),
    (Macro, "name"),
)
"""What templates may use of a value, by its type; of all others nothing."""
_TAGS_ALONE: Final = re.compile(r"[ \t]*(?:(?:\{%(?:(?!%\}).)*%\}|\{#(?:(?!#\}).)*#\})[ \t]*)+")
_FIRST_TAG: Final = re.compile(r"^([ \t]*\{[%#])(?![-+])")
_LAST_TAG: Final = re.compile(r"(?<![-+])([%#]\})$")
_NUMBERS_ONLY: Final = frozenset({"*", "**", "%"})


def environment(finalize: Callable[[Any], str]) -> Sandbox:
    """`finalize` makes text of each value that is put out."""

    @pass_context
    def put_out(context: Context, value: Any) -> str:
        budget_of(context).weigh(value)
        return finalize(value)

    made = Sandbox(undefined=StrictUndefined, finalize=put_out, trim_blocks=True, lstrip_blocks=True)
    known: dict[str, Callable[..., Any]] = {name: absent(name, made.filters[name]) for name in _JINJAS.split()}
    known |= FILTERS
    own: dict[str, Callable[..., Any]] = {"@tick": _tick, "@weighed": _weighed, "@joined": _joined}
    made.filters = own | {name: _guarded(function, _GROWING.get(name)) for name, function in known.items()}
    made.tests = {name: _guarded(cast(Any, function)) for name, function in made.tests.items()}
    made.globals = {"range": _range}
    return made


def _kept(line: str) -> str:
    """With the signs by which Jinja keeps what is around a tag."""
    return _LAST_TAG.sub(r"+\1", _FIRST_TAG.sub(r"\1+", line))


def budget_of(context: Context) -> Budget:
    found = context.resolve(BUDGET)
    return found if isinstance(found, Budget) else Budget(0)


class Captured(str):
    """What a macro or a block of the template has put out: text of the template itself."""

    __slots__ = ()


class Sandbox(ImmutableSandboxedEnvironment):
    """Jinja's sandbox, in which nothing runs on, grows without end or is changed."""

    concat = staticmethod(lambda parts: Captured("".join(parts)))

    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "**", "%"})

    def preprocess(self, source: str, name: str | None = None, filename: str | None = None) -> str:
        """A line with nothing but tags leaves no line; beside a text they change no blank and no line break."""
        return "\n".join(line if _TAGS_ALONE.fullmatch(line) else _kept(line) for line in source.split("\n"))

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree: nodes.Template = _Counted().visit(super()._parse(source, name, filename))
        return tree

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """`"x" * 10**9` and `"%999999999d" % 1` are refused: these are for numbers only."""
        numbers = all(isinstance(side, int | float) for side in (left, right))
        if operator in _NUMBERS_ONLY and (not numbers or (operator == "**" and abs(right) > 64)):
            raise SecurityError(f"{operator} is for numbers, and small powers")
        budget = budget_of(context)
        budget.weigh(left, right)
        return budget.settle(super().call_binop(context, operator, left, right))

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N805 as Jinja has it
        budget = budget_of(__context)
        budget.weigh(*args, *kwargs.values())
        owner, name = getattr(__obj, "__self__", None), getattr(__obj, "__name__", "")
        if isinstance(owner, str):
            budget.weigh(owner)
            if (growing := _GROWING.get(name)) is not None:
                growing(*(args[:1] if name == "join" else ()), owner, *(args if name == "replace" else ()))
        return budget.settle(super().call(__context, __obj, *args, **kwargs))

    def getattr(self, obj: Any, attribute: str) -> Any:
        """A field goes before a method of the same name: `account.labels.items` may be a label."""
        if isinstance(obj, Mapping) and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)

    def wrap_str_format(self, value: Any) -> None:
        """Jinja's stand-in for `str.format` lets any width through; without it the method counts as unsafe."""

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        return any(isinstance(obj, kind) and attr in names.split() for kind, names in _METHODS)


class _Counted(NodeTransformer):
    """Puts the counting into a template: before each round of a loop, around what is gone through or made."""

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802 the visitor's own names
        if node.recursive:
            raise TemplateSyntaxError("a loop cannot be recursive here", node.lineno)
        self.generic_visit(node)
        node.iter = _passed(node.iter, "@weighed")
        node.body.insert(0, nodes.ExprStmt(_ticking(node), lineno=node.lineno))
        if node.test is not None:
            node.test = nodes.And(_ticking(node), node.test, lineno=node.lineno)
        return node

    def visit_Compare(self, node: nodes.Compare) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        node.expr = _passed(node.expr, "@weighed")
        for operand in node.ops:
            operand.expr = _passed(operand.expr, "@weighed")
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        return _passed(nodes.List(node.nodes, lineno=node.lineno), "@joined")

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        if isinstance(node.arg, nodes.Slice):
            node.node = _passed(node.node, "@weighed")
        return node

    def visit_List(self, node: nodes.List) -> nodes.Node:  # noqa: N802
        return _passed(self.generic_visit(node), "@weighed")

    def visit_Dict(self, node: nodes.Dict) -> nodes.Node:  # noqa: N802
        return _passed(self.generic_visit(node), "@weighed")

    def visit_Tuple(self, node: nodes.Tuple) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        return node if node.ctx == "store" else _passed(node, "@weighed")


def _passed(node: nodes.Node, name: str) -> nodes.Filter:
    return nodes.Filter(node, name, [], [], None, None, lineno=node.lineno)


def _ticking(node: nodes.Node) -> nodes.Filter:
    return _passed(nodes.Const(True, lineno=node.lineno), "@tick")


@pass_context
def _tick(context: Context, value: bool) -> bool:
    budget_of(context).spend(1)
    return value


@pass_context
def _weighed(context: Context, value: Any) -> Any:
    budget_of(context).weigh(value)
    return value


@pass_context
def _joined(context: Context, values: Sequence[Any]) -> str:
    """`a ~ b`"""
    budget_of(context).weigh(*values)
    text = "".join(map(str, values))
    check_text(len(text))
    return text


def _guarded(function: Callable[..., Any], growing: Callable[..., None] | None = None) -> Callable[..., Any]:
    """A filter or test that spends before it works, and whose result is weighed."""
    wants = getattr(getattr(function, "jinja_pass_arg", None), "name", "")

    @pass_context
    @wraps(function)
    def run(context: Context, *args: Any, **kwargs: Any) -> Any:
        budget = budget_of(context)
        budget.weigh(*args, *kwargs.values())
        if growing is not None:
            growing(*args, **kwargs)
        first = {"context": (context,), "eval_context": (context.eval_ctx,), "environment": (context.environment,)}
        return budget.settle(function(*first.get(wants, ()), *args, **kwargs))

    return run


def _check_replace(value: Any, old: Any = "", new: Any = "", count: int | None = None) -> None:
    text, old, new = str(value), str(old), str(new)
    check_text(len(text) + (text.count(old) if old else len(text) + 1) * len(new))


def _check_join(values: Any, between: Any = "", attribute: Any = None) -> None:
    if hasattr(values, "__len__"):
        check_text(len(values) * len(str(between)) + sum(len(str(value)) for value in values))


_GROWING: Final[Mapping[str, Callable[..., None]]] = {"replace": _check_replace, "join": _check_join}
"""Filters and methods that make much of little."""


def _range(*bounds: int) -> range:
    rounds = range(*bounds)
    if len(rounds) > _ROUNDS:
        raise SecurityError(f"range() gives at most {_ROUNDS} numbers")
    return rounds
