"""What is refused when the config file is read: options, names, expressions and templates, all at once, with places."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from monitor.rules import PersonOptions, RuleErrors, RuleOptions, RuleSet, UnmatchedOptions

RULES = TypeAdapter(list[RuleOptions])
GOOD: dict[str, Any] = {"name": "r", "on": ["job.finished"], "notify": ["slack"]}


def wrong(*rules: dict[str, Any], people: Any = (), unmatched: Any = None, sinks: Any = ("slack", "hook")) -> Any:
    with pytest.raises(RuleErrors) as caught:
        RuleSet.compile(RULES.validate_python([GOOD | rule for rule in rules]), people, unmatched, sinks)
    return [(mistake.path, mistake.line, mistake.column, mistake.message) for mistake in caught.value.mistakes]


def refused(*rules: dict[str, Any]) -> list[tuple[tuple[Any, ...], str]]:
    with pytest.raises(ValidationError) as caught:
        RULES.validate_python([GOOD | rule for rule in rules])
    return [(error["loc"], error["msg"]) for error in caught.value.errors()]


def test_all_mistakes_of_a_rule_are_told_at_once() -> None:
    found = dict(refused({}, {"was": " ", "notify": [], "on": ["job.{x}"], "oops": 1, "severity": "bad", "late": "no"}))
    assert set(found) == {(1, key) for key in ("was", "notify", "oops", "severity", "late")} | {(1, "on", 0)}
    assert found[1, "severity"] == "Input should be 'info', 'warning' or 'critical'"
    assert "job.{x}" in found[1, "on", 0]


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        ("job.finishd", "did you mean job.finished?"),
        ("flavor.soldout", "did you mean flavor.sold_out?"),
        ("flavor.sold.out", "did you mean flavor.sold_out?"),
        ("jobs.*", "no event type matches 'jobs.*'; did you mean job.*?"),
        ("flavour*", "did you mean flavor.*?"),
        ("budget.reach", "did you mean budget.reached?"),
        ("", "no event type matches ''"),
    ],
)
def test_an_on_that_matches_no_type_names_the_nearest(pattern: str, says: str) -> None:
    ((where, text),) = refused({"on": ["job.*", pattern]})
    assert where == (0, "on", 1)
    assert says in text


@pytest.mark.parametrize("changes", [{"on": []}, {"notify": []}, {"when": ""}, {"name": "a b"}, {"stop": "maybe"}])
def test_empty_and_odd_options_are_refused(changes: dict[str, Any]) -> None:
    assert len(refused(changes)) == 1


@pytest.mark.parametrize("id", ["ann", ":ann", "modelarts:", "model arts:1"])
def test_an_id_of_a_person_names_its_provider(id: str) -> None:
    with pytest.raises(ValidationError):
        PersonOptions(name="Ann", ids=[id], notify=["slack"])


def test_all_mistakes_of_all_rules_are_told_with_their_places() -> None:
    people = [PersonOptions(name="Ann", ids=["x:1"], notify=["slak"])]
    found = wrong(
        {"when": 'job.state == "failed" &&\n  jbo.x', "notify": ["slakc", "owner"]},
        {"title": "{{ job.nam }}", "body": "Hello\n{{ oops }}"},
        {"name": "unmatched"},
        {"name": "s", "notify": ["nowhere-at-all"]},
        people=people,
        unmatched=UnmatchedOptions(notify=["owner"]),
    )
    assert [where[:3] for where in found] == [
        (("rules", 0, "when"), 2, 3),
        (("rules", 0, "notify", 0), None, None),
        (("rules", 1, "title"), 1, 8),
        (("rules", 1, "body"), 2, 4),
        (("rules", 3, "notify", 0), None, None),
        (("rules", 1, "name"), None, None),
        (("rules", 2, "name"), None, None),
        (("people", 0, "notify", 0), None, None),
        (("unmatched", "notify", 0), None, None),
    ]
    says = [message for *_, message in found]
    assert says[1] == "no sink is named 'slakc'; did you mean slack?"
    assert says[4] == "no sink is named 'nowhere-at-all'; there are hook, slack"
    assert says[5] == "rules[0] is named 'r' already; names must differ"
    assert says[8] == "`owner` can stand in `notify` of rules only; name a sink"


@pytest.mark.parametrize(
    ("template", "line", "says"),
    [
        ("{{ job.nam }}", 1, "in {{ job.nam }}: job has no field 'nam'; did you mean name?"),
        ("a\nb {{ jbo.name }}", 2, "unknown name 'jbo'; did you mean job?"),
        ("{{ flavor.name }}", 1, "job.finished has no flavor, budget, quota, deletion, usage"),
        ("{% if job %}", 1, "{% if %} is never closed; add {% endif %}"),
        ("{{ job.name | nosuch }}", 1, "there is no filter 'nosuch'"),
        ("{% include 'x' %}", 1, "a template cannot take in another one"),
        ("{{ 'x' * 999999999 }}", 1, "* is for numbers"),
        ("{{ '%999999999d' % 1 }}", 1, "% is for numbers"),
        ("{{ 9 ** 9999999 }}", 1, "** is for numbers"),
        ("{{ '{:>999999999}'.format(1) }}", 1, "unsafe"),
        ("{{ job.name.center(999999999) }}", 1, "unsafe"),
        ("{% for i in range(999999999) %}x{% endfor %}", 1, "range() gives at most 1000"),
        ("{{ ''.__class__.__mro__ }}", 1, "unsafe"),
        ("{{ 1 / 0 }}", 1, "division by zero"),
        ("{{ job.tokens | duration | money }}", 1, "money is for numbers, and this is none: '14 d 6 h' (job.finished)"),
        ("{{ job.tokens | number }}", None, ""),
    ],
)
def test_a_template_is_tried_when_the_file_is_read(template: str, line: int | None, says: str) -> None:
    if not says:
        RuleSet.compile(RULES.validate_python([GOOD | {"body": template}]), [], None, ["slack"])
        return
    ((path, found, _, message),) = wrong({"body": template})
    assert (path, found) == (("rules", 0, "body"), line)
    assert says in message


def test_a_template_is_tried_on_every_type_that_its_rule_can_take() -> None:
    ((_, _, _, message),) = wrong({"on": ["job.*", "flavor.listed"], "title": "{{ job.name }}"})
    assert "flavor.listed has no job" in message
    guarded = {"on": ["job.*", "flavor.listed"], "title": "{% if job %}{{ job.name }}{% endif %}"}
    narrow = {"on": ["*"], "when": "job.name != ''", "title": "{{ job.name }}"}
    RuleSet.compile(RULES.validate_python([GOOD | guarded, GOOD | narrow | {"name": "n"}]), [], None, ["slack"])


def test_a_broken_condition_hides_no_broken_template_and_makes_none_up() -> None:
    """Which types can come is not known then: what is absent from some of them is no mistake."""
    broken = {"on": ["*"], "when": "jbo.name != ''", "title": "{{ job.name }}", "body": "{{ job.nme }}"}
    assert [path[2] for path, *_ in wrong(broken)] == ["when", "body"]
    guarded = broken | {"body": "{% if job %}{{ job.name }}{% endif %}"}
    assert [path[2] for path, *_ in wrong(guarded)] == ["when"]


def test_labels_and_specifications_may_have_any_key() -> None:
    rule = GOOD | {"on": ["flavor.*"], "body": "{{ account.labels.team }} {{ flavor.specification['npu'] }}"}
    RuleSet.compile(RULES.validate_python([rule]), [], None, ["slack"])


def test_neither_cel_nor_jinja_is_loaded_for_rules_without_expression_and_template() -> None:
    code = (
        "import sys; from monitor.rules import RuleOptions, RuleSet;"
        "RuleSet.compile([RuleOptions(name='r', on=['*'], notify=['s'])], [], None, ['s']);"
        "print([name for name in ('cel_expr_python', 'google.protobuf', 'jinja2') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
