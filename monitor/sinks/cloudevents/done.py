"""Which events of a message a receiver has answered for good."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Done:
    """The ids of events that were taken, and of those that were refused, with what was said last."""

    taken: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    said: str = ""

    def __contains__(self, id: str) -> bool:
        return id in self.taken or id in self.refused
