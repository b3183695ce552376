"""The page behind a signed link: looking changes nothing, a click answers the message, and nothing else opens it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.model import EventType, Text
from monitor.store import Connection, last_seq, read_events
from monitor.store.answers import end_links
from monitor.web import tries
from monitor.web.answer import routes
from tests.kit import silent
from tests.kit.silent import STUCK
from tests.kit.web import TOKEN, Served, served, settings

PUBLIC = "public_url: https://monitor.example.org"
HOST = {"Host": "monitor.example.org"}
HOSTILE = "</h1><script>alert(1)</script>\"'&{by}\u202e"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tries, "PENANCE", 0.02)


@asynccontextmanager
async def stuck(folder: Path, *, token: bool = True, title: str = "") -> AsyncIterator[tuple[Served, str]]:
    """Serves a message that somebody may answer, and gives the path of its link."""
    async with served(folder, token=token, http=PUBLIC, more=silent.rules("journal")) as it:

        def write(conn: Connection) -> str:
            text = Text(title=title, plain="p", markdown="m") if title else None
            silent.stuck(conn, it.store.epoch, datetime.now(UTC), text=text)
            return silent.link(conn)

        yield it, await it.store.write(write)


async def answers(it: Served) -> list[Any]:
    types = [EventType.NOTIFICATION_ACKNOWLEDGED.value, EventType.NOTIFICATION_SNOOZED.value]
    return await it.store.read(lambda conn: read_events(conn, types=types))


@pytest.mark.parametrize("token", [True, False], ids=["with a token", "without one"])
async def test_a_get_by_anybody_changes_nothing_and_a_post_acknowledges(token: bool, tmp_path: Path) -> None:
    async with stuck(tmp_path, token=token) as (it, link):
        before = await it.store.read(last_seq)
        for method in ("GET", "HEAD", "OPTIONS", "PUT", "DELETE", "GET"):
            await it.ask(link, method, headers={"User-Agent": "Slackbot-LinkExpanding 1.0"})
            await it.ask(f"{link}?do=ack&name=ann", method)
        assert await it.store.read(last_seq) == before

        status, headers, body = await it.ask(link, "POST", data={"do": "ack", "name": " Ann  Bright\n"})
        assert (status, link.endswith(headers["Location"])) == (303, True)
        (event,) = await answers(it)
        assert (event.type, event.data["by"]) == (EventType.NOTIFICATION_ACKNOWLEDGED, "Ann Bright (by the link)")
        assert event.data["notification"] == STUCK
        status, _, body = await it.ask(link)
        assert (status, "Acknowledged by <bdi>Ann Bright (by the link)</bdi> at <time" in body.decode()) == (200, True)
        assert b"<form" not in body


async def test_a_second_click_says_who_was_first_and_adds_nothing(tmp_path: Path) -> None:
    async with stuck(tmp_path) as (it, link):
        for name in ("Ann", "Bob"):
            assert (await it.ask(link, "POST", data={"do": "ack", "name": name}))[0] == 303
        (event,) = await answers(it)
        assert event.data["by"].startswith("Ann")
        assert b"Acknowledged by <bdi>Ann" in (await it.ask(link))[2]


async def test_a_page_that_was_opened_before_somebody_acknowledged_cannot_put_off(tmp_path: Path) -> None:
    async with stuck(tmp_path) as (it, link):
        await it.ask(link, "POST", data={"do": "ack", "name": "Ann"})
        status, _, body = await it.ask(link, "POST", data={"do": "1h", "name": "Bob"})
        text = body.decode()
        assert (status, "That was not done: It was acknowledged already, by Ann" in text) == (409, True)
        assert "Acknowledged by <bdi>Ann" in text
        assert "<form" not in text
        assert len(await answers(it)) == 1


@pytest.mark.parametrize(("length", "hours"), [("1h", 1), ("4h", 4), ("1d", 24)])
async def test_it_is_put_off_for_as_long_as_was_clicked(length: str, hours: int, tmp_path: Path) -> None:
    async with stuck(tmp_path) as (it, link):
        assert (await it.ask(link, "POST", data={"do": length}))[0] == 303
        (event,) = await answers(it)
        assert (event.type, event.data["by"]) == (EventType.NOTIFICATION_SNOOZED, "somebody with the link")
        until = datetime.fromisoformat(event.data["until"])
        assert abs(until - event.detected_at - timedelta(hours=hours)) <= timedelta(seconds=1)
        body = (await it.ask(link))[2].decode()
        assert "Put off by <bdi>somebody with the link</bdi> until <time" in body
        assert "<form" in body, "it may still be acknowledged"


async def test_whoever_reads_the_log_hears_of_an_answer(tmp_path: Path) -> None:
    async with stuck(tmp_path) as (it, link):
        rung: list[int] = []
        it.site.inside.ring = lambda: rung.append(1)
        await it.ask(link)
        assert rung == []
        await it.ask(link, "POST", data={"do": "ack"})
        assert rung == [1]


async def test_a_link_of_before_all_were_ended_says_so_opens_nothing_and_is_no_guess(tmp_path: Path) -> None:
    async with stuck(tmp_path) as (it, link):
        await it.store.write(end_links)
        touched = link[:-5] + ("A" if link[-5] != "A" else "B") + link[-4:]
        for method in ("GET", "POST") * 10:
            status, _, body = await it.ask(link, method, data={"do": "ack"} if method == "POST" else None)
            assert (status, "This link was ended." in body.decode()) == (410, True)
        assert (await it.ask(touched))[0] == 404
        assert await answers(it) == []
        fresh = await it.store.write(silent.link)
        assert (await it.ask(fresh, "POST", data={"do": "ack"}))[0] == 303


async def test_a_link_that_ended_or_was_touched_or_is_of_nothing_opens_nothing(tmp_path: Path) -> None:
    async with stuck(tmp_path) as (it, link):
        write, past = it.store.write, datetime.now(UTC) - timedelta(seconds=1)
        expired = await write(lambda conn: silent.link(conn, until=past))
        gone = await write(lambda conn: silent.link(conn, "f" * 32))
        touched = link[:-5] + ("A" if link[-5] != "A" else "B") + link[-4:]
        for path, status, said in (
            (expired, 410, "This link has expired."),
            (touched, 404, "This link leads to no message."),
            (gone, 404, "This link leads to no message."),
            ("/answer/nix", 404, "This link leads to no message."),
            ("/answer/%00%ff", 400, "UTF-8"),
        ):
            for method in ("GET", "POST"):
                found, headers, body = await it.ask(path, method, data={"do": "ack"} if method == "POST" else None)
                assert (found, said in body.decode()) == (status, True), (path, method, body)
                assert headers.get("Set-Cookie") is None
        assert await answers(it) == []


async def test_a_store_without_a_key_knows_no_link(tmp_path: Path) -> None:
    async with served(tmp_path, token=True) as it:
        assert (await it.ask("/answer/" + "A" * 92))[0] == 404


async def test_a_form_that_says_something_else_is_refused(tmp_path: Path) -> None:
    async with stuck(tmp_path) as (it, link):
        for data in ({"do": "100d"}, {"do": ""}, {}, b"\xff\xfe", b"&" * 60_000):
            assert (await it.ask(link, "POST", data=data))[0] == 400
        assert (await it.ask(link, "POST", data=b"do=ack&" + b"x" * 70_000))[0] == 413
        assert await answers(it) == []


async def test_guessing_is_slowed_as_at_the_sign_in_and_a_good_link_of_somebody_else_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stuck(tmp_path) as (it, link):
        tries_ = {"X-Forwarded-For": "203.0.113.9"}
        monkeypatch.setattr(tries, "PENANCE", 1.0)
        guesses = [asyncio.create_task(it.ask(f"/answer/{number}", headers=tries_)) for number in range(30)]
        found = [status for status, _, _ in await asyncio.gather(*guesses)]
        assert sorted(set(found)) == [404, 429]
        assert found.count(404) <= tries.AT_ONCE
        assert (await it.ask(link, headers={"X-Forwarded-For": "203.0.113.10"}))[0] == 200


async def test_one_message_takes_only_so_many_answers_by_its_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "MOST", 3)
    async with stuck(tmp_path) as (it, link):
        found = [(await it.ask(link, "POST", data={"do": "1h"}))[0] for _ in range(5)]
        assert found == [303, 303, 303, 429, 429]
        assert len(await answers(it)) == 3


async def test_the_host_is_checked_and_nothing_of_the_page_leaks(tmp_path: Path) -> None:
    async with stuck(tmp_path) as (it, link):
        assert (await it.ask(link, headers={"Host": "evil.example.org"}))[0] == 421
        status, headers, body = await it.ask(link, headers=HOST)
        assert status == 200
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["X-Robots-Tag"] == "noindex, nofollow"
        assert headers["Cache-Control"] == "no-store"
        policy = headers["Content-Security-Policy"]
        assert "script-src" not in policy
        assert {"default-src 'none'", "form-action 'self'", "frame-ancestors 'none'"} <= set(policy.split("; "))
        assert headers["X-Frame-Options"] == "DENY"
        for sign in (b"<script", b"style=", b" src=", b"http://", TOKEN.encode()):
            assert sign not in body


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_what_a_platform_calls_a_job_stays_a_word(language: str, tmp_path: Path) -> None:
    async with stuck(tmp_path, title=HOSTILE) as (it, link):
        headers = {"Accept-Language": language}
        await it.ask(link, "POST", data={"do": "1h", "name": "<b>{until}</b>\x1b[2J"}, headers=headers)
        text = (await it.ask(link, headers=headers))[2].decode()
        assert "<script>alert" not in text
        assert "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#x27;&amp;{by}" in text
        assert "<bdi>&lt;b&gt;{until}&lt;/b&gt;[2J (by the link)</bdi>" in text
        assert ('lang="zh-Hans"' in text, "推迟 4 小时" in text) == (language != "en",) * 2


async def test_what_is_over_may_be_acknowledged_and_not_put_off(tmp_path: Path) -> None:
    async with stuck(tmp_path) as (it, link):
        await it.store.write(silent.forget)
        text = (await it.ask(link))[2].decode()
        assert "Nothing more will be sent of it by itself" in text
        assert 'value="ack"' in text
        assert 'value="1h"' not in text
        assert "Snoozed" not in text, "it speaks of no button that is not there"
        status, _, body = await it.ask(link, "POST", data={"do": "1h"})
        assert (status, b"That was not done: Nothing follows this message any more" in body) == (409, True)


async def test_a_message_whose_rule_has_gone_is_shown_and_asks_for_nothing(tmp_path: Path) -> None:
    async with stuck(tmp_path) as (it, link):
        it.site.inside.settings = settings(tmp_path, http=f"token: {TOKEN}, {PUBLIC}")
        status, _, body = await it.ask(link)
        assert (status, b"Nothing more will be sent" in body, b"<form" in body) == (200, True, False)
        status, _, body = await it.ask(link, "POST", data={"do": "ack"})
        assert (status, b"nothing follows it" in body) == (409, True)
        assert await answers(it) == []
