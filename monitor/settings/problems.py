"""What is wrong with a config file: every mistake with its place, collected before anything is refused."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

Path = tuple[str | int, ...]
"""Where in the configuration: keys and list indexes from the top."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake. Ordered by place; `line` and `column` count from 1. `message` holds no secret."""

    file: str
    line: int
    column: int
    path: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}: "
        return f"{place}{self.path}: {self.message}" if self.path else f"{place}{self.message}"


class ConfigErrors(Exception):
    """The config file cannot be used. `problems` holds every mistake that was found, sorted by place."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(str(problem) for problem in self.problems))


def path_text(path: Path) -> str:
    """`accounts[0].jobs.every`"""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text
