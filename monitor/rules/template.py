"""A rule's own words: Jinja2 in a sandbox over the same variables as `when`, for the title, the body or both."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from types import TracebackType
from typing import Any, NamedTuple

from jinja2 import Template as Jinja
from jinja2 import TemplateSyntaxError, Undefined, nodes

from monitor.model import Text
from monitor.rules import schema
from monitor.rules.budget import Budget
from monitor.rules.globs import nearest
from monitor.rules.message.clean import cut, one_line
from monitor.rules.message.facts import clock
from monitor.rules.message.story import TITLE
from monitor.rules.prose import BEGIN, forms, held, unheld
from monitor.rules.sandbox import BUDGET, Captured, Sandbox, environment
from monitor.rules.spelling import clues, misnamed, nearest_field, place, syntax, unclosed
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
    """A template that cannot stand, or that failed on an event. `line` and `column` count from 1 inside the template;
    `bit` is what stands there."""

    def __init__(self, message: str, line: int | None = None, column: int | None = None, bit: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column
        self.bit = bit

    @property
    def told(self) -> str:
        """The bit that it is about, and the message."""
        return f"in {self.bit}: {self.message}" if self.bit else self.message


class Part(NamedTuple):
    """A title or a body that was compiled. `reads`: the variables that it names."""

    source: str
    made: Jinja
    reads: frozenset[str]


class Template:
    """A title, a body or both. What the rule leaves open is taken from the text without a template."""

    def __init__(self, title: Part | None, body: Part | None) -> None:
        self._title = title
        self._body = body
        self.reads = frozenset[str]().union(*(part.reads for part in (title, body) if part is not None))
        """The variables that it names: one that does not ask for `reason` says nothing of an end."""

    def render(self, values: View, default: Text) -> Text:
        """`values`: the event's variables and the occasion's (schema.OCCASION). Raises TemplateMistake."""
        title, written = self._written(values)
        plain, markdown = default.plain, default.markdown
        if written is not None:
            plain, markdown = (cut(form, BODY) for form in forms(written))
        return Text(title=title or default.title, plain=plain, markdown=markdown)

    def check(self, values: View) -> None:
        """Raises TemplateMistake like `render`, and costs less."""
        self._written(values)

    def _written(self, values: View) -> tuple[str, str | None]:
        """The title, and the body with its values held."""
        values = {**dict.fromkeys(schema.OCCASION), **values, BUDGET: Budget()}
        title = one_line(_run(self._title, values, TITLE * 4), TITLE) if self._title is not None else ""
        return title, _run(self._body, values, BODY + 1).strip() if self._body is not None else None


class Templates:
    """Compiles templates. The values in a body are held, for they are put into each of its forms in another way."""

    def __init__(self) -> None:
        self._words = {"title": environment(_word), "body": environment(_held)}
        self._made: dict[tuple[str, str], Part] = {}

    def compile(self, *, title: str | None = None, body: str | None = None) -> Template:
        """Raises TemplateMistake."""
        return Template(self._once("title", title), self._once("body", body))

    def _once(self, part: str, text: str | None) -> Part | None:
        """Compiled at the first time: each part is tried by itself, then all together are used."""
        if text is None:
            return None
        if len(text) > LONGEST:
            raise TemplateMistake(f"the template is longer than {LONGEST} characters")
        if (part, text) not in self._made:
            self._made[part, text] = self._compile(self._words[part], unheld(text))
        return self._made[part, text]

    def _compile(self, words: Sandbox, text: str) -> Part:
        try:
            tree = words.parse(text)
            if (wrong := misnamed(tree, words)) is not None:
                raise located(text, wrong.message, wrong.line, wrong.name)
            reads = frozenset(name.name for name in tree.find_all(nodes.Name))
            return Part(text, words.from_string(tree), reads)
        except TemplateMistake:
            raise
        except TemplateSyntaxError as error:
            message = syntax(error.message or "")
            raise located(text, message, unclosed(message, text) or error.lineno) from None
        except Exception as error:  # the compiler meets a text that a person wrote: RecursionError, OverflowError …
            raise TemplateMistake(f"the template cannot be compiled: {type(error).__name__}") from None


def located(source: str, message: str, line: int, name: str = "") -> TemplateMistake:
    """The mistake with its column and the bit that stands there."""
    line, column, bit = place(source, line, (name,) if name else clues(message))
    return TemplateMistake(message, line, column, bit)


def _run(part: Part, values: View, limit: int) -> str:
    parts: list[str] = []
    size = 0
    try:
        for piece in part.made.generate(**values):
            parts.append(piece)
            size += len(piece) - 2 * piece.count(BEGIN)
            if size > limit:
                break
    except Exception as error:  # a template can raise anything; it must harm its own message only
        message, line = _worded(error), _line(error.__traceback__)
        raise (located(part.source, message, line) if line is not None else TemplateMistake(message)) from None
    return "".join(parts) if size <= limit else "".join(parts)[: 2 * limit]


def _held(value: Any) -> str:
    """What a macro or a block has put out is the template's own text, with the values in it held already."""
    if isinstance(value, Captured):
        return value
    return held(_word(unheld(value) if isinstance(value, str) else value))


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
    if isinstance(value, Mapping):
        value = _of_map(value)
    words = one_line(value, _VALUE)
    if isinstance(value, str) and value != words:  # a blank at an end may be what the template is about: `{{ ", " }}`
        before, after = value[:1].isspace(), value[-1:].isspace() and len(value) <= _VALUE
        return " " * before + words + " " * (after and bool(words)) if words or before else words
    return words


def _of_map(value: Mapping[str, Any]) -> str:
    """`OutOfMemory: CUDA out of memory` of an error, `team: nlp, zone: a` of any other map."""
    parts = {key: words for key, each in value.items() if (words := _word(each))}
    if value.keys() == schema.ERROR_FIELDS.keys():
        return ": ".join(parts.values())
    return ", ".join(f"{key}: {words}" for key, words in parts.items())


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
        near = nearest_field(match[1])
        return f"there is no field {match[1]!r}" + (f"; did you mean {near}?" if near else "")
    if match := _OF_NONE.match(text):
        return f"the value whose {match[1]!r} is asked for is absent; guard it with {{% if … %}}"
    if "'NoneType'" in text:
        return f"{text}; a value in it is not there: guard it with {{% if … %}}"
    return text


def _line(trace: TracebackType | None) -> int | None:
    """Jinja gives the frames of a template the lines of its source."""
    line = None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<template>":
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
