"""Values of any shape that dice make, for what must stand whatever comes: a deep strategy takes longer to draw one than
most of what is tested takes to read it. A failure names the dice, which throw the same again."""

from __future__ import annotations

import sys
from collections.abc import Callable
from random import Random
from typing import Any

from hypothesis import strategies as st

DICE: st.SearchStrategy[Random] = st.integers(0, 2**64 - 1).map(Random)
Made = Callable[[Random], Any]

_SIGNS = "aZ09 _-./:\"'\\<>&%{}[]\x00\n\r\t\x7f\xa0é中微\u0301\u200b\u202e\u2028\ufeff\uffff\U0001f600\U000e0100"
_NUMBERS = (
    0,
    1,
    -1,
    2**31,
    2**53 + 1,
    2**63 - 1,
    2**63,
    -(2**63) - 1,
    10**20,
    0.0,
    -0.0,
    0.1,
    -1.5,
    1e16,
    1e300,
    1e-300,
)


def text(dice: Random, longest: int = 30) -> str:
    """Of any signs but halves of one, which JSON in UTF-8 cannot have."""
    if dice.random() < 0.8:
        return "".join(dice.choices(_SIGNS, k=dice.randint(0, longest)))
    signs = (chr(dice.randint(0, sys.maxunicode)) for _ in range(dice.randint(0, longest)))
    return "".join(sign for sign in signs if not "\ud800" <= sign <= "\udfff")


def number(dice: Random) -> int | float:
    kind = dice.random()
    if kind < 0.5:
        return dice.choice(_NUMBERS)
    return (
        dice.randint(-(2**70), 2**70) >> dice.randint(0, 70)
        if kind < 0.8
        else dice.gauss(0, 10.0 ** dice.randint(0, 20))
    )


def one_of(*known: Any) -> Made:
    """A leaf: nothing, a flag, a number, any text, or one of those that mean something where it is read."""

    def made(dice: Random) -> Any:
        kind = dice.random()
        if kind < 0.3:
            return dice.choice(known)
        if kind < 0.5:
            return dice.choice((None, True, False))
        return number(dice) if kind < 0.75 else text(dice)

    return made


def nested(dice: Random, leaf: Made, name: Made, *, deep: int = 3) -> Any:
    """A leaf, or a list or mapping of such values, `deep` of them within each other at most."""
    kind = dice.random() if deep else 0.0
    if kind < 0.5:
        return leaf(dice)
    if kind < 0.7:
        return [nested(dice, leaf, name, deep=deep - 1) for _ in range(dice.randint(0, 4))]
    return mapping(dice, leaf, name, deep=deep - 1)


def mapping(dice: Random, leaf: Made, name: Made, *, deep: int = 3, wide: int = 4) -> dict[str, Any]:
    """Up to `wide` names, each with a value that is `nested`."""
    return {name(dice): nested(dice, leaf, name, deep=deep) for _ in range(dice.randint(0, wide))}
