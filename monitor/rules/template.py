"""A rule's own words: Jinja2 in a sandbox over the same variables as `when`, for the title, the body or both."""

from __future__ import annotations

import re
from datetime import datetime
from types import TracebackType
from typing import Any, NamedTuple

from jinja2 import Template as Jinja
from jinja2 import TemplateSyntaxError, Undefined, nodes

from monitor.fields.markdown import escape
from monitor.model import Text
from monitor.rules import schema
from monitor.rules.budget import Budget
from monitor.rules.globs import nearest
from monitor.rules.message.clean import cut, one_line
from monitor.rules.message.facts import clock
from monitor.rules.message.story import TITLE
from monitor.rules.sandbox import BUDGET, environment
from monitor.rules.view import View

BODY = 8_000
"""Characters of a body; what is longer is cut."""
LONGEST = 20_000
"""Characters of a template."""
_VALUE = 500
_UNKNOWN = re.compile(r"^'(\w+)' is undefined$")
_NO_FIELD = re.compile(r"^'dict object' has no attribute '(.*)'$")
_OF_NONE = re.compile(r"^'?None'? has no (?:attribute|element) '?(.*?)'?$")


class TemplateMistake(ValueError):
    """A template that cannot stand, or that failed on an event. `line` counts from 1 inside the template."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.line = line


class Template:
    """A title, a body or both. What the rule leaves open is taken from the text without a template."""

    def __init__(
        self, title: Jinja | None, body: tuple[Jinja, Jinja] | None, reads: frozenset[str] = frozenset()
    ) -> None:
        self._title = title
        self._body = body
        self.reads = reads
        """The variables that it names: one that does not ask for `reason` says nothing of an end."""

    def render(self, values: View, default: Text) -> Text:
        """`values`: the event's variables and the occasion's (schema.OCCASION). Raises TemplateMistake."""
        values = {**dict.fromkeys(schema.OCCASION), **values, BUDGET: Budget()}
        title, plain, markdown = default.title, default.plain, default.markdown
        if self._title is not None:
            title = one_line(_run(self._title, values, TITLE * 4), TITLE) or title
        if self._body is not None:
            plain, markdown = (cut(_run(part, values, BODY + 1).strip(), BODY) for part in self._body)
        return Text(title=title, plain=plain, markdown=markdown)


class _Part(NamedTuple):
    texts: tuple[Jinja, ...]
    reads: frozenset[str]


class Templates:
    """Compiles templates: each body twice, for plain text and for Markdown, where values are escaped."""

    def __init__(self) -> None:
        self._plain = environment(_word)
        self._markdown = environment(lambda value: escape(_word(value)))
        self._made: dict[tuple[str, str], _Part] = {}

    def compile(self, *, title: str | None = None, body: str | None = None) -> Template:
        """Raises TemplateMistake."""
        if any(len(text) > LONGEST for text in (title or "", body or "")):
            raise TemplateMistake(f"the template is longer than {LONGEST} characters")
        try:
            heads, bodies = self._once("title", title), self._once("body", body)
            return Template(
                heads.texts[0] if heads is not None else None,
                (bodies.texts[0], bodies.texts[1]) if bodies is not None else None,
                frozenset[str]().union(*(part.reads for part in (heads, bodies) if part is not None)),
            )
        except TemplateSyntaxError as error:
            raise TemplateMistake(f"template syntax: {error.message}", error.lineno) from None
        except Exception as error:  # the compiler meets a text that a person wrote: RecursionError, OverflowError …
            raise TemplateMistake(f"the template cannot be compiled: {type(error).__name__}") from None

    def _once(self, part: str, text: str | None) -> _Part | None:
        """Compiled at the first time: each part is tried by itself, then all together are used."""
        if text is None:
            return None
        if (part, text) not in self._made:
            both = (self._plain, self._markdown) if part == "body" else (self._plain,)
            reads = frozenset(name.name for name in self._plain.parse(text).find_all(nodes.Name))
            self._made[part, text] = _Part(tuple(each.from_string(text) for each in both), reads)
        return self._made[part, text]


def _run(template: Jinja, values: View, limit: int) -> str:
    parts: list[str] = []
    size = 0
    try:
        for part in template.generate(**values):
            parts.append(part)
            size += len(part)
            if size > limit:
                break
    except Exception as error:  # a template can raise anything; it must harm its own message only
        raise TemplateMistake(_worded(error), _line(error.__traceback__)) from None
    return "".join(parts)[:limit]


def _word(value: Any) -> str:
    """A value as people read it; what is absent is no word."""
    if value is None:
        return ""
    if isinstance(value, Undefined):
        return str(value)  # raises, and says what is missing
    if isinstance(value, datetime):
        return clock(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    words = one_line(value, _VALUE)
    if isinstance(value, str) and value != words:  # a blank at an end may be what the template is about: `{{ ", " }}`
        before, after = value[:1].isspace(), value[-1:].isspace() and len(value) <= _VALUE
        return " " * before + words + " " * (after and bool(words)) if words or before else words
    return words


def _worded(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "the template does too much: its macros call themselves without end"
    text = one_line(str(error) or type(error).__name__, 300)
    if match := _UNKNOWN.match(text):
        near = nearest(match[1], [*schema.names(), *schema.OCCASION])
        return f"unknown name {match[1]!r}; " + (
            f"did you mean {near}?" if near else f"there are {', '.join([*schema.names(), *schema.OCCASION])}"
        )
    if match := _NO_FIELD.match(text):
        return f"there is no field {match[1]!r}"
    if match := _OF_NONE.match(text):
        return f"the value whose {match[1]!r} is asked for is absent; guard it with {{% if … %}}"
    return text


def _line(trace: TracebackType | None) -> int | None:
    """Jinja gives the frames of a template the lines of its source."""
    line = None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<template>":
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
