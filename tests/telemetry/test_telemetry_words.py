"""What the daemon logs is one style: a plain sentence, with the facts as fields."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

MONITOR = Path(__file__).parents[2] / "monitor"
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}


def logged(tree: ast.AST) -> Iterator[tuple[int, str, ast.expr]]:
    """Line, level and first argument of each call of a logger that is called `log`, `_log` or `…get_logger(…)`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LEVELS:
            owner = ast.unparse(node.func.value)
            if re.search(r"(^|\.|_)log$|get_logger\(.*\)$", owner) and node.args:
                yield node.lineno, node.func.attr, node.args[0]


def test_every_line_of_the_log_is_a_plain_sentence() -> None:
    found = [
        (path.relative_to(MONITOR), line, said.value)
        for path in sorted(MONITOR.rglob("*.py"))
        for line, _, said in logged(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(said, ast.Constant)
    ]
    assert len(found) > 20
    for place in found:
        text = place[-1]
        assert isinstance(text, str)
        assert not re.fullmatch(r"\w+(\.\w+)+", text), place
        assert text == text.strip().rstrip("."), place
        assert "{" not in text, place


def test_the_facts_of_a_line_are_fields_and_not_part_of_its_words() -> None:
    formatted = [
        (path.name, line)
        for path in sorted(MONITOR.rglob("*.py"))
        for line, _, said in logged(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(said, ast.JoinedStr | ast.BinOp)
    ]
    assert formatted == []
