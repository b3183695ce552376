"""What a message says of time: usual waits, what a thing came to since; and a rule's own words beside that."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from monitor.model import Event, EventType, Reason, Severity, Text
from monitor.rules import Engine, Heard, Notify, RuleOptions, RuleSet, RuleState, UnmatchedOptions, drive
from monitor.rules.holding import STATE_OF
from monitor.rules.message import render_on
from monitor.rules.message.lasting import _END, _IS
from monitor.rules.message.occasion import Occasion

NPU = "modelarts.bm.npu.910b.8"
STUCK = {"name": "stuck", "on": ["job.queued"], "for": "2h", "notify": ["team"]}


@pytest.fixture
def told(stored: Callable[..., list[Event]], at: Any) -> Callable[..., list[Notify]]:
    """What a rule says of events until so many minutes after noon."""

    def play(rule: Mapping[str, Any], drafts: list[Any], until: float) -> list[Notify]:
        ruleset = RuleSet.compile(
            [RuleOptions.model_validate(STUCK | rule)], [], UnmatchedOptions(notify=["net"]), ["team", "boss", "net"]
        )
        events = stored(sorted(drafts, key=lambda draft: draft.detected_at))
        engine = Engine(ruleset, RuleState(), Heard(events))
        effects = list(drive(engine, events, at(until)))
        return [each for each in effects if isinstance(each, Notify) and each.rule != "unmatched"]

    return play


def waits(trained: Any, *minutes: float, flavor: str = NPU) -> list[Any]:
    """Jobs that waited so long before."""
    drafts = []
    for number, waited in enumerate(minutes):
        life = trained(f"b{number}", id=f"b{number}", flavor=flavor).see(-400, "queued")
        drafts += life.see(-400 + waited, "running").drafts
    return drafts


def line(text: Text, label: str) -> str:
    """The value behind a label; "" where there is none."""
    return next((each.partition(": ")[2] for each in text.plain.splitlines() if each.startswith(f"{label}: ")), "")


@pytest.mark.parametrize(
    ("minutes", "said"),
    [
        ((1, 2, 3, 4), ""),
        ((1, 2, 3, 4, 5), f"3 min, one in ten over 4 min 36 s (the last 5 jobs on {NPU})"),
        ((7,) * 10, f"7 min, one in ten over 7 min (the last 10 jobs on {NPU})"),
    ],
)
def test_what_wait_is_usual_is_said_from_five_jobs_on(
    told: Any, trained: Any, minutes: tuple[int, ...], said: str
) -> None:
    job = trained(flavor=NPU).see(0, "queued")
    assert line(told({}, [*waits(trained, *minutes), *job.drafts], 121)[-1].text, "Usual wait") == said


def test_waits_for_something_else_say_nothing(told: Any, trained: Any) -> None:
    job = trained(flavor=NPU).see(0, "queued")
    text = told({}, [*waits(trained, *range(1, 9), flavor="other"), *job.drafts], 121)[-1].text
    assert line(text, "Usual wait") == line(text, "Stock now") == line(text, "Place in the queue") == ""


def test_a_fine_tune_waits_for_its_model(told: Any, tuned: Any) -> None:
    drafts = []
    for number in range(6):
        drafts += tuned(f"b{number}", id=f"b{number}").see(-400, "queued").see(-390, "running").drafts
    text = told({}, [*drafts, *tuned().see(0, "queued").drafts], 121)[-1].text
    assert line(text, "Usual wait") == "10 min, one in ten over 10 min (the last 6 jobs on qwen3-14b)"


def test_jobs_in_several_queues_are_told_without_what_is_usual(told: Any, trained: Any) -> None:
    drafts = waits(trained, *range(1, 9))
    for flavor in (NPU, "other"):
        drafts += trained(flavor, id=flavor, flavor=flavor).see(0, "queued").drafts
    text = told({"group_by": []}, drafts, 130)[-1].text
    assert text.title == "2 jobs in the queue for 2 h or longer"
    assert line(text, "Usual wait") == ""


def test_only_jobs_that_wait_are_told_of_the_queue(told: Any, trained: Any) -> None:
    job = trained(flavor=NPU).see(0, "running")
    text = told({"on": ["job.started"]}, [*waits(trained, *range(1, 9)), *job.drafts], 121)[-1].text
    assert text.title == "Training job “resnet50-nightly” has been running for 2 h"
    assert line(text, "Usual wait") == ""


def test_a_group_tells_what_has_moved_on_meanwhile(told: Any, trained: Any) -> None:
    drafts = trained("a", id="a").see(0, "queued").drafts
    drafts += trained("b", id="b").see(0, "queued").see(5, "running").drafts
    rule = {"on": ["job.queued"], "for": None, "group_by": [], "group_wait": "10m"}
    (notify,) = told(rule, drafts, 60)
    assert notify.text.title == "1 job queued, 1 running"
    assert "- training job “b” is running after 5 min in the queue" in notify.text.plain
    assert "- training job “a” is in the queue" in notify.text.plain


def test_a_thing_that_changed_several_times_tells_what_it_came_to(told: Any, shelf: Any) -> None:
    """The rule takes only one of the two turns."""
    stock = shelf().read(0, {"z": "normal"}).read(10, {"z": "soldout"}).read(20, {"z": "normal"})
    stock.read(30, {"z": "soldout"}).read(45, {"z": "normal"})
    rule = {"on": ["flavor.sold_out"], "for": None, "group_by": [], "group_wait": "1h"}
    (notify,) = told(rule, stock.drafts[1:], 100)
    assert notify.text.title == f"{NPU} in z is in stock again after 15 min sold out"


@pytest.mark.parametrize("event_type", [each for each in STATE_OF if each is not EventType.JOB_SUBMITTED])
def test_every_state_that_can_last_and_end_has_words(event_type: EventType) -> None:
    states = {STATE_OF[event_type]} | ({"succeeded", "failed", "canceled"} if "finished" in event_type else set())
    assert states <= _IS.keys()
    assert event_type in _END or event_type is EventType.JOB_FINISHED


def test_every_outcome_ends_a_state_in_its_own_words(tuned: Any, stored: Any, at: Any) -> None:
    life = tuned().see(0, "queued").see(60, "running").see(90, "succeeded")
    events = {event.type: event for event in stored(life.drafts)}
    begun, ended = events[EventType.JOB_STARTED], events[EventType.JOB_FINISHED]
    occasion = Occasion(rule="r", reason=Reason.RESOLVED, severity=Severity.INFO, now=at(90), begun=begun)
    outcomes = ("succeeded", "failed", "canceled", "odd")
    told = [replace(ended, data={**ended.data, "outcome": outcome}) for outcome in outcomes]
    titles = [render_on([event], occasion, {}).title for event in told]
    words = ["has succeeded", "has failed", "was canceled", "is over"]
    assert titles == [f"qwen3-14b fine-tune “zh-support-v2” {word} after 30 min of running" for word in words]


@pytest.mark.parametrize(
    ("times", "word"),
    [
        (1, ""),
        (2, " (2nd message)"),
        (3, " (3rd message)"),
        (11, " (11th message)"),
        (21, " (21st message)"),
        (112, " (112th message)"),
    ],
)
def test_how_often_it_was_told_is_counted_as_people_do(tuned: Any, stored: Any, at: Any, times: int, word: str) -> None:
    event = stored(tuned().see(0, "queued").drafts)[-1]
    occasion = Occasion(
        rule="r", reason=Reason.REMINDER, severity=Severity.INFO, now=at(60), lasted=True, told_at=at(1), times=times
    )
    assert render_on([event], occasion, {}).title.endswith(f"is still in the queue, for 1 h{word}")


@pytest.mark.parametrize(
    ("title", "titles"),
    [
        ("{{ job.name }}!", ["x!", "Still: x!", "Not acknowledged for 5 h: x!"]),
        ("{{ job.name }} {{ reason }}", ["x new", "x reminder", "x reminder"]),
    ],
)
def test_a_rules_own_title_is_not_taken_for_news_when_it_is_told_again(
    told: Any, trained: Any, title: str, titles: list[str]
) -> None:
    rule = {"title": title, "remind_every": "4h", "escalate": {"after": "5h", "notify": ["boss"]}}
    said = told(rule, trained("x").see(0, "queued").drafts, 8 * 60 - 1)
    assert [each.text.title for each in said] == titles


def test_a_rules_own_body_is_followed_by_what_is_to_be_said_of_the_message(told: Any, trained: Any) -> None:
    rule = {"body": "**{{ job.name }}** waits", "remind_every": "4h"}
    first, again = told(rule, trained("x").see(0, "queued").drafts, 6 * 60)
    assert first.text.plain == "x waits"
    assert again.text.plain == "x waits\n\nFirst told: 2026-11-21 14:00 UTC"
    assert again.text.markdown == "**x** waits\n\n**First told:** 2026-11-21 14:00 UTC"
