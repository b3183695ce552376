"""Who may ask what over the HTTP port: the middleware before everything that is served there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web

from monitor.fields import Secret
from monitor.settings.root import HttpOptions, Listen, loopback
from monitor.web.api import Problem
from monitor.web.carry import check_path
from monitor.web.health import BRIEF
from monitor.web.origin import check_host, check_page
from monitor.web.reply import problem
from monitor.web.session import COOKIE, Sessions
from monitor.web.tries import Tries, whence

BY = web.RequestKey("by", str)
"""Who asks, where that is proven."""
OPEN_PATHS = frozenset({"/healthz", "/readyz", "/sign-in", "/sign-out"})
OPEN_FOLDERS = ("/static/", "/answer/")
"""Assets; and what is opened by a signed link, which is looked at there."""
HEALTH = frozenset({"/healthz", "/readyz"})
SIGNED_IN = "web sign-in"
SIGN_IN = "/sign-in"
_READS = frozenset({"GET", "HEAD", "OPTIONS"})
Next = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """Without `http.token` everybody on this machine may read and nobody may change anything. With it everything but
    health, the sign-in, assets and signed links needs it, or a session."""

    listen: Listen
    options: Callable[[], HttpOptions]
    """As the config is now."""
    sessions: Sessions
    tries: Tries

    async def admit(self, request: web.Request, following: Next) -> web.StreamResponse:
        """The answer of what follows, or why it may not be asked."""
        options = self.options()
        check_host(request, self.listen.host, options.public_url)
        check_path(request)
        path = request.rel_url.raw_path
        if path in OPEN_PATHS or path.startswith(OPEN_FOLDERS):
            if path in HEALTH and options.token is not None:
                # A wrong token costs the same time here as elsewhere, or tokens could be tried here.
                request[BRIEF] = await self._check_token(request, options.token, options.public_url) is not None
            return await following(request)
        if options.token is None:
            self._check_local(request)
        else:
            refusal = await self._check_token(request, options.token, options.public_url)
            if refusal is not None:
                return refusal
        return await following(request)

    def _check_local(self, request: web.Request) -> None:
        if not loopback(self.listen.host):
            hint = "Set `http.token` in the config file."
            raise Problem(403, "Not allowed", "This port is reached from other machines and has no token.", hint)
        if request.method not in _READS:
            hint = "Use the command on this machine (it takes the control socket), or set `http.token`."
            raise Problem(403, "Not allowed", "Without a token nothing can be changed over HTTP.", hint)

    async def _check_token(
        self, request: web.Request, token: Secret, public_url: str | None
    ) -> web.StreamResponse | None:
        """None where it is right; else the refusal."""
        kind, _, given = request.headers.get("Authorization", "").partition(" ")
        if kind:
            address = whence(request, public_url)
            if self.tries.full(address):
                return too_many()
            if kind.lower() == "bearer" and self.sessions.is_token(given.strip(), token):
                request[BY] = "token"
                return None
            await self.tries.wrong(address)
            return _unauthorized("The token is wrong.", 'Bearer error="invalid_token"')
        if self.sessions.holds(request.cookies.get(COOKIE, ""), token):
            if request.method not in _READS:
                check_page(request, public_url, needed=True)
            request[BY] = SIGNED_IN
            return None
        if request.method == "GET" and "text/html" in request.headers.get("Accept", ""):
            return web.Response(status=303, headers={"Location": SIGN_IN})
        return _unauthorized("This needs the token.", "Bearer")


def proven(request: web.Request) -> str | None:
    """Who asks, as the guard has found."""
    return request.get(BY)


def too_many() -> web.Response:
    """For tries beyond those that wait; they are not looked at."""
    hint = "Wait a second, then send the token that `http.token` names."
    return problem(429, "Too many tries", "Too many wrong tokens come from this address.", hint, Retry_After="1")


def _unauthorized(detail: str, challenge: str) -> web.Response:
    hint = "Send `Authorization: Bearer TOKEN` with the token of `http.token`, or sign in at /sign-in."
    return problem(401, "Unauthorized", detail, hint, WWW_Authenticate=challenge)
