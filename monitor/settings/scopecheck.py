"""Checks the expressions of budgets and of clean-up policies, and gives the places of what is wrong in them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from monitor.rules.scope import Scope, ScopeMistakes
from monitor.settings.document import Document
from monitor.settings.problems import Path, Problem
from monitor.settings.rulecheck import was_changed
from monitor.settings.sections import Sections


def scope_problems(document: Document, data: dict[str, Any], found: Sections) -> Iterator[Problem]:
    """Every mistake; loads the language where there is an expression."""
    texts: list[tuple[Path, str | None]] = [
        *((("budgets", index, "scope"), budget.scope) for index, budget in found.budgets.items()),
        *((("cleanup", index, "when"), policy.when) for index, policy in found.cleanup.items()),
    ]
    for path, text in texts:
        try:
            Scope(text)
        except ScopeMistakes as mistakes:
            inside = path in document.values and not was_changed(document, data, path)
            for each in mistakes.complaints:
                yield document.problem(path, each.message, inner=(each.line, each.column) if inside else None)
