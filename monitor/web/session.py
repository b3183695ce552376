"""Sessions of people who signed in: a cookie that proves it and says until when; only those that ended are kept."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable

from monitor.fields import Secret

COOKIE = "training-monitor"
LIFE = 12 * 3600
"""Seconds after which one has to sign in again."""


class Sessions:
    """The key is made with it, so a restart ends all sessions; another token does as well."""

    def __init__(self, time: Callable[[], float] = time.time) -> None:
        self._key = secrets.token_bytes(32)
        self._time = time
        self._ended: dict[str, int] = {}
        self.ends = 0
        """How often somebody has signed out."""

    def open(self, token: Secret) -> str:
        """The cookie of a new session, which is like no other; the token is not in it."""
        until = f"{int(self._time()) + LIFE}-{secrets.token_hex(8)}"
        return f"{until}.{self._proof(until, token)}"

    def end(self, cookie: str, token: Secret) -> None:
        """From now on that is no session; what was none stays none. It is kept no longer than it would have lasted."""
        if not self.holds(cookie, token):
            return
        now = self._time()
        self._ended = {each: until for each, until in self._ended.items() if until > now}
        self._ended[cookie] = _until(cookie)
        self.ends += 1

    def holds(self, cookie: str, token: Secret) -> bool:
        """Whether that is a session of ours which still lasts."""
        until, _, proof = cookie.partition(".")
        if not hmac.compare_digest(proof.encode(errors="replace"), self._proof(until, token).encode()):
            return False
        return _until(cookie) > self._time() and cookie not in self._ended

    def is_token(self, given: str, token: Secret) -> bool:
        """Compared in a time that tells neither where they differ nor how long it is."""
        mine, theirs = (self._digest(text.encode(errors="replace")) for text in (token.reveal(), given))
        return hmac.compare_digest(mine, theirs)

    def _proof(self, until: str, token: Secret) -> str:
        return self._digest(f"session {until} {token.reveal()}".encode(errors="replace")).hex()

    def _digest(self, text: bytes) -> bytes:
        return hmac.new(self._key, text, hashlib.sha256).digest()


def _until(cookie: str) -> int:
    """Of a session of ours."""
    return int(cookie.partition("-")[0])
