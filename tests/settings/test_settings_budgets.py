"""Budgets that are written right and hardly meant so: told with their place when the file is checked."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.settings import load
from monitor.settings.doubts import doubts

CONFIG = """
accounts:
  - {name: llm, provider: model-studio, api_key: x, jobs: {}, labels: {team: nlp}}
  - {name: ascend, provider: modelarts, region: cn-north-4, project_id: p, access_key: a, secret_key: s, jobs: {}}
sinks: [{name: journal, type: log}]
rules: [{name: r, on: ["*"], notify: [journal]}]
budgets:
  - {name: b, %s}
"""


def doubted(folder: Path, budget: str) -> list[str]:
    path = folder / "training-monitor.yaml"
    path.write_text(CONFIG % budget)
    settings = load(path, resolve=False, environ={}, credentials_dir=None)
    return [f"{each.line}:{each.column} {each.path} {each.message}" for each in doubts(path, settings)]


@pytest.mark.parametrize(
    ("budget", "says"),
    [
        (
            "tokens: 1, scope: 'account.name == \"lm\"'",
            "8:34 budgets[0].scope `account.name` is never 'lm' here; did you",
        ),
        ('tokens: 1, scope: \'account.labels["team"] == "cv"\'', "8:33 budgets[0].scope matches no account"),
        ("tokens: 1, scope: 'account.region == \"cn-north-9\"'", "8:33 budgets[0].scope matches no account"),
        ("tokens: 1, scope: 'job.state == \"failed\"'", "8:33 budgets[0].scope `job.state` is not kept in the ledger"),
        ("tokens: 1, scope: 'false'", "8:33 budgets[0].scope never matches: it is always false"),
        ("cost: 1, currency: EUR", "8:34 budgets[0].currency no price is in EUR"),
    ],
)
def test_a_budget_that_counts_nothing_is_doubted(tmp_path: Path, budget: str, says: str) -> None:
    (found,) = doubted(tmp_path, budget)
    assert found.startswith(says)


@pytest.mark.parametrize(
    "budget",
    [
        "tokens: 1",
        "cost: 1, currency: cny",
        'tokens: 1, scope: \'account.labels["team"] == "nlp"\'',
        'tokens: 1, scope: \'account.name == "llm" && job.model.startsWith("qwen") && job.creator != "ann"\'',
        'card_hours: 1, scope: \'job.flavor == "x" || usage.flavor == "y" || account.region == "cn-north-4"\'',
    ],
)
def test_a_budget_that_may_count_something_is_not(tmp_path: Path, budget: str) -> None:
    assert doubted(tmp_path, budget) == []
