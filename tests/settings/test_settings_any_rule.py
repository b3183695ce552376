"""Whatever keys a rule has, right or wrong, the loader takes it or names each mistake with its place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.settings import ConfigErrors, Problem, load

HEAD = """accounts: [{name: a, provider: model-studio, api_key: k, jobs: {}}]
sinks: [{name: log, type: log}, {name: hook, type: log}]
rules:
"""
WINDOWS = [{"days": ["sat"]}, {"between": ["22:00", "08:00"]}, {"between": ["08:00", "22:00"], "except": "job.x == 1"},
           {"between": ["08:00", "08:00"]}, {"timezone": "X"}, {}, [], "x", None]  # fmt: skip
VALUES: dict[str, list[Any]] = {
    "name": ["r", "", 5, "unmatched"],
    "on": [["job.queued"], ["*"], ["job.*", "usage.*"], ["nothing"], [], "job.queued", None],
    "when": ["job.state == 'failed'", "job.x == 1", "", 5, "${env:NOT_THERE}"],
    "while": ["job.tokens > 1", "job.", None],
    "for": ["2h", "0s", "2", 5, None, "${env:NOT_THERE}"],
    "notify": [["log"], ["owner"], ["log", "hook"], ["nobody"], [], "log"],
    "fallback": [["log"], ["owner"], [5]],
    "remind_every": ["1h", "x"],
    "resolved": [True, False, "maybe"],
    "group_by": [[], ["account.name"], ["account.labels.a.b"], ["x", "x"], ["job"], "severity", [5], [""], ["."]],
    "group_wait": ["0s", "30s", -1],
    "group_interval": ["5m", {}],
    "throttle": ["1h", "0s"],
    "hold": [*WINDOWS, WINDOWS[:3]],
    "mute": [*WINDOWS, WINDOWS[1:4], [5]],
    "escalate": [{"after": "1h", "notify": ["hook"]}, [{"after": "1h", "notify": ["log"]}] * 2, {"after": "1h"}, [], 5],
    "digest": [{"at": "09:00"}, {"at": 540}, {"at": "09:00", "days": []}, {}, "09:00"],
    "title": ["{{ job.name }}", "{{ job.nme }}", "{{ flavor.id }}", "{{", 5],
    "body": ["{% for x in range(1000) %}{% for y in range(1000) %}{% endfor %}{% endfor %}", "ok"],
    "stop": [True, "x"],
    "shadow": [True, 5],
    "late": ["each", "never"],
    "lasting": ["1h"],
    "was": ["x"],
}
rules = st.lists(
    st.fixed_dictionaries(
        {key: st.sampled_from(VALUES[key]) for key in ("name", "on", "notify")},
        optional={
            key: st.sampled_from(values) for key, values in VALUES.items() if key not in ("name", "on", "notify")
        },
    ),
    min_size=1,
    max_size=2,
)


@settings(max_examples=25, deadline=None)
@given(rules)
def test_a_rule_is_taken_or_each_of_its_mistakes_has_a_place(
    tmp_path_factory: Any, found: list[dict[str, Any]]
) -> None:
    path: Path = tmp_path_factory.getbasetemp() / "any-rule.yaml"
    path.write_text(HEAD + "".join(f"  - {json.dumps(rule)}\n" for rule in found))
    problems = _problems(path)
    assert all(4 <= problem.line <= 3 + len(found) for problem in problems)
    assert all(problem.path.startswith("rules[") and len(problem.message) > 9 for problem in problems)


def _problems(path: Path) -> tuple[Problem, ...]:
    try:
        load(path, resolve=True, environ={}, credentials_dir=None)
    except ConfigErrors as error:
        return error.problems
    return ()
