"""Who may ask over the HTTP port: names, tokens, sessions, and pages of other sites."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from monitor.fields import Secret
from monitor.settings import Listen
from monitor.web import tries
from monitor.web.guard import Guard
from monitor.web.session import LIFE, Sessions
from monitor.web.tries import Tries
from tests.kit.until import until
from tests.kit.web import TOKEN, Served, served

BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tries, "PENANCE", 0.02)


async def status(it: Served, path: str, method: str = "GET", **headers: str) -> int:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return (await it.ask(path, method, headers=named))[0]


async def signed_in(it: Served, **headers: str) -> str:
    found, answered, _ = await it.ask("/sign-in", "POST", data={"token": TOKEN}, headers=headers)
    assert (found, answered["Location"]) == (303, "/")
    return answered["Set-Cookie"].split(";")[0]


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", 200),
        ("LOCALHOST:8650", 200),
        ("127.0.0.1:1", 200),
        ("10.1.2.3", 200),
        ("[::1]:8650", 200),
        ("monitor.example.org", 200),
        ("monitor.example.org.:443", 200),
        ("evil.example.org", 421),
        ("localhost.evil.example.org", 421),
        ("127.0.0.1.evil.example.org", 421),
        ("monitor.example.org@evil.example.org", 421),
        ("127.0.0.1:8650:1", 421),
        ("0x7f000001", 421),
        ("2130706433", 421),
        ("", 421),
    ],
)
async def test_only_names_of_ours_and_addresses_are_answered_to(host: str, expected: int, tmp_path: Path) -> None:
    async with served(tmp_path, http="public_url: https://monitor.example.org") as it:
        for path in ("/api/v1/jobs", "/healthz", "/"):
            found, headers, body = await it.ask(path, headers={"Host": host})
            assert found == expected
            if expected == 421:
                assert headers["Content-Type"] == "application/problem+json"
                assert "http.public_url" in json.loads(body)["hint"]


async def test_two_hosts_are_refused_and_none_at_all_is_no_browser(tmp_path: Path) -> None:
    async with served(tmp_path) as it:
        for sent, word in (
            (b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: evil.example.org\r\nConnection: close\r\n\r\n", b" 4"),
            (b"GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n", b" 400 "),
            (b"GET /healthz HTTP/1.0\r\n\r\n", b" 200 "),
        ):
            assert word in (await it.raw(sent)).split(b"\r\n")[0]


async def test_without_a_token_everybody_here_may_read_and_nobody_may_change(tmp_path: Path) -> None:
    async with served(tmp_path) as it:
        assert await status(it, "/api/v1/jobs") == 200
        assert await status(it, "/metrics") == 200
        for headers in ({}, BEARER):
            found, answered, body = await it.ask("/api/v1/sinks/journal/test", "POST", headers=headers)
            assert (found, answered["Content-Type"]) == (403, "application/problem+json")
            assert "http.token" in json.loads(body)["hint"]


async def test_without_a_token_a_port_that_others_reach_answers_nothing() -> None:
    """The config file refuses it; should it come so far all the same, it is closed and not open."""
    options: Any = type("Options", (), {"token": None, "public_url": None})
    guard = Guard(listen=Listen("192.0.2.1", 80), options=lambda: options, sessions=Sessions(), tries=Tries())
    with pytest.raises(Exception, match="reached from other machines"):
        guard._check_local(None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "path", ["/api/v1/jobs", "/api/v1/events/stream", "/metrics", "/nothing", "/api/v1/nothing", "/"]
)
async def test_with_a_token_everything_needs_it(path: str, tmp_path: Path) -> None:
    async with served(tmp_path, token=True) as it:
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {TOKEN}"}, {"Cookie": TOKEN}):
            found, answered, body = await it.ask(path, headers=headers)
            assert (found, answered["Content-Type"]) == (401, "application/problem+json")
            assert answered["WWW-Authenticate"].startswith("Bearer")
            assert TOKEN.encode() not in body
    # and it opens with it, but for the stream, which does not end by itself


async def test_the_right_token_opens_and_health_is_open_to_all(tmp_path: Path) -> None:
    async with served(tmp_path, token=True) as it:
        assert await status(it, "/api/v1/jobs", **BEARER) == 200
        assert await status(it, "/api/v1/jobs", Authorization=f"bearer  {TOKEN} ") == 200
        assert await status(it, "/nothing", **BEARER) == 404
        for path in ("/healthz", "/readyz", "/sign-in"):
            assert await status(it, path) == 200


@pytest.mark.parametrize(
    "line",
    [
        b"Cookie: training-monitor=1.\xff\xfe",
        b"Cookie: training-monitor=\xe2\x80\xae.x; training-monitor=",
        b"Authorization: Bearer \xff\xfe",
        b"Authorization: Bearer",
        b"Authorization: \xff",
        b"Accept: \xff\r\nOrigin: \xff\r\nIf-None-Match: \xff",
    ],
)
async def test_headers_that_are_no_text_are_refused_like_wrong_ones(line: bytes, tmp_path: Path) -> None:
    async with served(tmp_path, token=True) as it:
        for method in (b"GET", b"POST"):
            sent = method + b" /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + line + b"\r\n\r\n"
            assert b" 401 " in (await it.raw(sent)).split(b"\r\n")[0]


async def test_a_new_token_of_a_reload_counts_at_once_and_ends_all_sessions(tmp_path: Path) -> None:
    async with served(tmp_path, token=True) as it:
        cookie = await signed_in(it)
        settings = it.site.inside.settings
        object.__setattr__(
            settings, "http", settings.http.model_copy(update={"token": Secret("another-token-of-24-char")})
        )
        assert await status(it, "/api/v1/jobs", **BEARER) == 401
        assert await status(it, "/api/v1/jobs", Cookie=cookie) == 401
        assert await status(it, "/api/v1/jobs", Authorization="Bearer another-token-of-24-char") == 200


async def test_who_guesses_waits_and_only_few_guesses_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tries, "PENANCE", 0.3)
    found: list[int] = []
    async with served(tmp_path, token=True) as it:

        async def guess() -> None:
            found.append(await status(it, "/api/v1/jobs", Authorization="Bearer guess"))

        start = time.monotonic()
        async with anyio.create_task_group() as group:
            for _ in range(20):
                group.start_soon(guess)
        assert time.monotonic() - start >= 0.3
        assert (found.count(401), found.count(429)) == (tries.AT_ONCE, 20 - tries.AT_ONCE)
        assert await status(it, "/api/v1/jobs", **BEARER) == 200


@pytest.mark.parametrize("leaves", [False, True])
async def test_beyond_a_few_guesses_no_token_of_that_address_is_looked_at_and_others_get_in(
    leaves: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A guess that is answered at once, as wrong or as one too many, costs nothing: then nothing is slowed."""
    monkeypatch.setattr(tries, "PENANCE", 30.0)
    public = "public_url: https://monitor.example.org"
    async with served(tmp_path, token=True, http=public) as it, anyio.create_task_group() as group:
        found: list[int] = []
        guesser, other = "203.0.113.5", "198.51.100.1, 203.0.113.6"  # before the last it is what the client said
        cookie = await signed_in(it)

        async def guess() -> None:
            with anyio.move_on_after(0.3 if leaves else 60):
                headers = {"Authorization": "Bearer guess", "X-Forwarded-For": f"{other}, {guesser}"}
                found.append((await it.ask("/api/v1/jobs", headers=headers))[0])

        async with anyio.create_task_group() as guesses:
            for _ in range(tries.AT_ONCE + 1):
                (guesses if leaves else group).start_soon(guess)
        await until(lambda: found == [429])
        for address, expected in ((guesser, 429), (other, 200)):
            assert await status(it, "/api/v1/jobs", X_Forwarded_For=address, **BEARER) == expected
            headers = {"X-Forwarded-For": address}
            given = {"token": TOKEN}
            assert (await it.ask("/sign-in", "POST", data=given, headers=headers))[0] == {429: 429, 200: 303}[expected]
        assert await status(it, "/api/v1/jobs", X_Forwarded_For=guesser, Cookie=cookie) == 200
        assert await status(it, "/api/v1/jobs", **BEARER) == 200, "the proxy's own machine"
        group.cancel_scope.cancel()


async def test_without_a_proxy_nobody_says_for_himself_where_he_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tries, "PENANCE", 0.3)
    found: list[int] = []
    async with served(tmp_path, token=True) as it, anyio.create_task_group() as group:

        async def guess(number: int) -> None:
            headers = {"Authorization": "Bearer guess", "X-Forwarded-For": f"203.0.113.{number}"}
            found.append((await it.ask("/api/v1/jobs", headers=headers))[0])

        for number in range(tries.AT_ONCE + 2):
            group.start_soon(guess, number)
    assert found.count(429) == 2


async def test_a_guess_whose_body_comes_late_is_counted_when_it_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tries, "PENANCE", 0.3)
    found: list[int] = []
    async with served(tmp_path, token=True) as it:
        together, waiting = anyio.Event(), 0

        async def late() -> AsyncIterator[bytes]:
            nonlocal waiting
            yield b"token="
            waiting += 1
            await together.wait()
            yield b"guess"

        async def guess() -> None:
            found.append((await it.ask("/sign-in", "POST", data=late()))[0])

        async with anyio.create_task_group() as group:
            for _ in range(12):
                group.start_soon(guess)
            await until(lambda: waiting == 12)
            together.set()
    assert (found.count(401), found.count(429)) == (tries.AT_ONCE, 12 - tries.AT_ONCE)


async def test_tries_forget_who_does_not_wait_and_count_a_whole_network_of_ipv6() -> None:
    counted = Tries()
    async with anyio.create_task_group() as group:
        for number in range(tries.AT_ONCE):
            group.start_soon(counted.wrong, f"2001:db8::{number:x}")
        await anyio.lowlevel.checkpoint()
        assert counted.full("2001:db8::ffff")
        assert not counted.full("2001:db8:0:1::1")
        assert not counted.full(None)
    assert counted._waiting == {}


async def test_a_change_by_cookie_needs_a_page_of_ours(tmp_path: Path) -> None:
    async with served(tmp_path, token=True, http="public_url: https://monitor.example.org") as it:
        cookie = await signed_in(it)
        path, own = "/api/v1/nothing", f"http://127.0.0.1:{it.port}"

        async def post(**headers: str) -> int:
            return await status(it, path, "POST", Cookie=cookie, **headers)

        assert await post() == 403
        assert await post(Origin="null") == 403
        assert await post(Origin="https://evil.example.org") == 403
        assert await post(Origin=f"http://127.0.0.1:{it.port + 1}") == 403
        assert await post(Sec_Fetch_Site="cross-site", Origin=own) == 403
        assert await post(Sec_Fetch_Site="same-site") == 403
        assert await post(Sec_Fetch_Site="same-origin") == 404
        assert await post(Origin=own) == 404
        assert await post(Origin="https://monitor.example.org") == 404
        assert await status(it, path, "POST", **BEARER, Origin="https://evil.example.org") == 404


async def test_a_session_is_neither_forged_nor_older_than_12_hours() -> None:
    now = 1_000_000.0
    token = Secret(TOKEN)
    sessions = Sessions(lambda: now)
    cookie = sessions.open(token)
    until, proof = cookie.split(".")
    assert TOKEN not in cookie
    assert sessions.holds(cookie, token)
    assert sessions.open(token) != cookie, "of two who sign in together each can sign out alone"
    later = f"{int(until.partition('-')[0]) + 1}-{until.partition('-')[2]}"
    for forged in ("", ".", "x", f"{later}.{proof}", f"{until}.{proof[:-1]}", f"{until}.é", f"é.{proof}"):
        assert not sessions.holds(forged, token)
    assert not Sessions(lambda: now).holds(cookie, token)
    now += LIFE
    assert not sessions.holds(cookie, token)


async def test_a_session_that_ended_is_remembered_until_it_would_have_ended() -> None:
    now, token = 1_000_000.0, Secret(TOKEN)
    sessions = Sessions(lambda: now)
    first, second = sessions.open(token), sessions.open(token)
    for nonsense in ("", "x", f"{first}x"):
        sessions.end(nonsense, token)
    assert (sessions.ends, sessions.holds(first, token)) == (0, True)
    sessions.end(first, token)
    sessions.end(first, token)
    assert (sessions.ends, sessions.holds(first, token), sessions.holds(second, token)) == (1, False, True)
    now += LIFE
    third = sessions.open(token)
    sessions.end(third, token)
    assert list(sessions._ended) == [third]
