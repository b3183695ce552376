"""Who may come in: checks signatures and tokens by the vendor's rules, re-computed here and not with our signer."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from secrets import token_urlsafe
from typing import Any
from urllib.parse import parse_qsl, quote, unquote

from aiohttp import web

from monitor.providers.modelarts.emulated.refusal import IamRefusal, Refusal

_AUTHORIZATION = re.compile(r"SDK-HMAC-SHA256 Access=([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})")
_BAD_IN_A_ROW = 5
_LOCKED = timedelta(minutes=5)


class Entrance:
    """The gateway's and IAM's knowledge of keys, users and tokens."""

    def __init__(self, keys: Mapping[str, str], users: Mapping[tuple[str, str], str], project_id: str) -> None:
        self.keys = dict(keys)
        self.security_tokens: dict[str, str] = {}
        """The security token that goes with a temporary access key."""
        self.users = dict(users)
        """Passwords by (domain, user)."""
        self.project_id = project_id
        self.skew = timedelta(minutes=15)
        """How far a signature's date may be off. In a fast story it is a fraction of a real second: widen it there."""
        self.token_life = timedelta(hours=24)
        self.token_size = 400
        """Characters; those of users with many roles have tens of thousands."""
        self.tokens: dict[str, datetime] = {}
        self.bad_signatures = 0
        """All ever refused."""
        self._bad: dict[str, int] = {}
        self._locked: dict[str, datetime] = {}

    def check(self, request: web.Request, body: bytes, now: datetime) -> None:
        """Raises Refusal for who may not come in."""
        token = request.headers.get("X-Auth-Token")
        if token is not None:
            self._check_token(token, now)
        elif "Authorization" in request.headers:
            self._check_signature(request, body, now)
        else:
            raise Refusal(401, "APIGW.0301", "Incorrect IAM authentication information: x-auth-token not found")
        project = request.match_info.get("project_id")
        if project is not None and project != self.project_id:
            raise Refusal(404, "ModelArts.2786", "The project ID does not match the token.")

    def issue(self, body: Any, now: datetime) -> tuple[str, dict[str, Any]]:
        """A token for a user with its password. Raises IamRefusal."""
        try:
            user = body["auth"]["identity"]["password"]["user"]
            domain, name, password = user["domain"]["name"], user["name"], user["password"]
            project = body["auth"].get("scope", {}).get("project", {})
        except (KeyError, TypeError, AttributeError):
            raise IamRefusal(400, "Bad Request", "The request body is invalid.") from None
        if self.users.get((domain, name)) != password:
            raise IamRefusal(401, "Unauthorized", "The username or password is wrong.")
        if project.get("id", self.project_id) != self.project_id:
            raise IamRefusal(404, "Not Found", "Could not find project.")
        token = "MII" + token_urlsafe(self.token_size)[: self.token_size - 3]
        self.tokens[token] = now + self.token_life
        described = {
            "expires_at": f"{now + self.token_life:%Y-%m-%dT%H:%M:%S.%f}Z",
            "issued_at": f"{now:%Y-%m-%dT%H:%M:%S.%f}Z",
            "methods": ["password"],
            "project": {"id": self.project_id, "name": "cn-north-7"},
            "user": {"name": name, "domain": {"name": domain}},
        }
        return token, {"token": described}

    def revoke_tokens(self) -> None:
        """What a changed password does: every token ends."""
        self.tokens.clear()

    def _check_token(self, token: str, now: datetime) -> None:
        end = self.tokens.get(token)
        if end is None:
            raise Refusal(401, "ModelArts.50001000", "The token is invalid.")
        if end <= now:
            raise Refusal(401, "APIGW.0307", "The token must be updated.")

    def _check_signature(self, request: web.Request, body: bytes, now: datetime) -> None:
        said = _AUTHORIZATION.fullmatch(request.headers["Authorization"])
        if said is None:
            raise Refusal(401, "APIGW.0301", "Incorrect IAM authentication information: Authorization format error")
        access_key, names, mark = said.groups()
        if self._locked.get(access_key, now) > now:
            raise Refusal(401, "APIGW.0301", f"AK {access_key} authentication failures exceed the limit, locked")
        problem = self._wrong(request, body, now, access_key, names.split(";"), mark)
        if problem is None:
            self._bad.pop(access_key, None)
            return
        self.bad_signatures += 1
        self._bad[access_key] = self._bad.get(access_key, 0) + 1
        if self._bad[access_key] > _BAD_IN_A_ROW:
            self._bad.pop(access_key)
            self._locked[access_key] = now + _LOCKED
        raise Refusal(401, "APIGW.0301", f"Incorrect IAM authentication information: {problem}")

    def _wrong(
        self, request: web.Request, body: bytes, now: datetime, access_key: str, names: list[str], mark: str
    ) -> str | None:
        secret = self.keys.get(access_key)
        if secret is None:
            return f"Get secretKey by AK failed, ak {access_key} not exist"
        try:
            date = datetime.strptime(request.headers.get("X-Sdk-Date", ""), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        except ValueError:
            return "X-Sdk-Date is missing or malformed"
        if abs(now - date) > self.skew:
            return "signature expired: the time difference exceeds 15 minutes"
        token = self.security_tokens.get(access_key)
        if token is not None and ("x-security-token" not in names or request.headers["X-Security-Token"] != token):
            return "the security token is missing or wrong"
        if not {"host", "x-sdk-date"} <= set(names) or not all(name in request.headers for name in names):
            return "a signed header is missing"
        if not hmac.compare_digest(mark, _signature(secret, request, body, names)):
            return f"verify aksk signature fail, ak {access_key}"
        return None


def _signature(secret: str, request: web.Request, body: bytes, names: list[str]) -> str:
    path, _, query = request.raw_path.partition("?")
    segments = [quote(segment, safe="~") for segment in unquote(path).split("/")]
    canonical = "/".join(segments)
    pairs = sorted(parse_qsl(query, keep_blank_values=True))
    lines = [
        request.method,
        canonical if canonical.endswith("/") else canonical + "/",
        "&".join(f"{quote(key, safe='~')}={quote(value, safe='~')}" for key, value in pairs),
        *[f"{name}:{request.headers[name].strip()}" for name in names],
        "",
        ";".join(names),
        _digest(request, body),
    ]
    text = "\n".join(lines).encode()
    stamp = request.headers["X-Sdk-Date"]
    message = f"SDK-HMAC-SHA256\n{stamp}\n{hashlib.sha256(text).hexdigest()}"
    return hmac.new(secret.encode(), message.encode(), hashlib.sha256).hexdigest()


def _digest(request: web.Request, body: bytes) -> str:
    given = request.headers.get("X-Sdk-Content-Sha256")
    return given if given and body else hashlib.sha256(body).hexdigest()
