"""Fetches IAM tokens with a user's password, keeps the newest and renews it before it ends, one request at a time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import anyio
import msgspec

from monitor.fields import Clock
from monitor.providers.modelarts.credential import reveal_password
from monitor.providers.modelarts.errors import Said, placed, said
from monitor.providers.modelarts.options import Iam
from monitor.providers.modelarts.scrub import scrub
from monitor.wire import Answer, Fault, FaultKind, Http, retry_after

_PATH = "/v3/auth/tokens?nocatalog=true"
"""`nocatalog`: the list of services, tens of kB, is left out."""
_LIFE = 24 * 3600.0
"""Seconds that a token lives where the answer does not say (reference, section 7.1)."""
_MARGIN = 1800.0
"""Seconds before its end at which a token is renewed; a fifth of its life where that is shorter."""
_WORDS = 200


class TokenService:
    """The tokens of one IAM user for one project."""

    def __init__(self, iam: Iam, origin: str, project_id: str, http: Http, clock: Clock) -> None:
        self._iam = iam
        self._url = origin + _PATH
        self._project_id = project_id
        self._http = http
        self._clock = clock
        self._lock = anyio.Lock()
        self._token = ""
        self._renew_at = 0.0

    def held(self) -> str:
        """The token in hand."""
        return self._token

    async def ensure(self) -> None:
        """Fetches a token unless a good one is in hand. Raises Fault."""
        if self._good():
            return
        async with self._lock:
            if not self._good():
                await self._fetch()

    async def replace(self, refused: str) -> None:
        """Fetches another token than `refused`, unless that has been done meanwhile. Raises Fault."""
        async with self._lock:
            if self._token == refused:
                self._token = ""
            if not self._good():
                await self._fetch()

    def secrets(self) -> list[str]:
        password = reveal_password("iam.password", self._iam.password)
        return [password, self._token] if self._token else [password]

    def identity(self) -> list[str]:
        return [self._iam.domain, self._iam.user, reveal_password("iam.password", self._iam.password)]

    def _good(self) -> bool:
        return bool(self._token) and self._clock.monotonic() < self._renew_at

    async def _fetch(self) -> None:
        body = self._body()
        with placed("region" if self._iam.endpoint is None else "iam.endpoint"):
            answer = await self._http.send(
                "POST", self._url, judge=self._judge, headers={"Content-Type": "application/json"}, body=body
            )
        life = _life(answer)
        self._token = answer.headers["X-Subject-Token"].strip()
        self._renew_at = self._clock.monotonic() + life - min(_MARGIN, life / 5)

    def _body(self) -> bytes:
        password = reveal_password("iam.password", self._iam.password)
        user = {"name": self._iam.user, "password": password, "domain": {"name": self._iam.domain}}
        identity = {"methods": ["password"], "password": {"user": user}}
        return msgspec.json.encode({"auth": {"identity": identity, "scope": {"project": {"id": self._project_id}}}})

    def _judge(self, answer: Answer) -> Fault | None:
        token = answer.headers.get("X-Subject-Token", "").strip()
        if answer.status == 201 and token:
            return None
        if 200 <= answer.status < 300:
            problem = "gave no token" if answer.status == 201 else f"answered HTTP {answer.status} instead of a token"
            hint = "check `iam.endpoint`; something else than IAM seems to answer there"
            return Fault(FaultKind.SENSELESS, f"IAM {problem}", hint=hint, status=answer.status)
        heard = said(answer).without(self.secrets())
        kind, reason, hint = _refused(answer.status)
        words = scrub(heard.words, limit=_WORDS, known=self.secrets())
        code = f" {heard.code}" if heard.code and heard.code != str(answer.status) else ""
        quoted = f': "{words}"' if words else ""
        return self._fault(kind, f"{reason} (HTTP {answer.status}{code}{quoted})", hint, answer, heard)

    def _fault(self, kind: FaultKind, text: str, hint: str, answer: Answer, heard: Said) -> Fault:
        return Fault(
            kind,
            f"IAM refused to issue a token: {text}",
            hint=hint,
            status=answer.status,
            code=heard.code,
            request_id=heard.request_id,
            retry_after=retry_after(answer.headers, answer.date),
        )


def _refused(status: int) -> tuple[FaultKind, str, str]:
    if status == 401:
        hint = "check iam.user, iam.password and iam.domain (the account name); wrong passwords lock the user"
        return FaultKind.BAD_SIGNATURE, "the user or password is wrong", hint
    if status == 403:
        hint = "the user may be disabled, its password expired, or programmatic access not allowed to it"
        return FaultKind.UNAUTHORIZED, "the user is not allowed to sign in", hint
    if status == 429:
        return FaultKind.THROTTLED, "too many requests", "several accounts may use the same user; give each its own"
    if status >= 500 or status in (408, 409, 425):
        return FaultKind.TRANSIENT, "a fault on its side", "nothing to do unless it lasts; the next poll tries again"
    hint = "check `project_id`, `iam.domain`, and that `region` or `iam.endpoint` are of the same region"
    return FaultKind.MISCONFIGURED, "it does not accept the request", hint


def _life(answer: Answer) -> float:
    """Seconds that the token has from now on, by the platform's own clock."""
    try:
        body: Any = msgspec.json.decode(answer.body)
        end = _moment(body["token"]["expires_at"])
        start = answer.date or _moment(body["token"]["issued_at"])
        return max(0.0, (end - start) / timedelta(seconds=1))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, KeyError, TypeError, ValueError):
        return _LIFE


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("no time zone")
    return moment
