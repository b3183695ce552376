"""What the lint of rules finds, and that it finds nothing where all is meant so."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.rules import PersonOptions, RuleOptions, RuleSet, UnmatchedOptions
from monitor.rules.lint import Finding, lint

ANN = PersonOptions(name="Ann", ids=["modelarts:ann"], notify=["ann-mail"])
BOB = PersonOptions(name="Bob", ids=["model-studio:1"], notify=["slack"])
NET = UnmatchedOptions(notify=["journal"])
SINKS = ["slack", "ann-mail", "journal"]
A, B = "job.state == 'failed'", "account.labels['team'] == 'nlp'"


def found(*rules: dict[str, Any], people: Any = (), net: Any = NET, accounts: Any = None) -> list[Finding]:
    options = [
        RuleOptions.model_validate(
            {"name": f"r{index}", "on": ["job.finished"], "notify": ["slack", "ann-mail"]} | rule
        )
        for index, rule in enumerate(rules)
    ]
    return lint(RuleSet.compile(options, people, net, SINKS), SINKS, people, accounts)


def kinds(*rules: dict[str, Any], **more: Any) -> list[str]:
    return [f"{finding.kind} {finding.rule}".strip() for finding in found(*rules, **more)]


@pytest.mark.parametrize(
    "when",
    ["false", "1 > 2", "job.state == 'failed' && false", "flavor.zone == 'a'", "has(usage.cost) && flavor.stock != 'x'",
     "!(flavor.zone == 'a' || job.state == 'failed')", "flavor.zone == 'a' ? true : job.id == 'x'"],
)  # fmt: skip
def test_a_condition_that_is_never_true_is_found(when: str) -> None:
    assert kinds({"when": when}) == ["never-matches r0"]


@pytest.mark.parametrize(
    "when",
    ["flavor.zone == 'a' || job.state == 'failed'", "!(flavor.zone == 'a' && job.state == 'failed')", "flavor == null",
     "usage.cost > 1", "job.error == null", "previous.state == 'running'", "job.extra.exists(k, k == 'x')",
     "has(job.error) ? job.error.code == 'x' : true", "job.state in ['failed', 'canceled']"],
)  # fmt: skip
def test_a_condition_that_may_be_true_is_not_found(when: str) -> None:
    assert kinds({"when": when}) == []


def test_a_type_that_lacks_what_the_condition_needs_is_found_where_it_is_named() -> None:
    (finding,) = found({"on": ["job.finished", "flavor.listed"], "when": "job.state == 'failed'"})
    assert finding.path == ("rules", 0, "on", 1)
    assert str(finding) == "never matches flavor.listed: it has not what `when` needs; take it out of `on`"
    assert kinds({"on": ["*"], "when": "job.state == 'failed'"}) == []


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ({"when": "job.state == 'faild'"}, "`job.state` is never 'faild' here; did you mean failed?"),
        ({"when": "job.state != 'running'"}, "`job.state` is never 'running' here; it can be canceled, failed, succ"),
        ({"when": "severity in ['warn', 'info']"}, "`severity` is never 'warn' here; did you mean warning?"),
        ({"when": "event.type == 'job.queued'"}, "`event.type` is never 'job.queued' here"),
        ({"when": "account.name == 'lml'"}, "`account.name` is never 'lml' here; did you mean llm?"),
        ({"when": "account.provider == 'modelarts'"}, "`account.provider` is never 'modelarts' here; did you mean mod"),
    ],
)
def test_a_text_that_a_value_never_has_is_found_at_its_place(rule: dict[str, Any], says: str) -> None:
    (finding,) = found({"when": "job.name != '' &&\n  " + rule["when"]}, accounts={"llm": "model-studio"})
    assert (finding.kind, finding.path, finding.line, finding.column) == ("never-equal", ("rules", 0, "when"), 2, 3)
    assert says in str(finding)


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        (
            {"on": ["flavor.sold_out"], "when": "flavor.stock == 'normal'"},
            "`flavor.stock` is never 'normal' here; it can",
        ),
        (
            {"on": ["flavor.sold_out"], "when": "flavor.stock == 'normal'", "for": "1h"},
            "`flavor.stock` is never 'normal' here; it can be soldout",
        ),
        ({"on": ["flavor.restocked"], "when": "previous.stock == 'normal'"}, "`previous.stock` is never 'normal' here"),
        ({"on": ["job.queued"], "when": "job.state in ['running', 'queued']"}, "`job.state` is never 'running' here"),
        (
            {"on": ["job.requeued"], "when": "severity == 'critical'"},
            "`severity` is never 'critical' here; it can be war",
        ),
        (
            {"when": "job.id == 'a' && job.id == 'b'"},
            "never matches: `job.id` is only one text there; mend `on` or `when`",
        ),
        (
            {"on": ["flavor.listed"], "when": "flavor.stock == 'normal'"},
            "never matches: `flavor.stock` is absent there",
        ),
        (
            {"on": ["job.*"], "when": "job.state == 'failed' && severity == 'warning' && job.state != 'failed'"},
            "never matches: `job.state` is",
        ),
    ],
)
def test_what_the_type_itself_says_is_held_against_the_condition(rule: dict[str, Any], says: str) -> None:
    (finding,) = found(rule)
    assert says in str(finding)


def test_a_type_that_has_it_otherwise_is_found_where_it_is_named() -> None:
    stock = ["flavor.sold_out", "flavor.restocked"]
    (finding,) = found({"on": stock, "when": "flavor.stock == 'normal' && flavor.zone == 'a'"})
    assert (finding.kind, finding.path) == ("never-matches-type", ("rules", 0, "on", 0))
    assert str(finding) == "never matches flavor.sold_out: `flavor.stock` is soldout there; take it out of `on`"
    for when in ("flavor.stock == 'normal' || flavor.zone == 'a'", "flavor.stock != 'strange'", "flavor.stock != ''"):
        assert "never-matches r0" not in kinds({"on": stock, "when": when})
    assert kinds({"on": ["flavor.*"], "when": "flavor.stock == 'normal'"}) == []
    assert kinds({"on": ["flavor.listed"], "when": "flavor.stock != 'normal'"}) == []


def test_the_double_of_a_rule_that_never_matches_is_told_for_what_it_is() -> None:
    for when in ("false", "job.state == 'faild'", "flavor.zone == 'a'"):
        once = kinds({"when": when})
        assert kinds({"when": when}, {"when": when}) == [*once, *(each.replace("r0", "r1") for each in once)]
    gone = {"on": ["flavor.sold_out"], "when": "flavor.stock == 'normal'"}
    assert kinds(gone, gone) == ["never-equal r0", "never-equal r1"]
    assert kinds({"stop": True}, {"when": A}, {"on": ["job.finished", "job.gone"]}) == ["shadowed r1"]


NIGHT: dict[str, Any] = {"between": ["22:00", "08:00"]}


@pytest.mark.parametrize(
    ("rule", "path", "says"),
    [
        (
            {"hold": {"between": ["23:00", "05:00"]}, "mute": NIGHT},
            ("hold", 0),
            "`hold` window lies wholly inside `mute`",
        ),
        (
            {"mute": {"between": ["23:00", "05:00"]}, "hold": NIGHT},
            ("mute", 0),
            "`mute` window lies wholly inside `hold`",
        ),
        ({"mute": NIGHT, "hold": NIGHT}, ("mute", 0), "inside `hold`"),
        ({"mute": [{"days": ["sat"]}, NIGHT], "hold": NIGHT}, ("mute", 1), "inside `hold`"),
        ({"mute": NIGHT | {"except": A}, "hold": NIGHT}, ("mute", 0), "inside `hold`"),
    ],
)
def test_a_window_inside_one_of_the_other_kind_is_found(rule: dict[str, Any], path: Any, says: str) -> None:
    finding = next(each for each in found(rule) if each.kind == "idle-window")
    assert finding.path == ("rules", 0, *path)
    assert says in finding.what


def test_windows_that_both_count_are_not_found() -> None:
    assert kinds({"hold": NIGHT, "mute": {"between": ["07:00", "09:00"]}}) == []
    assert kinds({"hold": NIGHT | {"except": A}, "mute": {"between": ["23:00", "24:00"]}}) == []


def test_what_is_not_known_is_not_held_against_it() -> None:
    assert kinds({"when": "account.name == 'lml' || job.creator == 'x'"}) == []
    assert kinds({"when": "true"}) == ["always-true r0"]


WIDE = {"on": ["job.*"], "stop": True}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (WIDE, {}),
        (WIDE, {"when": A}),
        (WIDE | {"when": A}, {"when": f"{B} && {A}"}),
        (WIDE | {"when": f"{A} && {B}"}, {"when": f"{B}&&({A})"}),
        (WIDE | {"when": "true"}, {"when": A}),
        (WIDE, {"on": ["job.*", "flavor.*"], "when": A}),
        (WIDE, {"digest": {"at": "09:00"}}),
    ],
)
def test_a_rule_behind_a_wider_one_that_stops_is_found(first: dict[str, Any], second: dict[str, Any]) -> None:
    assert "shadowed r1" in kinds(first, second)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (WIDE, {"on": ["*"]}),
        (WIDE | {"when": A}, {}),
        (WIDE | {"when": f"{A} && {B}"}, {"when": A}),
        (WIDE | {"when": A}, {"when": B}),
    ],
)
def test_a_rule_that_something_is_left_for_is_not_found(first: dict[str, Any], second: dict[str, Any]) -> None:
    assert kinds(first, second) == []


def test_two_rules_that_tell_the_same_to_the_same_are_found() -> None:
    (finding,) = found({}, {"on": ["job.*"], "when": A, "notify": ["ann-mail", "journal"]})
    assert (finding.kind, finding.rule, finding.path) == ("twice", "r1", ("rules", 1))
    assert finding.what == "tells job.finished to 'ann-mail', which 'r0' does too"
    for apart in ({"digest": {"at": "09:00"}}, {"shadow": True}, {"notify": ["journal"]}, {"on": ["job.queued"]}):
        assert kinds({}, apart) == []
    assert kinds({"when": A}, {"when": B}) == []
    assert kinds({"on": ["job.queued"]}, {"on": ["job.queued"], "for": "2h"}) == []


def test_a_report_that_is_always_muted_is_found() -> None:
    rule: dict[str, Any] = {"digest": {"at": "09:00", "days": ["sat"], "timezone": "Asia/Shanghai"}}
    assert kinds(rule | {"mute": {"days": ["fri", "sat"], "timezone": "Asia/Shanghai"}}) == ["muted-digest r0"]
    assert kinds(rule | {"mute": {"between": ["00:00", "02:00"]}}) == ["muted-digest r0"]
    assert kinds(rule | {"mute": {"between": ["02:00", "09:00"]}}) == []
    assert kinds({"digest": {"at": "09:00"}, "mute": {"days": ["sat"]}}) == []


def test_sinks_and_people_that_nobody_uses_are_found() -> None:
    slack = {"notify": ["slack"]}
    assert [(f.kind, f.what, f.path) for f in found(slack)] == [
        ("unused-sink", "nobody uses the sink 'ann-mail'", ("sinks", 1))
    ]
    assert kinds(slack, people=[ANN]) == ["unused-sink", "unused-people"]
    assert kinds({"notify": ["owner", "slack"]}, people=[ANN]) == []
    assert kinds(slack | {"escalate": {"after": "1h", "notify": ["ann-mail"]}}) == []
    assert kinds({"notify": ["owner", "slack"], "fallback": ["ann-mail"]}) == []
    assert kinds({"notify": ["owner", "slack", "ann-mail"]}) == ["owner-without-people r0"]
    studio = {"llm": "model-studio"}
    (finding,) = found({"notify": ["owner", "slack"]}, people=[ANN, BOB], accounts=studio)
    assert (finding.kind, finding.path) == ("unreachable-person", ("people", 0, "ids"))
    assert finding.what == "no job can be of 'Ann': no account is of modelarts"


def test_an_event_type_that_nothing_takes_is_found_where_there_is_no_net() -> None:
    all_but = [
        "job.*",
        "usage.*",
        "deletion.*",
        "cleanup.*",
        "budget.*",
        "quota.*",
        "flavor.*",
        "account.*",
        "provider.*",
        "poll.*",
        "rule.*",
        "template.*",
        "delivery.*",
        "sink.*",
        "store.*",
    ]
    own = ["config.*", "monitor.*"]
    assert kinds({"on": all_but + own, "notify": SINKS}, net=None) == []
    (finding,) = found({"on": all_but, "notify": SINKS}, net=None)
    what = "no rule takes config.*, monitor.*, and there is no `unmatched`"
    assert (finding.kind, finding.what) == ("untaken", what)
    (finding,) = found({"on": all_but}, net=UnmatchedOptions(notify=["journal"], min_severity="warning"))
    assert "config.rejected" not in finding.what
    assert kinds({"on": all_but + own, "notify": SINKS, "shadow": True}, net=None) == ["untaken"]
