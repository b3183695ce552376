"""Tries a template on a sample of every event that its rule can take, so that a mistake shows when the file is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import TYPE_CHECKING, Any

from monitor.model import Event, EventType, Text
from monitor.rules.holding import STATE_OF
from monitor.rules.samples import sample
from monitor.rules.schema import VARIABLES, Kind
from monitor.rules.template import Template, TemplateMistake
from monitor.rules.view import View, view

if TYPE_CHECKING:
    from monitor.rules.expression.language import Expression, Language
    from monitor.rules.options import RuleOptions

_NOTHING = Text(title="", plain="", markdown="")


def rehearse(
    template: Template,
    types: Set[EventType],
    language: Language | None,
    when: Expression | None,
    occasions: Sequence[Mapping[str, Any]] = ({},),
    *,
    sure: bool = True,
) -> None:
    """Raises TemplateMistake with the first type that the template fails on, at any of the `occasions` (values of
    schema.OCCASION). Types that `when` can never let through,
    because they lack a variable that it needs, are left out. Unless it is `sure` which types can come, only what is
    wrong whichever comes is a mistake."""
    first: TemplateMistake | None = None
    for event in (sample(each) for each in EventType if each in types):
        if when is not None and language is not None and _never(event, language, when):
            continue
        tried = (_tried(template, event, occasion) for occasion in occasions)
        found = next((mistake for mistake in tried if mistake is not None), None)
        if not sure and found is None:
            return
        if found is not None and sure:
            raise found
        if found is not None and not _is_absent(found):
            first = first or found
    if first is not None:
        raise first


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


def _tried(template: Template, event: Event, occasion: Mapping[str, Any]) -> TemplateMistake | None:
    values = _with_any_key(view(event))
    try:
        template.check({**values, **occasion})
    except TemplateMistake as mistake:
        lacks = [name for name in VARIABLES if values[name] is None]
        have = f"; {event.type.value} has no {', '.join(lacks)}" if lacks and _is_absent(mistake) else ""
        return TemplateMistake(
            mistake.message + (have or f" ({event.type.value})"), mistake.line, mistake.column, mistake.bit
        )
    return None


def _is_absent(mistake: TemplateMistake) -> bool:
    return "absent" in mistake.message


def _never(event: Event, language: Language, when: Expression) -> bool:
    verdict = when.decide(language.bind(event))
    return any(name in VARIABLES for name in verdict.absent)


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
