"""The oracle of the crash campaigns sees what is missing and what is too much, and allows what was perhaps seen."""

from __future__ import annotations

import pytest

from tests.crash.oracle import explain
from tests.crash.witness import Shown


def job(*words: str, proven: bool = False) -> list[Shown]:
    """A word with `?` was shown to a poll that may have been lost."""
    return [
        Shown(subject="job/1", word=word.strip("?"), started=proven, runs=int(proven), sure="?" not in word)
        for word in words
    ]


WHOLE = ["job.submitted", "job.queued", "job.started", "job.finished failed"]


@pytest.mark.parametrize(
    ("story", "told"),
    [
        (job("pending", "queued", "running", "failed"), WHOLE),
        (job("pending", "queued?", "running", "failed"), WHOLE),
        (job("pending", "queued?", "running", "failed"), [WHOLE[0], *WHOLE[2:]]),
        (job("pending?", "failed?", "failed"), ["job.submitted", "job.finished failed"]),
        (job("failed", proven=True), ["job.submitted", "job.started", "job.finished failed"]),
        (job("running", "queued", "running"), ["job.submitted", "job.started", "job.requeued", "job.restarted"]),
        (job("running?"), []),
    ],
)
def test_what_was_seen_is_explained(story: list[Shown], told: list[str]) -> None:
    assert explain(story, told, baseline=False) == ""


@pytest.mark.parametrize(
    ("story", "told"),
    [
        (job("pending", "queued", "running", "failed"), WHOLE[:-1]),
        (job("pending", "queued", "running", "failed"), [*WHOLE, WHOLE[-1]]),
        (job("pending", "queued", "running", "failed"), [WHOLE[0], *WHOLE[2:]]),
        (job("pending", "queued", "running", "failed"), [WHOLE[1], WHOLE[0], *WHOLE[2:]]),
        (job("pending", "failed"), ["job.submitted", "job.finished succeeded"]),
        (job("running?"), ["job.started"]),
        (job("failed", proven=True), ["job.submitted", "job.finished failed"]),
    ],
)
def test_what_is_missing_or_too_much_is_not(story: list[Shown], told: list[str]) -> None:
    assert explain(story, told, baseline=False)


def test_stock_is_told_when_it_turned() -> None:
    words = ["normal", "soldout", "normal"]
    story = [Shown(subject="flavor/a/z", word=word, sure=True) for word in words]
    assert explain(story, ["flavor.sold_out", "flavor.restocked"], baseline=True) == ""
    assert explain(story, ["flavor.sold_out"], baseline=True)
