"""The sign-in form, as a browser without scripts uses it."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.web import tries
from monitor.web.signin import language
from tests.kit.web import TOKEN, served

HTML = {"Accept": "text/html,application/xhtml+xml"}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tries, "PENANCE", 0.02)


async def test_a_person_is_led_to_the_form_and_from_it_to_the_page(tmp_path: Path) -> None:
    async with served(tmp_path, token=True) as it:
        status, headers, _ = await it.ask("/", headers=HTML)
        assert (status, headers["Location"]) == (303, "/sign-in")

        status, headers, body = await it.ask("/sign-in", headers=HTML)
        assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
        assert b'<form method="post" action="/sign-in">' in body
        assert b"<script" not in body
        assert b"style=" not in body
        assert headers["Referrer-Policy"] == "same-origin"
        assert (await it.ask("/static/sign-in.css"))[0] == 200

        status, headers, _ = await it.ask("/sign-in", "POST", data={"token": f" {TOKEN}\n"})
        assert (status, headers["Location"]) == (303, "/")
        cookie = headers["Set-Cookie"]
        assert TOKEN not in cookie
        assert {"HttpOnly", "Path=/", "SameSite=Strict", "Max-Age=43200"} <= set(cookie.split("; "))
        assert "Secure" not in cookie

        assert (await it.ask("/", headers={"Cookie": cookie.split(";")[0]}))[0] == 200
        assert (await it.ask("/api/v1/jobs", headers={"Cookie": cookie.split(";")[0]}))[0] == 200


async def test_a_wrong_token_is_said_and_not_shown(tmp_path: Path) -> None:
    async with served(tmp_path, token=True) as it:
        for data in (b"token=%3Cb%3Ewrong", b"", b"token=", b"\xff\xfe", b"&" * 60_000, b"token=%FF"):
            status, headers, body = await it.ask("/sign-in", "POST", data=data)
            assert (status, headers.get("Set-Cookie")) == (401, None)
            assert b"This is not the token." in body
            assert b"wrong<" not in body.replace(b'class="wrong"', b"")


async def test_the_cookie_is_secure_where_people_come_by_https(tmp_path: Path) -> None:
    async with served(tmp_path, token=True, http="public_url: https://monitor.example.org") as it:
        _, headers, _ = await it.ask("/sign-in", "POST", data={"token": TOKEN})
        assert "Secure" in headers["Set-Cookie"].split("; ")


async def test_a_page_of_another_site_signs_nobody_in_or_out(tmp_path: Path) -> None:
    async with served(tmp_path, token=True) as it:
        for path in ("/sign-in", "/sign-out"):
            for headers in ({"Origin": "https://evil.example.org"}, {"Sec-Fetch-Site": "cross-site"}):
                status, found, _ = await it.ask(path, "POST", data={"token": TOKEN}, headers=headers)
                assert (status, found.get("Set-Cookie")) == (403, None)


async def test_signing_out_takes_the_cookie_back_and_ends_the_session_here_too(tmp_path: Path) -> None:
    async with served(tmp_path, token=True) as it:
        _, headers, _ = await it.ask("/sign-in", "POST", data={"token": TOKEN})
        cookie = headers["Set-Cookie"].split(";")[0]
        own = f"http://127.0.0.1:{it.port}"
        assert b'action="/sign-out" hidden' not in (await it.ask("/", headers={"Cookie": cookie}))[2]
        assert b'action="/sign-out" hidden' in (await it.ask("/", headers={"Authorization": f"Bearer {TOKEN}"}))[2]
        status, headers, _ = await it.ask("/sign-out", "POST", headers={"Cookie": cookie, "Origin": own})
        assert (status, headers["Location"]) == (303, "/sign-in")
        assert "Max-Age=0" in headers["Set-Cookie"]
        assert (await it.ask("/api/v1/jobs", headers={"Cookie": cookie}))[0] == 401, "a copy of it opens nothing"


async def test_without_a_token_there_is_nothing_to_sign_in_to(tmp_path: Path) -> None:
    async with served(tmp_path) as it:
        status, headers, _ = await it.ask("/sign-in")
        assert (status, headers["Location"]) == (303, "/")


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        ("", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en-GB,en;q=0.9,zh;q=0.8", "en"),
        ("fr, zh;q=0.2", "zh"),
        ("zh;q=nonsense, de", "en"),
        ("de;q=1", "en"),
    ],
)
def test_the_form_speaks_english_or_chinese(accepted: str, expected: str) -> None:
    assert language(accepted) == expected


async def test_the_chinese_form_says_so(tmp_path: Path) -> None:
    async with served(tmp_path, token=True) as it:
        _, headers, body = await it.ask("/sign-in", headers={"Accept-Language": "zh-CN"})
        assert headers["Content-Language"] == "zh-Hans"
        assert "登录" in body.decode()
