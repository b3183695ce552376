"""An explanation as people read it, in the order in which things happened."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from monitor.cli import out, when
from monitor.cli.events import MOMENT
from monitor.cli.table import wrapped

Item = Mapping[str, Any]
_WORDS = {
    "matched": "matched",
    "ended": "tells the end of what it told",
    "not matched": "did not match",
    "absent": "did not match: a value is absent",
    "failed": "failed",
    "not asked": "was not asked",
}


def show(found: Item) -> None:
    message, delivery = found["notification"], found["delivery"]
    if delivery is not None:
        _head(f"Delivery {delivery['id']} to {delivery['sink']}: {delivery['state']}")
    if message is not None:
        _head(f"Notification {message['id']} of {message['rule']} ({message['reason']}): {message['title']}")
        more = message["event_count"] - len(found["events"])
        _say(f"made of {_counted(message['event_count'], 'event')}" + (f"; {more} are not shown" if more > 0 else ""))
        for made in _made(message["id"], found["events"]):
            _say(made)
        out.line()
    for number, event in enumerate(found["events"]):
        if number:
            out.line()
        _event(event)
    _deliveries(found["deliveries"])


def _made(message: str, events: Sequence[Item]) -> Sequence[str]:
    """Who was told, when, and why then; of several events it may be several things."""
    said = [each["made"] for event in events for each in event["notifications"] if each["id"] == message]
    return list(dict.fromkeys(made for made in said if made))


def _event(found: Item) -> None:
    event, seen = found["event"], found["seen"]
    _head(f"Event {event['seq']}, {event['type']}: {event['title']}")
    out.page(
        [
            ("seen", _seen(seen)),
            ("happened", when.full(seen["time"])),
            ("account", event["account"]),
            ("before", _flat(seen["previous"])),
            ("state", seen["state"]),
        ]
    )
    for note in found["notes"]:
        _say(note)
    out.line()
    _rules(found["rules"])
    net = found["unmatched"]
    _say(f"unmatched {'took it' if net['told'] else 'did not take it'}: {net['why']}", 0)
    for fate in net["fate"]:
        _say(f"-> {fate}", 4)


def _seen(seen: Item) -> str:
    by = f" by the poll of {seen['watch'].replace('|', ' ')}" if seen["watch"] else ""
    after = f", {when.length(seen['after'])} after it happened" if (seen["after"] or 0) >= 1 else ""
    late = "; late: the poll before would have seen it" if seen["late"] else ""
    return f"{when.full(seen['detected'])}{by}{after}{late}"


def _flat(previous: Item | None) -> str | None:
    """What was known before, as `state=queued, since=…`."""
    if previous is None:
        return None
    shown = {key: when.length(value) if key == "duration" else value for key, value in previous.items()}
    return _local(", ".join(f"{key}={value}" for key, value in shown.items() if value is not None))


def _rules(verdicts: Sequence[Item]) -> None:
    others = [each["rule"] for each in verdicts if each["verdict"] == "other type"]
    for each in verdicts:
        if each["verdict"] == "other type":
            continue
        trial = " (on trial)" if each["shadow"] else ""
        _say(f"rule {each['rule']}{trial} {_WORDS.get(each['verdict'], each['verdict'])}", 0)
        for why in each["why"]:
            _say(why, 4)
        for fate in each["fate"]:
            _say(f"-> {fate}", 4)
    if others:
        _say(f"not for this type: {', '.join(others)}", 0)
    if not verdicts:
        _say("there are no rules", 0)


def _deliveries(sent: Sequence[Item]) -> None:
    for delivery in sent:
        out.line()
        detail = f": {delivery['detail']}" if delivery["detail"] else ""
        next_at = _next(delivery["next_at"]) if delivery["next_at"] else ""
        _say(f"delivery {delivery['id']} to {delivery['sink']}: {delivery['state']}{detail}{next_at}", 0)
        for attempt in delivery["attempts"]:
            outcome = attempt["outcome"] or "is being made"
            said = f": {attempt['detail']}" if attempt["detail"] else ""
            _say(f"attempt {attempt['attempt']} at {when.full(attempt['started_at'])}: {outcome}{said}", 4)
        if not delivery["attempts"]:
            _say("no attempt yet", 4)


def _next(at: str) -> str:
    return f"; {'next attempt' if when.read(at) > datetime.now(UTC) else 'due since'} {when.full(at)}"


def _head(text: str) -> None:
    _say(text, 0)


def _say(text: str, margin: int = 2) -> None:
    """A sentence with its moments in local time; what is long goes on below itself."""
    for number, part in enumerate(wrapped(_local(text), max(20, min(out.width(), 100) - margin - 2))):
        out.line(" " * (margin + (2 if number else 0)) + part)


def _local(text: str) -> str:
    return re.sub(MOMENT, lambda found: when.full(found[0]) or "", text)


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + ("" if count == 1 else "s")
