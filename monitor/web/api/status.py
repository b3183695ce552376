"""The whole at a glance."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import msgspec

from monitor import __version__, store
from monitor.model import rfc3339
from monitor.store import Connection
from monitor.store.vitals import held_back
from monitor.web.api.inside import Inside
from monitor.web.api.moment import Time, told
from monitor.web.api.route import Answer, Asked, Route


class HeartbeatItem(Answer, frozen=True, kw_only=True):
    """The sign of life to the dead man's switch outside."""

    every: Annotated[float, msgspec.Meta(description="Seconds.")]
    last_at: Annotated[Time | None, msgspec.Meta(description="When the last one arrived, since the start.")]
    held: Annotated[list[str], msgspec.Meta(description="What speaks against sending one; empty where nothing does.")]
    failure: Annotated[str | None, msgspec.Meta(description="Why the last one did not arrive.")]


class Status(Answer, frozen=True, kw_only=True):
    """The daemon and its store."""

    version: str
    started_at: Annotated[Time | None, msgspec.Meta(description="Null where no daemon answers.")]
    now: Time
    epoch: Annotated[str, msgspec.Meta(description="Of the store: another one after a backup was restored.")]
    last_seq: Annotated[int, msgspec.Meta(description="The number of the newest event.")]
    config: Annotated[str, msgspec.Meta(description="The path of the config file.")]
    rejected: Annotated[
        list[str],
        msgspec.Meta(description="Why that file, as it was read last, is not the config at work; empty where it is."),
    ]
    accounts: int
    sinks: int
    rules: int
    troubles: list[str]
    waiting: Annotated[int, msgspec.Meta(description="Deliveries that have not ended.")]
    given_up: Annotated[int, msgspec.Meta(description="Deliveries that are dead or refused, and not dropped.")]
    oldest_waiting_at: Annotated[
        Time | None, msgspec.Meta(description="Since when the message waits that waits for longest.")
    ]
    heartbeat: Annotated[
        HeartbeatItem | None, msgspec.Meta(description="Null where the config asks for none, or no daemon answers.")
    ]


def _status(conn: Connection, inside: Inside, asked: Asked) -> Status:
    settings = inside.settings
    counts = store.count_deliveries(conn).values()
    beat = inside.heartbeat()
    return Status(
        version=__version__,
        started_at=told(inside.started_at),
        now=rfc3339(inside.clock.now()),
        epoch=inside.store.epoch,
        last_seq=store.last_seq(conn),
        config=str(settings.path),
        rejected=list(inside.rejected()),
        accounts=len(settings.accounts),
        sinks=len(settings.sinks),
        rules=len(settings.rules),
        troubles=[*inside.troubles(), *_held_back(conn, inside)],
        waiting=sum(each["waiting"] for each in counts),
        given_up=sum(each["given_up"] for each in counts),
        oldest_waiting_at=told(store.oldest_waiting(conn)),
        heartbeat=None
        if beat is None
        else HeartbeatItem(every=beat.every, last_at=told(beat.at), held=list(beat.held), failure=beat.failure),
    )


def _held_back(conn: Connection, inside: Inside) -> Iterator[str]:
    """The sinks of the config that take nothing, with what they answer."""
    for sink, detail in held_back(conn, [each.name for each in inside.settings.sinks]).items():
        yield f"{sink} takes no messages: {detail or 'it says nothing of why'}"


ROUTES = (Route(path="/api/v1/status", summary="The whole at a glance.", fn=_status, asked=Asked, answer=Status),)
