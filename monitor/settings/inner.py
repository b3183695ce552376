"""Finds where in the file a place inside a YAML text stands: through block signs, quotes, escapes and folded lines."""

from __future__ import annotations

from monitor.settings.nodes import Scalar

_LONG_ESCAPES = {"x": 4, "u": 6, "U": 10}


def inner_index(text: str, node: Scalar, line: int, column: int) -> int:
    """Index in the file's `text` of the 1-based (line, column) inside the node's value; its start where unsure."""
    lines = node.text.split("\n")
    if not 1 <= line <= len(lines):
        return node.start.index
    wanted = sum(len(before) + 1 for before in lines[: line - 1]) + max(0, column - 1)
    position = _begin(text, node)
    for char in node.text[:wanted]:
        step = _step(text, position, char, node)
        if step is None:
            return node.start.index
        position = step
    return _skip_blank(text, position, node.text[wanted : wanted + 1], node.end.index)


def _begin(text: str, node: Scalar) -> int:
    start = node.start.index
    if node.style in ("'", '"'):
        return start + 1
    if node.style in ("|", ">"):
        return text.find("\n", start) + 1
    return start


def _step(text: str, position: int, char: str, node: Scalar) -> int | None:
    """The index after the source of one character of the value."""
    end = node.end.index
    if char in " \n":
        if position < end and text[position] in " \n\t":
            folded = node.style != "|" and _rest_is_blank(text, position)
            return _skip_space(text, position, end) if folded else position + 1
        return None if node.style != '"' or text[position : position + 1] != "\\" else position + 2
    position = _skip_blank(text, position, char, end)
    if node.style == '"' and text[position : position + 1] == "\\":
        return position + _LONG_ESCAPES.get(text[position + 1 : position + 2], 2)
    if text[position : position + 1] != char:
        return None
    doubled = node.style == "'" and char == "'"
    return position + (2 if doubled else 1)


def _rest_is_blank(text: str, position: int) -> bool:
    newline = text.find("\n", position)
    return newline >= 0 and not text[position:newline].strip()


def _skip_space(text: str, position: int, end: int) -> int:
    while position < end and text[position] in " \n\t\r":
        position += 1
    return position


def _skip_blank(text: str, position: int, char: str, end: int) -> int:
    """Past indentation that is not part of the value."""
    return position if char in (" ", "\n", "") else _skip_space(text, position, end)
