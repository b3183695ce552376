"""Stories of flavors and accounts."""

from __future__ import annotations

from monitor.fields.duration import format_duration
from monitor.model import Event, EventType
from monitor.rules.message.clean import one_line
from monitor.rules.message.facts import REASON, Facts, clock, counted, joined, thousands
from monitor.rules.message.story import Line, Story

_CHANGES = 6
_WATCHES = {"jobs": "jobs", "training_flavors": "training flavors", "resource_flavors": "resource flavors"}


def flavor_name(event: Event) -> str:
    flavor = Facts(event.data).part("flavor")
    name = flavor.text("id", 80) or Facts({"id": event.subject.partition("/")[2]}).text("id", 80)
    zone = flavor.text("zone")
    return f"{name} in {zone}" if zone else name


def flavor_story(event: Event) -> Story:
    data = Facts(event.data)
    flavor = data.part("flavor")
    specification = flavor.part("specification")
    facts = joined(*(f"{one_line(key, 40)} {specification.text(key, 60)}" for key in specification.keys()[:8]), by=", ")
    changes = data.part("changes")
    zones = ", ".join(one_line(zone, 40) for zone in flavor.part("zones").keys()[:12])
    lines = [
        *(Line(_key(key), _change(changes.raw(key))) for key in changes.keys()[:_CHANGES]),
        Line("", f"and {counted(len(changes.keys()) - _CHANGES, 'more change')}" * (len(changes.keys()) > _CHANGES)),
        Line("Time", clock(event.time)),
        Line("Offer", joined(flavor.text("name", 80), flavor.text("type"), facts, by=" · ")),
        Line("Zones", zones if not flavor.text("zone") else ""),
        *(_flapping_lines(data) if event.type is EventType.FLAVOR_FLAPPING else ()),
    ]
    return Story(flavor_name(event), _flavor_news(event, data), tuple(line for line in lines if line.value))


def _flavor_news(event: Event, data: Facts) -> str:
    previous = data.part("previous")
    lasted = previous.span("duration")
    lasted = f"at least {lasted}" if lasted and previous.raw("at_least") is True else lasted
    if event.type is EventType.FLAVOR_SOLD_OUT:
        return "is sold out" + (f", after {lasted} in stock" if lasted else "")
    if event.type is EventType.FLAVOR_RESTOCKED:
        return "is in stock again" + (f", after {lasted} sold out" if lasted else "")
    if event.type is EventType.FLAVOR_FLAPPING:
        return _flapping(event, data)
    return {
        EventType.FLAVOR_LISTED: "is a new flavor",
        EventType.FLAVOR_DELISTED: "is no longer offered",
        EventType.FLAVOR_CHANGED: "has changed",
    }.get(event.type, f"has news: {event.type.value}")


def stock_word(word: str) -> str:
    """A stock state as people say it."""
    return {"normal": "in stock", "soldout": "sold out"}.get(word, word)


def _flapping(event: Event, data: Facts) -> str:
    changes, since = data.raw("changes"), data.moment("flapping_since")
    now = stock_word(data.part("flavor").text("stock"))
    times = counted(changes, "change") if isinstance(changes, int) and not isinstance(changes, bool) else "many changes"
    if data.raw("settled") is True:
        return joined("has settled", joined(now, f"after {times}", by=", "), by=": ")
    lasted = (event.time - since).total_seconds() if since is not None else 0.0
    span = f" in {format_duration(lasted)}" if lasted >= 1 else ""
    return f"changes too often: {times}{span}" + (f", now {now}" if now else "")


def _flapping_lines(data: Facts) -> list[Line]:
    since = data.moment("flapping_since")
    meaning = "it is not told change by change any more, but once when it has settled"
    return [
        Line("Since", clock(since) if since is not None else ""),
        Line("Meaning", meaning if data.raw("settled") is not True else "each change is told again"),
    ]


def _key(key: str) -> str:
    return one_line(key.rpartition(".")[2].replace("_", " "), 40)


def _change(pair: object) -> str:
    if not isinstance(pair, list | tuple) or len(pair) != 2:
        return ""
    return " → ".join(_value(value) for value in pair)


def _value(value: object) -> str:
    if isinstance(value, list | tuple):
        value = ", ".join(str(item) for item in value[:20])
    return Facts({"value": value}).text("value", 80) or "none"


_MEANING = {
    EventType.ACCOUNT_VIEW_SHRUNK: "a permission or filter may have changed; nothing is concluded until confirmed",
    EventType.PROVIDER_UNRECOGNISED: "this version does not know it; it is told once, and all else goes on",
    EventType.POLL_MALFORMED: "all other items were read",
}


def account_name(event: Event) -> str:
    return f"account {Facts({'name': event.account}).text('name') or Facts(event.data).part('account').text('name')}"


def account_story(event: Event) -> Story:
    """`account.*`, `provider.unrecognised` and `poll.malformed`."""
    data = Facts(event.data)
    lines = [
        Line("Why", data.text("reason", REASON) if event.type is not EventType.ACCOUNT_RECOVERED else ""),
        Line("What to do", data.text("hint", REASON)),
        Line("Found", _counts(data)),
        Line("What", data.text("what", REASON)),
        Line("Meaning", _MEANING.get(event.type, "")),
        Line("Watch", _place(data) if event.type is not EventType.ACCOUNT_BASELINED else ""),
        Line("Time", clock(event.time)),
    ]
    return Story(
        account_name(event),
        _account_news(event, data),
        tuple(line for line in lines if line.value),
        data.text("reason", 120),
    )


def _account_news(event: Event, data: Facts) -> str:
    match event.type:
        case EventType.ACCOUNT_BASELINED:
            return joined("is now being watched", f"({_place(data)})" if _place(data) else "", by=" ")
        case EventType.ACCOUNT_UNREACHABLE:
            failures = data.raw("failures")
            tries = f" ({counted(failures, 'failed poll')})" if isinstance(failures, int) else ""
            return f"cannot be reached{tries}"
        case EventType.ACCOUNT_RECOVERED:
            down = data.span("down_for")
            return "can be read again" + (f" after {down}" if down else "")
        case EventType.ACCOUNT_UNAUTHORIZED:
            return "is refused by the platform"
        case EventType.ACCOUNT_VIEW_SHRUNK:
            missing, known = data.number("missing"), data.number("known")
            return f"suddenly misses {missing or 'many'} of its {known or 'known'} jobs"
        case EventType.PROVIDER_UNRECOGNISED:
            return f"sent an unknown {data.text('kind') or 'word'}: {data.text('word', 60)}"
        case EventType.POLL_MALFORMED:
            item = data.text("item", 60)
            return "sent an item that had to be left out" + (f": {item}" if item else "")
        case _:
            return f"has news: {event.type.value}"


def _place(data: Facts) -> str:
    watch = data.text("watch")
    return joined(_WATCHES.get(watch, watch), data.text("workspace"), by=", workspace ")


def _counts(data: Facts) -> str:
    counts = data.part("counts")
    parts = [
        f"{thousands(value)} {_value(key)}" for key in counts.keys()[:12] if isinstance(value := counts.raw(key), int)
    ]
    return ", ".join(parts) or ("nothing" if "counts" in data else "")
