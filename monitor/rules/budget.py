"""What the rendering of one template may cost: steps are counted and values weighed, so that none runs on or grows."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from itertools import islice
from typing import Any, Final

from jinja2.exceptions import SecurityError
from jinja2.runtime import LoopContext, Undefined

STEPS: Final = 12_000
"""Of one message: its title, its plain text and its Markdown together. They take less than 0.2 s."""
LARGEST: Final = 4_000
"""Weight of one value: its parts, and 16 characters of text count as one part."""
_CHARACTERS: Final = 16
_BITS: Final = 256


class TooMuch(SecurityError):
    """The template does too much."""


class Budget:
    """The steps that are left. Not for two at a time."""

    __slots__ = ("_left",)

    def __init__(self, steps: int = STEPS) -> None:
        self._left = steps

    def spend(self, steps: int) -> None:
        """Raises TooMuch."""
        self._left -= steps
        if self._left < 0:
            raise TooMuch("the template does too much: its loops, macros and filters come to too many steps; do less")

    def weigh(self, *values: Any) -> None:
        """Spends what it takes to go through the values. Raises TooMuch where one is too large."""
        self.spend(1 + sum(weight(value) for value in values) // 8)

    def settle(self, value: Any) -> Any:
        """A value that was made: what would be worked out later is worked out now. Raises TooMuch."""
        if isinstance(value, Iterator) and not isinstance(value, LoopContext):
            value = list(islice(value, LARGEST + 1))
        self.weigh(value)
        return value


def weight(value: Any) -> int:
    """Raises TooMuch as soon as it is too much, also where the same part stands in a value many times over."""
    total, left = 0, [value]
    while left:
        item = left.pop()
        total += 1
        if isinstance(item, str | bytes):
            total += len(item) // _CHARACTERS
        elif isinstance(item, range):
            total += len(item)
        elif isinstance(item, Undefined):
            continue
        elif isinstance(item, Mapping):
            total += len(item)
            _check(total)
            left.extend(item)
            left.extend(item.values())
        elif isinstance(item, Collection):
            _check(total + len(item))
            left.extend(item)
        elif isinstance(item, int) and item.bit_length() > _BITS:
            raise TooMuch("a number of the template grows too large")
        _check(total)
    return total


def _check(total: int) -> None:
    if total > LARGEST:
        raise TooMuch("the template does too much: a text or list grows too large; make it smaller")


def check_text(characters: int) -> None:
    """Raises TooMuch where a text that is about to be made would be too large."""
    _check(characters // _CHARACTERS)
