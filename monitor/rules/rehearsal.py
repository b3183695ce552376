"""Tries a template on a sample of every event that its rule can take, so that a mistake shows when the file is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import TYPE_CHECKING, Any, NamedTuple

from monitor.model import Event, EventType
from monitor.rules.holding import STATE_OF
from monitor.rules.samples import sample
from monitor.rules.schema import VARIABLES, Kind
from monitor.rules.template import Template, TemplateMistake
from monitor.rules.view import View, view

if TYPE_CHECKING:
    from monitor.rules.expression.language import Expression, Language
    from monitor.rules.options import RuleOptions


class Rehearsal:
    """Tries the templates of one set of rules. What was tried once is not tried again: many rules share their words."""

    def __init__(self) -> None:
        self._stages: dict[EventType, _Stage] = {}
        self._never: dict[tuple[EventType, str], bool] = {}
        self._tried: dict[tuple[EventType, str, str, object, object], TemplateMistake | None] = {}

    def rehearse(
        self,
        part: tuple[str, str],
        template: Template,
        types: Set[EventType],
        guard: Guard | None,
        occasions: Sequence[Mapping[str, Any]] = ({},),
        *,
        sure: bool = True,
    ) -> None:
        """Raises TemplateMistake with the first type that the template fails on, at any of the `occasions` (values of
        schema.OCCASION). `part`: `title` or `body`, and the text of which the template was made. Types that `guard` can
        never let through, because they lack a variable that it needs, are left out. Unless it is `sure` which types can
        come, only what is wrong whichever comes is a mistake."""
        first: TemplateMistake | None = None
        for taken in (each for each in EventType if each in types):
            stage = self._stage(taken)
            if guard is not None and self._shut(stage, guard):
                continue
            tried = (self._once(part, template, stage, occasion) for occasion in occasions)
            found = next((mistake for mistake in tried if mistake is not None), None)
            if not sure and found is None:
                return
            if found is not None and sure:
                raise found
            if found is not None and not _is_absent(found):
                first = first or found
        if first is not None:
            raise first

    def _stage(self, type: EventType) -> _Stage:
        if type not in self._stages:
            event = sample(type)
            values = view(event)
            lacks = tuple(name for name in VARIABLES if values[name] is None)
            self._stages[type] = _Stage(event, _with_any_key(values), lacks)
        return self._stages[type]

    def _shut(self, stage: _Stage, guard: Guard) -> bool:
        """Whether the condition lacks a variable there."""
        if not {path[0] for path in guard.when.reads} & set(stage.lacks):
            return False
        key = (stage.event.type, guard.source)
        if key not in self._never:
            verdict = guard.when.decide(guard.language.bind(stage.event))
            self._never[key] = any(name in VARIABLES for name in verdict.absent)
        return self._never[key]

    def _once(
        self, part: tuple[str, str], template: Template, stage: _Stage, occasion: Mapping[str, Any]
    ) -> TemplateMistake | None:
        key = (stage.event.type, *part, occasion.get("reason"), occasion.get("lasted"))
        if key not in self._tried:
            self._tried[key] = _mistake(template, stage, occasion)
        return self._tried[key]


class Guard(NamedTuple):
    """The condition before a template, and the text of which it was made."""

    source: str
    when: Expression
    language: Language


class _Stage(NamedTuple):
    """A sample of one type: the values that a template sees, and the variables that the type lacks."""

    event: Event
    values: Mapping[str, Any]
    lacks: tuple[str, ...]


def occasions(options: RuleOptions) -> tuple[Mapping[str, Any], ...]:
    """What a rule's own words can be asked for: the first message and, where there are such, reminders."""
    lasted = options.lasting
    found: list[Mapping[str, Any]] = [{"reason": "new", "lasted": lasted}]
    if options.remind_every is not None:
        found.append({"reason": "reminder", "lasted": (lasted or 0.0) + options.remind_every})
    return tuple(found)


def endings(options: RuleOptions, types: Set[EventType], template: Template) -> frozenset[EventType]:
    """Types that can end what was told, where the template tells that too (it asks for the `reason`)."""
    if not options.resolves or "reason" not in template.reads:
        return frozenset()
    families = {each.partition(".")[0] for each in types & STATE_OF.keys()}
    return frozenset(each for each in STATE_OF if each.partition(".")[0] in families)


END: Mapping[str, Any] = {"reason": "resolved", "lasted": 3600.0}


def _mistake(template: Template, stage: _Stage, occasion: Mapping[str, Any]) -> TemplateMistake | None:
    try:
        template.check({**stage.values, **occasion})
    except TemplateMistake as mistake:
        name = stage.event.type.value
        have = f"; {name} has no {', '.join(stage.lacks)}" if stage.lacks and _is_absent(mistake) else ""
        return TemplateMistake(mistake.message + (have or f" ({name})"), mistake.line, mistake.column, mistake.bit)
    return None


def _is_absent(mistake: TemplateMistake) -> bool:
    return "absent" in mistake.message


class _AnyKey(dict[str, str]):
    """Which labels an account has, and which specification a flavor, is not known beforehand: each key is there."""

    def __missing__(self, key: str) -> str:
        return "sample"


def _with_any_key(values: View) -> dict[str, Any]:
    maps = {name: [field for field, kind in fields.items() if kind is Kind.MAP] for name, fields in VARIABLES.items()}
    return {
        name: {**value, **{field: _AnyKey() for field in maps[name]}} if maps.get(name) and value is not None else value
        for name, value in values.items()
    }
