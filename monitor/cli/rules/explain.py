"""`rules explain`: why an event was told, and why not; of a notification or a delivery, for each of its events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli.failure import FAILED, Failure
from monitor.cli.options import Config, Output

if TYPE_CHECKING:
    from monitor.cli.asking import Asker
    from monitor.cli.lists import Item

MOST_EVENTS = 5
"""Of a message so many events are explained."""
MOST_DELIVERIES = 20
_LISTS = {"event": "/api/v1/events", "notification": "/api/v1/notifications", "delivery": "/api/v1/deliveries"}


def explain(
    what: Annotated[
        str,
        typer.Argument(
            metavar="EVENT|NOTIFICATION|DELIVERY", help="An event's number or id, a notification's or a delivery's id."
        ),
    ],
    config: Config = None,
    output: Annotated[Output, typer.Option("--output", help="Words for people; json for programs.")] = Output.TABLE,
) -> None:
    """Why an event was told, and why not: the poll that saw it, what each rule said and which part of it decided, what
    hid it or where it waits, and each attempt to send it."""
    from monitor.cli import out
    from monitor.cli.asking import asking
    from monitor.cli.progress import progress

    with asking(config) as ask, progress("Looking …"):
        found = gathered(ask, what)
    if output is Output.TABLE:
        from monitor.cli.rules.explain_page import show

        show(found)
    else:
        out.document(output, found)


def gathered(ask: Asker, what: str) -> dict[str, Any]:
    """`notification` and `delivery` where it is about one, `events` with their explanations, `deliveries` with their
    attempts. Raises Failure where nothing has this name."""
    from monitor.cli.asking import segment

    kind, item = _found(ask, what)
    message, delivery = None, None
    seqs = [item["seq"]] if kind == "event" else []
    if kind == "delivery":
        delivery, item = item, ask.get(f"/api/v1/notifications/{segment(item['notification'])}")
    if kind != "event":
        message, seqs = item, item["events"][:MOST_EVENTS]
    events = [ask.get(f"/api/v1/events/{seq}/explanation") for seq in seqs]
    ids = [each for event in events for said in event["notifications"] for each in said["deliveries"]]
    if message is not None:
        ids = [each["id"] for each in message["deliveries"]]
    if delivery is not None:
        ids = [delivery["id"]]
    sent = [ask.get(f"/api/v1/deliveries/{segment(each)}") for each in dict.fromkeys(ids[:MOST_DELIVERIES])]
    return {"notification": message, "delivery": delivery, "events": events, "deliveries": sent}


def _found(ask: Asker, word: str) -> tuple[str, Item]:
    """What it names, and that thing."""
    from monitor.cli.asking import segment
    from monitor.cli.ids import whole

    for shortened in (False, True):
        for kind, path in _LISTS.items():
            name = whole(ask, path, word) if shortened and not word.isdigit() else word
            if not shortened or name != word:
                try:
                    return kind, ask.get(f"{path}/{segment(name)}")
                except Failure as failure:
                    if failure.code != FAILED or not str(failure).startswith("There is no "):
                        raise
    hint = "`training-monitor events list`, `notifications list` and `deliveries list` name them."
    raise Failure(f"No event, notification or delivery is {word!r}.", hint)
