"""The small door to cel_expr_python: compiles a rule's `when` against the schema, binds an event, decides.

Imported only where a rule has an expression. The library bounds nesting (32 levels), the rounds of macros (10,000, an
error when the event comes) and keeps regular expressions linear; what costs too much all the same is refused (cost).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from cel_expr_python import cel

from monitor.fields.window import known_zone
from monitor.model import Event
from monitor.rules.expression.complaint import TOO_DEEP, Complaint, ExpressionError, complaints_of, place
from monitor.rules.expression.cost import too_long
from monitor.rules.expression.messages import PACKAGE, Messages
from monitor.rules.expression.plain import Shortcut, shortcut
from monitor.rules.expression.reading import Reading, read
from monitor.rules.expression.shapes import Shapes
from monitor.rules.expression.tree import Literal, Path, TooDeep, Tree, read_tree
from monitor.rules.schema import ALWAYS, SCALARS, VARIABLES, Kind
from monitor.rules.verdict import MATCHED, NOT_MATCHED, Verdict
from monitor.rules.view import View, value_of, view

_ABSENCE = ("No matching overloads", "No value with name", "Key not found in map", "null_type")
_ORDER = {"_<_": "less", "_<=_": "less_equals", "_>_": "greater", "_>=_": "greater_equals"}
_READS = {
    "duration": "duration; write 90s, 5m or 36h",
    "timestamp": "time; write 2026-01-31T00:00:00Z",
    "matches": "regular expression (RE2)",
}


_UNMADE: tuple[Any, View] = (None, {})


class Bound:
    """One event, ready for any number of expressions of one language."""

    __slots__ = ("_event", "_language", "_made", "_now", "_values", "_version")

    def __init__(self, language: Language, event: Event, now: datetime | None) -> None:
        self._language = language
        self._event = event
        self._now = now
        self._version = -1
        self._made: tuple[Any, View] = _UNMADE
        self._values: dict[Path, Any] = {}

    def value(self, path: Path) -> Any:
        """One value as the view has it, without making all of it."""
        try:
            return self._values[path]
        except KeyError:
            found = self._values[path] = value_of(self._event, path)
            return found

    @property
    def activation(self) -> Any:
        return self._filled()[0]

    @property
    def view(self) -> View:
        """What the expressions of the language read, and maybe no more."""
        return self._filled()[1]

    def _filled(self) -> tuple[Any, View]:
        """Made anew where an expression came meanwhile that reads more."""
        if self._version != self._language.version:
            self._made = self._language.fill(self._event, self._now)
            self._version = self._language.version
        return self._made


class Expression:
    """A checked expression."""

    __slots__ = ("_evaluate", "_reads", "_shortcut")

    def __init__(
        self, evaluate: Callable[[Any], Any], reads: frozenset[Path], shortcut: Shortcut | None = None
    ) -> None:
        self._evaluate = evaluate
        self._reads = reads
        self._shortcut = shortcut

    @property
    def reads(self) -> frozenset[Path]:
        """The values that it needs."""
        return self._reads

    def decide(self, bound: Bound) -> Verdict:
        """Never raises: what goes wrong is in the verdict."""
        if self._shortcut is not None and (answer := self._shortcut(bound)) is not None:
            return MATCHED if answer else NOT_MATCHED
        return self.evaluate(bound)

    def evaluate(self, bound: Bound) -> Verdict:
        """As `decide`, always by the library itself."""
        try:
            value = self._evaluate(bound.activation)
            answer = value.value()
        except Exception as error:
            # The library raises RuntimeError, ValueError and more without saying when; a rule must not stop the others.
            return self._failed(bound, str(error) or type(error).__name__)
        if answer is True:
            return MATCHED
        if answer is False:
            return NOT_MATCHED
        return self._failed(bound, "No value" if answer is None else str(answer))

    def _failed(self, bound: Bound, text: str) -> Verdict:
        if text == "No value" or any(sign in text for sign in _ABSENCE):
            absent = sorted({spot for path in self._reads if (spot := _absent(bound.view, path))})
            if absent or "Key not found" in text:
                return Verdict(False, tuple(absent) or (text.split(": ", 1)[-1],))
        return Verdict(False, error=" ".join(text.split(": ", 1)[-1].split())[:300])


class Language:
    """The environment of all expressions of a rule set."""

    def __init__(self) -> None:
        self._messages = Messages()
        self._shapes = Shapes()
        self._env = _environment(self._messages)
        self._needs: dict[str, dict[str, Kind]] = {}
        """The variables and fields that any of the expressions reads: only these are worked out."""
        self.version = 0
        """Grows whenever an expression reads more."""
        self._last: tuple[Event, datetime | None, Bound] | None = None

    def compile(self, source: str) -> Expression:
        """Raises ExpressionError with every mistake that can be seen now."""
        checked = self._checked(source)
        tree = self._tree(source, checked)
        if mistakes := self._second_look(source, tree):
            raise ExpressionError(*mistakes)
        self._need(tree.needs)
        evaluate = self._env.deserialize(tree.serialized).eval
        return Expression(evaluate, tree.reads, shortcut(self._shapes, checked.serialize()))

    def read(self, source: str) -> Reading:
        """What can be said of it without any event. Raises ExpressionError."""
        checked = self._checked(source)
        tree = self._tree(source, checked)
        try:
            value = self._env.deserialize(tree.serialized).eval(self._env.Activation({})).value()
        except Exception:  # what it needs is not there: it depends on the event
            value = None
        return read(self._shapes, checked.serialize(), value if isinstance(value, bool) else None)

    def _checked(self, source: str) -> Any:
        if (complaint := too_long(source)) is not None:
            raise ExpressionError(complaint)
        try:
            checked = self._env.compile(source)
        except Exception as error:  # RuntimeError by observation; nothing is documented
            raise ExpressionError(*complaints_of(str(error))) from None
        if checked.return_type() != cel.Type.BOOL:
            raise ExpressionError(Complaint(1, 1, f"gives {_kind(checked.return_type())}, not true or false"))
        return checked

    def _tree(self, source: str, checked: Any) -> Tree:
        try:
            return read_tree(self._shapes, checked.serialize(), source)
        except TooDeep:
            raise ExpressionError(Complaint(1, 1, TOO_DEEP)) from None

    def bind(self, event: Event, now: datetime | None = None) -> Bound:
        """The event's variables as of `now` (left out: its detection); those that it does not have stay unbound."""
        last = self._last
        if last is None or last[0] is not event or last[1] != now:  # several sets may share this, and several threads
            last = self._last = (event, now, Bound(self, event, now))
        return last[2]

    def fill(self, event: Event, now: datetime | None) -> tuple[Any, View]:
        """The event's variables for the evaluator and as plain values, as far as an expression reads them."""
        values = view(event, now, self._needs)
        data: dict[str, Any] = {name: values[name] for name in SCALARS}
        for name, kinds in self._needs.items():
            there = values[name] is not None
            if there:
                data[name] = self._messages.fill(name, {field: values[name][field] for field in kinds})
            if name not in ALWAYS:
                data[f"@{name}"] = there
        return self._env.Activation(data), values

    def _need(self, paths: Iterable[Path]) -> None:
        for name, *field in paths:
            if name not in VARIABLES:
                continue
            known = self._needs.setdefault(name, {})
            wanted = {each: VARIABLES[name][each] for each in field} if field else VARIABLES[name]
            if not wanted.items() <= known.items():
                known |= wanted
                self.version += 1

    def _second_look(self, source: str, tree: Tree) -> list[Complaint]:
        mistakes = [
            Complaint(
                *place(source, offset), f"{name!r} is a variable of rules; give the one of this macro another name"
            )
            for name, offset in tree.shadows
        ]
        mistakes += tree.costs
        told = {(mistake.line, mistake.column) for mistake in mistakes}
        empty = self._env.Activation({})
        for literal in tree.literals:
            if self._env.compile(literal.source).eval(empty).type() == cel.Type.ERROR:
                line, column = place(source, literal.offset)
                if (line, column) not in told:  # a pattern that costs too much is none for the library either
                    mistakes.append(Complaint(line, column, _unreadable(literal)))
        return mistakes


def _environment(messages: Messages) -> Any:
    variables = {name: cel.Type(f"{PACKAGE}.{name}") for name in VARIABLES}
    variables |= {name: cel.Type.TIMESTAMP if kind is Kind.TIME else cel.Type.STRING for name, kind in SCALARS.items()}
    variables |= {f"@{name}": cel.Type.BOOL for name in VARIABLES if name not in ALWAYS}
    excluded = "".join(f'    - name: "{name}"\n' for name in _ORDER)
    return cel.NewEnv(
        descriptor_pool=messages.pool,
        config=cel.NewEnvConfigFromYaml(f"stdlib:\n  exclude_functions:\n{excluded}"),
        variables=variables,
        functions=[_comparison(sign, word) for sign, word in _ORDER.items()],
    )


def _comparison(sign: str, word: str) -> Any:
    """The standard order, declared anew because the checker by itself lets no fraction be held against a whole number
    (`usage.cost > 100`), though the evaluator can."""
    kinds = {
        "bool": cel.Type.BOOL,
        "int64": cel.Type.INT,
        "uint64": cel.Type.UINT,
        "double": cel.Type.DOUBLE,
        "string": cel.Type.STRING,
        "bytes": cel.Type.BYTES,
        "timestamp": cel.Type.TIMESTAMP,
        "duration": cel.Type.DURATION,
    }
    overloads = [cel.Overload(f"{word}_{name}", cel.Type.BOOL, [kind, kind]) for name, kind in kinds.items()]
    mixed = (("int64", "double"), ("double", "int64"))
    overloads += [cel.Overload(f"{word}_{a}_{b}", cel.Type.BOOL, [kinds[a], kinds[b]]) for a, b in mixed]
    return cel.FunctionDecl(sign, overloads)


def _unreadable(literal: Literal) -> str:
    if literal.function in _READS:
        return f"{literal.text!r} is no {_READS[literal.function]}"
    try:
        known_zone(literal.text)
    except ValueError as error:
        return str(error)
    return f"{literal.text!r} is no time zone here; write an offset like +08:00"


def _absent(values: View, path: Path) -> str | None:
    """The first part of the path that is not there."""
    value: Any = values
    for depth, name in enumerate(path, 1):
        value = value.get(name) if hasattr(value, "get") else None
        if value is None:
            return ".".join(path[:depth])
    return None


def _kind(given: Any) -> str:
    name = given.name()
    return f"the whole {name.split('.')[-1]}" if "." in name else name.lower()
