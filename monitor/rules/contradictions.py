"""Keys of one rule that do not go together, or not with the events that it takes: found when the file is loaded."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from typing import Final

from monitor.fields.window import always_open
from monitor.model import EventType
from monitor.rules import schema
from monitor.rules.globs import nearest
from monitor.rules.holding import ENDLESS, STATE_OF
from monitor.rules.mistake import Path, RuleMistake
from monitor.rules.options import OWNER, RuleOptions, Step

_NOT_WITH_DIGEST: Final = (
    *("for", "while", "group_by", "group_wait", "group_interval", "throttle"),
    *("hold", "remind_every", "resolved", "escalate"),
)
_NEEDS: Final[Mapping[str, tuple[tuple[str, ...], str]]] = {
    "while": (("for", "remind_every"), "`while` narrows `for` or `remind_every`, and neither is here; add one"),
    "group_wait": (("group_by",), "`group_wait` is for groups; add `group_by`, like group_by: [account.name]"),
    "group_interval": (("group_by",), "`group_interval` is for groups; add `group_by`, or write `throttle`"),
}


def contradictions(
    options: RuleOptions, types: Set[EventType], path: Path, unread: Collection[str] = ()
) -> Iterator[RuleMistake]:
    """`types`: those that `on` names; empty where they are not known. `unread`: keys that stand in the file and are
    wrong in themselves: they count as given, and nothing is said of their values."""
    given = _given(options) | set(unread)
    yield from _keys(options, given, path)
    yield from _states(options, types, path)
    yield from _groups(options, types, path)
    yield from _steps(options, path, notify_known="notify" not in unread)
    yield from _windows(options, path, unread)


def _given(options: RuleOptions) -> set[str]:
    fields = RuleOptions.model_fields
    return {fields[name].alias or name for name in options.model_fields_set if getattr(options, name) is not None}


def _keys(options: RuleOptions, given: Set[str], path: Path) -> Iterator[RuleMistake]:
    for key, (needed, message) in _NEEDS.items():
        if key in given and not given & set(needed):
            yield RuleMistake((*path, key), message, at_key=True)
    if "digest" in given:
        for key in _NOT_WITH_DIGEST:
            if key in given and not (key == "resolved" and options.resolved is False):
                message = f"`{key}` means nothing beside `digest`, which tells all at its time; make two rules of it"
                yield RuleMistake((*path, key), message, at_key=True)
        for key in ("title", "body"):
            if key in given:
                yield RuleMistake(
                    (*path, key), f"a report (`digest`) has words of its own; leave out `{key}`", at_key=True
                )
    elif {"throttle", "group_interval"} <= given:
        message = "`throttle` and `group_interval` both say how often a group is told; keep one"
        yield RuleMistake((*path, "throttle"), message, at_key=True)
    if "fallback" in given and OWNER not in options.notify:
        message = "`fallback` is for an `owner` whom nobody knows; add owner to `notify`, or name the sinks there"
        yield RuleMistake((*path, "fallback"), message, at_key=True)
    if options.shadow and options.stop:
        message = "a rule on trial (`shadow`) stops no other; leave out one of `shadow` and `stop`"
        yield RuleMistake((*path, "stop"), message, at_key=True)


def _states(options: RuleOptions, types: Set[EventType], path: Path) -> Iterator[RuleMistake]:
    """What lasts, and what ends."""
    stateless = _words(types - STATE_OF.keys())
    if options.lasting is not None and stateless:
        yield RuleMistake(
            (*path, "for"), f"`for` waits until a state has lasted, and {_set(stateless, 'none')}; {_TAKE_OUT}"
        )
    if options.remind_every is not None:
        if stateless:
            message = f"`remind_every` reminds of a state until it ends, and {_set(stateless, 'none')}; {_TAKE_OUT}"
            yield RuleMistake((*path, "remind_every"), message)
        if endless := _words(types & ENDLESS):
            message = f"would remind for ever: {_set(endless, 'a state that never ends')}; {_TAKE_OUT}"
            yield RuleMistake((*path, "remind_every"), message)
    if options.resolved and types and not (types & STATE_OF.keys()) - ENDLESS:
        message = f"nothing ends here that could be told: {_set(_words(types), 'no state that ends')}; leave it out"
        yield RuleMistake((*path, "resolved"), message)


_TAKE_OUT: Final = "take that out of `on`, or make two rules of it"


def _set(types: str, what: str) -> str:
    return f"{types} {'set' if ' ' in types else 'sets'} {what}"


def _words(types: Iterable[EventType], at_most: int = 6) -> str:
    """`a`, `a and b`, `a, b and 3 more`; in the order of the design."""
    found = set(types)
    words = [each.value for each in EventType if each in found]
    more = len(words) - at_most
    shown = words if more <= 1 else [*words[:at_most], f"{more} more"]
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else "".join(shown)


def _groups(options: RuleOptions, types: Set[EventType], path: Path) -> Iterator[RuleMistake]:
    seen: set[str] = set()
    for index, field in enumerate(options.group_by or ()):
        wrong = _field(field) or ("stands here twice" if field in seen else None) or _nowhere(field, types)
        if wrong is not None:
            yield RuleMistake((*path, "group_by", index), wrong)
        seen.add(field)


def _field(field: str) -> str | None:
    """What is wrong with the name of a field; None: nothing."""
    paths = schema.paths()
    if field in paths:
        return None
    variable, _, rest = field.partition(".")
    name, _, key = rest.partition(".")
    kind = schema.VARIABLES.get(variable, {}).get(name)
    if kind is schema.Kind.MAP:
        example = key or rest.partition("[")[2].strip("]\"'") or "team"
        return None if key else f"is a map; name one of its keys, like {variable}.{name}.{example}"
    bare = name.partition("[")[0]
    if schema.VARIABLES.get(variable, {}).get(bare) is schema.Kind.MAP and "[" in name:
        inside = field.partition("[")[2].strip("]\"'") or "team"
        return f"keys of maps are written with a dot here: {variable}.{bare}.{inside}"
    if variable in schema.VARIABLES and not rest:
        return (
            f"is a whole {variable}; name one of its fields, like {variable}.{next(iter(schema.VARIABLES[variable]))}"
        )
    near = nearest(field, paths)
    return f"there is no field {field!r}; " + (f"did you mean {near}?" if near else "write it like account.name")


def _nowhere(field: str, types: Set[EventType]) -> str | None:
    from monitor.rules.samples import sample

    variable = field.partition(".")[0]
    if not types or variable in schema.ALWAYS or any(sample(each).data.get(variable) for each in types):
        return None
    return (
        f"{_words(types)} {'have' if len(types) > 1 else 'has'} no {variable}; group by a field that these events have"
    )


def _steps(options: RuleOptions, path: Path, *, notify_known: bool) -> Iterator[RuleMistake]:
    """Steps in order of time, each to somebody who was not told before."""
    told = set(options.notify)
    before: Step | None = None
    for index, step in enumerate(options.escalate or ()):
        here: Path = (*path, "escalate", index)
        if notify_known and not set(step.notify) - told:
            who = ", ".join(dict.fromkeys(step.notify))
            message = (
                f"{who} was told already, by the rule or an earlier step; name somebody new (`remind_every` repeats)"
            )
            yield RuleMistake((*here, "notify"), message)
        if before is not None and step.after <= before.after:
            same = step.after == before.after
            message = "two steps at one time; make one of them" if same else "steps stand in the order of `after`"
            yield RuleMistake((*here, "after"), message)
        told |= set(step.notify)
        before = step


def _windows(options: RuleOptions, path: Path, unread: Collection[str]) -> Iterator[RuleMistake]:
    """A window that never closes lets nothing out, and so do several that leave no gap between them."""
    found: list[str] = [key for key in ("hold", "mute") if getattr(options, key) and key not in unread]
    alone = [key for key in found if always_open(getattr(options, key))]
    for key in alone:
        yield RuleMistake((*path, key), "these windows together never close, so nothing is ever told; leave a gap")
    both: Sequence[str] = found if len(found) == 2 and not alone else ()
    if both and always_open([*(options.hold or ()), *(options.mute or ())]):
        message = "`hold` and `mute` together never close, so nothing is ever told; leave a gap between them"
        yield RuleMistake((*path, "mute"), message)
