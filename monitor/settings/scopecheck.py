"""Checks the expressions of budgets and of clean-up policies, and gives the places of what is wrong in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from monitor.rules.scope import Scope, ScopeMistakes
from monitor.settings.document import Document
from monitor.settings.problems import Path, Problem
from monitor.settings.rulecheck import was_changed
from monitor.settings.sections import Sections

_BUDGET: Final = ("account", "job", "usage")
_CLEANUP: Final = ("account", "job", "now")
_TEXT = r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'"


def scope_problems(document: Document, data: dict[str, Any], found: Sections) -> Iterator[Problem]:
    """Every mistake; loads the language where there is an expression."""
    texts: list[tuple[Path, str | None, tuple[str, ...]]] = [
        *((("budgets", index, "scope"), budget.scope, _BUDGET) for index, budget in found.budgets.items()),
        *((("cleanup", index, "when"), policy.when, _CLEANUP) for index, policy in found.cleanup.items()),
    ]
    for path, text, there in texts:
        inside = text is not None and path in document.values and not was_changed(document, data, path)
        for message, place in _mistakes(text, there):
            yield document.problem(path, message, inner=place if inside else None)


def _mistakes(text: str | None, there: tuple[str, ...]) -> Iterator[tuple[str, tuple[int, int]]]:
    """With line and column in the text. `there`: the variables that have a value when it is asked."""
    try:
        reads = Scope(text).reads
    except ScopeMistakes as mistakes:
        yield from ((each.message, (each.line, each.column)) for each in mistakes.complaints)
        return
    for name in sorted({path[0] for path in reads} - set(there)):
        yield f"there is no `{name}` here; there are: {', '.join(there)}", _place(text or "", name)


def _place(text: str, name: str) -> tuple[int, int]:
    """Where the variable is read first, outside of texts in quotes."""
    found = next((each for each in re.finditer(rf"{_TEXT}|(?<![\w.])({name})\b", text) if each[1]), None)
    before = text[: found.start()] if found is not None else ""
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
