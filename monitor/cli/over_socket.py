"""The way over the control socket, with nothing but the standard library, for a command starts fast or is not used."""

from __future__ import annotations

import contextlib
import json
import select
import time
from collections.abc import Iterator, Sequence
from http.client import HTTPConnection, HTTPException, HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from monitor.cli import sockets
from monitor.cli.failure import Failure

TICK = 0.5
"""Seconds between two looks at whether a stream is still wanted."""
SILENCE = 45.0
"""Seconds without even a ping after which a stream is opened anew."""
RETURN = 60.0
"""Seconds in which a daemon that was lost must be back."""
Query = Sequence[tuple[str, str]]
_LOST = (HTTPException, OSError)


class OverSocket:
    """Each request takes a connection of its own, so that none is stale."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def send(self, method: str, path: str, query: Query) -> tuple[int, Any]:
        with self._open(method, path, query) as response:
            return response.status, self._document(response)

    def stream(self, path: str, query: Query) -> Iterator[dict[str, Any] | None]:
        """The data of each event, and None now and then where there is none. Goes on after a restart of the daemon,
        from the last event; without one from `after`."""
        given = [pair for pair in query if pair[0] != "after"]
        after = dict(query).get("after")
        lost: float | None = None
        while True:
            try:
                with self._open("GET", path, [*given, *([("after", after)] if after else [])]) as response:
                    if response.status >= 400:
                        raise _refused(response.status, self._document(response))
                    for event in self._events(response):
                        lost = None
                        after = str(event["seq"]) if event is not None else after
                        yield event
            except Failure:
                if lost is None:
                    raise
            lost = time.monotonic() if lost is None else lost
            if time.monotonic() - lost > RETURN:
                raise Failure("The daemon has ended and does not come back.", "Start it, and run the command again.")
            yield None
            time.sleep(TICK)

    def close(self) -> None:
        """Nothing is kept."""

    @contextlib.contextmanager
    def _open(self, method: str, path: str, query: Query) -> Iterator[HTTPResponse]:
        """Raises Failure where there is no whole answer."""
        connection = _Connection(self._path)
        try:
            try:
                connection.request(method, f"{path}?{urlencode(query)}" if query else path)
                response = connection.getresponse()
            except TimeoutError as error:
                raise sockets.hanging(self._path) from error
            except _LOST as error:
                raise _gone(self._path) from error
            yield response
        finally:
            connection.close()

    def _document(self, response: HTTPResponse) -> Any:
        try:
            body = response.read()
        except TimeoutError as error:
            raise sockets.hanging(self._path) from error
        except _LOST as error:
            raise _gone(self._path) from error
        try:
            return json.loads(body)
        except ValueError as error:
            raise strange() from error

    def _events(self, response: HTTPResponse) -> Iterator[dict[str, Any] | None]:
        """Until the connection ends."""
        buffer, heard = b"", time.monotonic()
        first = True  # what came with the head is read already, and nobody can wait for it
        while True:
            try:
                if not first and not select.select([response.fileno()], [], [], TICK)[0]:
                    if time.monotonic() - heard > SILENCE:
                        return
                    yield None
                    continue
                first, read = False, response.read1(65536)
            except _LOST:
                return
            if not read:
                return
            heard = time.monotonic()
            *whole, buffer = (buffer + read).split(b"\n\n")
            for part in whole:
                data = b"\n".join(line[6:] for line in part.split(b"\n") if line.startswith(b"data: "))
                if data:
                    yield _event(data)


class _Connection(HTTPConnection):
    """HTTP/1.0: an answer ends with its connection, so a stream comes as it is, in no chunks."""

    _http_vsn = 10
    _http_vsn_str = "HTTP/1.0"

    def __init__(self, path: Path) -> None:
        super().__init__("localhost")
        self._path = path

    def connect(self) -> None:
        self.sock = sockets.connect(self._path)


def _event(data: bytes) -> dict[str, Any]:
    try:
        event = json.loads(data)
        int(event["seq"])
    except (ValueError, KeyError, TypeError) as error:
        raise strange() from error
    return dict(event)


def strange() -> Failure:
    """An answer of a form that this version does not know."""
    return Failure(
        "The daemon answers in a way that this version of the command does not know.",
        "The two are of different versions: start the daemon anew after an upgrade.",
    )


def _gone(path: Path) -> Failure:
    return Failure(f"The daemon ended while it was asked (on {path}).", "Look how it is, and run the command again.")


def _refused(status: int, document: Any) -> Failure:
    known = document if isinstance(document, dict) else {}
    return Failure(known.get("detail", f"The daemon answered {status}."), known.get("hint", ""))
