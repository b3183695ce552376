"""The platforms' truth against what was stored, and what was stored against what arrived."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from monitor.model import Event
from monitor.store import read_events
from tests.crash import oracle
from tests.crash.campaign import Campaign
from tests.crash.receiver import Arrival
from tests.crash.stage import HUSH, STUCK

SINKS = {"all": ["inbox"], "ends": ["hook", "inbox"], "stuck": ["hook"], "groups": ["hook"], "report": ["hook"]}
WHY = {
    "the daemon ended before the answer": "killed before the settling",
    "whether this claim was stored was unclear": "store lost before the settling",
    "answered 503": "answered 503",
}
OURS = ("killed before the settling", "store lost before the settling")
CUT = "no receipt: the connection was cut"
_STOCK = ("flavor.sold_out", "flavor.restocked")


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A stored notification."""

    rule: str
    reason: str
    seqs: tuple[int, ...]
    created: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """A stored delivery; `attempts`: outcome and detail of each."""

    id: str
    sink: str
    state: str
    message: Message
    attempts: tuple[tuple[str, str], ...]


class Judge:
    """`faults` is what is wrong, in words; empty after a good campaign."""

    def __init__(self, campaign: Campaign) -> None:
        self._campaign = campaign
        self.faults: list[str] = []
        self.figures: dict[str, Any] = {}

    async def look(self) -> None:
        books = self._campaign.books
        self.events = await books.look(lambda conn: read_events(conn, limit=1_000_000))
        self.by_seq = {event.seq: event for event in self.events}
        events = await books.rows("SELECT notification, seq FROM notification_events ORDER BY notification, seq")
        of: dict[int, list[int]] = defaultdict(list)
        for number, seq in events:
            of[number].append(seq)
        said = await books.rows("SELECT n, rule, reason, created_at FROM notifications ORDER BY n")
        self.messages = {
            n: Message(rule=rule, reason=reason, seqs=tuple(of[n]), created=int(created))
            for n, rule, reason, created in said
        }
        tries: dict[int, list[tuple[str, str]]] = defaultdict(list)
        for n, outcome, detail in await books.rows(
            "SELECT delivery, outcome, detail FROM attempts ORDER BY delivery, attempt"
        ):
            tries[n].append((outcome, detail))
        self.posted = {
            id_: Posted(id=id_, sink=sink, state=state, message=self.messages[said], attempts=tuple(tries[n]))
            for n, id_, sink, state, said in await books.rows("SELECT n, id, sink, state, notification FROM deliveries")
        }
        self.faults += await books.problems()
        for check in (self._log, self._transitions, self._told, self._stuck, self._arrived, self._order, self._repeats):
            self.faults += check()
        self.figures |= {"events": len(self.events), "messages": len(self.messages), "deliveries": len(self.posted)}

    def _log(self) -> Iterator[str]:
        if [event.seq for event in self.events] != list(range(1, len(self.events) + 1)):
            yield "a number of the event log is missing or given twice"
        if len({event.id for event in self.events}) != len(self.events):
            yield "two events bear one id"

    def _transitions(self) -> Iterator[str]:
        """Every visible transition is one event, and every event was visible."""
        told: dict[str, list[str]] = defaultdict(list)
        for event in self.events:
            if event.type.value.startswith("job.") or event.type.value in _STOCK:
                told[event.subject].append(_word(event))
        stories = self._campaign.stage.witness.stories()
        history = self._campaign.stage.history
        for subject, story in stories.items():
            baseline = subject in history or subject.startswith("flavor/")
            if fault := oracle.explain(story, told[subject], baseline=baseline):
                yield fault
        yield from (
            f"{subject} was never shown, told {words}" for subject, words in told.items() if subject not in stories
        )
        usage = Counter(event.subject for event in self.events if event.type.value == "usage.recorded")
        yield from (f"{subject}: usage recorded {count} times" for subject, count in usage.items() if count > 1)
        self.figures["transitions"] = sum(oracle.transitions(story) for story in stories.values())

    def _told(self) -> Iterator[str]:
        """Each event is in one message of each rule that takes it."""
        counts: dict[str, Counter[int]] = {rule: Counter() for rule in SINKS}
        for message in self.messages.values():
            if message.reason not in ("reminder", "resolved"):
                counts[message.rule].update(message.seqs)
        named = self._campaign.stage.named
        for event in self.events:
            hushed = named.get(event.subject) == HUSH and event.detected_at < self._campaign.silenced_until
            for rule in _takers(event.type.value):
                count = counts[rule][event.seq]
                if count > 1 or (count == 0 and not hushed):
                    yield f"rule {rule} told {event.type.value} of {event.subject} {count} times"
        for subject in (subject for subject, name in named.items() if name == HUSH):
            *_, last = (event for event in self.events if event.subject == subject and event.type.value[:4] == "job.")
            if counts["all"][last.seq] != 1:
                yield f"what holds of the silenced {subject} was told {counts['all'][last.seq]} times"

    def _stuck(self) -> Iterator[str]:
        """Told once, reminded of in its time, and once at the end."""
        stories: dict[str, list[Message]] = defaultdict(list)
        for message in self.messages.values():
            if message.rule == "stuck":
                for subject in {self.by_seq[seq].subject for seq in message.seqs}:
                    stories[subject].append(message)
        stuck = {subject for subject, name in self._campaign.stage.named.items() if name == STUCK}
        if set(stories) != stuck:
            yield f"rule stuck told {set(stories) - stuck} and not {stuck - set(stories)}"
        for subject, story in stories.items():
            reasons = [message.reason for message in story]
            middle = set(reasons[1:-1])
            if reasons[0] == "reminder" or reasons[-1] != "resolved" or not middle <= {"reminder"}:
                yield f"rule stuck told {subject} as {' '.join(reasons)}"
            self.figures["reminders"] = self.figures.get("reminders", 0) + reasons.count("reminder")
            apart = [b.created - a.created for a, b in pairwise(story) if b.reason == "reminder"]
            if any(each < 29 * 60 * 1000 for each in apart):
                yield f"rule stuck reminded of {subject} too soon"

    def _arrived(self) -> Iterator[str]:
        """Every owed message arrived, with what was stored of it, and nothing else did."""
        got: dict[str, list[Arrival]] = defaultdict(list)
        for arrival in self._campaign.receiver.arrivals:
            got[arrival.id].append(arrival)
        yield from (f"a message {id_} arrived that is not stored" for id_ in got if id_ not in self.posted)
        for id_, posted in self.posted.items():
            if posted.state != "delivered" or not any(each.answer == 204 for each in got[id_]):
                rule, times = posted.message.rule, len(got[id_])
                yield f"delivery {id_} of rule {rule} is {posted.state} and arrived {times} times"
            events = {self.by_seq[seq].id for seq in posted.message.seqs}
            if any((each.sink, set(each.events)) != (posted.sink, events) for each in got[id_]):
                yield f"delivery {id_} arrived as another one"
        sinks: dict[Message, list[str]] = defaultdict(list)
        for posted in self.posted.values():
            sinks[posted.message].append(posted.sink)
        yield from (f"{said} went to {sorted(to)}" for said, to in sinks.items() if sorted(to) != SINKS[said.rule])
        yield from (f"{said} went to nobody" for said in self.messages.values() if said not in sinks)

    def _order(self) -> Iterator[str]:
        """Per rule, sink and subject what is not held comes in its order, repeats too."""
        last: dict[tuple[str, str, str], int] = {}
        for arrival in self._campaign.receiver.arrivals:
            posted = self.posted.get(arrival.id)
            if posted is None or arrival.rule not in ("all", "ends"):
                continue
            for event in (self.by_seq[seq] for seq in posted.message.seqs):
                key = (arrival.rule, arrival.sink, event.subject)
                if self._campaign.stage.named.get(event.subject) != HUSH and event.seq < last.get(key, 0):
                    yield f"{event.type.value} of {event.subject} came after a later one (rule {arrival.rule})"
                last[key] = event.seq

    def _repeats(self) -> Iterator[str]:
        """A repeat bears the id of the first, and the attempt before it says why there was another."""
        arrivals: dict[str, list[Arrival]] = defaultdict(list)
        for arrival in self._campaign.receiver.arrivals:
            arrivals[arrival.id].append(arrival)
        repeats, why = 0, Counter[str]()
        for id_, got in arrivals.items():
            posted = self.posted.get(id_)
            if posted is None:
                continue
            repeats += len(got) - 1
            *before, last = posted.attempts
            reasons = [WHY.get(detail, CUT if outcome == "unknown" else detail) for outcome, detail in before]
            why.update(reasons if len(got) > 1 else ())
            received = sum(each.answer == 204 for each in got)
            if last[0] != "delivered" or len(got) > len(posted.attempts):
                yield f"delivery {id_} arrived {len(got)} times, but its attempts are {posted.attempts}"
            if received > 1 + sum(reason in OURS for reason in reasons):
                yield f"delivery {id_} was taken {received} times without a reason: {posted.attempts}"
            if unknown := set(reasons) - set(WHY.values()) - {CUT}:
                yield f"delivery {id_} was tried again for {unknown}"
        self.figures |= {"arrivals": len(self._campaign.receiver.arrivals), "repeats": repeats, "why": dict(why)}


def _word(event: Event) -> str:
    if event.type.value != "job.finished":
        return event.type.value
    return f"{event.type.value} {event.data['job']['state']}"


def _takers(type_: str) -> Iterator[str]:
    if type_.startswith(("job.", "flavor.")):
        yield "all"
    if type_ == "job.finished":
        yield from ("ends", "report")
    if type_ in _STOCK:
        yield "groups"
