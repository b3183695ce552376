"""Two sets of rules held against each other, key by key: what a reload would change, in words and as data."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from monitor.rules.options import UNMATCHED
from monitor.rules.written import written

Entry = Mapping[str, Any]
"""Options as they stand in the config file."""


@dataclass(frozen=True, slots=True)
class Change:
    """A key that is another one. None: it is not set."""

    key: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Edit:
    """Something of a name that differs. `before` or `after` is None where it is new or gone."""

    kind: str
    """`rule`, `person`, or `unmatched` and `flapping`, of which there is one each."""
    name: str
    before: Entry | None
    after: Entry | None
    changes: tuple[Change, ...] = ()
    was: str | None = None
    """Its name before, where it bears another one and is the same."""

    @property
    def word(self) -> str:
        if self.was is not None:
            return "renamed"
        return "added" if self.before is None else "removed" if self.after is None else "changed"


@dataclass(frozen=True, slots=True)
class Changes:
    edits: tuple[Edit, ...]
    order: tuple[Sequence[str], Sequence[str]] | None
    """The rules that both have, before and after, where they stand in another order."""

    def __bool__(self) -> bool:
        return bool(self.edits) or self.order is not None


def changes(before: Any, after: Any) -> Changes:
    """`before` and `after` have `rules`, `people`, `unmatched` and `flapping`."""
    edits = [*_named("rule", before.rules, after.rules), *_named("person", before.people, after.people)]
    for kind in (UNMATCHED, "flapping"):
        edits += _one(kind, kind, _entry(getattr(before, kind)), _entry(getattr(after, kind)))
    now = {was: name for name, was in _renamed(before.rules, after.rules).items()}
    names = [now.get(rule.name, rule.name) for rule in before.rules], [rule.name for rule in after.rules]
    kept = [[name for name in side if name in names[0] and name in names[1]] for side in names]
    return Changes(tuple(edits), (kept[0], kept[1]) if kept[0] != kept[1] else None)


def _named(kind: str, before: Sequence[Any], after: Sequence[Any]) -> Iterator[Edit]:
    old, new = ({each.name: written(each) for each in side} for side in (before, after))
    renamed = _renamed(before, after)
    gone = [name for name in old if name not in renamed.values()]
    for name in dict.fromkeys([*new, *gone]):
        was = renamed.get(name)
        yield from _one(kind, name, old.get(was or name), new.get(name), was)


def _renamed(before: Sequence[Any], after: Sequence[Any]) -> dict[str, str]:
    """By the name of now the one before, of what `was` says to be the same; as a reload takes it."""
    old, new = {each.name for each in before}, {each.name for each in after}
    named = {each.name: str(getattr(each, "was", None) or "") for each in after}
    return {name: was for name, was in named.items() if was in old - new and name not in old}


def _entry(options: Any) -> Entry | None:
    return None if options is None else written(options)


def _one(kind: str, name: str, before: Entry | None, after: Entry | None, was: str | None = None) -> Iterator[Edit]:
    """What it is called is no change of it, nor is `was`, which may stay in the file."""
    found: tuple[Change, ...] = ()
    if before is not None and after is not None:
        keys = [key for key in dict.fromkeys([*after, *before]) if before.get(key) != after.get(key)]
        found = tuple(Change(key, before.get(key), after.get(key)) for key in keys if key not in ("name", "was"))
    if found or was is not None or (before is None) != (after is None):
        yield Edit(kind, name, before, after, found, was)


def document(found: Changes) -> dict[str, Any]:
    """JSON-ready."""
    return {
        "changes": [
            {
                "what": edit.word,
                "kind": edit.kind,
                "name": edit.name,
                "was": edit.was,
                "keys": [{"key": each.key, "before": each.before, "after": each.after} for each in edit.changes],
                "before": edit.before,
                "after": edit.after,
            }
            for edit in found.edits
        ],
        "order": None if found.order is None else {"before": list(found.order[0]), "after": list(found.order[1])},
    }


def words(found: Changes) -> Iterator[str]:
    """Lines for people; those that begin with blanks belong to the one before."""
    for edit in found.edits:
        yield f"{edit.word}: {_called(edit)}"
        for each in edit.changes:
            yield f"  {each.key}: {shown(each.before)} -> {shown(each.after)}"
        entry = edit.after if edit.before is None else None
        for key, value in (entry or {}).items():
            if key != "name":
                yield f"  {key}: {shown(value)}"
    if found.order is not None:
        yield f"order of the rules: {', '.join(found.order[0])} -> {', '.join(found.order[1])}"


def _called(edit: Edit) -> str:
    if edit.was is not None:
        return f"{edit.kind} {edit.was} to {edit.name}"
    return edit.kind if edit.kind == edit.name else f"{edit.kind} {edit.name}"


def shown(value: Any) -> str:
    """A value as people would write it in the file, on one line."""
    if value is None:
        return "not set"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False) if "\n" in value or not value.strip() else value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {shown(each)}" for key, each in value.items()) + "}"
    if isinstance(value, Sequence):
        return "[" + ", ".join(shown(each) for each in value) + "]"
    return str(value)
