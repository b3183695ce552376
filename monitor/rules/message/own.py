"""Stories of the monitor itself: its rules, sinks, config, start and end."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from monitor.model import Event, EventType
from monitor.rules.message.clean import one_line
from monitor.rules.message.facts import REASON, Facts, clock, counted, thousands
from monitor.rules.message.occasion import CRITICAL
from monitor.rules.message.story import Line, Story


def own_story(event: Event) -> Story:
    """The monitor itself: its rules, sinks, start and end."""
    data = Facts(event.data)
    tell = _OWN.get(event.type)
    what, happened = tell(data) if tell else (Facts({"s": event.subject}).text("s"), f"has news: {event.type.value}")
    lines = [
        Line("Why", data.text("what", REASON) or data.text("detail", REASON) or data.text("reason", REASON)),
        Line("Message" if data.raw("attempts") else "Waiting", "" if _together(data) else data.text("title", 120)),
        Line("Attempts", _attempts(data)),
        Line("Since", clock(since) if (since := data.moment("since")) else ""),
        Line("Messages that wait" if event.type is EventType.SINK_FAILING else "Sent now", data.number("waiting")),
        Line("Rule that sent it", data.text("rule") if event.type is EventType.DELIVERY_DEAD else ""),
        *_changes(data),
        Line("Mistakes", _mistakes(data)),
        Line("Config file", data.text("file", 120)),
        Line("Version", data.text("version")),
        Line("Time", clock(event.time)),
    ]
    more = data.text("title", 100).removeprefix(CRITICAL) or data.text("what", 100)
    alone = f"{what} did not get: {more}" if _attempts(data) and more else ""
    return Story(what, happened, tuple(line for line in lines if line.value), more, alone)


def _attempts(data: Facts) -> str:
    """Of a message that was tried in vain; many can fail at once, and each is told by its own title."""
    attempts = data.raw("attempts") if "title" in data else None
    return f"{thousands(attempts)}; it will not be sent again" if isinstance(attempts, int) and attempts else ""


def _changes(data: Facts) -> list[Line]:
    """What a reload changed, by names: `Sinks: team added; mail changed`."""
    lines = []
    for section in ("accounts", "sinks", "rules"):
        part = data.part(section)
        verbs = [(verb, _names(part.raw(verb))) for verb in ("added", "removed", "changed")]
        lines.append(Line(section.capitalize(), "; ".join(f"{names} {verb}" for verb, names in verbs if names)))
    return [*lines, Line("Renamed", _renamed(data.raw("renamed"))), Line("Settings", _names(data.raw("settings")))]


def _renamed(value: object) -> str:
    named = [each for each in value[:12] if isinstance(each, Mapping)] if isinstance(value, list) else []
    return ", ".join(
        f"{each.get('kind')} {one_line(each.get('from'), 48)} to {one_line(each.get('to'), 48)}" for each in named
    )


def _names(value: object) -> str:
    return ", ".join(one_line(name, 48) for name in value[:12]) if isinstance(value, list) else ""


def _mistakes(data: Facts) -> str:
    told = data.raw("problems")
    if not isinstance(told, list) or not told:
        return ""
    count = data.raw("count")
    more = count - len(told[:3]) if isinstance(count, int) else 0
    return " / ".join(one_line(problem, REASON) for problem in told[:3]) + (f" / and {more} more" if more > 0 else "")


def _reloaded(data: Facts) -> tuple[str, str]:
    changed = any(line.value for line in _changes(data))
    return "training monitor", "has reloaded its config" + ("" if changed else "; nothing in it has changed")


def _together(data: Facts) -> str:
    """Messages of one cause that are told as one: how many."""
    told = data.raw("attempts") == 0 and data.raw("delivery") is not None
    return data.text("title", 40) if told else ""


def _recovered(data: Facts) -> tuple[str, str]:
    down = data.span("down_for")
    if data.raw("removed") is True:
        failed = f"; it had taken no messages for {down}" if down else ""
        return f"sink {data.text('sink')}", f"was removed from the config{failed}"
    return f"sink {data.text('sink')}", "takes messages again" + (f" after {down}" if down else "")


def _dead(data: Facts) -> tuple[str, str]:
    """Without an attempt it is about many of one cause, or about all that waited for a sink that was removed."""
    attempts = data.raw("attempts")
    if many := _together(data):
        return f"sink {data.text('sink')}", f"did not get {many}; not sent again"
    if attempts == 0:
        return f"sink {data.text('sink')}", "does not get what waited for it"
    tries = f" after {counted(attempts, 'attempt')}" if isinstance(attempts, int) else ""
    return f"sink {data.text('sink')}", f"did not get a message{tries}; it will not be sent again"


_OWN: dict[EventType, Callable[[Facts], tuple[str, str]]] = {
    EventType.RULE_FAILED: lambda data: (f"rule {data.text('rule')}", "failed on an event and did not count for it"),
    EventType.TEMPLATE_FAILED: lambda data: (
        f"rule {data.text('rule')}",
        "has a template that failed; plain text was sent",
    ),
    EventType.SINK_FAILING: lambda data: (f"sink {data.text('sink')}", "takes no messages; they wait"),
    EventType.SINK_RECOVERED: _recovered,
    EventType.DELIVERY_DEAD: _dead,
    EventType.STORE_DEGRADED: lambda data: (
        "store",
        "could not be written" + (f" for {down}" if (down := data.span("down_for")) else ""),
    ),
    EventType.CONFIG_RELOADED: _reloaded,
    EventType.CONFIG_REJECTED: lambda data: (
        "training monitor",
        "was given a config with mistakes; the one before goes on",
    ),
    EventType.MONITOR_STARTED: lambda data: ("training monitor", "has started"),
    EventType.MONITOR_STOPPED: lambda data: ("training monitor", "has stopped"),
}
