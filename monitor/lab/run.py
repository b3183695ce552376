"""Plays a case and keeps what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from monitor.lab.case import Case, Unplayable
from monitor.lab.days import Runaway
from monitor.lab.scenario import Scenario
from monitor.model import Event
from monitor.rules import Hide, Notify


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What was told and what was hidden, in order; the events that it came of; when it was over, and what would have
    been told after that."""

    told: tuple[Notify, ...] = ()
    hidden: tuple[Hide, ...] = ()
    events: tuple[Event, ...] = ()
    story: tuple[tuple[datetime, Event | Notify | Hide], ...] = ()
    """All of these, each with what the clock would show if nobody had set it."""
    end: datetime
    to_come: tuple[Notify, ...] = ()
    error: str = ""
    """Why it could not be played to its end, with the place."""


def play(case: Case) -> Outcome:
    """Goes on until the last step and the last expected moment, and tells what is due then. Never raises."""
    scenario, error = Scenario(case), ""
    try:
        scenario.play(case.given)
        scenario.day.pass_until(max(scenario.day.now, case.lasts_until))
    except Unplayable as unplayable:
        error = str(unplayable)
    except Runaway as runaway:
        error = f"{case.file}:{case.line}: {runaway}"
    day = scenario.day
    if day.broken is not None:
        error = f"{case.file}:{case.line}: the rules broke by themselves ({type(day.broken).__name__}); this is a bug"
    story = [(at, each) for at, each in day.story if not (isinstance(each, Hide) and each.shadow)]
    return Outcome(
        told=tuple(day.told),
        story=tuple(story),
        hidden=tuple(hide for hide in day.hidden if not hide.shadow),
        events=tuple(day.events),
        end=day.now,
        to_come=() if error else day.to_come(),
        error=error,
    )
