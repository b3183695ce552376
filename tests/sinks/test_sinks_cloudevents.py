"""What a `cloudevents` sink puts on the wire, read by the CNCF's own SDK, and what a message of several events comes to
when only some of them arrive."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from cloudevents.http import CloudEvent, from_http
from standardwebhooks import Webhook

from monitor.fields import SystemClock
from monitor.model import Delivery, Event, EventType, Notification, Outcome, Reason, Receipt, Severity, Text
from monitor.sinks.cloudevents import sink as cloudevents_sink
from monitor.sinks.cloudevents.done import Done
from monitor.sinks.cloudevents.options import Options
from monitor.sinks.progress import Progress
from monitor.wire import Http, new_session
from tests.kit.clock import VirtualClock

MOMENT = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
HOSTILE = "</p> *x* \\n \u202e 任务“微调” 😀 \u2028 \ud800"


def event(number: int, **job: Any) -> Event:
    return Event(
        seq=number,
        id=f"e{number}",
        type=EventType.JOB_FINISHED,
        account="llm-beijing",
        subject=f"job/ft-{number}",
        revision=1,
        time=MOMENT,
        detected_at=MOMENT,
        severity=Severity.WARNING,
        data={"account": {"name": "llm-beijing"}, "job": {"name": "微调", **job}},
    )


def delivery(*numbers: int, attempt: int = 1, reason: Reason = Reason.NEW) -> Delivery:
    said = Notification(
        id="n-1",
        rule="job-ended",
        severity=Severity.WARNING,
        reason=reason,
        text=Text(title="Jobs failed", plain="no quota", markdown="**no quota**"),
        created_at=MOMENT,
        events=tuple(event(number) for number in numbers),
    )
    return Delivery(id="d-1", sink="bus", attempt=attempt, notification=said)


class Bus:
    """Takes events; `verdict` says by the event's id which status it answers, or cuts the connection with 0."""

    def __init__(self, verdict: Callable[[str], int] = lambda event: 202) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.verdict = verdict

    async def take(self, request: web.Request) -> web.Response:
        headers, body = {name.lower(): text for name, text in request.headers.items()}, await request.read()
        self.got.append((headers, body))
        status = self.verdict(from_http(headers, body)["id"])
        if not status:
            assert request.transport is not None
            request.transport.abort()
        return web.Response(status=status or 200)

    @property
    def events(self) -> list[CloudEvent]:
        return [from_http(headers, body) for headers, body in self.got]

    @property
    def ids(self) -> list[str]:
        return [each["id"] for each in self.events]


async def sent(bus: Bus, *deliveries: Delivery, clock: Any = None, **options: Any) -> list[Receipt]:
    app = web.Application()
    app.router.add_post("/in", bus.take)
    async with TestServer(app, host="127.0.0.1") as server, new_session() as session:
        made = Options(name="bus", type="cloudevents", url=str(server.make_url("/in")), **options)
        sink = cloudevents_sink.build(made, Http(session), clock or SystemClock())
        return [await sink.send(each) for each in deliveries]


async def test_the_sdk_reads_each_event_by_itself_as_it_is_in_the_log() -> None:
    bus = Bus()
    (receipt,) = await sent(bus, delivery(1, 2, 3))
    assert receipt == Receipt(outcome=Outcome.DELIVERED, detail="3 of 3 events were taken; answered 202")
    assert all(headers["content-type"].startswith("application/cloudevents+json") for headers, _ in bus.got)
    for read, written in zip(bus.events, delivery(1, 2, 3).notification.events, strict=True):
        expected = written.cloudevent()
        assert read.get_data() == expected.pop("data")
        assert {name: read[name] for name in expected if name != "time"} == {
            name: value for name, value in expected.items() if name != "time"
        }
        assert read["time"] == "2026-11-20T08:00:00Z"


async def test_every_attempt_bears_the_same_id_for_the_same_event_and_another_for_another() -> None:
    answers = iter([503, 202, 202])
    bus = Bus(lambda event: next(answers))
    await sent(bus, delivery(1, 2), delivery(1, 2, attempt=2))
    assert [headers["webhook-id"] for headers, _ in bus.got] == ["d-1_e1", "d-1_e1", "d-1_e2"]
    assert all("webhook-signature" not in headers for headers, _ in bus.got)


async def test_a_receiver_with_the_standard_library_takes_each_signature() -> None:
    bus = Bus()
    await sent(bus, delivery(1, 2), secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    for headers, body in bus.got:
        Webhook("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").verify(body, headers)


@pytest.mark.parametrize(
    ("status", "outcome", "said"),
    [
        (503, Outcome.RETRY, "1 of 3 events were taken; answered 503"),
        (429, Outcome.RETRY, "1 of 3 events were taken; answered 429"),
        (0, Outcome.UNKNOWN, "1 of 3 events were taken; "),
    ],
)
async def test_the_next_attempt_goes_on_where_the_last_one_stopped(status: int, outcome: Outcome, said: str) -> None:
    answers = iter([202, status, 202, 202])
    bus = Bus(lambda event: next(answers))
    first, second = await sent(bus, delivery(1, 2, 3), delivery(1, 2, 3, attempt=2))
    assert first.outcome is outcome
    assert first.detail.startswith(said)
    assert second == Receipt(outcome=Outcome.DELIVERED, detail="3 of 3 events were taken; answered 202")
    assert bus.ids == ["e1", "e2", "e2", "e3"], "what was taken came again, or what was not came out of order"


async def test_an_event_that_is_refused_keeps_no_other_from_arriving() -> None:
    bus = Bus(lambda event: 400 if event == "e2" else 202)
    (receipt,) = await sent(bus, delivery(1, 2, 3))
    assert bus.ids == ["e1", "e2", "e3"]
    told = "2 of 3 events were taken, 1 refused; answered 400"
    assert receipt == Receipt(outcome=Outcome.REFUSED, detail=told, partly=True)


async def test_what_was_refused_is_not_sent_again_while_the_others_are_retried() -> None:
    answers = iter([400, 503, 202])
    bus = Bus(lambda event: next(answers))
    first, second = await sent(bus, delivery(1, 2), delivery(1, 2, attempt=2))
    assert first.outcome is Outcome.RETRY
    assert second.outcome is Outcome.REFUSED
    assert bus.ids == ["e1", "e2", "e2"]


async def test_an_address_that_refuses_everything_is_not_asked_for_each_event() -> None:
    bus = Bus(lambda event: 404)
    (receipt,) = await sent(bus, delivery(*range(1, 400)))
    assert len(bus.got) == cloudevents_sink.HOPELESS
    assert receipt.outcome is Outcome.REFUSED
    assert receipt.detail == "0 of 399 events were taken, 5 refused; answered 404"


async def test_what_somebody_asks_for_anew_is_sent_whole() -> None:
    bus = Bus(lambda event: 400 if event == "e2" and len(bus.got) < 3 else 202)
    first = delivery(1, 2)
    again = replace(first, attempt=2, renewed_at=MOMENT + timedelta(hours=1))
    receipts = await sent(bus, first, again)
    assert [each.outcome for each in receipts] == [Outcome.REFUSED, Outcome.DELIVERED]
    assert bus.ids == ["e1", "e2", "e1", "e2"]


async def test_an_attempt_is_bounded_in_time_and_the_next_one_goes_on() -> None:
    clock = VirtualClock()

    def slow(id: str) -> int:
        clock.advance(9.0)
        return 202

    bus = Bus(slow)
    first, second = await sent(
        bus, delivery(*range(1, 16)), delivery(*range(1, 16), attempt=2), clock=clock, timeout="10s"
    )
    assert (first.outcome, first.detail) == (Outcome.RETRY, "12 of 15 events were taken; the rest is sent next time")
    assert second.outcome is Outcome.DELIVERED
    assert bus.ids == [f"e{number}" for number in range(1, 16)]


async def test_so_many_messages_are_remembered_and_the_oldest_is_sent_whole_again() -> None:
    known = Progress(Done)
    for number in range(400):
        known.of(replace(delivery(1), id=f"d-{number}")).taken.add("e1")
    assert "e1" not in known.of(replace(delivery(1), id="d-0"))
    assert "e1" in known.of(replace(delivery(1), id="d-399"))


@pytest.mark.parametrize("reason", [Reason.TEST, Reason.DIGEST])
async def test_a_message_without_events_is_an_event_of_its_own(reason: Reason) -> None:
    bus = Bus()
    (receipt,) = await sent(bus, delivery(reason=reason))
    assert receipt == Receipt(outcome=Outcome.DELIVERED, detail="answered 202")
    (read,) = bus.events
    assert (read["type"], read["id"], read["source"]) == (f"notification.{reason.value}", "n-1", "training-monitor")
    assert read.get_data() == {
        "rule": "job-ended",
        "severity": "warning",
        "title": "Jobs failed",
        "body": "no quota",
    }


async def test_hostile_words_arrive_as_they_were_but_for_what_no_encoding_knows() -> None:
    bus = Bus()
    named = delivery(1)
    hostile = replace(named, notification=replace(named.notification, events=(event(1, name=HOSTILE),)))
    await sent(bus, hostile)
    assert bus.events[0].get_data()["job"]["name"] == HOSTILE.replace("\ud800", "?")
