"""What people and pages that reach the port try: what is not pinned in tests/web, over every route that there is."""

from __future__ import annotations

import gzip
import json
import resource
from pathlib import Path

import pytest

from monitor.web import tries
from monitor.web.api.routes import ROUTES
from monitor.web.page.files import read_site
from tests.kit.web import TOKEN, Served, served

BEARER = {"Authorization": f"Bearer {TOKEN}"}
EVIL = {"Origin": "https://evil.example.org", "Sec-Fetch-Site": "cross-site"}
CHANGES = [route for route in ROUTES if route.method != "GET"]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tries, "PENANCE", 0.02)


def path_of(route: str) -> str:
    return "".join("1" if part.startswith("{") else part for part in route.replace("/", " / ").split())


async def cookie(it: Served) -> dict[str, str]:
    _, headers, _ = await it.ask("/sign-in", "POST", data={"token": TOKEN})
    return {"Cookie": headers["Set-Cookie"].split(";")[0]}


async def test_no_change_is_made_for_a_page_of_another_site(tmp_path: Path) -> None:
    async with served(tmp_path, token=True) as it:
        session = await cookie(it)
        assert len(CHANGES) >= 6
        for route in CHANGES:
            for proof in (EVIL, {"Origin": "null"}, {"Origin": "http://localhost.evil.example.org"}, {}):
                status, _, _ = await it.ask(path_of(route.path), route.method, headers=session | proof)
                assert status == 403, (route.path, proof)
            assert (await it.ask(path_of(route.path), route.method, headers=EVIL))[0] == 401, (
                "and not without a session"
            )
        assert (await it.ask("/sign-in", "POST", data={"token": TOKEN}, headers=EVIL))[0] == 403
        assert (await it.ask("/sign-out", "POST", headers=session | EVIL))[0] == 403
        assert (await it.ask("/api/v1/jobs", headers=session))[0] == 200, "the session still lasts"


async def test_no_change_is_made_by_looking(tmp_path: Path) -> None:
    """A picture on a page of somebody else makes a GET."""
    looked = {route.path for route in ROUTES if route.method == "GET"}
    async with served(tmp_path, token=True) as it:
        for route in CHANGES:
            if route.path not in looked:
                for method in ("GET", "HEAD", "OPTIONS", "TRACE", "PUT", "PATCH"):
                    status, _, _ = await it.ask(path_of(route.path), method, headers=BEARER)
                    assert status in (404, 405), (method, route.path)


async def test_no_answer_lets_another_origin_read_it_or_shows_what_was_sent(tmp_path: Path) -> None:
    asks = EVIL | {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    async with served(tmp_path, token=True) as it:
        paths = [
            "/",
            "/sign-in",
            "/metrics",
            "/healthz",
            "/readyz",
            "/answer/x",
            "/static/x",
            "/nothing",
            "/favicon.ico",
        ]
        for path in [*paths, *{path_of(route.path) for route in ROUTES}]:
            for method in ("GET", "OPTIONS", "TRACE"):
                status, headers, body = await it.ask(path, method, headers=BEARER | asks)
                assert not [name for name in headers if name.lower().startswith("access-control")]
                assert TOKEN.encode() not in body
                assert status != 200 or method != "TRACE"
                assert headers["X-Content-Type-Options"] == "nosniff"
                assert headers["X-Frame-Options"] == "DENY"
                assert "Content-Security-Policy" in headers
                assert headers["Cache-Control"] == "no-store" or path.startswith(("/static", "/favicon")) or path == "/"


async def test_what_is_said_to_who_may_ask_is_kept_by_no_cache(tmp_path: Path) -> None:
    async with served(tmp_path, token=True) as it:
        for path in ("/api/v1/jobs", "/api/v1/events", "/metrics", "/readyz", "/sign-in", "/api/v1/nothing"):
            assert (await it.ask(path, headers=BEARER))[1]["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "path",
    [
        "/static/{version}/../../web/guard.py", "/static/{version}/..%2f..%2fweb%2fguard.py",
        "/static/{version}/%2e%2e/%2e%2e/guard.py", "/static/{version}/..%5c..%5cguard.py",
        "/static/{version}//etc/passwd", "/static/{version}/%2fetc%2fpasswd", "/static//etc/passwd",
        "/static/{version}/js/..;/..;/guard.py", "/static/{version}/%252e%252e/guard.py", "/static/{version}/.",
        "/static/{version}/js%00.py", "/static/../../../../etc/passwd", "/answer/../../etc/passwd",
    ],
)  # fmt: skip
async def test_no_path_leads_out_of_the_pages_files(path: str, tmp_path: Path) -> None:
    async with served(tmp_path) as it:
        asked = path.format(version=read_site().version).encode()
        answer = await it.raw(b"GET " + asked + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert answer.split(b" ", 2)[1] in (b"400", b"404")
    assert b"root:" not in answer
    assert b"import" not in answer


async def test_a_body_that_unpacks_to_very_much_is_refused_and_not_unpacked(tmp_path: Path) -> None:
    bomb = gzip.compress(gzip.compress(b"\0" * 30_000_000, 9) + b"\0" * 60_000_000, 9)
    assert len(bomb) < 64 * 1024
    async with served(tmp_path, token=True) as it:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for path, headers in (("/sign-in", {}), ("/api/v1/sinks/journal/test", BEARER), ("/answer/x", {})):
            packed = {"Content-Encoding": "gzip", "Content-Type": "application/x-www-form-urlencoded"}
            status, _, _ = await it.ask(path, "POST", data=bomb, headers=headers | packed)
            assert status in (400, 404, 413), path
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 30_000, "kB"
        assert (await it.ask("/healthz"))[0] == 200


async def test_a_problem_repeats_what_was_asked_as_json_and_nothing_else(tmp_path: Path) -> None:
    async with served(tmp_path) as it:
        for path in ("/api/v1/<script>alert(1)</script>", "/api/v1/jobs?%3Cscript%3E=1", "/%3Cscript%3E"):
            _, headers, body = await it.ask(path)
            kind = headers["Content-Type"].partition(";")[0]
            assert kind in ("application/problem+json", "text/plain")
            if kind.endswith("json"):
                json.loads(body)
