"""Random observations of one job and one zone, against oracles that look at the whole history and know no states."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise, product
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.diff import diff_flavor, diff_job
from monitor.model import EventDraft, Job, KnownFlavor, KnownJob

ENDS = ("succeeded", "failed", "canceled")
WAITS = ("pending", "queued")
STATES = (*WAITS, "running", "stopping", *ENDS, "unknown")


@dataclass(frozen=True)
class Look:
    """What one poll shows of the job."""

    state: str
    runs: int | None
    checkpoints: int | None
    started: bool


COUNTS = (None, 0, 1, 2, 3, 4)
LOOKS = [Look(*each) for each in product(STATES, COUNTS, COUNTS, (False, True))]
looks = st.sampled_from(LOOKS)


def seen_by(look: Look, job: Callable[..., Job], at: Callable[[float], datetime]) -> Job:
    started = at(2) if look.started else None
    return job(look.state, runs=look.runs, checkpoints=look.checkpoints, started_at=started)


def expected(history: list[Look], look: Look) -> list[str]:
    """What the table says, from all that was ever seen; written down row by row, without the diff's bookkeeping."""
    known = [past for past in history if past.state != "unknown"]
    counted = history[:1] + known  # counts stand still under an unknown word, unless it was the first word of all
    first = [] if history else ["submitted"]
    if look.state == "unknown":
        return first
    last = known[-1].state if known else None
    ran = [i for i, past in enumerate(known) if past.state == "running" or past.started]
    grew = (
        bool(ran) and look.runs is not None and (before := _latest(counted, "runs")) is not None and look.runs > before
    )
    over = last in ENDS
    if over and look.state == last and not grew:
        return first + _checkpoint(counted, look)
    told = first + (["reopened"] if over and look.state not in ENDS else [])
    if look.state == "running":
        if last != "running":
            told.append("restarted" if ran else "started")
        elif grew:
            told.append("restarted")
        return told + _checkpoint(counted, look)
    if look.started and not ran:
        told.append("started")
    if grew:
        told.append("restarted")
    moved = look.state != last or (over and grew)
    if look.state in WAITS and last == "running":
        told.append("requeued")
    elif look.state == "queued" and moved and all(past.state != "queued" for past in known):
        told.append("queued")
    elif look.state == "stopping" and moved:
        told.append("stopping")
    if look.state in ENDS and moved:
        return [*told, *_checkpoint(counted, look), "finished"]
    return told + _checkpoint(counted, look)


def _checkpoint(known: list[Look], look: Look) -> list[str]:
    if not known or look.checkpoints is None:
        return []
    return ["checkpoint"] if look.checkpoints > (_latest(known, "checkpoints") or 0) else []


def _latest(known: list[Look], name: str) -> int | None:
    told = [getattr(past, name) for past in known if getattr(past, name) is not None]
    return told[-1] if told else None


@given(polls=st.lists(looks, min_size=1, max_size=12))
@settings(max_examples=400, deadline=None)
def test_every_visible_transition_is_one_event_in_order_and_none_is_invented(
    job: Any, poll: Any, at: Any, polls: list[Look]
) -> None:
    known: KnownJob | None = None
    for number, look in enumerate(polls):
        change = diff_job(known, seen_by(look, job, at), poll(10 + number))
        told = [draft.type.removeprefix("job.") for draft in change.drafts] if change else []
        assert told == expected(polls[:number], look)
        known = _checked(known, change)


def _checked(known: KnownJob | None, change: Any) -> KnownJob:
    """The invariants of every change."""
    if change is None:
        assert known is not None
        return known
    assert change.known.revision == (known.revision + 1 if known else 1)
    marks = [(draft.subject, draft.type) for draft in change.drafts]
    assert len(marks) == len(set(marks))
    assert change.known.finished_attempt <= change.known.attempt
    assert (change.known.finished_attempt == change.known.attempt) is change.known.job.state.terminal
    for draft in change.drafts:
        assert draft.data["late"] is draft.late
        assert draft.data["severity"] == draft.severity
        assert draft.data["previous"] is None or draft.data["previous"]["duration"] >= 0
    return change.known


@given(polls=st.lists(looks, min_size=1, max_size=8))
@settings(deadline=None)
def test_feeding_an_observation_twice_writes_nothing_the_second_time(
    job: Any, poll: Any, at: Any, polls: list[Look]
) -> None:
    known: KnownJob | None = None
    for number, look in enumerate(polls):
        seen = seen_by(look, job, at)
        known = _checked(known, diff_job(known, seen, poll(10 + number)))
        assert diff_job(known, seen, poll(10.5 + number)) is None


PATHS = {
    "pending": ["queued", "running", "stopping", "failed"],
    "queued": ["running", "stopping", "failed"],
    "running": ["queued", "pending", "stopping", "succeeded", "failed"],
    "stopping": ["canceled", "succeeded", "failed", "running"],
    "succeeded": [],
    "failed": ["running", "queued"],
    "canceled": [],
}


@given(data=st.data())
@settings(max_examples=200, deadline=None)
def test_whatever_polls_miss_of_a_real_life_nothing_told_did_not_happen(
    job: Any, poll: Any, at: Any, data: Any
) -> None:
    """A world that lives by a platform's likely transitions is looked at now and then; what is told must lie in the
    piece of its life since the last look, and an end that is seen where none was seen before is told."""
    life = ["pending"]
    while PATHS[life[-1]] and len(life) < 14:
        life.append(data.draw(st.sampled_from(PATHS[life[-1]])))
    moments = sorted(data.draw(st.sets(st.integers(0, len(life) - 1), min_size=1)))
    known, last = None, -1
    for number, moment in enumerate(moments):
        runs = life[: moment + 1].count("running") or None
        started = at(2) if runs else None
        change = diff_job(known, job(life[moment], runs=runs, started_at=started), poll(10 + number))
        piece = life[last + 1 : moment + 1]
        told = [draft.type.removeprefix("job.") for draft in change.drafts] if change else []
        proofs = {
            "submitted": last == -1,
            "queued": "queued" in piece,
            "started": "running" in piece,
            "restarted": "running" in piece and (runs or 0) > 1,
            "requeued": any(state in WAITS for state in piece),
            "stopping": "stopping" in piece,
            "finished": any(state in ENDS for state in piece),
            "reopened": last >= 0 and life[last] in ENDS,
        }
        assert all(proofs[word] for word in told), (piece, told)
        if life[moment] in ENDS and (last == -1 or life[last] not in ENDS):
            assert told[-1] == "finished"
        known, last = _checked(known, change), moment


WORDS = {word[0]: word for word in ("normal", "soldout", "maintenance", "limited")}


def rows(least: int, most: int) -> st.SearchStrategy[list[str]]:
    """Of words, by their letters: a text is drawn at once."""
    return st.text("".join(WORDS), min_size=least, max_size=most).map(lambda row: [WORDS[letter] for letter in row])


def believed(words: list[str], confirm: int) -> list[str]:
    """Of all polls so far: the words that were believed, one after another, seen from the end of each row."""
    found = [words[0]]
    row: list[str] = []
    for word in words[1:]:
        row = [*row, word] if not row or row[-1] == word else [word]
        if word == found[-1]:
            row = []
        elif len(row) >= confirm:
            found.append(word)
            row = []
    return found


@given(words=rows(1, 16), confirm=st.integers(1, 4))
@settings(max_examples=400, deadline=None)
def test_stock_tells_each_confirmed_turn_once_and_no_other(
    flavor: Any, reading: Any, words: list[str], confirm: int
) -> None:
    known: KnownFlavor | None = None
    drafts: list[EventDraft] = []
    for minute, word in enumerate(words):
        change = diff_flavor(known, flavor({"a": word}), reading(minute, confirm=confirm))
        if change is not None:
            assert change.known.revision == (known.revision + 1 if known else 1)
            drafts += [draft for draft in change.drafts if draft.subject.startswith("flavor/")]
            known = change.known
    two = [word for word in believed(words, confirm) if word in ("normal", "soldout")]
    turns = [word for before, word in pairwise(two) if before != word]
    names = {"soldout": "flavor.sold_out", "normal": "flavor.restocked"}
    assert [draft.type for draft in drafts] == [names[word] for word in turns]


@given(words=rows(2, 12))
@settings(deadline=None)
def test_the_times_in_the_two_stock_states_add_up(flavor: Any, reading: Any, words: list[str]) -> None:
    known: KnownFlavor | None = None
    told: list[EventDraft] = []
    for minute, word in enumerate(words):
        change = diff_flavor(known, flavor({"a": word}), reading(minute))
        if change is not None:
            told += [draft for draft in change.drafts if draft.subject.startswith("flavor/")]
            known = change.known
    for before, after in pairwise(told):
        seconds = timedelta(seconds=after.data["previous"]["duration"])
        assert after.time - seconds == before.time
        assert datetime.fromisoformat(after.data["previous"]["since"]).astimezone(UTC) == before.time
