"""The parsers of what reaches the port, and of what sinks answer: requests, links, cookies, cursors, receipts."""

from __future__ import annotations

import asyncio
import contextlib
import json
import queue
import socket
import tempfile
import threading
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from multidict import CIMultiDict

from monitor.fields import Secret
from monitor.model import rfc3339
from monitor.routing.links import LIFE, BadLink, LinkExpired, read, sign
from monitor.sinks.alertmanager import standing
from monitor.sinks.apprise import answers
from monitor.sinks.apprise.dialects import DIALECTS
from monitor.sinks.apprise.verdict import judge
from monitor.sinks.posting import of_answer
from monitor.web.api import Problem
from monitor.web.api.cursor import pack, places
from monitor.web.session import Sessions
from monitor.wire import Answer
from tests.fuzz.hostile import VALUES
from tests.fuzz.parser import Parser
from tests.fuzz.planted import API_KEY, SECRET_KEY, TOKEN

NOW = datetime(2026, 11, 21, tzinfo=UTC)
_KEY = b"k" * 32
_ID = "0123456789abcdef0123456789abcdef"
_HEAD = b"Host: localhost\r\nAuthorization: Bearer " + TOKEN.encode() + b"\r\nConnection: close\r\n"


@cache
def _port() -> int:
    """A port over a real store with something of everything, served by a thread of its own for the process's life."""
    from tests.kit.api import seed
    from tests.kit.web import served

    found: queue.Queue[int] = queue.Queue()

    async def serve() -> None:
        async with served(Path(tempfile.mkdtemp(prefix="training-monitor-fuzz-")), http=f"token: {TOKEN}") as it:
            await it.store.write(seed)
            found.put(it.port)
            await asyncio.Event().wait()

    threading.Thread(target=asyncio.run, args=(serve(),), daemon=True).start()
    return found.get(timeout=30)


def request(data: bytes) -> Iterable[str]:
    """The first line as it is, then that we may ask, then the rest: whatever comes back is no bug of ours."""
    first, _, rest = data.partition(b"\n")
    with socket.create_connection(("127.0.0.1", _port()), timeout=0.25) as connection, contextlib.suppress(OSError):
        connection.sendall(first.rstrip(b"\r") + b"\r\n" + _HEAD + rest + b"\r\n\r\n")
        got = b""
        while len(got) < 4_000_000 and (piece := connection.recv(65536)):
            got += piece
        assert not got or got.startswith(b"HTTP/"), got[:100]
        assert b" 500 " not in got[:20], got[:2000]
        yield got.decode("utf-8", "replace")


def links(data: bytes) -> Iterable[str]:
    """Nobody but the holder of the key makes one."""
    token = data.decode("utf-8", "surrogateescape")
    with contextlib.suppress(BadLink, LinkExpired):
        assert read(_KEY, token, NOW) == _ID
        assert token == sign(_KEY, _ID, NOW + LIFE), "somebody else made a link"
    return ()


def cookies(data: bytes) -> Iterable[str]:
    given, sessions, token = data.decode("utf-8", "surrogateescape"), Sessions(lambda: 1e9), Secret(TOKEN)
    assert not sessions.holds(given, token)
    assert sessions.is_token(given, token) == (given == TOKEN)
    sessions.end(given, token)
    assert sessions.ends == 0
    with contextlib.suppress(Problem):
        places("jobs", given, int, 1)
    with contextlib.suppress(Problem):
        places("flavors", given, str, 3)
    return ()


def receipts(data: bytes) -> Iterable[str]:
    """An answer to a webhook, and to each service of Apprise whose body is read."""
    status, body = (200, 400, 429, 503, 302, 201, 404, 410)[data[0] % 8 if data else 0], data[1:]
    told = of_answer(Answer(status, CIMultiDict({"Retry-After": body.decode("latin-1")}), body, NOW))
    yield told.detail
    for name, dialect in DIALECTS.items():
        if (refusal := answers.read(status, body, dialect)) is not None:
            yield answers.receipt_of(name, [refusal], f"slack://{SECRET_KEY}/{API_KEY}").detail
    text = body.decode("utf-8", "replace")
    yield judge("Slack", [text], [f"exception {text}"], f"slack://{SECRET_KEY}/{API_KEY}").detail


def alerts(data: bytes) -> Iterable[str]:
    try:
        found = standing.read(data)
    except ValueError as error:
        return [str(error)]
    return [each.state or rfc3339(max(each.starts_at, NOW)) for each in found]


ALERTS: Any = [{"labels": {"type": "job.failed", "source": "training-monitor"}, "annotations": {"summary": "x"},
                "generatorURL": "https://m", "startsAt": "2026-11-21T00:00:00Z"}]  # fmt: skip
REFUSED: Mapping[str, Any] = {"errcode": 310000, "errmsg": f"bad {SECRET_KEY}", "code": 9499, "msg": f"x {API_KEY}"}
_PATHS = (
    b"GET /api/v1/jobs?account=north&state=running&limit=5&search=a",
    b"GET /api/v1/events?type=job.*&since=2026-01-01T00:00:00Z",
    b"GET /api/v1/jobs/north/ft-1", b"GET /api/v1/usage?by=model&by=account&since=2026-01-01T00:00:00Z",
    b"GET /api/v1/flavors",
    b"GET /api/v1/flavors/history?account=north&flavor=f", b"GET /api/v1/notifications?reason=new",
    b"GET /api/v1/rules",
    b"POST /api/v1/silences?match=true&for=1h&comment=x", b"POST /api/v1/deliveries/1/retry", b"HEAD /",
    b"GET /static/x/js/main.js",
    b"GET /answer/AAAA", b"POST /sign-in", b"POST /sign-out", b"OPTIONS /api/v1/jobs", b"GET /metrics",
    b"GET /readyz",
    b"GET /api/v1/events/1/explanation", b"POST /api/v1/sinks/journal/test", b"GET /api/v1/status",
    b"TRACE /api/v1/jobs",
)  # fmt: skip
_HTTP = [b"%00", b"%ff", b"%2e%2e/", b"../", b"//", b"?", b"&", b"=", b"%0d%0a", b"\r\n", b"HTTP/1.0", b"HTTP/2.0",
    b"Content-Length: 5\r\n",
         b"Content-Encoding: gzip\r\n", b"Transfer-Encoding: chunked\r\n", b"\r\n\r\n", b"cursor=", b"limit=-1",
         b"after=9223372036854775808",
         b"since=0000-00-00", b"\xed\xa0\x80", b"%ed%a0%80", b"Host: evil\r\n", b"Cookie: training-monitor=1.x\r\n",
         b"Origin: null\r\n",
         b"Last-Event-ID: 1\r\n", b"If-None-Match: *\r\n", b"Accept: */*\r\n", b"Accept-Language: zh;q=nan\r\n",
         b"Range: bytes=0-\r\n",
         b"Expect: 100-continue\r\n", b"Upgrade: websocket\r\n", b"until=99999-01-01", b"account=%27%3B--",
         b"*" * 99]  # fmt: skip
_LINK = sign(_KEY, _ID, NOW + LIFE).encode()
_OPENED = Sessions(lambda: 1e9).open(Secret(TOKEN)).encode()
PARSERS = (
    Parser("requests", request, [each + b" HTTP/1.1\r\n\r\n" for each in _PATHS], _HTTP, (TOKEN,), weight=4),
    Parser("signed links", links, [_LINK, sign(b"o" * 32, _ID, NOW + LIFE).encode()], [b"=", b"-", b"_", b"\n",
    b"AAAA", b"\xff"]),
    Parser("cookies and cursors", cookies, [_OPENED, TOKEN.encode(), pack("jobs", 5).encode(), pack("x", "a", "b",
    "c").encode()],
           [b".", b"-", b"=", b"9" * 30, b"\xff", b"\0"]),
    Parser("sinks' answers", receipts, [b"\0" + json.dumps(REFUSED).encode(), b"\1error=401, <html>", b"\2120"],
    VALUES, (SECRET_KEY, API_KEY), [REFUSED], b"\0"),
    Parser("alerts", alerts, [json.dumps(ALERTS).encode()], VALUES, (), [ALERTS]),
)  # fmt: skip
