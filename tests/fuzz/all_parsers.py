"""Every parser that takes bytes from outside, by name."""

from __future__ import annotations

from collections.abc import Mapping

from tests.fuzz import askers, platforms, writers
from tests.fuzz.parser import Parser

PARSERS: Mapping[str, Parser] = {each.name: each for each in (*platforms.PARSERS, *writers.PARSERS, *askers.PARSERS)}
