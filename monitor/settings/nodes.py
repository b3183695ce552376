"""Turns YAML text into a tree of nodes that know their places; one document, bounded depth, no tags, no merge keys."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml import events as ev
from ruamel.yaml.error import MarkedYAMLError, YAMLError

MAX_DEPTH = 40
_STRANGE = (ValueError, IndexError, OverflowError, AttributeError, TypeError, KeyError, AssertionError)
"""What the scanner is known to raise, besides its own errors, on text that is no YAML."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in the text: 0-based line, column and index, as the scanner counts."""

    line: int
    column: int
    index: int


@dataclass(frozen=True, slots=True)
class Scalar:
    start: Mark
    end: Mark
    text: str
    style: str | None
    """None is plain; else the quote or the block sign."""


@dataclass(slots=True)
class Sequence:
    start: Mark
    items: list[Node] = field(default_factory=list)


@dataclass(slots=True)
class Mapping:
    start: Mark
    items: list[tuple[Scalar, Node]] = field(default_factory=list)


Node = Scalar | Sequence | Mapping


class BadYaml(Exception):
    """The text cannot be read as YAML; `mark` is where that shows."""

    def __init__(self, message: str, mark: Mark) -> None:
        super().__init__(message)
        self.mark = mark


_START = Mark(0, 0, 0)


def compose(text: str) -> Node | None:
    """The document's tree; None when there is nothing in it. Raises BadYaml."""
    mark = _START
    try:
        events = iter(YAML(typ="safe", pure=True).parse(text))
        return _document(events)
    except MarkedYAMLError as error:
        raise _plain(error) from error
    except YAMLError as error:
        index = getattr(error, "position", 0)
        before = text[:index]
        mark = Mark(before.count("\n"), index - before.rfind("\n") - 1, index)
        raise BadYaml("a character that may not stand in a config file", mark) from error
    except _STRANGE as error:
        raise BadYaml("this is not YAML", mark) from error


def _document(events: Iterator[Any]) -> Node | None:
    root: Node | None = None
    for event in events:
        if isinstance(event, ev.DocumentStartEvent):
            if event.version not in (None, (1, 2)):
                raise BadYaml("config files are YAML 1.2; remove the %YAML line", _mark(event.start_mark))
            if root is not None:
                raise BadYaml("a second document begins here; a config file holds one", _mark(event.start_mark))
            root = _Composer(events).node(next(events), 0)
    return None if isinstance(root, Scalar) and root.style is None and not root.text else root


class _Composer:
    """Builds nodes from the parser's events. Anchors give the node itself, so that nothing is copied here."""

    def __init__(self, events: Iterator[Any]) -> None:
        self._events = events
        self._anchors: dict[str, Node] = {}
        self._open: list[str] = []

    def node(self, event: Any, depth: int) -> Node:
        mark = _mark(event.start_mark)
        if depth > MAX_DEPTH:
            raise BadYaml(f"nested more than {MAX_DEPTH} deep", mark)
        if isinstance(event, ev.AliasEvent):
            return self._alias(event.anchor, mark)
        tag = str(event.tag) if event.tag is not None else None
        if tag not in (None, "!", "tag:yaml.org,2002:str"):
            raise BadYaml(f"tags such as {tag.replace('tag:yaml.org,2002:', '!!')} are not used here; remove it", mark)
        if isinstance(event, ev.ScalarEvent):
            made: Node = Scalar(mark, _mark(event.end_mark), event.value, event.style or ("!" if tag else None))
        else:
            made = self._collection(event, mark, depth)
        if event.anchor:
            self._anchors[event.anchor] = made
        return made

    def _alias(self, name: str, mark: Mark) -> Node:
        if name in self._open:
            raise BadYaml(f"*{name} stands inside what it stands for", mark)
        if name not in self._anchors:
            raise BadYaml(
                f"*{name} is used, but no &{name} stands before it (a text that begins with * needs quotes)", mark
            )
        return self._anchors[name]

    def _collection(self, event: Any, mark: Mark, depth: int) -> Node:
        if event.anchor:
            self._open.append(event.anchor)
        made = self._sequence(mark, depth) if isinstance(event, ev.SequenceStartEvent) else self._mapping(mark, depth)
        if event.anchor:
            self._open.pop()
        return made

    def _sequence(self, mark: Mark, depth: int) -> Node:
        made = Sequence(mark)
        for event in self._events:
            if isinstance(event, ev.SequenceEndEvent):
                break
            made.items.append(self.node(event, depth + 1))
        return made

    def _mapping(self, mark: Mark, depth: int) -> Node:
        made = Mapping(mark)
        for event in self._events:
            if isinstance(event, ev.MappingEndEvent):
                break
            key = self.node(event, depth + 1)
            if not isinstance(key, Scalar):
                raise BadYaml("a key is a plain text; quote the value if { or [ is meant as text", key.start)
            if key.text == "<<" and key.style is None:
                raise BadYaml("merge keys (<<) are not part of YAML 1.2; write the keys out", key.start)
            made.items.append((key, _beside(key, self.node(next(self._events), depth + 1))))
        return made


def _beside(key: Scalar, value: Node) -> Node:
    """The value; one that is left empty stands behind its key, where the scanner gives the place of what comes next."""
    if isinstance(value, Scalar) and not value.text and value.style is None and value.start.line > key.end.line:
        behind = Mark(key.end.line, key.end.column + 1, key.end.index + 1)
        return replace(value, start=behind, end=behind)
    return value


def _mark(mark: Any) -> Mark:
    return _START if mark is None else Mark(mark.line, mark.column, mark.index)


_PLAIN = {
    "found character '\\t' that cannot start any token": "a tab where spaces belong; indent with spaces",
    "mapping values are not allowed here": "a second `key:` on one line; check the indentation, or quote the text",
    "could not find expected ':'": "a line without `key:`; check the indentation and the colon",
    "found unexpected ':'": "a colon that does not belong here; quote the text",
}


def _plain(error: MarkedYAMLError) -> BadYaml:
    """The parser's complaint in plain words, at the place where the remedy belongs."""
    problem = str(error.problem or error.context or "")
    begin, here = _mark(error.context_mark or error.problem_mark), _mark(error.problem_mark or error.context_mark)
    if problem == "found unexpected end of stream":
        return BadYaml("the quotes that begin here are never closed", begin)
    if str(error.context).startswith("while parsing a flow"):
        message = f"the bracket that begins here is not closed, or a comma is missing before line {here.line + 1}"
        return BadYaml(f"{message}, column {here.column + 1}", begin)
    if problem in _PLAIN:
        return BadYaml(_PLAIN[problem], here)
    if problem.startswith("found character") and "cannot start any token" in problem:
        return BadYaml(f"a text may not begin with {problem.split()[2]}; put it in quotes", here)
    if problem.startswith("expected <block end>"):
        return BadYaml("this line does not fit the lines above; check the indentation", here)
    problem = problem.replace("'<stream end>'", "the end of the file").replace("'\\x00'", "the end of the file")
    return BadYaml(f"this is not YAML: {problem}", here)
