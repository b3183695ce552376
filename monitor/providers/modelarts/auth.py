"""Proves to the platform who asks: an access key that signs, a ready token, or a password that fetches tokens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from monitor.fields import Clock, Secret
from monitor.providers.modelarts.credential import reveal
from monitor.providers.modelarts.iam import TokenService
from monitor.providers.modelarts.options import Options
from monitor.providers.modelarts.platform_time import PlatformTime
from monitor.providers.modelarts.signing import DATE_FORMAT, Query, sign
from monitor.wire import Http


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request before it is proven. `path` is encoded, `query` is not."""

    method: str
    host: str
    """With the port where the URL has one."""
    path: str
    query: Query = ()
    headers: Mapping[str, str]
    body: bytes = b""


class Auth(Protocol):
    """One way to prove who asks."""

    names: str
    """The config keys to look at when it is refused."""
    signed: bool
    renewable: bool
    """Whether `renew` can mend a 401."""

    def prove(self, request: Request) -> dict[str, str]:
        """The headers to send, made at the last moment. `prepare` was awaited before."""
        ...

    async def prepare(self) -> None:
        """Sees to it that there is something to prove with. Raises Fault."""
        ...

    async def renew(self, refused: str) -> None:
        """Called after a 401: gets another token than the refused one, unless that has just been done. Raises Fault."""
        ...

    def secrets(self) -> list[str]:
        """What must not appear in any text. Raises Fault where a secret is missing or cannot be what it should be."""
        ...

    def identity(self) -> list[str]:
        """What the credential is made of. Raises Fault like `secrets`."""
        ...


class KeyPair:
    """AK/SK, permanent or temporary (then with its security token, which is signed too)."""

    signed = True
    renewable = False

    def __init__(self, access_key: Secret, secret_key: Secret, security_token: Secret | None, time: PlatformTime):
        self._access_key = access_key
        self._secret_key = secret_key
        self._security_token = security_token
        self._time = time
        self.names = (
            "access_key and secret_key"
            if security_token is None
            else ("access_key, secret_key and security_token (temporary keys end within 24 h)")
        )

    def prove(self, request: Request) -> dict[str, str]:
        headers = dict(request.headers)
        if self._security_token is not None:
            headers["X-Security-Token"] = reveal("security_token", self._security_token)
        return sign(
            reveal("access_key", self._access_key),
            reveal("secret_key", self._secret_key),
            method=request.method,
            host=request.host,
            path=request.path,
            query=request.query,
            headers=headers,
            body=request.body,
            date=self._time.now().strftime(DATE_FORMAT),
        )

    async def prepare(self) -> None: ...

    async def renew(self, refused: str) -> None: ...

    def secrets(self) -> list[str]:
        found = [reveal("access_key", self._access_key), reveal("secret_key", self._secret_key)]
        if self._security_token is not None:
            found.append(reveal("security_token", self._security_token))
        return found

    def identity(self) -> list[str]:
        return self.secrets()


class ReadyToken:
    """An IAM token that somebody else fetched."""

    names = "token"
    signed = False
    renewable = False

    def __init__(self, token: Secret) -> None:
        self._token = token

    def prove(self, request: Request) -> dict[str, str]:
        return {**request.headers, "X-Auth-Token": reveal("token", self._token)}

    async def prepare(self) -> None: ...

    async def renew(self, refused: str) -> None: ...

    def secrets(self) -> list[str]:
        return [reveal("token", self._token)]

    def identity(self) -> list[str]:
        return self.secrets()


class Password:
    """An IAM user whose password fetches tokens."""

    names = "iam.user, iam.password and iam.domain"
    signed = False
    renewable = True

    def __init__(self, service: TokenService) -> None:
        self._service = service

    def prove(self, request: Request) -> dict[str, str]:
        return {**request.headers, "X-Auth-Token": self._service.held()}

    async def prepare(self) -> None:
        await self._service.ensure()

    async def renew(self, refused: str) -> None:
        await self._service.replace(refused)

    def secrets(self) -> list[str]:
        return self._service.secrets()

    def identity(self) -> list[str]:
        return self._service.identity()


def choose(options: Options, http: Http, clock: Clock, time: PlatformTime) -> Auth:
    """The way that the account's options name; they hold exactly one."""
    if options.access_key is not None and options.secret_key is not None:
        return KeyPair(options.access_key, options.secret_key, options.security_token, time)
    if options.token is not None:
        return ReadyToken(options.token)
    assert options.iam is not None
    return Password(TokenService(options.iam, options.iam_origin(), options.project_id, http, clock))
