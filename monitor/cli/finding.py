"""What `doctor` found of one thing: how it is, and the command that mends it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Finding:
    """`mend` is a command where one can do it, else what a person has to do; empty where nothing is wrong."""

    about: str
    state: Literal["ok", "warning", "failed"]
    text: str
    mend: str = ""


def ok(about: str, text: str) -> Finding:
    return Finding(about, "ok", text)


def warning(about: str, text: str, mend: str) -> Finding:
    return Finding(about, "warning", text, mend)


def failed(about: str, text: str, mend: str) -> Finding:
    return Finding(about, "failed", text, mend)
