"""The language of `when`: what matches, what an absent value does, what is refused when the file is read, and where."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from monitor.model import Event, JobError
from monitor.rules.expression.complaint import ExpressionError
from monitor.rules.expression.language import Language
from monitor.rules.verdict import Verdict


@pytest.fixture(scope="session")
def language() -> Language:
    return Language()


@pytest.fixture(scope="session")
def events(tuned: Any, shelf: Any, stored: Callable[..., list[Event]], at: Any) -> dict[str, Event]:
    """A job that failed for a named reason, one that succeeded and gave none, its usage, and a flavor."""
    failed = tuned(name="微调-1").see(0, "queued").see(6, "running", started_at=at(6))
    failed.see(66, "failed", error=JobError(code="OOM", message="out of memory"), ended_at=at(66), tokens=7)
    done = tuned(id="ft-2", creator=None).see(0, "running").see(5, "succeeded").use(6, 1_000_000)
    empty = tuned(id="ft-3", tokens=0, creator="", accelerators=0.0).see(0, "pending")
    stock = shelf().read(0, {"a": "normal"}).read(60, {"a": "soldout"})
    succeeded, usage = stored(done.drafts)[-2:]
    return {
        "failed": stored(failed.drafts)[-1],
        "succeeded": succeeded,
        "usage": usage,
        "empty": stored(empty.drafts)[-1],
        "flavor": stored(stock.drafts)[-1],
    }


@pytest.mark.parametrize(
    ("event", "expression", "matches"),
    [
        ("failed", 'job.state == "failed" && account.labels["team"] == "nlp"', True),
        ("failed", 'job.state != "canceled"', True),
        ("failed", 'job.name.startsWith("微调")', True),
        ("failed", "has(job.error)", True),
        ("failed", "job.error != null && job.error.code == 'OOM'", True),
        ("succeeded", "has(job.error)", False),
        ("succeeded", "job.error == null", True),
        ("succeeded", "job.error != null", False),
        ("succeeded", 'job.error.code == "OOM"', False),
        ("succeeded", "job.creator == null", True),
        ("succeeded", 'job.creator != "ann"', True),
        ("failed", 'job.duration == duration("1h")', True),
        ("failed", 'job.duration > duration("59m")', True),
        ("failed", 'job.elapsed > duration("1h") && job.elapsed < duration("2h")', True),
        ("failed", 'now - job.created_at >= duration("66m")', True),
        ("failed", 'job.ended_at < timestamp("2026-11-22T00:00:00Z")', True),
        ("failed", 'now.getHours("Asia/Shanghai") == 21', True),
        ("succeeded", "job.ended_at == null", True),
        ("failed", "job.tokens > 6 && job.tokens < 7.5", True),
        ("failed", 'previous.state == "running" && previous.duration == duration("1h")', True),
        ("failed", 'job.outcome == "failed" && job.attempt == 1', True),
        ("failed", 'severity in ["warning", "critical"] && !event.late', True),
        ("failed", 'event.type == "job.finished" && event.subject.contains("ft-")', True),
        ("usage", "usage.tokens == 1000000 && usage.delta == usage.tokens", True),
        ("usage", 'usage.cost > 29 && usage.cost < 30.5 && usage.currency == "CNY"', True),
        ("flavor", "job == null && usage == null && flavor != null", True),
        ("flavor", 'flavor.zone == "a" && flavor.stock == "soldout" && previous.stock == "normal"', True),
        ("flavor", 'flavor.specification["cpu"] == "192" && flavor.zones.a == "soldout"', True),
        ("flavor", 'flavor.zones.exists(zone, flavor.zones[zone] == "soldout")', True),
        ("flavor", '"team" in account.labels', False),
        ("empty", 'has(job.tokens) && job.tokens == 0 && job.creator == "" && job.accelerators < 1', True),
        ("failed", 'job.error.message.matches("(?i)OUT OF")', True),
    ],
)
def test_an_expression_means_what_it_says(
    language: Language, events: dict[str, Event], event: str, expression: str, matches: bool
) -> None:
    assert language.compile(expression).decide(language.bind(events[event])) == Verdict(matches)


@pytest.mark.parametrize(
    ("event", "expression", "absent"),
    [
        ("flavor", 'job.state != "failed"', ("job",)),
        ("flavor", "has(job.error)", ("job",)),
        ("flavor", "job.error == null", ("job",)),
        ("succeeded", 'job.ended_at < timestamp("2030-01-01T00:00:00Z")', ("job.ended_at",)),
        ("succeeded", 'now - job.ended_at > duration("1s")', ("job.ended_at",)),
        ("succeeded", 'job.error.message.contains("memory")', ("job.error",)),
        ("succeeded", "job.started_at == null && job.tokens > 5", ("job.tokens",)),
        ("succeeded", "!has(job.error) && job.tokens > 5", ("job.tokens",)),
        ("succeeded", 'job.creator.startsWith("a") && usage.cost > 1', ("job.creator", "usage")),
        ("flavor", 'account.labels["team"] == "nlp"', ("account.labels.team",)),
        ("flavor", 'account.labels.team == "nlp"', ("account.labels.team",)),
        ("succeeded", 'account.labels[job.creator] == "x"', ("job.creator",)),
    ],
)
def test_an_expression_that_needs_an_absent_value_does_not_match_and_says_which(
    language: Language, events: dict[str, Event], event: str, expression: str, absent: tuple[str, ...]
) -> None:
    assert language.compile(expression).decide(language.bind(events[event])) == Verdict(False, absent)


@pytest.mark.parametrize(
    ("expression", "matches"),
    [
        ('job.tokens > 5 || job.state == "succeeded"', True),
        ("job.tokens > 5 && false", False),
        ("false && 1/0 == 1", False),
    ],
)
def test_an_absent_value_that_does_not_decide_does_no_harm(
    language: Language, events: dict[str, Event], expression: str, matches: bool
) -> None:
    assert language.compile(expression).decide(language.bind(events["succeeded"])) == Verdict(matches)


@pytest.mark.parametrize(
    ("expression", "line", "column", "says"),
    [
        ('job.stat == "x"', 1, 4, "job has no field 'stat'; did you mean state?"),
        ('job.error.kode == "x"', 1, 10, "job.error has no field 'kode'; did you mean code?"),
        ('job.state == "failed" &&\n  jbo.name == "x"', 2, 3, "unknown name 'jbo'; did you mean job?"),
        ('"中文" == job.name && job.x', 1, 24, "job has no field 'x'; it has id, name"),
        ("job.name == 3", 1, 10, "== does not take a text and a whole number"),
        ("job.duration > 3600", 1, 14, 'write durations like duration("2h")'),
        ('job.created_at > "2026"', 1, 16, 'write times like timestamp("2026-01-31T00:00:00Z")'),
        ("usage.cost * 2 > 1", 1, 12, "write numbers with a point here, like 100.0"),
        ("job.error > 3", 1, 11, "> does not take an error and a whole number"),
        ("[1] < account.labels", 1, 5, "< does not take a list and a map"),
        ("job.name", 1, 1, "gives string, not true or false"),
        ("job.name ==", 1, 12, "syntax error: the expression ends too early"),
        ("", 1, 1, "syntax error: the expression ends too early"),
        ("(job.state == 'x'", 1, 18, "syntax error: missing ')' at the end"),
        ('job.name == "x" and event.late', 1, 17, "syntax error: mismatched input 'and'; and is written &&"),
        ("event.late or event.late", 1, 12, "or is written ||"),
        ("job.state == failed", 1, 14, "unknown name 'failed'; a text stands in quotes: \"failed\""),
        ("usage_tokens > 3", 1, 1, "unknown name 'usage_tokens'; did you mean usage.tokens?"),
        ("creator == 'ann'", 1, 1, "unknown name 'creator'; did you mean job.creator?"),
        ('job.name.startswith("x")', 1, 20, "did you mean startsWith()?"),
        ('job.duration > duration("2d")', 1, 25, "'2d' is no duration; write 90s, 5m or 36h"),
        ('timestamp("yesterday") < now', 1, 11, "'yesterday' is no time"),
        ('job.name.matches("[")', 1, 18, "'[' is no regular expression"),
        ('now.getHours("Asia/Shanghi") < 8', 1, 14, "no time zone 'Asia/Shanghi'; did you mean Asia/Shanghai?"),
        ("[1].all(job, job == 1)", 1, 8, "'job' is a variable of rules"),
        ("has(job)", 1, 5, "has() argument must be a field selection"),
        ("(" * 200 + "true" + ")" * 200, 1, 1, "is nested too deeply"),
        ("'" + "x" * 120_000 + "' == ''", 1, 100_001, "is longer than 100000 characters"),
        ("+".join(["1"] * 60) + " > 0", 1, 1, "is nested too deeply"),
    ],
)
def test_a_mistake_is_refused_with_its_place_and_what_would_be_right(
    language: Language, expression: str, line: int, column: int, says: str
) -> None:
    with pytest.raises(ExpressionError) as caught:
        language.compile(expression)
    first = caught.value.complaints[0]
    assert says in first.message
    assert len(first.message) < 400
    assert (first.line, first.column) == (line, column)


def test_all_mistakes_of_an_expression_are_told_at_once(language: Language) -> None:
    with pytest.raises(ExpressionError) as caught:
        language.compile("job.x == 1 ||\nfoo.y || job.z == 2")
    assert [(found.line, found.column) for found in caught.value.complaints] == [(1, 4), (2, 1), (2, 13)]


@pytest.mark.parametrize(
    ("expression", "error"),
    [
        ("job.tokens * 9223372036854775807 > 1", "integer overflow"),
        ("job.tokens / (job.attempt - 1) == 1", "divide by zero"),
        ("[1, 2][job.attempt + 5] == 1", "index"),
        ("dyn(job.name) > 3", "No matching overloads"),
        ("int(job.name) > 3", "cannot convert"),
    ],
)
def test_what_cannot_be_worked_out_is_an_error_in_the_verdict(
    language: Language, events: dict[str, Event], expression: str, error: str
) -> None:
    verdict = language.compile(expression).decide(language.bind(events["failed"]))
    assert not verdict.matched
    assert verdict.absent == ()
    assert error.lower() in str(verdict.error).lower()


def test_a_hostile_expression_ends_soon(language: Language, events: dict[str, Event]) -> None:
    numbers = "[" + ",".join(str(number) for number in range(60)) + "]"
    loops = f"{numbers}.all(a, {numbers}.all(b, {numbers}.all(c, {numbers}.all(d, a + b + c + d >= 0))))"
    slow = 'job.error.message.matches("(a+)+(b|c|d)*$") && "' + "a" * 5000 + '".matches("(a+)+$") && false'
    bound = language.bind(events["failed"])
    began = time.perf_counter()
    with pytest.raises(ExpressionError):
        language.compile(loops)
    assert not language.compile(slow).decide(bound).matched
    assert time.perf_counter() - began < 5


@pytest.mark.parametrize("count", [500, 3000])
def test_a_long_chain_of_conditions_is_fine(language: Language, events: dict[str, Event], count: int) -> None:
    chain = " || ".join(f'job.id == "{number}"' for number in range(count)) + " || job.ended_at <= now"
    assert language.compile(chain).decide(language.bind(events["failed"])).matched
