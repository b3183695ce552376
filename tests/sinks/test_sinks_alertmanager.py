"""The `alertmanager` sink against the real Alertmanager: an alert begins, is told once, ends with its state."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from monitor.fields import SystemClock
from monitor.model import DEFAULT_SEVERITY, Delivery, Event, EventType, Notification, Outcome, Reason, Severity, Text
from monitor.rules import Notify, RuleSet
from monitor.sinks.alertmanager.options import Options
from monitor.sinks.alertmanager.sink import AlertmanagerSink, build
from monitor.wire import Http, new_session
from tests.kit import alertmanager, played
from tests.kit.alertmanager import Alertmanager
from tests.kit.until import until

LATE = timedelta(minutes=3)
CONSOLE = "https://console.example.org/?tab=model#/job?id=ft-1&a=b"
ACCOUNT = {"name": "llm", "provider": "model-studio", "labels": {"team": "nlp", "cost-centre": "7"}}


@pytest.fixture(scope="module")
def am(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alertmanager]:
    if alertmanager.PROGRAM is None:
        pytest.skip(alertmanager.MISSING)
    with alertmanager.running(tmp_path_factory.mktemp("am")) as made:
        yield made


@asynccontextmanager
async def sink_to(am: Alertmanager, path: str = "", **options: Any) -> AsyncIterator[AlertmanagerSink]:
    async with new_session() as session:
        yield build(Options(name="am", type="alertmanager", url=am.url + path, **options), Http(session), SystemClock())


def event(type: EventType, subject: str, *, account: str | None = "llm", job: Any = None, **more: Any) -> Event:
    moment = datetime.now(UTC) - LATE
    data = {"account": ACCOUNT, **({"job": job} if job else {})}
    made = {"severity": DEFAULT_SEVERITY.get(type, Severity.INFO), "time": moment, **more}
    return Event(
        seq=1, id="e1", type=type, account=account, subject=subject, revision=1, detected_at=moment, data=data, **made
    )


def message(rule: str, *events: Event, reason: Reason = Reason.NEW, title: str = "it began", **more: Any) -> Delivery:
    severity = max((each.severity for each in events), key=lambda each: each.rank, default=Severity.INFO)
    said = Notification(
        id="n-1",
        rule=rule,
        severity=more.get("severity", severity),
        reason=reason,
        text=Text(title=title, plain="Why: quota", markdown="**no**"),
        created_at=datetime.now(UTC),
        events=events,
    )
    return Delivery(id="d-1", sink="am", attempt=1, notification=said)


def of(am: Alertmanager, rule: str) -> list[dict[str, Any]]:
    return [each for each in am.alerts() if each["labels"]["alertname"] == rule]


async def test_an_alert_begins_with_labels_to_route_by_and_texts_to_read(am: Alertmanager) -> None:
    began = event(EventType.JOB_QUEUED, "job/ft-1", job={"url": CONSOLE})
    async with sink_to(am, labels={"cluster": "a"}) as sink:
        receipt = await sink.send(message("stuck", began, severity=Severity.WARNING, title="ft-1 waits"))
    assert (receipt.outcome, receipt.detail) == (Outcome.DELIVERED, "alerts: 1 begun or renewed")
    (alert,) = of(am, "stuck")
    assert alert["labels"] == {
        "alertname": "stuck",
        "severity": "warning",
        "type": "job.queued",
        "source": "training-monitor",
        "account": "llm",
        "provider": "model-studio",
        "subject": "job/ft-1",
        "team": "nlp",
        "cost_centre": "7",
        "cluster": "a",
    }
    assert alert["annotations"] == {"summary": "ft-1 waits", "description": "Why: quota"}
    assert alert["generatorURL"] == CONSOLE
    assert datetime.fromisoformat(alert["startsAt"]) - began.time < timedelta(milliseconds=1)
    assert datetime.fromisoformat(alert["endsAt"]) > datetime.now(UTC) + timedelta(days=29), "it would end by itself"


async def test_a_state_is_told_once_however_often_the_message_comes_and_once_when_it_is_over(am: Alertmanager) -> None:
    began = message("stock", event(EventType.FLAVOR_SOLD_OUT, "flavor/a/z"))
    over = event(EventType.FLAVOR_RESTOCKED, "flavor/a/z", time=datetime.now(UTC) - timedelta(seconds=5))
    async with sink_to(am) as sink:
        for attempt in (1, 2, 3):
            await sink.send(replace(began, attempt=attempt))
        await until(lambda: am.statuses("stock"))
        await sink.send(message("stock", *began.notification.events, reason=Reason.REMINDER, title="still"))
        assert len(of(am, "stock")) == 1
        end = message("stock", over, reason=Reason.RESOLVED, title="it is back")
        assert (await sink.send(end)).detail == "alerts: 1 ended"
        await until(lambda: len(am.statuses("stock")) > 1)
        assert (await sink.send(end)).detail == "nothing to end: it has no alert about this"
    assert am.statuses("stock") == [("firing", ["flavor/a/z"]), ("resolved", ["flavor/a/z"])]
    (told,) = [each for each in am.told if each["status"] == "resolved" and each["groupLabels"]["alertname"] == "stock"]
    assert told["alerts"][0]["annotations"]["summary"] == "it is back"
    ended = datetime.fromisoformat(told["alerts"][0]["endsAt"])
    assert abs(ended - over.time) < timedelta(milliseconds=1)
    assert of(am, "stock") == []


async def test_whatever_rule_tells_that_the_state_is_over_ends_the_alert(am: Alertmanager) -> None:
    async with sink_to(am) as sink:
        await sink.send(message("lost", event(EventType.ACCOUNT_UNREACHABLE, "account/llm")))
        await sink.send(message("lost", event(EventType.ACCOUNT_UNREACHABLE, "account/other", account="other")))
        receipt = await sink.send(message("all", event(EventType.ACCOUNT_RECOVERED, "account/llm")))
    assert receipt.detail == "alerts: 1 ended"
    assert [each["labels"]["subject"] for each in of(am, "lost")] == ["account/other"]
    assert of(am, "all") == [], "that all is well is no alert"


async def test_good_news_that_ends_nothing_is_an_alert_for_a_while(am: Alertmanager) -> None:
    async with sink_to(am, event_lasts="10m") as sink:
        await sink.send(message("back", event(EventType.FLAVOR_RESTOCKED, "flavor/n/z")))
        await sink.send(message("ended", event(EventType.JOB_FINISHED, "job/n")))
    for rule in ("back", "ended"):
        (alert,) = of(am, rule)
        left = datetime.fromisoformat(alert["endsAt"]) - datetime.now(UTC)
        assert timedelta(minutes=9) < left < timedelta(minutes=11)


async def test_good_news_that_ends_what_the_rule_told_is_its_end_and_bad_news_is_an_alert_too(am: Alertmanager) -> None:
    failed = event(EventType.JOB_FINISHED, "job/b", severity=Severity.WARNING)
    async with sink_to(am) as sink:
        for each in (event(EventType.JOB_QUEUED, "job/a"), event(EventType.JOB_STARTED, "job/b")):
            await sink.send(message("jobs", each))
        await sink.send(message("jobs", event(EventType.JOB_STARTED, "job/a")))
        await sink.send(message("jobs", failed))
    assert [(each["labels"]["subject"], each["labels"]["type"]) for each in of(am, "jobs")] == [
        ("job/b", "job.finished")
    ]


async def test_alerts_of_one_rule_and_account_are_one_notification_with_the_severity_of_each(am: Alertmanager) -> None:
    ended = [
        event(EventType.JOB_FINISHED, f"job/g{number}", severity=severity, job={"url": "javascript:alert(1)"})
        for number, severity in enumerate((Severity.INFO, Severity.WARNING, Severity.INFO))
    ]
    async with sink_to(am) as sink:
        await sink.send(message("group", *ended, reason=Reason.DIGEST))
    await until(lambda: am.statuses("group"))
    assert am.statuses("group") == [("firing", ["job/g0", "job/g1", "job/g2"])]
    severities = {each["labels"]["subject"]: each["labels"]["severity"] for each in of(am, "group")}
    assert severities == {"job/g0": "info", "job/g1": "warning", "job/g2": "info"}
    assert all("generatorURL" not in each or not each["generatorURL"] for each in of(am, "group"))


async def test_of_a_backlog_the_last_state_of_each_counts(am: Alertmanager) -> None:
    story = [
        event(EventType.FLAVOR_SOLD_OUT, "flavor/b/1"),
        event(EventType.FLAVOR_SOLD_OUT, "flavor/b/2"),
        event(EventType.FLAVOR_RESTOCKED, "flavor/b/1"),
        event(EventType.ACCOUNT_UNREACHABLE, "account/b"),
        event(EventType.ACCOUNT_RECOVERED, "account/b"),
        event(EventType.JOB_QUEUED, "job/back"),
        event(EventType.JOB_STARTED, "job/back"),
        event(EventType.JOB_QUEUED, "job/log"),
        event(EventType.JOB_FINISHED, "job/log", severity=Severity.WARNING),
    ]
    async with sink_to(am) as sink:
        await sink.send(message("backlog", story[0]))
        receipt = await sink.send(message("backlog", *story, reason=Reason.CATCH_UP))
    assert receipt.detail == "alerts: 2 begun or renewed, 1 ended"
    assert sorted(each["labels"]["subject"] for each in of(am, "backlog")) == ["flavor/b/2", "job/log"]


async def test_what_is_silenced_there_is_not_told_and_ends_all_the_same(am: Alertmanager) -> None:
    am.silence(subject="job/hushed")
    async with sink_to(am) as sink:
        await sink.send(message("hushed", event(EventType.JOB_QUEUED, "job/hushed")))
        (alert,) = of(am, "hushed")
        assert alert["status"]["state"] == "suppressed"
        await sink.send(message("loud", event(EventType.JOB_QUEUED, "job/loud")))
        await until(lambda: am.statuses("loud"))
        assert am.statuses("hushed") == []
        await sink.send(message("hushed", event(EventType.JOB_STARTED, "job/hushed"), reason=Reason.RESOLVED))
    assert of(am, "hushed") == []


async def test_what_rules_really_send_begins_and_ends_alerts_though_they_say_nothing_of_ends(am: Alertmanager) -> None:
    """A rule that waits, one that reminds and narrows, and a group; each restarted after every event."""
    start = played.START
    rules = [
        played.rule("job.queued", "waits", ["am", "s"], lasting="2h"),
        played.rule("job.queued", "first", ["am"], holds="job.tokens < 5", remind_every="1h"),
        played.rule("flavor.sold_out", "stock", ["am"], group_by=["account.name"], group_wait="1m"),
    ]
    story = [
        *(played.job(1, "queued", 0, "a", tokens=1), played.job(2, "queued", 1, "b", tokens=1)),
        *(played.stock(3, "sold_out", 5, "f"), played.stock(4, "sold_out", 5, "g")),
        *(played.job(5, "queued", 30, "a", tokens=9), played.stock(6, "restocked", 40, "f")),
        *(played.job(7, "started", 180, "a"), played.account(8, "unreachable", 200)),
    ]
    made = played.play(RuleSet.compile(rules, [], None, ["am", "s"], ending=["am"]), story, 240)
    notified = [each for each in made if isinstance(each, Notify) and "am" in each.sinks]
    standing: dict[float, list[tuple[str, str]]] = {}
    async with sink_to(am, labels={"story": "x"}) as sink:
        for number, each in enumerate(sorted(notified, key=lambda each: each.at)):
            said = Notification(
                id=f"n-{number}", rule=each.rule, severity=each.severity, reason=each.reason, text=each.text,
                created_at=each.at, events=each.events,
            )  # fmt: skip
            await sink.send(Delivery(id=f"d-{number}", sink="am", attempt=1, notification=said))
            labels = [alert["labels"] for alert in am.alerts(filter='story="x"')]
            found = sorted((found["alertname"], found["subject"].partition("/")[2]) for found in labels)
            standing[round((each.at - start).total_seconds() / 60)] = found
    first, waits = [("first", "a"), ("first", "b")], [("waits", "a"), ("waits", "b")]
    assert standing[1] == first
    assert standing[6] == [*first, ("stock", "f/z"), ("stock", "g/z")]
    assert standing[41] == [*first, ("stock", "g/z")], "a group's member ends by itself"
    assert standing[90] == [first[1], ("stock", "g/z")], "`while` does not hold, though it is queued still"
    assert standing[121] == [first[1], ("stock", "g/z"), *waits]
    assert standing[180] == standing[181] == [first[1], ("stock", "g/z"), waits[1]]


HOSTILE = 'job/“微调” 😀 a"b\\c|d.*(e)[f]{g}$^+?\nnew \u202e <!channel> \ud800'


async def test_a_hostile_name_is_a_legal_label_and_its_alert_finds_its_end(am: Alertmanager) -> None:
    account = ACCOUNT | {"labels": {"7 bad-näme": 'x"\n', "severity": "none", "": "", "empty": ""}}
    began = replace(event(EventType.JOB_QUEUED, HOSTILE), data={"account": account})
    async with sink_to(am) as sink:
        await sink.send(message("hostile", event(EventType.JOB_QUEUED, "job/else")))
        assert (await sink.send(message("hostile", began, title=HOSTILE))).outcome is Outcome.DELIVERED
        shown = {each["labels"]["subject"]: each["labels"] for each in of(am, "hostile")}
        labels = shown[HOSTILE.replace("\ud800", "?")]
        assert (labels["_7_bad_n_me"], labels["severity"]) == ('x"\n', "info")
        assert "empty" not in labels
        over = event(EventType.JOB_STARTED, HOSTILE)
        assert (await sink.send(message("hostile", over, reason=Reason.RESOLVED))).detail == "alerts: 1 ended"
    assert [each["labels"]["subject"] for each in of(am, "hostile")] == ["job/else"]


@pytest.mark.parametrize("count", [60, 1200])
async def test_a_message_about_very_many_is_bounded_and_says_so_in_one_more(am: Alertmanager, count: int) -> None:
    rule = f"many-{count}"
    ended = [event(EventType.JOB_QUEUED, f"job/{rule}-{number}") for number in range(count)]
    async with sink_to(am) as sink:
        assert (await sink.send(message(rule, *ended, reason=Reason.DIGEST))).outcome is Outcome.DELIVERED
        found = of(am, rule)
        assert len(found) == min(count, 1001)
        assert sum(each["labels"]["type"] == "notification.digest" for each in found) == (count > 1000)
        assert sum("description" in each["annotations"] for each in found) == (count > 1000)
        over = [replace(each, type=EventType.JOB_STARTED) for each in ended]
        receipt = await sink.send(message(rule, *over, reason=Reason.RESOLVED))
    assert receipt.detail == f"alerts: {min(count, 1000)} ended"


@pytest.mark.parametrize("path", ["/", "/api/v2/alerts", "/?token=x"])
async def test_a_test_message_is_an_alert_and_the_address_may_be_written_in_several_ways(
    am: Alertmanager, path: str
) -> None:
    async with sink_to(am, path) as sink:
        assert (await sink.send(message("test", reason=Reason.TEST))).outcome is Outcome.DELIVERED
    (alert,) = of(am, "test")
    assert alert["labels"]["type"] == "notification.test"


async def test_an_address_that_is_not_that_of_alertmanager_is_said(am: Alertmanager) -> None:
    async with sink_to(am, "/no") as sink:
        receipt = await sink.send(message("wrong", event(EventType.JOB_QUEUED, "job/1")))
    assert receipt.outcome is Outcome.REFUSED
    assert receipt.detail == "answered 404, asked for its alerts"


@pytest.mark.parametrize("labels", [{"a-b": "x"}, {"7": "x"}, {"severity": "x"}, {"": "x"}])
def test_labels_that_cannot_be_are_said(labels: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="label"):
        Options(name="am", type="alertmanager", url="http://h", labels=labels)
