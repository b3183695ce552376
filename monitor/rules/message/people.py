"""Stories of what people tell the monitor: silences, acknowledgements, wishes to hear of it later."""

from __future__ import annotations

from monitor.model import Event, EventType
from monitor.rules.message.facts import Facts, clock, counted, joined, stretch
from monitor.rules.message.story import Line, Story


def answer_story(event: Event) -> Story:
    """`notification.acknowledged` and `notification.snoozed`."""
    data = Facts(event.data)
    until = data.moment("until")
    done = "has acknowledged"
    if event.type is EventType.NOTIFICATION_SNOOZED:
        done = "has snoozed" + (f" until {clock(until)}" if until is not None else "")
    told = data.text("title", 120)
    lines = (
        Line("Meaning", _meaning(event)),
        Line("Time", clock(event.time)),
        Line("Rule that sent it", data.text("rule")),
    )
    return Story(data.text("by") or "somebody", f"{done}: {told or 'a message'}", _kept(lines))


def _meaning(event: Event) -> str:
    if event.type is EventType.NOTIFICATION_SNOOZED:
        return "it is told again then, if it still is so"
    return "no more reminders of it, and nobody else is told"


def silence_story(event: Event) -> Story:
    """`silence.added` and `silence.ended`."""
    data = Facts(event.data)
    silence = data.part("silence")
    owner, by = silence.text("owner"), data.text("by")
    comment = silence.text("comment", 60)
    hidden = data.raw("hidden")
    lines = (
        Line("Comment", silence.text("comment", 300)),
        Line("Matches", silence.text("match", 300)),
        Line("Silent", stretch(silence.moment("from"), silence.moment("until"))),
        Line(
            "Kept back", counted(hidden, "message") if isinstance(hidden, int) and not isinstance(hidden, bool) else ""
        ),
        Line("By", by if by != owner and event.type is EventType.SILENCE_ADDED else ""),
        Line("Time", clock(event.time)),
    )
    what = f"silence of {owner}" if owner else "silence"
    happened = f"was ended by {by}" if by and by != owner else "has ended"
    if event.type is EventType.SILENCE_ADDED:
        until = silence.moment("until")
        happened = "was added" + (f", until {clock(until)}" if until is not None else "")
    return Story(what, joined(happened, comment, by=": "), _kept(lines))


def _kept(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    return tuple(line for line in lines if line.value)
