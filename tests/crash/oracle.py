"""What must have been told, from what was shown: section 3 of the design written out again, apart from the daemon's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from tests.crash.witness import Shown

OVER = ("succeeded", "failed", "canceled")


@dataclass(frozen=True, slots=True)
class Known:
    """What a daemon that had seen the last showing would know."""

    word: str = ""
    queued: bool = False
    started: bool = False
    runs: int | None = None


def explain(story: Sequence[Shown], told: Sequence[str], *, baseline: bool) -> str:
    """Why `told` (types of events, in order) cannot be what was seen of a subject; empty where it can be.

    Every showing that is sure was seen. One that is not may have been: each choice is followed. `baseline`: the first
    sight tells nothing.
    """
    ways: set[tuple[Known | None, int]] = {(None, 0)}
    for shown in story:
        onward = set() if shown.sure else set(ways)
        for known, place in ways:
            after, types = seen(known, shown)
            if known is None and baseline:
                types = []
            if list(told[place : place + len(types)]) == types:
                onward.add((after, place + len(types)))
        if not onward:
            words = " ".join(f"{each.word}{'' if each.sure else '?'}" for each in _changes(story))
            return f"{story[0].subject}: shown {words}, told {' '.join(told) or 'nothing'}"
        ways = onward
    if any(place == len(told) for _, place in ways):
        return ""
    words = " ".join(f"{each.word}{'' if each.sure else '?'}" for each in _changes(story))
    return f"{story[0].subject}: shown {words}, told more than that: {' '.join(told)}"


def _changes(story: Sequence[Shown]) -> list[Shown]:
    return [each for place, each in enumerate(story) if not place or story[place - 1] != each]


def transitions(story: Sequence[Shown]) -> int:
    """How often the word changed in what was shown."""
    return sum(a.word != b.word for a, b in pairwise(story))


def seen(known: Known | None, shown: Shown) -> tuple[Known, list[str]]:
    """What is known after it, and the types of events to tell."""
    if shown.subject.startswith("flavor/"):
        told = {"soldout": "flavor.sold_out", "normal": "flavor.restocked"}[shown.word]
        return Known(word=shown.word), [told] if known is not None and known.word != shown.word else []
    types = [] if known is not None else ["job.submitted"]
    before = known or Known()
    if before.word in OVER:
        return before, types
    after = replace(before, word=shown.word, runs=shown.runs, queued=before.queued or shown.word == "queued")
    after = replace(after, started=before.started or shown.word == "running" or shown.started)
    started = before.started
    if shown.started and not started and shown.word != "running":
        types.append("job.started")
        started = True
    grew = before.started and None not in (shown.runs, before.runs) and (shown.runs or 0) > (before.runs or 0)
    if shown.word == "running":
        if before.word == "running":
            types += ["job.restarted"] if grew else []
        else:
            types.append("job.restarted" if started else "job.started")
        return after, types
    types += ["job.restarted"] if grew else []
    if shown.word != before.word:
        types += _entered(before, shown)
    return after, types


def _entered(before: Known, shown: Shown) -> list[str]:
    if shown.word in OVER:
        return [f"job.finished {shown.word}"]
    if shown.word == "stopping":
        return ["job.stopping"]
    if before.word == "running":
        return ["job.requeued"]
    return ["job.queued"] if shown.word == "queued" and not before.queued else []
