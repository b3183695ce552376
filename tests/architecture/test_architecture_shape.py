"""The house rules that are neither imports nor style: sizes, words, docstrings. A waiver needs a reason."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILE_LINES = 300
TEST_LINES = 400
FUNCTION_LINES = 70

WAIVED: dict[str, str] = {
    "migrations/versions/0001_initial.py": "a migration is frozen history: one table after the other, read once",
}
"""File or `file:function` -> why it is longer. Empty is the aim."""

BANNED_MODULES = {"base", "common", "core", "helper", "helpers", "lib", "manager", "misc", "util", "utils"}
BANNED_WORDS = {"alert", "channel", "handler", "manager", "receiver", "target", "worker"}
"""Section 3 of the design: each of them names something that has another word here."""
PURE = ("model", "diff", "rules", "ledger", "lab")
CLOCK_CALLS = {"now", "utcnow", "today", "time", "monotonic", "perf_counter"}

SOURCES = sorted(
    path
    for folder in ("monitor", "migrations", "tests", "benchmarks")
    for path in (ROOT / folder).rglob("*.py")
    if "__pycache__" not in path.parts
)
OURS = [path for path in SOURCES if path.is_relative_to(ROOT / "monitor")]
Function = ast.FunctionDef | ast.AsyncFunctionDef


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def nodes(paths: list[Path]) -> Iterator[tuple[str, ast.AST]]:
    return ((name_of(path), node) for path in paths for node in ast.walk(tree_of(path)))


def definitions(paths: list[Path]) -> Iterator[tuple[str, Function | ast.ClassDef]]:
    return ((name_of(path), node) for path in paths for node in defined_in(path))


@cache
def defined_in(path: Path) -> list[Function | ast.ClassDef]:
    """Functions and classes at any depth of blocks. Expressions, most of a tree, are not walked: they hold none."""
    found: list[Function | ast.ClassDef] = []
    waiting: list[ast.AST] = [*tree_of(path).body]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Function | ast.ClassDef):
            found.append(node)
        for block in ("body", "orelse", "finalbody", "handlers", "cases"):
            waiting.extend(getattr(node, block, ()))
    return found


def test_no_file_is_too_long() -> None:
    long = {
        name_of(path): length
        for path in SOURCES
        if (length := len(path.read_text().splitlines()))
        > (TEST_LINES if path.is_relative_to(ROOT / "tests") else FILE_LINES)
        and name_of(path) not in WAIVED
    }
    assert long == {}


def test_no_function_is_too_long() -> None:
    long = {
        f"{name}:{node.name}": length
        for name, node in definitions(SOURCES)
        if isinstance(node, Function)
        and (length := (node.end_lineno or 0) - node.lineno + 1) > FUNCTION_LINES
        and f"{name}:{node.name}" not in WAIVED
    }
    assert long == {}


def test_every_waiver_is_still_needed() -> None:
    known = {name_of(path) for path in SOURCES}
    functions = {f"{name}:{node.name}" for name, node in definitions(SOURCES)}
    assert set(WAIVED) <= known | functions
    assert all(len(reason) > 20 for reason in WAIVED.values())


def test_every_module_opens_with_its_place_in_the_flow() -> None:
    assert [name_of(path) for path in SOURCES if not ast.get_docstring(tree_of(path))] == []


def test_no_module_is_a_drawer() -> None:
    assert [name_of(path) for path in SOURCES if BANNED_MODULES & set(path.stem.split("_"))] == []


def test_nothing_bears_a_word_that_the_design_bans() -> None:
    named = [(name, node.name) for name, node in definitions(OURS)]
    named += [(name_of(path), path.stem) for path in OURS]
    assert [pair for pair in named if BANNED_WORDS & set(words(pair[1]))] == []


def words(name: str) -> list[str]:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().split("_")


def test_words_are_found_in_every_spelling() -> None:
    assert words("RetryHandler") == words("retry_handler") == ["retry", "handler"]


@pytest.mark.parametrize("path", sorted((ROOT / "monitor").rglob("ports.py")), ids=name_of)
def test_a_port_states_its_promises(path: Path) -> None:
    silent = [
        node.name
        for node in ast.walk(tree_of(path))
        if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_") and not ast.get_docstring(node)
    ]
    assert silent == []


def test_what_decides_asks_no_clock() -> None:
    """`now` is an argument there, or neither the lab nor a test could replay a day."""
    pure = [path for room in PURE for path in OURS if path.is_relative_to(ROOT / "monitor" / room)]
    asked = [
        (name, ast.unparse(node))
        for name, node in nodes(pure)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in CLOCK_CALLS
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in {"datetime", "date", "time"}
    ]
    assert asked == []


def test_no_module_keeps_state() -> None:
    """A list or dict bound to a lower-case name at module level is a variable that every caller shares."""
    kept = [
        (name_of(path), target.id)
        for path in OURS
        for statement in tree_of(path).body
        if isinstance(statement, ast.Assign | ast.AnnAssign)
        and isinstance(statement.value, ast.List | ast.Dict | ast.Set | ast.ListComp | ast.DictComp | ast.SetComp)
        for target in (statement.targets if isinstance(statement, ast.Assign) else [statement.target])
        if isinstance(target, ast.Name) and target.id != target.id.upper() and target.id != "__all__"
    ]
    assert kept == []


def test_no_test_shares_its_file_name_with_another() -> None:
    """pytest imports them by path, but people and reports name them by file."""
    names = [path.name for path in SOURCES if path.name.startswith("test_")]
    assert sorted(names) == sorted(set(names))
