"""What a template names that there is not, found before any event comes, and where in it a mistake stands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from jinja2 import meta, nodes
from jinja2.sandbox import SandboxedEnvironment

from monitor.rules import schema
from monitor.rules.globs import nearest
from monitor.rules.message.clean import cut

_BIT: Final = 80
_TAG: Final = re.compile(r"\{\{.*?(?:\}\}|$)|\{%.*?(?:%\}|$)|\{#.*?(?:#\}|$)", re.DOTALL)
_QUOTED: Final = re.compile(r"'([^']{1,60})'")
_TAGS: Final = "if elif else endif for endfor set endset macro endmacro call endcall filter endfilter raw endraw with"
_METHODS: Final = frozenset({"get", "items", "keys", "values"})
_FROM_ELSEWHERE: Final = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)
_OWN: Final = frozenset({"self", "super", "loop", "caller", "varargs", "kwargs"})


class Misnamed(NamedTuple):
    message: str
    line: int
    name: str
    """The name as it stands in the text: one to look for."""


def misnamed(tree: nodes.Template, environment: SandboxedEnvironment) -> Misnamed | None:
    """The first name, in the order of the text, that cannot be meant."""
    found = [next(each, None) for each in (_elsewhere(tree), _filters(tree, environment))]
    if not any(found):  # else the next look fails at the filter
        found = [next(each, None) for each in (_names(tree, frozenset(environment.globals)), _fields(tree))]
    return min((each for each in found if each is not None), key=lambda each: each.line, default=None)


def _elsewhere(tree: nodes.Template) -> Iterator[Misnamed]:
    for node in tree.find_all(_FROM_ELSEWHERE):
        message = "a template cannot take in another one; write all of it here"
        yield Misnamed(message, node.lineno, type(node).__name__.lower().removeprefix("from"))


def _filters(tree: nodes.Template, environment: SandboxedEnvironment) -> Iterator[Misnamed]:
    for node in tree.find_all((nodes.Filter, nodes.Test)):
        known = environment.filters if isinstance(node, nodes.Filter) else environment.tests
        if node.name not in known:
            what = "filter" if isinstance(node, nodes.Filter) else "test"
            words = [name for name in known if not name.startswith("@")]
            yield Misnamed(f"there is no {what} {node.name!r}{_mean(node.name, words)}", node.lineno, node.name)


def _names(tree: nodes.Template, given: frozenset[str]) -> Iterator[Misnamed]:
    known = [*schema.names(), *schema.OCCASION]
    read = {node.name for node in tree.find_all(nodes.Name) if node.ctx == "load"} - given - set(known) - _OWN
    if not read:  # the look below takes long
        return
    unknown = meta.find_undeclared_variables(tree) & read
    for node in tree.find_all(nodes.Name):
        if node.name in unknown and node.ctx == "load":
            hint = _mean(node.name, [*known, *_local(tree)]) or f"; there are {', '.join(known)}"
            yield Misnamed(f"unknown name {node.name!r}{hint}", node.lineno, node.name)


def _fields(tree: nodes.Template) -> Iterator[Misnamed]:
    """Of variables that the template does not itself name anew."""
    own = _local(tree)
    for node in tree.find_all((nodes.Getattr, nodes.Getitem)):
        path = _path(node)
        if path is None or path[0] in own or path[0] not in schema.VARIABLES:
            continue
        *owner, field = path
        known = _known(tuple(owner))
        if known and field not in known and field not in _METHODS:
            hint = _mean(field, known) or f"; it has {', '.join(known)}"
            message = f"{'.'.join(owner)} has no field {field!r}{hint}"
            yield Misnamed(message, node.lineno, field)


def _known(owner: tuple[str, ...]) -> Iterable[str]:
    if owner == ("job", "error"):
        return schema.ERROR_FIELDS
    return schema.VARIABLES[owner[0]] if len(owner) == 1 else ()


def _path(node: nodes.Node) -> tuple[str, ...] | None:
    """`job.error.code` or `job["error"]` as names; None for anything else."""
    if isinstance(node, nodes.Name):
        return (node.name,)
    if isinstance(node, nodes.Getattr):
        before, field = _path(node.node), node.attr
    elif isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str):
        before, field = _path(node.node), node.arg.value
    else:
        return None
    return (*before, field) if before is not None else None


def _local(tree: nodes.Template) -> frozenset[str]:
    """Names that the template itself gives: of loops, of `set`, of macros and what these take."""
    names = {node.name for node in tree.find_all(nodes.Name) if node.ctx in ("store", "param")}
    return frozenset(names | {node.name for node in tree.find_all(nodes.Macro)})


def nearest_field(field: str) -> str | None:
    return nearest(field, {name for fields in schema.VARIABLES.values() for name in fields})


def syntax(message: str) -> str:
    """Jinja's words for a syntax mistake, with what was probably meant."""
    words = message.rstrip(".")
    words = words[:1].lower() + words[1:]
    if match := re.match(r"encountered unknown tag '(\w+)'", words):
        return f"there is no tag {match[1]!r}{_mean(match[1], _TAGS.split())}"
    if match := re.match(r"unexpected end of template.*block that needs to be closed is '(\w+)'", words):
        return f"{{% {match[1]} %}} is never closed; add {{% end{match[1]} %}}"
    for what, begin, end in (("end of print statement", "{{", "}}"), ("end of statement block", "{%", "%}")):
        if words == f"unexpected end of template, expected '{what}'":
            return f"{begin} is never closed; add {end}"
        if match := re.fullmatch(rf"expected token '{what}', got '(.*)'", words):
            return f"template syntax: unexpected '{match[1]}'; only one value or statement stands in {begin} … {end}"
    if words == "unexpected '}'":
        return "template syntax: unexpected '}'; a value stands in {{ … }}, a statement in {% … %}"
    return f"template syntax: {words}"


def unclosed(message: str, source: str) -> int | None:
    """The line of the tag that Jinja says is never closed; it names that of the end."""
    if not (match := re.match(r"\{% (\w+) %\} is never closed", message)):
        return None
    opened: list[int] = []
    for tag in re.finditer(rf"\{{%[-+]?\s*(end)?{match[1]}\b", source):
        if not tag[1]:
            opened.append(tag.start())
        elif opened:
            opened.pop()
    return _spot(source, opened[-1])[0] if opened else None


def clues(message: str) -> tuple[str, ...]:
    """Words of a message that may stand in the template: an operator, what is in quotes, the filter that complains."""
    operator = re.search(r" for ([-+*/%]+):", message)
    first = re.match(r"\{?%? ?(\w+)", message)
    return (*([operator[1]] if operator else []), *_QUOTED.findall(message), *([first[1]] if first else []))


def place(source: str, line: int, names: Iterable[str]) -> tuple[int, int, str]:
    """Line and column (from 1) of the first of `names` in a tag at that line or, of a tag of several lines, below it,
    and the tag itself on one line; without any the only tag there, or the whole line."""
    lines = source.split("\n")
    line = max(1, min(line, len(lines)))
    begin = sum(len(each) + 1 for each in lines[: line - 1])
    end = begin + len(lines[line - 1])
    tags = [tag for tag in _TAG.finditer(source) if tag.start() <= end and tag.end() > begin]
    for name in filter(None, names):
        word = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)" if name.isidentifier() else re.escape(name))
        for tag in tags:
            if found := word.search(source, max(begin, tag.start()), tag.end()):
                return *_spot(source, found.start()), _short(tag[0])
    first = _spot(source, max(begin, tags[0].start())) if tags else (line, 1)
    return *first, _short(tags[0][0] if len(tags) == 1 else lines[line - 1])


def _spot(source: str, index: int) -> tuple[int, int]:
    return source.count("\n", 0, index) + 1, index - (source.rfind("\n", 0, index) + 1) + 1


def _short(tag: str) -> str:
    return cut(" ".join(tag.split()), _BIT)


def _mean(word: str, words: Iterable[str]) -> str:
    near = nearest(word, words)
    return f"; did you mean {near}?" if near else ""
