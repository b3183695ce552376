"""Rules that share their words share what is made of them, and each is still told its own mistakes."""

from __future__ import annotations

import time
from typing import Any

import pytest

from monitor.rules import RuleErrors, RuleOptions, RuleSet

SAID: dict[str, Any] = {
    "on": ["job.*"],
    "notify": ["a"],
    "when": "job.state == 'failed'",
    "title": "{{ job.name }} {{ job.state }}",
    "body": "{{ job.tokens | number }} {% if job.error %}{{ job.error.message }}{% endif %}",
}


def compiled(*rules: dict[str, Any]) -> RuleSet:
    options = [RuleOptions.model_validate({"name": f"r{index}"} | rule) for index, rule in enumerate(rules)]
    return RuleSet.compile(options, [], None, ["a"])


def test_a_condition_that_many_rules_have_is_compiled_once() -> None:
    first, second, third = compiled(SAID, SAID, SAID | {"when": "job.state == 'canceled'"}).rules
    assert first.when is second.when is not third.when


def test_a_thousand_rules_of_few_texts_cost_little_more_than_ten() -> None:
    def seconds(count: int) -> float:
        rules = [SAID | {"when": f"job.name == '{index % 10}'"} for index in range(count)]
        begun = time.process_time()
        compiled(*rules)
        return time.process_time() - begun

    seconds(10)  # loads the language
    assert seconds(1000) < 25 * seconds(10) + 0.2


def test_each_rule_with_the_same_wrong_words_is_told_so_at_its_place() -> None:
    wrong = SAID | {"title": "{{ job.nam }}", "when": "job.stat == 'failed'", "body": "{{ 1 / 0 }}"}
    with pytest.raises(RuleErrors) as caught:
        compiled(wrong, SAID, wrong)
    places = {mistake.path for mistake in caught.value.mistakes}
    assert places == {("rules", index, key) for index in (0, 2) for key in ("title", "when", "body")}


def test_the_same_words_are_tried_on_every_type_that_each_rule_takes() -> None:
    about_jobs: dict[str, Any] = {"on": ["job.*"], "notify": ["a"], "title": "{{ job.name }}"}
    with pytest.raises(RuleErrors) as caught:
        compiled(
            about_jobs, about_jobs | {"on": ["flavor.listed"]}, about_jobs | {"on": ["*"], "when": "job.id == 'x'"}
        )
    assert [mistake.path for mistake in caught.value.mistakes] == [("rules", 1, "title")]
    lasted: dict[str, Any] = about_jobs | {"on": ["job.queued"], "title": "{{ lasted + 1 }}"}
    with pytest.raises(RuleErrors) as caught:
        compiled(lasted | {"for": "2h"}, lasted)
    assert [mistake.path for mistake in caught.value.mistakes] == [("rules", 1, "title")]
