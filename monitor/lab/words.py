"""The words in which a scenario is told: what a sentence like `train-x, queues` is about and what it says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Final

from monitor.model import EventType

JOB_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "submitted": ("submitted", "appears", "created"),
    "queued": ("queues", "queued", "in the queue"),
    "running": ("starts", "started", "runs", "running", "restarts", "restarted"),
    "requeued": ("requeued", "requeues", "preempted", "back in the queue"),
    "stopping": ("stopping", "stops", "being stopped"),
    "succeeded": ("succeeds", "succeeded", "finishes", "finished", "completes"),
    "failed": ("fails", "failed"),
    "canceled": ("canceled", "cancelled"),
    "reopened": ("reopens", "reopened"),
    "checkpoint": ("writes a checkpoint", "saves a checkpoint", "checkpoint"),
    "gone": ("gone", "disappears", "vanishes"),
}
FLAVOR_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "sold_out": ("sells out", "sold out"),
    "restocked": ("comes back", "back in stock", "restocked", "in stock"),
    "listed": ("listed", "appears"),
    "delisted": ("delisted", "disappears"),
}
STOCK_WORDS: Final = frozenset({"sold_out", "restocked"})
ACCOUNT_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "unreachable": ("unreachable",),
    "unauthorized": ("unauthorized", "refused"),
    "recovered": ("recovers", "recovered", "back"),
}

EXPECTED: Final[Mapping[str, frozenset[EventType]]] = {
    "submitted": frozenset({EventType.JOB_SUBMITTED}),
    "queued": frozenset({EventType.JOB_QUEUED}),
    "running": frozenset({EventType.JOB_STARTED, EventType.JOB_RESTARTED}),
    "requeued": frozenset({EventType.JOB_REQUEUED}),
    "stopping": frozenset({EventType.JOB_STOPPING}),
    "succeeded": frozenset({EventType.JOB_FINISHED}),
    "failed": frozenset({EventType.JOB_FINISHED}),
    "canceled": frozenset({EventType.JOB_FINISHED}),
    "reopened": frozenset({EventType.JOB_REOPENED}),
    "checkpoint": frozenset({EventType.JOB_CHECKPOINT}),
    "gone": frozenset({EventType.JOB_GONE}),
    "sold_out": frozenset({EventType.FLAVOR_SOLD_OUT}),
    "restocked": frozenset({EventType.FLAVOR_RESTOCKED}),
    "listed": frozenset({EventType.FLAVOR_LISTED}),
    "delisted": frozenset({EventType.FLAVOR_DELISTED}),
}
"""What must come of a word, so that a scenario never says what the diff would not see."""

_FILLER = re.compile(r"^(is|are|was|gets|goes|becomes|has|being)\s+")
_RANGE = re.compile(r"\{(\d{1,18})\.\.(\d{1,18})\}")
MOST = 10_000
"""Things that one step may be about."""


class Unclear(ValueError):
    """A sentence that says nothing known; the text says what would be right."""


def understood(sentence: str, words: Mapping[str, tuple[str, ...]]) -> tuple[str, str]:
    """Who or what the sentence is about, and what it says of it. Raises Unclear."""
    text = " ".join(sentence.split())
    head, comma, tail = text.rpartition(",")
    if comma and head.strip():
        return head.strip(), _meaning(tail, words)
    parts = text.split(" ")
    for count in range(1, len(parts)):  # without a comma: the longest ending that is known
        known = _known(" ".join(parts[count:]), words)
        if known is not None:
            return " ".join(parts[:count]), known
    if len(parts) < 2:
        raise Unclear(f"says nothing of {text!r}; write it like `{text or 'train-x'}, {_shown(words)[0]}`")
    return parts[0], _meaning(" ".join(parts[1:]), words)


def _meaning(text: str, words: Mapping[str, tuple[str, ...]]) -> str:
    known = _known(text, words)
    if known is not None:
        return known
    spoken = [each for group in words.values() for each in group]
    near = get_close_matches(text.strip().lower(), spoken, n=1, cutoff=0.6)
    hint = f"did you mean {near[0]!r}?" if near else f"known are: {', '.join(_shown(words))}"
    raise Unclear(f"{text.strip()!r} is nothing that can be told of it; {hint}")


def _known(text: str, words: Mapping[str, tuple[str, ...]]) -> str | None:
    said = text.strip().lower()
    bare = _FILLER.sub("", said)
    return next((name for name, spoken in words.items() if said in spoken or bare in spoken), None)


def _shown(words: Mapping[str, tuple[str, ...]]) -> list[str]:
    return [spoken[0] for spoken in words.values()]


def several(name: str) -> list[str]:
    """`train-{1..3}` is train-1, train-2 and train-3. Raises Unclear where it is too many or none."""
    names, count = [""], 1
    end = 0
    for found in _RANGE.finditer(name):
        first, last = int(found[1]), int(found[2])
        if last < first:
            raise Unclear(f"{found[0]} counts backwards; write the smaller number first")
        count *= last - first + 1
        if count > MOST:
            raise Unclear(f"{name} is more than {MOST} things")
        between = name[end : found.start()]
        names = [f"{each}{between}{number}" for each in names for number in range(first, last + 1)]
        end = found.end()
    return [each + name[end:] for each in names]


def zoned(name: str) -> tuple[str, str | None]:
    """`a.b.c in zone-1`: the flavor and its zone."""
    flavor, _, zone = name.partition(" in ")
    return flavor.strip(), zone.strip() or None
