"""Makes words literal inside Markdown: rules write it, and a sink that adds a line of its own does too."""

from __future__ import annotations

import re

_SPECIAL = re.compile(r"([\\`*\[\]~])")
_UNDERSCORE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
_START = re.compile(r"^(?:(?=#|[+-](?:\s|-|$))|(\d+)(?=[.)](?:\s|$)))")


def escape(text: str) -> str:
    """`text` as literal words inside a line of Markdown; safe where Markdown lets HTML through."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = _UNDERSCORE.sub(r"\\_", _SPECIAL.sub(r"\\\1", text))
    return _START.sub(r"\1\\", text)  # a heading or a list, at the start of a line
