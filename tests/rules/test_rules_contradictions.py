"""Keys that do not go together are refused when the file is loaded; what goes together is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from monitor.model import EventType
from monitor.rules import RuleErrors, RuleOptions, RuleSet
from monitor.rules.compile import Rule
from monitor.rules.engine.telling import group_of, pace
from monitor.rules.samples import sample

GOOD: dict[str, Any] = {"name": "r", "on": ["job.queued"], "notify": ["slack"]}


def wrong(rule: dict[str, Any], unread: Any = ()) -> list[tuple[tuple[Any, ...], str]]:
    try:
        RuleSet.compile(
            [RuleOptions.model_validate(GOOD | rule)], [], None, ["slack", "hook"], unread={0: frozenset(unread)}
        )
    except RuleErrors as error:
        return [(mistake.path[2:], mistake.message) for mistake in error.mistakes]
    return []


@pytest.mark.parametrize(
    "rule",
    [
        {"for": "2h", "while": "job.name != ''", "remind_every": "1h", "resolved": False},
        {"on": ["flavor.sold_out", "flavor.restocked"], "for": "5m", "remind_every": "1d"},
        {"on": ["job.finished", "job.queued"], "resolved": True},
        {"on": ["job.checkpoint"], "group_by": [], "group_wait": "0s", "group_interval": "1m"},
        {"group_by": ["account.labels.example.org/team", "job.error.code", "severity", "job.flavor"]},
        {"group_by": ["account.name"], "throttle": "1h"},
        {"on": ["job.*", "flavor.*"], "group_by": ["flavor.zone"]},
        {"digest": {"at": "09:00"}, "resolved": False, "stop": True, "mute": {"days": ["sat"]}},
        {"notify": ["owner"], "fallback": ["slack"], "escalate": [{"after": "1h", "notify": ["slack", "hook"]}]},
        {"escalate": [{"after": "1h", "notify": ["owner"]}, {"after": "2h", "notify": ["hook"]}]},
        {"hold": {"between": ["08:00", "20:00"]}, "mute": {"between": ["20:00", "07:59"]}},
        {"hold": [{"days": ["mon", "tue", "wed", "thu", "fri"]}, {"days": ["sat"]}], "shadow": True},
    ],
)
def test_what_goes_together_is_taken(rule: dict[str, Any]) -> None:
    assert wrong(rule) == []


@pytest.mark.parametrize(
    ("rule", "where", "says"),
    [
        ({"on": ["usage.*"], "for": "1h"}, ("for",), "usage.recorded and usage.corrected set none"),
        ({"on": ["job.queued", "job.checkpoint"], "remind_every": "1h"}, ("remind_every",), "job.checkpoint sets none"),
        ({"on": ["*"], "for": "1h"}, ("for",), "more set none; take that out of `on`"),
        ({"on": ["flavor.delisted"], "remind_every": "1h"}, ("remind_every",), "flavor.delisted sets a state that nev"),
        ({"on": ["job.finished"], "resolved": True}, ("resolved",), "leave it out"),
        ({"while": "true"}, ("while",), "add one"),
        ({"group_wait": "5s"}, ("group_wait",), "add `group_by`"),
        ({"group_interval": "5m"}, ("group_interval",), "write `throttle`"),
        ({"group_by": ["job"]}, ("group_by", 0), "name one of its fields, like job.id"),
        ({"group_by": ["job.extra"]}, ("group_by", 0), "like job.extra.team"),
        ({"group_by": ["now"]}, ("group_by", 0), "there is no field 'now'"),
        ({"group_by": ["job.stat"]}, ("group_by", 0), "did you mean job.state?"),
        ({"group_by": ["usage.model"]}, ("group_by", 0), "job.queued has no usage"),
        ({"group_by": [], "throttle": "1h", "group_interval": "1h"}, ("throttle",), "keep one"),
        ({"fallback": ["hook"]}, ("fallback",), "add owner to `notify`"),
        ({"digest": {"at": "09:00"}, "title": "Week"}, ("title",), "leave out `title`"),
        ({"shadow": True, "stop": True}, ("stop",), "leave out one of"),
        ({"escalate": {"after": "1h", "notify": ["slack"]}}, ("escalate", 0, "notify"), "name somebody new"),
        ({"hold": {"between": ["00:00", "23:00"]}, "mute": {"between": ["23:00", "24:00"]}}, ("mute",), "leave a gap"),
    ],
)
def test_what_does_not_go_together_is_refused_with_a_remedy(
    rule: dict[str, Any], where: tuple[Any, ...], says: str
) -> None:
    ((found, message),) = wrong(rule)
    assert found == where
    assert says in message


@pytest.mark.parametrize(
    "key", ["for", "group_by", "throttle", "hold", "remind_every", "escalate", "group_wait", "while", "resolved"]
)
def test_a_digest_stands_alone(key: str) -> None:
    values: dict[str, Any] = dict.fromkeys(("for", "throttle", "remind_every", "group_wait"), "1h")
    values |= {"group_by": [], "hold": {"days": ["sat"]}, "while": "true", "resolved": True}
    values["escalate"] = {"after": "1h", "notify": ["hook"]}
    found = wrong({"digest": {"at": "09:00"}, key: values[key]})
    assert [where for where, message in found if "beside `digest`" in message] == [(key,)]


def test_what_is_wrong_in_itself_counts_as_given_and_nothing_is_said_of_its_value() -> None:
    """The rule comes here without the keys that could not be read."""
    assert wrong({"while": "job.name != ''"}, unread=["for"]) == []
    assert wrong({"for": "1h", "on": ["*"]}, unread=["on"]) == []
    assert [where for where, _ in wrong({"digest": {"at": "09:00"}}, unread=["hold"])] == [("hold",)]
    assert wrong({"escalate": {"after": "1h", "notify": ["slack"]}}, unread=["notify"]) == []


@pytest.mark.parametrize("key", ["lasting", "holds"])
def test_keys_have_one_name(key: str) -> None:
    with pytest.raises(ValidationError):
        RuleOptions.model_validate(GOOD | {key: "1h"})


def compiled(**rule: Any) -> Rule:
    ruleset = RuleSet.compile([RuleOptions.model_validate(GOOD | rule)], [], None, ["slack"])
    return ruleset.rules[0]


def test_every_field_that_is_taken_is_found_in_an_event() -> None:
    event = sample(EventType.JOB_QUEUED)
    event = replace(
        event, data={**event.data, "account": {"name": "a", "labels": {"example.org/team": "nlp", "b": "c"}}}
    )
    fields = ["account.labels.example.org/team", "account.labels.b", "account.labels.z", "job.error.code", "severity"]
    assert group_of(compiled(group_by=fields), event).split("\x1f") == ["nlp", "c", "", "SampleError", "info"]


@pytest.mark.parametrize(
    ("rule", "wait", "interval"),
    [
        ({"group_by": []}, 30, 300),
        ({"group_by": [], "group_wait": "0s", "group_interval": "1h"}, 0, 3600),
        ({"group_by": [], "throttle": "1m"}, 30, 60),
        ({"throttle": "1h"}, 0, 3600),
    ],
)
def test_how_often_a_group_is_told_is_what_the_rule_says(rule: dict[str, Any], wait: int, interval: int) -> None:
    assert pace(compiled(**rule)) == (timedelta(seconds=wait), timedelta(seconds=interval))
