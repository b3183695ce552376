"""How a log line looks: one JSON object per fact, or a line for a person at a terminal; journald is told its level."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from monitor.telemetry.printable import printable

_COLOURS = {"debug": "2", "info": "32", "warning": "33", "error": "31", "critical": "1;31"}
_HEAD = ("time", "level", "logger", "event")


_PRIORITY = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}
"""Syslog's, as sd-daemon(3) has them."""
_UNSEEN = re.compile(r"[\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
"""What JSON leaves as it is, but journalctl shows no line with it in it, or a terminal obeys it."""
MOST = 12_000
"""Characters of one fact; journald cuts lines of 48 KiB in pieces."""

Render = Callable[[Any, str, Mapping[str, Any]], str]


class JsonLine:
    """The head first, then the facts in the order in which they were given; one line, whatever is in them."""

    def __init__(self, *, ascii_only: bool = False) -> None:
        self._ascii_only = ascii_only

    def __call__(self, logger: Any, method: str, line: Mapping[str, Any]) -> str:
        ordered = {key: line[key] for key in _HEAD if key in line} | dict(line)
        facts = {key: _cut(value) for key, value in ordered.items()}
        text = json.dumps(facts, ensure_ascii=self._ascii_only, default=str)
        return _UNSEEN.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


class WithPriority:
    """Every row of `render` with `<N>` before it, from which journald takes its PRIORITY."""

    def __init__(self, render: Render) -> None:
        self._render = render

    def __call__(self, logger: Any, method: str, line: Mapping[str, Any]) -> str:
        head = f"<{_PRIORITY.get(str(line.get('level')), 6)}>"
        return "\n".join(head + row for row in self._render(logger, method, line).split("\n"))


class HumanLine:
    """`14:03:07 warning  the account is unreachable  account=llm-beijing`; a trace stands below."""

    def __init__(self, *, colours: bool) -> None:
        self._colours = colours

    def __call__(self, logger: Any, method: str, line: Mapping[str, Any]) -> str:
        facts = {key: value for key, value in line.items() if key not in (*_HEAD, "exception", "title", "body")}
        level = str(line.get("level", "info"))
        said = line.get("title") or line.get("event", "")
        parts = [str(line.get("time", ""))[11:19], self._paint(f"{level:<8}", _COLOURS.get(level, "0"))]
        parts += [printable(str(said)), *(self._fact(key, value) for key, value in facts.items() if value is not None)]
        below = [str(line[key]) for key in ("body", "exception") if line.get(key)]
        return "\n".join([" ".join(parts), *(_indented(text) for text in below)])

    def _fact(self, key: str, value: Any) -> str:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
        return self._paint(f"{key}=", "2") + printable(text)

    def _paint(self, text: str, colour: str) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self._colours else text


def _cut(value: Any) -> Any:
    if not isinstance(value, str) or len(value) <= MOST:
        return value
    return f"{value[: MOST // 2]} … {value[-MOST // 2 :]}"


def _indented(text: str) -> str:
    return "\n".join(f"    {row}" for row in printable(text, lines=True).splitlines())
