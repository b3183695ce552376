"""The config file as plain data, and for every value the place it came from."""

from __future__ import annotations

import math
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from monitor.settings.inner import inner_index
from monitor.settings.nodes import BadYaml, Mapping, Mark, Node, Scalar, Sequence, compose
from monitor.settings.problems import ConfigErrors, Path, Problem, path_text

MAX_NODES = 100_000
_INT = re.compile(r"[-+]?[0-9]{1,30}|0o[0-7]{1,30}|0x[0-9a-fA-F]{1,30}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS: dict[str, Any] = dict.fromkeys(("", "~", "null", "Null", "NULL"))
_WORDS |= {word: word.lower() == "true" for word in ("true", "True", "TRUE", "false", "False", "FALSE")}
_WORDS |= dict.fromkeys((".inf", ".Inf", ".INF", "+.inf"), math.inf) | {"-.inf": -math.inf, ".nan": math.nan}


@dataclass(slots=True)
class Document:
    """Data as YAML 1.2's core schema reads it, with its places; keys are always text, dates and times too."""

    file: str
    text: str
    data: dict[str, Any] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    values: dict[Path, Node] = field(default_factory=dict)
    keys: dict[Path, Scalar] = field(default_factory=dict)

    def problem(
        self, path: Path, message: str, *, at_key: bool = False, inner: tuple[int, int] | None = None
    ) -> Problem:
        """A mistake at `path`, or at the nearest place above it that stands in the file.

        `inner` is a 1-based (line, column) inside the text that stands there.
        """
        path = self.as_written(path)
        mark = self._mark(path, at_key, inner)
        return Problem(self.file, mark.line + 1, mark.column + 1, path_text(path), message)

    def as_written(self, path: Path) -> Path:
        """The path without the indexes of lists that were written as the only entry of theirs."""
        found: Path = ()
        for place, part in enumerate(path):
            if (
                part == 0
                and (*found, part) not in self.values
                and (*found, *path[place + 1 : place + 2]) in self.values
            ):
                continue
            found = (*found, part)
        return found

    def _mark(self, path: Path, at_key: bool, inner: tuple[int, int] | None) -> Mark:
        here = path
        while here not in self.values and here:
            here = here[:-1]
        if here != path:
            return (
                self.keys[here].start
                if here in self.keys
                else self.values[here].start
                if self.values
                else Mark(0, 0, 0)
            )
        if at_key and here in self.keys:
            return self.keys[here].start
        node = self.values[here]
        if inner is not None and isinstance(node, Scalar):
            index = inner_index(self.text, node, *inner)
            before = self.text[:index]
            return Mark(before.count("\n"), index - before.rfind("\n") - 1, index)
        return node.start


def read_document(file: str, text: str, *, needs: Collection[str] = ("accounts", "sinks")) -> Document:
    """Raises ConfigErrors where the text is no YAML mapping; duplicate keys are in `problems`. `needs`: what stands in
    it at least."""
    document = Document(file, text)
    try:
        root = compose(text)
        if root is None:
            least = " and ".join(f"`{key}`" for key in needs)
            raise BadYaml(f"the file is empty; it needs at least {least}", Mark(0, 0, 0))
        if not isinstance(root, Mapping):
            keys = ", ".join(f"`{key}:`" for key in needs)
            raise BadYaml(f"the file must be a mapping: {keys} and so on at the left margin", root.start)
        document.data = _Builder(document).build(root, ())
    except BadYaml as error:
        problem = Problem(file, error.mark.line + 1, error.mark.column + 1, "", str(error))
        raise ConfigErrors([problem, *document.problems]) from error
    return document


class _Builder:
    """Copies nodes into data, aliases included, within a bound (a file of a few lines can stand for gigabytes)."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._left = MAX_NODES

    def build(self, node: Node, path: Path) -> Any:
        self._left -= 1
        if self._left < 0:
            raise BadYaml(f"the aliases in this file stand for more than {MAX_NODES} values", node.start)
        self._document.values[path] = node
        if isinstance(node, Scalar):
            return scalar(node)
        if isinstance(node, Sequence):
            return [self.build(item, (*path, index)) for index, item in enumerate(node.items)]
        return self._mapping(node, path)

    def _mapping(self, node: Mapping, path: Path) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for key, value in node.items:
            here = (*path, key.text)
            if key.text in made:
                first = self._document.keys[here].start
                message = f"stands here again; it stood at line {first.line + 1}, column {first.column + 1} already"
                problem = Problem(
                    self._document.file, key.start.line + 1, key.start.column + 1, path_text(here), message
                )
                self._document.problems.append(problem)
                continue
            self._document.keys[here] = key
            made[key.text] = self.build(value, here)
        return made


def scalar(node: Scalar) -> Any:
    """The value of a scalar by YAML 1.2's core schema: `on`, `no`, `22:00` and dates are text."""
    text = node.text
    if node.style is not None:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text
