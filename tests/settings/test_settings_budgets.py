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


def doubted(folder: Path, budget: str, more: str = "") -> list[str]:
    path = folder / "training-monitor.yaml"
    path.write_text(CONFIG % budget + more)
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
        (
            "card_hours: 1, scope: 'account.provider == \"model-studio\"'",
            "8:15 budgets[0].card_hours what these accounts use is booked in tokens, never in hours",
        ),
        (
            "tokens: 1, scope: 'account.provider == \"modelarts\"'",
            "8:15 budgets[0].tokens what these accounts use is booked in hours, never in tokens",
        ),
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


@pytest.mark.parametrize(
    ("entries", "says"),
    [
        ("{provider: modelarts, model: m, per_1k_tokens: 1, currency: CNY, since: 2026-01-01}", [
            "10:27 prices[0].model jobs of modelarts are never booked in tokens, so this price is never used; "
            "price a `flavor` by the hour"]),
        ("{provider: model-studio, flavor: f, per_node_hour: 1, currency: CNY, since: 2026-01-01}", [
            "10:30 prices[0].flavor jobs of model-studio are never booked in hours, so this price is never used; "
            "price a `model` by `per_1k_tokens`"]),
        (
            "{provider: modelarts, flavor: f, per_node_hour: 1, currency: CNY, since: 2026-01-01}\n"
            "  - {provider: modelarts, flavor: f, per_node_hour: 1, currency: USD, since: 2026-02-01}", [
            "11:66 prices[1].currency the same thing is priced in CNY since 2026-01-01; sums and budgets of one "
            "currency do not count the other"]),
        (
            "{provider: modelarts, flavor: f, per_node_hour: 1, currency: CNY, since: 2026-01-01}\n"
            "  - {provider: modelarts, flavor: f, region: r, per_node_hour: 1, currency: USD, since: 2026-02-01}", []),
    ],
)  # fmt: skip
def test_a_price_that_is_never_used_or_changes_its_currency_is_doubted(
    tmp_path: Path, entries: str, says: list[str]
) -> None:
    assert doubted(tmp_path, "tokens: 1", f"prices:\n  - {entries}\n") == says


def test_a_policy_is_not_run_more_often_than_once_a_minute(tmp_path: Path) -> None:
    (found,) = doubted(tmp_path, "tokens: 1", "cleanup: [{name: a, every: 30s}, {name: b, every: 1m}]\n")
    assert found == "9:28 cleanup[0].every it is looked once a minute which policy is due; write 1m"


@pytest.mark.parametrize(
    ("policy", "says"),
    [
        ("when: 'account.name == \"nope\"'", "9:28 cleanup[0].when `account.name` is never 'nope' here; it can be"),
        ("when: 'job.state == \"sucess\"'", "9:28 cleanup[0].when `job.state` is never 'sucess' here; did you mean"),
        ("when: 'job.state == \"running\"'", "9:28 cleanup[0].when `job.state` is never 'running' here; it can be"),
        ("when: 'false'", "9:27 cleanup[0].when never matches: it is always false; so nothing goes"),
        ("accounts: [llm], when: 'account.name == \"ascend\"'", "9:45 cleanup[0].when `account.name` is never"),
        ('when: \'account.labels["team"] == "cv"\'', "9:27 cleanup[0].when matches no account of the policy"),
    ],
)
def test_a_policy_that_takes_nothing_is_doubted(tmp_path: Path, policy: str, says: str) -> None:
    (found,) = doubted(tmp_path, "tokens: 1", f"cleanup: [{{name: a, {policy}}}]\n")
    assert found.startswith(says)


@pytest.mark.parametrize(
    "when",
    [
        'job.state == "succeeded" || job.state == "failed"',
        'account.labels["team"] == "nlp"',
        'account.name == "llm" && job.name.startsWith("try-") && now.getHours() > 20',
        "job.error.code == 'x' || job.outcome == 'canceled'",
        "true",
    ],
)
def test_a_policy_that_may_take_something_is_not(tmp_path: Path, when: str) -> None:
    assert doubted(tmp_path, "tokens: 1", f"cleanup:\n  - name: a\n    when: >-\n      {when}\n") == []
