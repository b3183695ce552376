"""How a log line looks: one JSON object per fact, or a line for a person at a terminal."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from monitor.telemetry.printable import printable

_COLOURS = {"debug": "2", "info": "32", "warning": "33", "error": "31", "critical": "1;31"}
_HEAD = ("time", "level", "logger", "event")


def json_line(logger: Any, method: str, line: Mapping[str, Any]) -> str:
    """The head first, then the facts in the order in which they were given."""
    ordered = {key: line[key] for key in _HEAD if key in line}
    return json.dumps(ordered | dict(line), ensure_ascii=False, default=str)


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


def _indented(text: str) -> str:
    return "\n".join(f"    {row}" for row in printable(text, lines=True).splitlines())
