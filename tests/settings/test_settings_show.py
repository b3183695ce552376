"""`config show`: every value as it was understood, with its place, and never a secret."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from monitor.settings import ConfigErrors, load
from monitor.settings.doubts import doubts
from monitor.settings.show import Shown, shown

CONFIG = """\
store: postgresql://monitor:hunter2@db.example.org/monitor
catch_up_after: 90m
accounts:
  - name: llm
    provider: model-studio
    api_key: ${env:NEVER_SET}
    labels: {team: nlp}
    region: ${env:REGION}
    jobs:
      every: 45s
  - name: arts
    provider: modelarts
    region: cn-north-4
    project_id: p
    iam: {user: ann, password: "hunter2${env:NEVER_SET}", domain: acme}
    resource_flavors: {every: 1m}
sinks:
  - {name: chat, type: apprise, url: "slack://hunter2/${env:NEVER_SET}/x"}
  - name: hook
    type: webhook
    url: https://example.org/hunter2
    headers:
      Authorization: Bearer ${credential:hook}
rules:
  - {name: failed, on: [job.finished], when: job.state == "failed", notify: [chat]}
"""


def values(tmp_path: Path, text: str = CONFIG) -> dict[str, Shown]:
    path = tmp_path / "c.yaml"
    path.write_text(text)
    settings = load(path, resolve=False, environ={"HOME": "/h", "REGION": "cn-beijing"}, credentials_dir=None)
    return {value.path: value for value in shown(settings)}


def test_a_secret_shows_the_references_that_it_is_made_of_and_nothing_else(tmp_path: Path) -> None:
    found = values(tmp_path)
    assert found["accounts[0].api_key"].value == "*** ${env:NEVER_SET}"
    assert found["accounts[1].iam.password"].value == "*** ${env:NEVER_SET}"
    assert found["sinks[0].url"].value == "*** ${env:NEVER_SET}"
    assert found["sinks[1].url"].value == "***"
    assert found["sinks[1].headers.Authorization"].value == "*** ${credential:hook}"
    assert found["store"].value == "postgresql://db.example.org/monitor"
    assert "hunter2" not in repr(found)


@pytest.mark.parametrize(
    ("path", "value", "line", "changed"),
    [
        ("catch_up_after", "1h30m", 2, True),
        ("accounts[0].labels.team", "nlp", 7, True),
        ("accounts[0].region", "cn-beijing", 8, True),
        ("accounts[0].jobs.every", "45s", 10, True),
        ("accounts[0].jobs.sweep_every", "1h", None, False),
        ("accounts[0].jobs.idle_every", "null", None, False),
        ("accounts[0].endpoint", "https://dashscope.aliyuncs.com/api/v1", None, False),
        ("accounts[1].resource_flavors.every", "1m", 16, False),
        ("accounts[1].jobs", "null", None, False),
        ("http.listen", "127.0.0.1:8650", None, False),
        ("rules[0].when", 'job.state == "failed"', 25, True),
        ("rules[0].late", "digest", None, False),
        ("sinks[1].retry_for", "3d", None, False),
        ("state_dir", "/h/.local/state/training-monitor", None, False),
    ],
)
def test_each_value_has_the_line_it_came_from_and_whether_it_was_changed(
    tmp_path: Path, path: str, value: str, line: int | None, changed: bool
) -> None:
    source = "default" if line is None else f"{tmp_path}/c.yaml:{line}"
    assert values(tmp_path)[path] == Shown(path, value, source, changed)


SECRET = "https://example.org"
EVERY_KIND = """\
catch_up_after: 90s
state_dir: "/srv/a: b"
http: {listen: "[::1]:8650", public_url: "https://m.example.org"}
flapping: {changes: 4, within: 1h30m}
accounts:
  - name: arts
    provider: modelarts
    region: cn-north-4
    project_id: "0123456789"
    access_key: https://example.org
    secret_key: https://example.org
    labels: {team: "a, b", note: "cost $${x} # 5", empty: "", truth: "true"}
    budget: {requests_per_second: 1234567.25, burst: 20}
    jobs: {every: 45s, workspaces: ["0", ws-1]}
    resource_flavors: {every: 1m, label_selector: "a=b,c!=d", confirm: 2}
people:
  - {name: "Ann: Ö", ids: ["modelarts:ann", "modelarts:a, b"], notify: [log]}
prices:
  - {provider: modelarts, model: q, per_1k_tokens: 0.0000003, currency: CNY, since: 2026-01-01}
sinks:
  - {name: log, type: log}
  - {name: hook, type: webhook, url: https://example.org, retry_for: 1.5s}
rules:
  - name: one
    on: [job.queued, "job.re*"]
    for: 2h
    remind_every: 6h
    hold: {between: ["22:00", "24:00"], days: [sat, sun], timezone: Asia/Shanghai, except: severity == "critical"}
    mute:
      - {between: ["00:00", "05:30"]}
    escalate: {after: 5m, notify: [hook]}
    severity: warning
    notify: [log, owner]
    title: "{{ job.name }}"
    body: |
      two lines: "{{ job.id }}"
        # of 5 $
  - {name: two, on: [job.finished], group_by: [], group_wait: 0s, notify: [log], stop: true, late: each}
  - {name: three, on: ["*"], digest: {at: "09:00", days: [mon]}, notify: [log]}
unmatched: {notify: [log], min_severity: warning}
"""


def test_what_is_shown_stands_in_the_file_as_it_could_be_written_there(tmp_path: Path) -> None:
    found = values(tmp_path, EVERY_KIND)
    written = {path: value for path, value in found.items() if value.source != "default"}
    wanted = {
        "catch_up_after": "1m30s",
        "http.listen": '"[::1]:8650"',
        "flapping.within": "1h30m",
        "accounts[0].labels.note": '"cost $${x} # 5"',
        "accounts[0].budget.requests_per_second": "1234567.25",
        "accounts[0].jobs.workspaces": '["0", ws-1]',
        "people[0].ids": '[modelarts:ann, "modelarts:a, b"]',
        "prices[0].per_1k_tokens": "0.0000003",
        "sinks[1].retry_for": "1.5s",
        "rules[0].hold.between": '["22:00", "24:00"]',
        "rules[0].mute[0].between": '["00:00", "05:30"]',
        "rules[0].escalate.after": "5m",
        "rules[1].group_wait": "0s",
        "rules[2].digest.at": '"09:00"',
    }
    assert {path: written[path].value for path in wanted} == wanted
    assert written["rules[0].hold.timezone"] == Shown(
        "rules[0].hold.timezone", "Asia/Shanghai", f"{tmp_path}/c.yaml:28", True
    )
    again = tmp_path / "again.yaml"
    again.write_text(_file(written))
    first, second = (
        load(path, resolve=False, environ={"HOME": "/h"}, credentials_dir=None) for path in (tmp_path / "c.yaml", again)
    )
    assert replace(second, path=first.path) == first


def _file(written: dict[str, Shown]) -> str:
    """A config file of the values just as they are shown."""
    root: dict[str, Any] = {}
    for path, value in written.items():
        *above, last = path.replace("[", ".").replace("]", "").split(".")
        here = root
        for part in above:
            here = here.setdefault(part, {})
        here[last] = SECRET if value.value == "***" else value.value
    return _block(root, "")


def _block(value: Any, margin: str) -> str:
    if isinstance(value, str):
        return f"{value}\n"
    lists = all(key.isdigit() for key in value)
    return "\n" + "".join(
        f"{margin}{'-' if lists else f'{key}:'} {_block(each, margin + '  ')}" for key, each in value.items()
    )


def test_the_net_that_nobody_wrote_is_shown_as_a_default(tmp_path: Path) -> None:
    found = values(tmp_path, CONFIG.partition("rules:")[0])
    assert found["unmatched.notify"] == Shown("unmatched.notify", "[chat, hook]", "default", False)


def test_what_is_spent_and_cleared_away_is_shown_as_well(tmp_path: Path) -> None:
    found = values(
        tmp_path,
        CONFIG + "budgets: [{name: team, card_hours: 10, period: 7d, thresholds: [33.3%, 100%]}]\n"
        "prices: [{provider: modelarts, flavor: npu.8, per_card_hour: 0.03, currency: CNY, since: 2026-01-01}]\n"
        "cleanup: [{name: nightly, after: 3d, keep_last: [{count: 2, per: model}]}]\n",
    )
    assert found["budgets[0].thresholds"].value == "[33.3%, 100%]"
    assert found["budgets[0].period"].value == "7d"
    assert found["prices[0].per_card_hour"].value == "0.03"
    assert found["cleanup[0].after"].value == "3d"
    assert found["cleanup[0].keep_last[0].per"].value == "model"


def test_of_the_example_with_every_key_no_value_is_missing(tmp_path: Path) -> None:
    example = Path(__file__).parents[2] / "config" / "training-monitor.example.yaml"
    found = values(tmp_path, example.read_text(encoding="utf-8"))
    assert found["budgets[0].thresholds"].value.endswith("%]")
    assert {path.partition("[")[0].partition(".")[0] for path in found} >= {"budgets", "prices", "cleanup", "people"}


def test_off_is_off(tmp_path: Path) -> None:
    assert values(tmp_path, "http: {listen: off}\n" + CONFIG)["http.listen"].value == "off"


def test_a_variable_written_as_in_a_shell_is_doubted_at_its_place_without_being_shown(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(
        "state_dir: $HOME/state\na: [{api_key: $DASHSCOPE_API_KEY, b: $ecret, c: 5$, d: '${env:X}', e: $$X}]\n"
    )
    found = doubts(path)
    assert [(doubt.line, doubt.column, doubt.path) for doubt in found] == [
        (1, 12, "state_dir"),
        (2, 15, "a[0].api_key"),
    ]
    assert all("${env:NAME}" in doubt.message and "DASHSCOPE" not in doubt.message for doubt in found)


LOUD = """accounts:
  - {name: llm, provider: model-studio, api_key: k, first_run: FIRST, jobs: {}}
sinks:
  - {name: log, type: log}
"""
RULE = "rules:\n  - {name: r, on: [ON], notify: [WHOM]WHEN}\n"
NET = "unmatched: {notify: [log], min_severity: LEAST}\n"


@pytest.mark.parametrize(
    ("first", "on", "rest", "why"),
    [
        ("summary", "job.finished", {}, "there is no `unmatched`"),
        ("summary", "job.finished", {"LEAST": "warning"}, "`unmatched` begins at warning"),
        ("summary", "account.*", {"WHOM": "owner"}, "there is no `unmatched`"),
        ("summary", "account.*", {"WHEN": ", when: severity == 'critical'"}, "there is no `unmatched`"),
        ("summary", "account.*", {"WHEN": ", when: account.name == 'other'"}, "anybody of account.baselined, and"),
        ("full", "flavor.listed", {}, "anybody of account.baselined, job.*, and"),
        ("full", "job.finished", {}, None),
        ("summary", "job.finished", {"LEAST": "info"}, None),
        ("summary", "account.*", {"WHEN": ", when: account.name == 'llm'"}, None),
        ("silent", "job.finished", {}, None),
        ("summary", "", {}, None),
    ],
)
def test_a_first_run_that_is_told_to_nobody_is_doubted_at_its_place(
    tmp_path: Path, first: str, on: str, rest: dict[str, str], why: str | None
) -> None:
    path = tmp_path / "c.yaml"
    text = LOUD + (RULE if on else "") + (NET if "LEAST" in rest else "")
    for word, said in {"FIRST": first, "[ON]": f"['{on}']", "WHOM": "log", "WHEN": "", **rest}.items():
        text = text.replace(word, said)
    path.write_text(text)
    found = doubts(path, load(path, resolve=False, environ={}, credentials_dir=None))
    found = [doubt for doubt in found if not doubt.path.startswith("rules")]
    assert [(doubt.line, doubt.path) for doubt in found] == ([] if why is None else [(2, "accounts[0].first_run")])
    assert why is None or why in found[0].message


IDLE = """accounts:
  - {name: llm, provider: model-studio, api_key: k, jobs: {}}
sinks:
  - {name: log, type: log}
rules:
  - {name: all, on: ["job.*"], notify: [log], stop: true}
  - {name: ended, on: [job.finished], notify: [log]}
  - name: typo
    on: [usage.recorded]
    when: usage.tokens > 5 &&
      account.name == "lml"
    notify: [log]
    escalate: {after: 1h, notify: [owner]}
  - {name: idle, on: [usage.recorded], when: flavor.zone == "a", notify: [log]}
  - {name: late, on: [flavor.listed], digest: {at: "09:00", days: [sat]}, mute: {days: [sat]}, notify: [log]}
unmatched: {notify: [log]}
"""


def test_rules_that_do_nothing_are_doubted_at_their_places(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(IDLE)
    settings = load(path, resolve=False, environ={}, credentials_dir=None)
    found = [(doubt.line, doubt.column, doubt.path) for doubt in doubts(path, settings)]
    assert found == [
        (7, 5, "rules[1]"),
        (11, 7, "rules[2].when"),
        (13, 5, "rules[2].escalate"),
        (14, 46, "rules[3].when"),
        (15, 81, "rules[4].mute"),
    ]
    path.write_text("http: {public_url: https://monitor.example.org}\n" + IDLE)
    settings = load(path, resolve=False, environ={}, credentials_dir=None)
    assert "rules[2].escalate" not in [doubt.path for doubt in doubts(path, settings)]


@pytest.mark.parametrize(
    ("region", "said"),
    [
        ("region: cn-nort-4", "did you mean cn-north-4?"),
        ("region: mars", "like cn-north-4; a new one may be right"),
        ("region: cn-north-9", None),
        ("region: mars, endpoint: 'https://modelarts.mars.example.org'", None),
        ("region: '${env:REGION}'", None),
    ],
)
def test_a_region_that_is_not_known_is_doubted_unless_an_endpoint_says_where(
    tmp_path: Path, region: str, said: str | None
) -> None:
    path = tmp_path / "c.yaml"
    rest = "project_id: p, access_key: a, secret_key: s, jobs: {}"
    path.write_text(
        f"accounts:\n  - {{{region}, name: a, provider: modelarts, {rest}}}\nsinks: [{{name: l, type: log}}]\n"
    )
    found = doubts(path, load(path, resolve=False, environ={"REGION": "cn-north-9"}, credentials_dir=None))
    assert [(doubt.path, doubt.line) for doubt in found] == ([] if said is None else [("accounts[0].region", 2)])
    assert said is None or said in found[0].message


def test_a_region_in_a_variable_that_is_not_set_is_told_as_that(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(
        "accounts:\n  - {name: a, provider: modelarts, region: '${env:REGION}', project_id: p, token: t, jobs: {}}\n"
        "sinks: [{name: l, type: log}]\n"
    )
    with pytest.raises(ConfigErrors, match=r"accounts\[0\].region: the environment variable REGION is not set"):
        load(path, resolve=False, environ={}, credentials_dir=None)


def test_a_report_for_an_alertmanager_is_doubted_and_one_for_people_is_not(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(
        "accounts: [{name: a, provider: model-studio, api_key: k, jobs: {}}]\n"
        "sinks: [{name: am, type: alertmanager, url: 'http://h'}, {name: log, type: log}]\n"
        "rules:\n  - {name: daily, on: ['job.*'], digest: {at: '09:00'}, notify: [log, am]}\n"
        "  - {name: each, on: ['job.*'], notify: [am]}\n"
    )
    (found,) = doubts(path, load(path, resolve=False, environ={}, credentials_dir=None))
    assert (found.line, found.path) == (4, "rules[0].notify[1]")
    assert "an alert of each thing in the report" in found.message
