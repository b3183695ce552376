"""A rule's own words: Jinja2 in a sandbox over the same variables as `when`, for the title, the body or both.

Templates come from the owner of the config file; the limits guard against accidents, not against that person.
"""

from __future__ import annotations

import re
from datetime import datetime
from types import TracebackType
from typing import Any

from jinja2 import StrictUndefined, TemplateSyntaxError, Undefined
from jinja2 import Template as Jinja
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context
from jinja2.sandbox import SandboxedEnvironment

from monitor.fields.duration import format_duration
from monitor.fields.markdown import escape
from monitor.model import Text
from monitor.rules import schema
from monitor.rules.globs import nearest
from monitor.rules.message.clean import cut, one_line
from monitor.rules.message.facts import clock, money, thousands
from monitor.rules.message.story import TITLE
from monitor.rules.view import View

BODY = 8_000
"""Characters of a body; what is longer is cut."""
_VALUE = 500
_ROUNDS = 1_000
_FILTERS = (
    "abs capitalize count d default dictsort first float int items join last length list lower map max min reject "
    "rejectattr replace reverse round select selectattr sort string sum title trim truncate unique upper urlencode "
    "wordcount"
)
_PADDING = frozenset({"format", "format_map", "center", "ljust", "rjust", "zfill", "expandtabs"})
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

    def __init__(self, title: Jinja | None, body: tuple[Jinja, Jinja] | None) -> None:
        self._title = title
        self._body = body

    def render(self, values: View, default: Text) -> Text:
        """Raises TemplateMistake."""
        title, plain, markdown = default.title, default.plain, default.markdown
        if self._title is not None:
            title = one_line(_run(self._title, values, TITLE * 4), TITLE) or title
        if self._body is not None:
            plain, markdown = (cut(_run(part, values, BODY + 1).strip(), BODY) for part in self._body)
        return Text(title=title, plain=plain, markdown=markdown)


class Templates:
    """Compiles templates: each body twice, for plain text and for Markdown, where values are escaped."""

    def __init__(self) -> None:
        self._plain = _environment(_word)
        self._markdown = _environment(lambda value: escape(_word(value)))

    def compile(self, *, title: str | None = None, body: str | None = None) -> Template:
        """Raises TemplateMistake."""
        try:
            return Template(
                self._plain.from_string(title) if title is not None else None,
                (self._plain.from_string(body), self._markdown.from_string(body)) if body is not None else None,
            )
        except TemplateSyntaxError as error:
            raise TemplateMistake(f"template syntax: {error.message}", error.lineno) from None
        except Exception as error:  # the compiler meets a text that a person wrote: RecursionError, OverflowError …
            raise TemplateMistake(f"the template cannot be compiled: {type(error).__name__}") from None


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


class _Sandbox(SandboxedEnvironment):
    """Jinja's sandbox, without what makes much of little."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Numbers only: `"x" * 10**9` and `"%999999999d" % 1` are refused."""
        if not all(isinstance(side, int | float) for side in (left, right)) or (operator == "**" and abs(right) > 64):
            raise SecurityError(f"{operator} is for numbers, and small powers")
        return super().call_binop(context, operator, left, right)

    def wrap_str_format(self, value: Any) -> None:
        """Jinja's stand-in for `str.format` lets any width through; without it the method counts as unsafe."""

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        return attr not in _PADDING and super().is_safe_attribute(obj, attr, value)


def _environment(finalize: Any) -> SandboxedEnvironment:
    environment = _Sandbox(undefined=StrictUndefined, finalize=finalize, autoescape=False, keep_trailing_newline=False)
    environment.filters = {name: environment.filters[name] for name in _FILTERS.split()}
    environment.filters |= {"duration": _duration, "number": _number, "money": _money}
    environment.globals = {"range": _range}
    return environment


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
    return one_line(value, _VALUE)


def _range(*bounds: int) -> range:
    rounds = range(*bounds)
    if len(rounds) > _ROUNDS:
        raise SecurityError(f"range() gives at most {_ROUNDS} numbers")
    return rounds


def _duration(seconds: Any) -> str:
    return "unknown" if seconds is None else format_duration(seconds)


def _number(value: Any) -> str:
    return "unknown" if value is None else thousands(value)


def _money(value: Any, currency: str | None = None) -> str:
    return money(value, currency or "") or "unknown"


def _worded(error: Exception) -> str:
    text = one_line(str(error) or type(error).__name__, 300)
    if match := _UNKNOWN.match(text):
        near = nearest(match[1], schema.names())
        return f"unknown name {match[1]!r}; " + (
            f"did you mean {near}?" if near else f"there are {', '.join(schema.names())}"
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
