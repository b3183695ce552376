"""What is asked of the API and what it answers, whatever carries it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

JSON = "application/json"
PROBLEM = "application/problem+json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """`path` as it was sent, its segments still percent-encoded; `query` decoded, in the order in which it stood."""

    method: str = "GET"
    path: str
    query: tuple[tuple[str, str], ...] = ()
    if_none_match: str | None = None
    body: bytes = b""
    by: str | None = None
    """Who asks, for what changes something: proven by the socket, the token or the command. None: nobody proved it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A whole answer; `body` is JSON, or empty with 304."""

    status: int = 200
    body: bytes = b""
    content_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    changed: bool = False
    """Something was changed."""


class Problem(Exception):
    """An answer that is no success: RFC 9457. `detail` names the place in plain words, `hint` the remedy."""

    def __init__(
        self, status: int, title: str, detail: str, hint: str = "", *, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.title = title
        self.detail = detail
        self.hint = hint
        self.headers = headers or {}

    def document(self) -> dict[str, Any]:
        return {
            "type": "about:blank",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "hint": self.hint,
        }

    def reply(self, headers: Mapping[str, str] | None = None) -> Reply:
        body = msgspec.json.encode(self.document())
        return Reply(status=self.status, body=body, content_type=PROBLEM, headers={**self.headers, **(headers or {})})
