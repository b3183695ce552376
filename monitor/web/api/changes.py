"""What people may change: a delivery is tried again or given up, a sink is tested."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec

from monitor import store
from monitor.model import DeliveryState
from monitor.store import Connection
from monitor.web.api import deliveries
from monitor.web.api.deliveries import DeliveryAsked, DeliveryItem
from monitor.web.api.inside import Inside
from monitor.web.api.message import Problem
from monitor.web.api.route import Answer, Asked, Change, Route

_OVER = {
    DeliveryState.SENDING: "It is being sent at this moment; wait for what comes of it.",
    DeliveryState.DELIVERED: "It has arrived.",
    DeliveryState.DROPPED: "It was dropped already.",
    DeliveryState.COLLAPSED: "It was told in a catch-up message; look at that one.",
}


class SinkAsked(Asked, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: Annotated[str, msgspec.Meta(min_length=1)]


class Trial(Answer, frozen=True, kw_only=True):
    """The id of the test message's delivery, which tells how it fares."""

    delivery: str


def _retry(conn: Connection, inside: Inside, asked: DeliveryAsked, by: str) -> Change:
    number, sink = _changeable(conn, asked.id, store.RENEWABLE, "tried again")
    _require_sink(inside, sink)
    store.renew(conn, [number], detail=f"to be tried again, asked by {by}", now=inside.clock.now())
    return Change(answer=deliveries.item(deliveries.record(conn, asked.id).row), sinks=(sink,))


def _drop(conn: Connection, inside: Inside, asked: DeliveryAsked, by: str) -> Change:
    number, sink = _changeable(conn, asked.id, store.CHANGEABLE, "dropped")
    store.give_up(conn, number, detail=f"dropped by {by}", now=inside.clock.now())
    return Change(answer=deliveries.item(deliveries.record(conn, asked.id).row), sinks=(sink,))


def _test(conn: Connection, inside: Inside, asked: SinkAsked, by: str) -> Change:
    from monitor.delivery.trial import trial_message  # with what sends, which reading needs not

    if asked.name not in _sinks(inside):
        hint = f"There are: {', '.join(_sinks(inside))}."
        raise Problem(404, "Not found", f"No sink is named {asked.name!r}.", hint)
    write = trial_message(asked.name, inside.clock.now())
    store.write_notifications(conn, [write])
    return Change(answer=Trial(delivery=store.delivery_id(write.id, asked.name)), sinks=(asked.name,))


def _changeable(conn: Connection, id: str, states: Sequence[DeliveryState], what: str) -> tuple[int, str]:
    """Number and sink of a delivery that is in one of the states, held until the end. Raises Problem."""
    held = store.hold_delivery(conn, id)
    if held is None:
        raise Problem(404, "Not found", f"There is no delivery {id!r}.", "GET /api/v1/deliveries lists them.")
    number, state, sink = held
    if state not in states:
        detail = f"The delivery {id} is {state.value} and cannot be {what}."
        raise Problem(409, "Conflict", detail, _OVER[state])
    return number, sink


def _require_sink(inside: Inside, sink: str) -> None:
    if sink not in _sinks(inside):
        hint = f"Add it again, or drop the delivery. There are: {', '.join(_sinks(inside))}."
        raise Problem(409, "Conflict", f"The config has no sink {sink!r}.", hint)


def _sinks(inside: Inside) -> list[str]:
    return [sink.name for sink in inside.settings.sinks]


_CONFLICT = "It is not in a state that allows it, or its sink is not in the config."
ROUTES = (
    Route(
        path="/api/v1/deliveries/{id}/retry",
        summary="Try a delivery again now, for as long as a new one.",
        change=_retry,
        asked=DeliveryAsked,
        answer=DeliveryItem,
        errors={404: "There is no such delivery.", 409: _CONFLICT},
    ),
    Route(
        path="/api/v1/deliveries/{id}/drop",
        summary="Give a delivery up.",
        change=_drop,
        asked=DeliveryAsked,
        answer=DeliveryItem,
        errors={404: "There is no such delivery.", 409: _CONFLICT},
    ),
    Route(
        path="/api/v1/sinks/{name}/test",
        summary="Send a test message to a sink.",
        change=_test,
        asked=SinkAsked,
        answer=Trial,
        errors={404: "There is no such sink."},
    ),
)
