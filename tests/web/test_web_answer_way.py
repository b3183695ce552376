"""The whole way of an answer on a clock that tests move: told with a link, answered, and nobody else is called."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor.fields.bell import Bell
from monitor.model import EventType
from monitor.routing import Router
from monitor.routing.links import Links
from monitor.rules import RuleSet
from monitor.store import Connection, append_events, list_deliveries, next_revision
from monitor.store.answers import end_links, make_link_key
from monitor.store.notification_list import NotificationFilter, page_notifications
from monitor.web.api import Request
from tests.kit.clock import VirtualClock
from tests.kit.made import draft
from tests.kit.web import Served, served

RULES = """\
  - {name: boss, type: log}
rules:
  - {name: stuck, on: [job.queued], escalate: [{after: 1h, notify: [boss]}], remind_every: 8h, notify: [journal]}
"""
HOUR = 3600
LINK = re.compile(r"^Acknowledge or snooze: https://monitor\.example\.org(/answer/\S+)$", re.MULTILINE)


class Way:
    """A served store with a router that works when it is told to."""

    def __init__(self, it: Served, clock: VirtualClock, router: Router) -> None:
        self.it = it
        self.clock = clock
        self._router = router

    async def pass_by(self, hours: float) -> None:
        """Time passes, and the router looks."""
        self.clock.advance(hours * HOUR)
        while await self._router.turn():
            pass

    async def happens(self, type: EventType, job: str) -> None:
        def write(conn: Connection) -> None:
            at, data = self.clock.now(), {"job": {"id": job, "name": job, "state": "queued"}, "previous": None}
            made = draft(type=type, subject=f"job/{job}", time=at, detected_at=at, data=data)
            append_events(conn, self.it.store.epoch, [(made, next_revision(conn, "north", made.subject))])

        await self.it.store.write(write)
        await self.pass_by(0)

    async def told(self, sink: str) -> list[str]:
        """The titles at this sink, oldest first."""
        rows = await self.it.store.read(lambda conn: list_deliveries(conn, limit=100))
        return [row.title for row in rows[::-1] if row.sink == sink]

    async def link(self) -> str:
        """The path of the link in the newest message."""
        rows, _ = await self.it.store.read(lambda conn: page_notifications(conn, NotificationFilter(), limit=1))
        found = re.search(
            r"^Acknowledge or snooze: https://monitor\.example\.org(/answer/\S+)$", rows[0].plain, re.MULTILINE
        )
        assert found is not None, rows[0].plain
        return found[1]


@asynccontextmanager
async def way(folder: Path) -> AsyncIterator[Way]:
    url = "https://monitor.example.org"
    async with served(folder, token=True, http=f"public_url: {url}", more=RULES) as it:
        clock = VirtualClock(datetime.now(UTC).replace(microsecond=0))
        it.site.inside.clock = clock
        ruleset = RuleSet.compile(it.settings.rules, [], None, ["journal", "boss"])
        links = Links(await it.store.write(make_link_key), url)
        router = Router(it.store, ruleset, clock, bell=Bell(), wake=lambda sinks: None, links=links)
        yield Way(it, clock, router)


@pytest.mark.parametrize("how", ["the link", "the command"])
async def test_who_acknowledges_in_time_keeps_others_from_being_called(how: str, tmp_path: Path) -> None:
    async with way(tmp_path) as it:
        await it.happens(EventType.JOB_QUEUED, "mine")
        if how == "the link":
            assert (await it.it.ask(await it.link(), "POST", data={"do": "ack", "name": "Ann"}))[0] == 303
        else:
            rows, _ = await it.it.store.read(lambda conn: page_notifications(conn, NotificationFilter(), limit=1))
            path = f"/api/v1/notifications/{rows[0].id}/ack"
            asked = Request(method="POST", path=path, query=(("by", "ann"),), by="command")
            assert (await it.it.site.api.answer(asked)).status == 200
        await it.happens(EventType.JOB_QUEUED, "nobodys")
        await it.pass_by(1)
        assert await it.told("boss") != []
        assert [title for title in await it.told("boss") if "mine" in title] == []
        await it.pass_by(24)
        assert len([title for title in await it.told("journal") if "mine" in title]) == 1, "nor is it told again"


async def test_a_look_at_the_link_keeps_nobody_from_being_called(tmp_path: Path) -> None:
    async with way(tmp_path) as it:
        await it.happens(EventType.JOB_QUEUED, "mine")
        link = await it.link()
        for _ in range(3):
            assert (await it.it.ask(link))[0] == 200
        await it.pass_by(1)
        (called,) = await it.told("boss")
        assert "mine" in called
        reminder = await it.link()
        assert reminder != link, "who was called has a link too"
        assert (await it.it.ask(reminder, "POST", data={"do": "ack", "name": "Boss"}))[0] == 303
        await it.pass_by(0)
        assert b"Acknowledged by <bdi>Boss" in (await it.it.ask(link))[2]
        await it.pass_by(24)
        assert len(await it.told("journal")) == 1


async def test_what_is_sent_after_all_links_were_ended_has_a_link_that_opens(tmp_path: Path) -> None:
    async with way(tmp_path) as it:
        await it.happens(EventType.JOB_QUEUED, "mine")
        link = await it.link()
        assert await it.it.store.write(end_links), "by another process, while the router works"
        await it.pass_by(1)
        reminder = await it.link()
        assert ((await it.it.ask(link))[0], (await it.it.ask(reminder))[0]) == (410, 200)


async def test_a_snooze_puts_the_call_off_and_the_link_ends_after_a_week(tmp_path: Path) -> None:
    async with way(tmp_path) as it:
        await it.happens(EventType.JOB_QUEUED, "mine")
        link = await it.link()
        await it.it.ask(link, "POST", data={"do": "4h"})
        await it.pass_by(3.9)
        assert (await it.told("boss"), len(await it.told("journal"))) == ([], 1)
        await it.pass_by(0.2)
        assert (len(await it.told("boss")), len(await it.told("journal"))) == (1, 2)
        it.clock.advance(7 * 24 * HOUR)
        assert (await it.it.ask(link))[0] == 410
        assert (await it.it.ask(link, "POST", data={"do": "ack"}))[0] == 410


async def test_a_message_that_resolves_or_that_nothing_follows_has_no_link(tmp_path: Path) -> None:
    async with way(tmp_path) as it:
        await it.happens(EventType.JOB_QUEUED, "mine")
        await it.happens(EventType.JOB_STARTED, "mine")
        rows, _ = await it.it.store.read(lambda conn: page_notifications(conn, NotificationFilter(), limit=9))
        assert [(row.reason.value, "/answer/" in row.plain) for row in rows] == [("resolved", False), ("new", True)]
