"""What is fuzzed: a parser of outside bytes, what it may do with them, and how long that may take."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from tests.fuzz.hostile import misfit, mutated

PATIENCE = 2.0
"""Seconds of CPU for one input of at most MOST bytes; honest ones take milliseconds."""
MOST = 64 * 1024


@dataclass(frozen=True, slots=True)
class Parser:
    """`take` gives all that is told to people of an input, and raises only where there is a defect."""

    name: str
    take: Callable[[bytes], Iterable[str]]
    seeds: Sequence[bytes]
    words: Sequence[bytes] = ()
    secrets: Sequence[str] = ()
    """What was configured: it must not be told, even where the input holds it too."""
    documents: Sequence[Any] = ()
    """JSON that it understands."""
    head: bytes = b""
    """Stands before a document."""
    weight: int = 1
    """Examples of the suite are divided by it: for parsers that take milliseconds."""

    def input(self, random: Random) -> bytes:
        """What it understands, with something wrong in it."""
        if self.documents and random.random() < 0.5:
            return self.head + misfit(random.choice(self.documents), random)
        return mutated(random.choice(self.seeds), self.words, random, random.choice(self.seeds))

    def check(self, data: bytes) -> None:
        """Raises AssertionError, or whatever escaped the parser."""
        began = time.process_time()
        told = list(self.take(data[:MOST]))
        took = time.process_time() - began
        assert took < PATIENCE, f"{self.name} took {took:.1f} s of CPU"
        for text in told:
            text.encode()  # what no encoding knows could be neither stored nor shown
            leaked = [secret for secret in self.secrets if secret in text]
            assert not leaked, f"{self.name} tells {leaked}: {text[:500]}"
