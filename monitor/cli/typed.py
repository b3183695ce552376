"""What the API and the library beneath the options say, in the words of the command line: the way of every failure."""

from __future__ import annotations

import re

_LIBRARY = (
    (r"Input should be a valid integer\b.*", "it must be a whole number"),
    (r"Input should be a valid number\b.*", "it must be a number"),
    (r"Input should be greater than or equal to", "it must be at least"),
    (r"Input should be less than or equal to", "it must be at most"),
    (r"Input should be greater than", "it must be above"),
    (r"Input should be less than", "it must be below"),
    (r"Value error, ", ""),
)


def typed(sentence: str) -> str:
    """A parameter of the API is an option here: `The parameter `state` …` is `--state …`."""
    return re.sub(r"\bThe parameter `(\w+)`", lambda found: option(found[1]), sentence)


def typed_hint(hint: str, program: str) -> str:
    """A hint of the API as people at a terminal follow it."""
    hint = re.sub(r"^GET /api/v1/(\w+)\S* ", rf"`{program} \1 list` ", hint)
    if hint.startswith("Say `for`"):
        hint = re.sub(r"`(for|until)`", lambda found: option(found[1]), hint)
    return hint


def option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def plain(text: str) -> str:
    """What the library says of a value that an option does not take."""
    for pattern, words in _LIBRARY:
        text = re.sub(pattern, words, text, count=1)
    return text
