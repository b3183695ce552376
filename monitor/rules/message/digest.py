"""Many events as one message: each thing by name with the net change, bounded, and a title with counts by kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from decimal import Decimal

from monitor.fields.duration import format_duration
from monitor.model import Event, EventType, Reason, Text
from monitor.rules.message.clean import cut
from monitor.rules.message.facts import Facts, amount, counted, joined, stretch, thousands
from monitor.rules.message.jobs import owner
from monitor.rules.message.lasting import lasted, words_of
from monitor.rules.message.occasion import Occasion
from monitor.rules.message.places import stock_word
from monitor.rules.message.sections import use_text
from monitor.rules.message.story import Line, Story, told
from monitor.rules.message.tally import Use
from monitor.rules.message.used import USAGE, booked

SHOWN = 12
_BULLET = 240
_PARTS = 6
_PREFIX = {Reason.CATCH_UP: "catching up: ", Reason.REMINDER: "still: ", Reason.RESOLVED: "resolved: "}
_STOCK = (EventType.FLAVOR_SOLD_OUT, EventType.FLAVOR_RESTOCKED)


@dataclass(frozen=True, slots=True)
class _Thing:
    """What came of one subject: its events, and the last one that is news (usage alone is no news of a job)."""

    events: list[Event]
    last: Event

    @property
    def account(self) -> str:
        return Facts({"name": self.last.account}).text("name")


def digest(
    events: Sequence[Event],
    story: Callable[[Event], Story],
    names: Mapping[str, str],
    occasion: Occasion,
) -> Text:
    """`events` are two or more, in the order of `seq`; the worst is named first, and of those what lasts longest."""
    subjects: dict[tuple[str | None, str], list[Event]] = {}
    for event in events:
        subjects.setdefault((event.account, event.subject), []).append(event)
    things = sorted((_thing(group) for group in subjects.values()), key=lambda thing: _order(thing, occasion))
    prefix = occasion.prefix + _PREFIX.get(occasion.reason, "")
    if len(things) == 1:
        return _one_thing(things[0], story, prefix, names, occasion)
    accounts = sorted({Facts({"name": name}).text("name") for name in {thing.last.account for thing in things} if name})
    bullets = [
        cut(_text(thing, story, occasion) + f" · {thing.account}" * (len(accounts) > 1), _BULLET)
        for thing in things[:SHOWN]
    ]
    if len(things) > SHOWN:
        bullets.append(f"and {thousands(len(things) - SHOWN)} more")
    lines = [
        Line("Used", _used(events)),
        Line("Time", stretch(min(event.time for event in events), max(event.time for event in events))),
        *occasion.asides,
        *occasion.sense,
        Line("Account" if len(accounts) == 1 else "Accounts", cut(", ".join(accounts), 200)),
        Line("Rule", occasion.origin),
    ]
    title = f"{prefix}{_counts(things, occasion)} {occasion.often}".rstrip()
    return told(title, [line for line in lines if line.value], bullets)


def _order(thing: _Thing, occasion: Occasion) -> tuple[int, float]:
    return -thing.last.severity.rank, -lasted(thing.last, occasion) if occasion.lasted else 0.0


def _one_thing(
    thing: _Thing,
    story: Callable[[Event], Story],
    prefix: str,
    names: Mapping[str, str],
    occasion: Occasion,
) -> Text:
    """The net change of one subject with what is known of it, and its steps."""
    events, last = thing.events, thing.events[-1]
    found = story(last)
    steps = [f"{event.time.astimezone(UTC):%m-%d %H:%M} {_step(event, story(event))}" for event in events[-SHOWN:]]
    if len(events) > SHOWN:
        steps.insert(0, f"{len(events) - SHOWN} more before")
    lines = [
        *(line for line in found.lines if line.label != "Time" and not line.url),
        *occasion.asides,
        *occasion.sense,
        Line("From", joined(thing.account, owner(last, names))),
        Line("Rule", occasion.origin),
        *(line for line in found.lines if line.url),
    ]
    return told(prefix + _text(thing, story, occasion), [line for line in lines if line.value], steps)


def _step(event: Event, found: Story) -> str:
    """Each dead delivery is another message; the reasons of all else stand above."""
    return joined(found.happened, found.more if event.type is EventType.DELIVERY_DEAD else "", by=": ")


def _thing(events: list[Event]) -> _Thing:
    news = [event for event in events if event.type not in USAGE]
    return _Thing(events, (news or events)[-1])


def _text(thing: _Thing, story: Callable[[Event], Story], occasion: Occasion) -> str:
    found = story(thing.last)
    if thing.last.seq in occasion.by_now or (occasion.lasted and len(thing.events) == 1):
        return found.title
    usage = [event for event in thing.events if event.type in USAGE]
    if thing.last.type in _STOCK:
        return _stock(found, [event for event in thing.events if event.type in _STOCK])
    times = sum(event.type is thing.last.type for event in thing.events)
    often = thing.last.type.value.partition(".")[0] not in ("job", "usage") and times > 1
    text = joined(found.title + f" ({times} times)" * often, found.more, by=": ")
    if usage and thing.last.type not in USAGE:
        text += ", " + story(usage[-1]).happened
    return text


def _stock(found: Story, turns: list[Event]) -> str:
    """The net change: what it was before the first turn against what it is after the last."""
    before = Facts(turns[0].data).part("previous").text("stock")
    now = Facts(turns[-1].data).part("flavor").text("stock") or (
        "soldout" if turns[-1].type is EventType.FLAVOR_SOLD_OUT else "normal"
    )
    if len(turns) == 1:
        return found.title
    if before == now:
        return f"{found.what} changed {len(turns)} times, now {stock_word(now)} as before"
    return f"{found.title} (changed {len(turns)} times)"


def _kind(event: Event, occasion: Occasion) -> tuple[str, str]:
    family, _, word = event.type.value.partition(".")
    word = word.replace("_", " ")
    if words := words_of(event, occasion):
        return family, words
    match family:
        case "job":
            state = Facts(event.data).part("job").text("state")
            left = event.type in (EventType.JOB_GONE, EventType.JOB_DELETED)
            return "job", word if left else state or word
        case "usage":
            return "job", "with usage"
        case "flavor":
            settled = word == "flapping" and event.data.get("settled") is True
            return "flavor", "settled" if settled else {"restocked": "in stock again"}.get(word, word)
        case "account":
            return "account", word
        case _:
            return "other event", ""


def _counts(things: list[_Thing], occasion: Occasion) -> str:
    """`2 jobs failed, 3 succeeded, 1 flavor sold out`: the worst first, the noun where it changes."""
    numbers = Counter(_kind(thing.last, occasion) for thing in things)
    nouns = list(dict.fromkeys(kind for kind, _ in numbers))
    parts: list[str] = []
    for noun in nouns:
        words = [(word, number) for (kind, word), number in numbers.items() if kind == noun]
        parts.append(f"{counted(words[0][1], noun)} {words[0][0]}".strip())
        parts += [f"{thousands(number)} {word}" for word, number in words[1:]]
    return ", ".join(parts[:_PARTS]) + (" and more" if len(parts) > _PARTS else _at_least(things, occasion, len(parts)))


def _at_least(things: list[_Thing], occasion: Occasion, kinds: int) -> str:
    """How long all of one kind have lasted."""
    if not occasion.lasted or kinds > 1 or any(thing.last.seq in occasion.by_now for thing in things):
        return ""
    shortest = min(lasted(thing.last, occasion) for thing in things)
    return f" for {format_duration(shortest)} or longer" if shortest >= 1 else ""


def _used(events: Sequence[Event]) -> str:
    """What all usage events among them add up to, per currency."""
    use = Use()
    for event in events:
        usage = Facts(event.data).part("usage")
        tokens, nodes, cards = booked(usage, delta=True)
        if event.type in USAGE:
            cost, currency = amount(usage.raw("cost")), usage.text("currency", 8)
            use.add(tokens or 0, nodes or Decimal(0), cards or Decimal(0), cost, currency)
    return use_text(use)
