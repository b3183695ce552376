"""An account whose endpoint was changed has a new baseline: what was followed at the old one ends without a word."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from monitor.lab.replay import Replay
from monitor.model import Event
from monitor.rules import Engine, FlappingOptions, Heard, Notify, RuleOptions, RuleState, drive
from tests.kit.played import AGAIN, NEW, about, at, job, play, rule, ruleset, silence, stock, told

STUCK: dict[str, Any] = {"on": "job.queued", "lasting": "2h", "remind_every": "1h"}


def baselined(seq: int, minutes: float, since: float | None, watch: str = "jobs", **more: Any) -> Event:
    """Quiet, as `first_run: silent` has it."""
    data = {
        "watch": watch,
        "since": at(since).isoformat() if since is not None else None,
        "workspace": None,
        "counts": {},
        **more,
    }
    return replace(about(seq, "account.baselined", minutes, "account/acc", **data), quiet=True)


def both(rules: list[RuleOptions], events: list[Event], until: float) -> Any:
    """What the engine says, which is what a back-test says."""
    made = play(ruleset(*rules), events, until)
    replay = Replay(ruleset(*rules))
    found = [outcome for event in events for outcome in replay.hear(event)] + list(replay.end(at(until)))
    said = [each for each in made if isinstance(each, Notify)]
    assert [each.text for each in said] == [each.text for each in found if isinstance(each, Notify)]
    return told(made)


@pytest.mark.parametrize("queued", [100, 10])
def test_neither_timers_nor_reminders_of_the_old_view_go_on(queued: float) -> None:
    """At 150 one was told already, the other was not."""
    events = [job(1, "queued", queued), baselined(2, 150, 149)]
    before = [(130, NEW, "s", (1,))] if queued == 10 else []
    assert both([rule(**STUCK)], events, 999) == before
    engine = Engine(ruleset(rule(**STUCK)), RuleState(), Heard(events))
    list(drive(engine, events))
    assert engine.state().followed == {}


@pytest.mark.parametrize(
    "other",
    [
        baselined(3, 60, 50, "resource_flavors"),
        baselined(3, 60, 50, workspace="ws-2"),
        baselined(3, 60, 5),  # it was seen by the walk of the new view itself
        replace(baselined(3, 60, 50), account="other"),
        baselined(3, 60, None),
    ],
    ids=["watch", "workspace", "new view", "account", "no time"],
)
def test_what_belongs_to_another_view_goes_on(other: Event) -> None:
    queued = job(1, "queued", 10)
    queued = replace(queued, data={**queued.data, "job": {**queued.data["job"], "workspace": "ws-1"}})
    assert both([rule(**STUCK)], [queued, other], 200) == [(130, NEW, "s", (1,)), (190, AGAIN, "s", (1,))]
    assert both([rule(**STUCK)], [queued, baselined(3, 60, 50, workspace="ws-1")], 200) == []


def test_what_has_happened_is_told_and_what_was_hidden_holds_no_more() -> None:
    mute = {"between": ["10:00", "12:00"]}
    events = [job(1, "queued", 10), baselined(2, 60, 50)]
    assert both([rule("job.queued", mute=mute)], events, 500) == []
    assert both([rule("job.queued", hold=mute)], events, 500) == [(120, "digest", "s", (1,))]
    hidden = [silence(1, 0, 120), job(2, "queued", 10), baselined(3, 60, 50)]
    (said,) = (each for each in play(ruleset(rule("job.queued")), hidden, 500) if isinstance(each, Notify))
    assert "nothing of it still holds" in said.text.title


def test_a_stock_of_the_old_view_neither_flaps_on_nor_settles() -> None:
    often = FlappingOptions.model_validate({"changes": 3, "within": "1h"})
    flips = [stock(seq, "sold_out" if seq % 2 else "restocked", seq) for seq in (1, 2, 3)]
    events = [*flips, baselined(4, 20, 19, "resource_flavors"), stock(5, "sold_out", 30), stock(6, "restocked", 40)]
    replay = Replay(ruleset(rule(["flavor.sold_out", "flavor.restocked"]), flapping=often))
    found = [outcome for event in events for outcome in replay.hear(event)] + list(replay.end(at(999)))
    assert [when for when, *_ in told(found)] == [1, 2, 3, 30, 40]
    assert "changes too often" in found[2].text.title  # type: ignore[union-attr]


def test_a_baseline_that_is_told_does_the_same_and_is_told() -> None:
    loud = replace(baselined(2, 60, 50), quiet=False)
    assert both([rule(**STUCK), rule("account.*", "all")], [job(1, "queued", 10), loud], 999) == [(60, NEW, "s", (2,))]
