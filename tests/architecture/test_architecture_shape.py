"""The house rules that are neither imports nor style: sizes, words, docstrings. A waiver needs a reason."""

from __future__ import annotations

import ast
import gc
import re
from collections.abc import Iterator
from dataclasses import dataclass
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
CLOCKS = {"datetime", "date", "time"}

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


@dataclass(frozen=True)
class Module:
    """What the rules look at. The trees are not kept: each search for garbage would walk through all of them."""

    documented: bool
    functions: dict[str, int]
    """How long each is, at any depth of blocks."""
    names: list[str]
    """Of functions and classes."""
    state: list[str]


@cache
def module_of(path: Path) -> Module:
    searched = gc.isenabled()
    gc.disable()  # of a tree nothing is garbage, and to look for it takes three quarters of the time
    try:
        return _seen(ast.parse(path.read_text()))
    finally:
        if searched:
            gc.enable()


def _seen(tree: ast.Module) -> Module:
    found = list(defined_in(tree))
    functions: dict[str, int] = {}
    for node in found:
        if isinstance(node, Function):
            length = (node.end_lineno or 0) - node.lineno + 1
            functions[node.name] = max(length, functions.get(node.name, 0))
    return Module(bool(ast.get_docstring(tree)), functions, [node.name for node in found], list(state_of(tree)))


def defined_in(tree: ast.Module) -> Iterator[Function | ast.ClassDef]:
    """Functions and classes at any depth of blocks. Expressions, most of a tree, are not walked: they hold none."""
    waiting: list[ast.AST] = [*tree.body]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Function | ast.ClassDef):
            yield node
        for block in ("body", "orelse", "finalbody", "handlers", "cases"):
            inner = getattr(node, block, ())
            if isinstance(inner, list):
                waiting.extend(inner)


def state_of(tree: ast.Module) -> Iterator[str]:
    for statement in tree.body:
        if isinstance(statement, ast.Assign | ast.AnnAssign) and isinstance(
            statement.value, ast.List | ast.Dict | ast.Set | ast.ListComp | ast.DictComp | ast.SetComp
        ):
            for target in statement.targets if isinstance(statement, ast.Assign) else [statement.target]:
                if isinstance(target, ast.Name) and target.id != target.id.upper() and target.id != "__all__":
                    yield target.id


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
        f"{name_of(path)}:{function}": length
        for path in SOURCES
        for function, length in module_of(path).functions.items()
        if length > FUNCTION_LINES and f"{name_of(path)}:{function}" not in WAIVED
    }
    assert long == {}


def test_every_waiver_is_still_needed() -> None:
    known = {name_of(path) for path in SOURCES}
    functions = {f"{name_of(path)}:{function}" for path in SOURCES for function in module_of(path).functions}
    assert set(WAIVED) <= known | functions
    assert all(len(reason) > 20 for reason in WAIVED.values())


def test_every_module_opens_with_its_place_in_the_flow() -> None:
    assert [name_of(path) for path in SOURCES if not module_of(path).documented] == []


def test_no_module_is_a_drawer() -> None:
    assert [name_of(path) for path in SOURCES if BANNED_MODULES & set(path.stem.split("_"))] == []


def test_nothing_bears_a_word_that_the_design_bans() -> None:
    named = [(name_of(path), name) for path in OURS for name in module_of(path).names]
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
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_") and not ast.get_docstring(node)
    ]
    assert silent == []


def test_what_decides_asks_no_clock() -> None:
    """`now` is an argument there, or neither the lab nor a test could replay a day."""
    pure = [path for room in PURE for path in OURS if path.is_relative_to(ROOT / "monitor" / room)]
    named = re.compile(rf"\b({'|'.join(CLOCKS)})\s*\.\s*({'|'.join(CLOCK_CALLS)})\b")
    asked = [
        (name_of(path), ast.unparse(node))
        for path in pure
        if named.search(path.read_text())  # few: the others need no tree
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in CLOCK_CALLS
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in CLOCKS
    ]
    assert asked == []


def test_no_module_keeps_state() -> None:
    """A list or dict bound to a lower-case name at module level is a variable that every caller shares."""
    assert [(name_of(path), name) for path in OURS for name in module_of(path).state] == []


def test_no_test_shares_its_file_name_with_another() -> None:
    """pytest imports them by path, but people and reports name them by file."""
    names = [path.name for path in SOURCES if path.name.startswith("test_")]
    assert sorted(names) == sorted(set(names))
