"""What is wrong with the rules of a config file: each mistake with its place, collected before any rule is used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class RuleMistake:
    """`path` is the place in the config file, with `at_key` that of the key instead of its value; `line` and `column`
    (from 1) lie inside the text that stands there."""

    path: Path
    message: str
    line: int | None = None
    column: int | None = None
    at_key: bool = False


class RuleErrors(ValueError):
    """The rules cannot be used; `mistakes` are all of them, in the order of the file."""

    def __init__(self, mistakes: Sequence[RuleMistake]) -> None:
        super().__init__("; ".join(mistake.message for mistake in mistakes))
        self.mistakes = tuple(mistakes)
