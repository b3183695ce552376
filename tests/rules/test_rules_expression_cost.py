"""What an expression may cost: what is refused when the file is loaded, and how long the worst that is taken takes."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from monitor.model import Event, EventType
from monitor.rules.expression.complaint import Complaint, ExpressionError
from monitor.rules.expression.cost import pattern_size
from monitor.rules.expression.language import Language
from monitor.rules.samples import sample

LONG = 4_000
"""Characters of a name: more than a platform takes."""


@pytest.fixture(scope="module")
def language() -> Language:
    return Language()


@pytest.fixture(scope="module")
def wordy() -> Event:
    event = sample(EventType.JOB_FINISHED)
    job = {**event.data["job"], "name": "a" * LONG, "extra": {f"key-{number}": "value" for number in range(100)}}
    return replace(event, data={**event.data, "job": job})


def numbers(count: int) -> str:
    return f"[{','.join(map(str, range(count)))}]"


def refused(language: Language, source: str) -> Complaint:
    with pytest.raises(ExpressionError) as caught:
        language.compile(source)
    (complaint,) = caught.value.complaints
    return complaint


@pytest.mark.parametrize(
    "source",
    [
        f"{numbers(100)}.exists(x, {numbers(100)}.exists(y, x == y))",
        f"{numbers(20)}.exists(x, {numbers(20)}.exists(y, {numbers(20)}.exists(z, x + y == z)))",
        "job.extra.exists(k, job.extra.exists(l, k == l))",
        f"{numbers(100)}.map(x, {numbers(100)}.map(y, string(y) + 'a')).size() > 3",
        f"{numbers(200)}.exists(x, job.name.matches('(ab){{100}}c'))",
        "[1,2,3,4,5,6,7,8,9,10].exists(x, job.name.matches(job.creator))",
        "job.extra.map(k, k + 'x').filter(k, job.extra.exists(l, l == k)).size() > 1",
    ],
)
def test_a_macro_that_goes_through_lists_again_and_again_is_refused(language: Language, source: str) -> None:
    complaint = refused(language, f'job.name != "" &&\n  {source}')
    assert complaint.line == 2
    assert complaint.column > 2
    assert "costs too much" in complaint.message
    assert "make several rules of it" in complaint.message


def test_an_expression_that_is_too_long_is_refused_at_where_it_is(language: Language) -> None:
    complaint = refused(language, "true &&\n" * 15_000 + "true")
    assert (complaint.line, complaint.column) == (12501, 1)
    assert "longer than 100000 characters; make several rules of it" in complaint.message


@pytest.mark.parametrize("pattern", ["(.*){1,1000}x", "((a?){50}){20}", "((x{10}){10}){10}", "(a{1000}){1000}"])
def test_a_pattern_that_repeats_too_much_is_refused(language: Language, pattern: str) -> None:
    complaint = refused(language, f'job.name.matches("{pattern}")')
    assert (complaint.line, complaint.column) == (1, 18)
    assert "use smaller counts" in complaint.message


@pytest.mark.parametrize(
    ("pattern", "size"),
    [("", 0), ("abc", 3), ("a{3}", 3), ("(ab){10}", 30), (r"\(a{2}\)", 4), ("(a{2,5}b){2,}", 14), (")", 1), ("((", 0)],
)
def test_the_size_of_a_pattern_counts_what_it_repeats(pattern: str, size: int) -> None:
    assert pattern_size(pattern) == size


@pytest.mark.parametrize(
    "source",
    [
        f"{numbers(1_500)}.exists(x, x == -1)",
        f"{numbers(30)}.exists(x, {numbers(30)}.exists(y, x + y == -1))",
        f"{numbers(25)}.map(x, {numbers(25)}.map(y, job.name + job.name + job.name)).size() > 300",
        " || ".join(['job.name == "x"'] * 500),
        f"job.name in {[str(number) for number in range(1_000)]}",
        " && ".join(['!job.name.matches("(a{1,30}){1,10}b")'] * 3),
        'job.name.matches("[ab]{900}c") || job.name.matches("[ac]{900}d")',
        "job.name.matches(job.creator) && 'x'.matches(job.creator)",
        "job.extra.all(k, job.name.contains(k + 'x') || now.getHours('Asia/Shanghai') < 25)",
    ],
)
def test_the_worst_that_is_taken_is_quick(language: Language, wordy: Event, source: str) -> None:
    """A bound far above what it takes, for a machine that does much else; measured alone: 0.2 to 27 ms."""
    expression = language.compile(source)
    bound = language.bind(wordy)
    assert bound.view
    took = []
    for _ in range(3):
        start = time.process_time()
        expression.decide(bound)
        took.append(time.process_time() - start)
    assert min(took) < 0.05
