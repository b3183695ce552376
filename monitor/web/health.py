"""`/healthz` and `/readyz` on the HTTP port: for systemd, load balancers and people who want to know why not."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import anyio
from aiohttp import web

from monitor.fields import Clock
from monitor.store.errors import in_brief

STORE_PATIENCE = 5.0
"""Seconds after which a store that does not answer counts as not writable."""
PROBE_EVERY = 1.0
"""Seconds from one write of a probe to the next: `/readyz` is open to all who reach the port."""
BRIEF = web.RequestKey("brief", bool)
"""Set where who asks may not hear of accounts and watches, not even their names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What the app tells of itself. Each gives reasons in plain words, none of them secret; none means all is well."""

    dead_loops: Callable[[], Sequence[str]]
    """Loops that ended or hang: `polling llm-beijing/jobs`."""
    untried: Callable[[], Sequence[str]]
    """Watches that were not tried once yet, well or not: `llm-beijing/jobs`."""
    probe_store: Callable[[], Awaitable[None]]
    """A write that commits; raises where it cannot."""
    troubles: Callable[[], Sequence[str]] = tuple
    """What is wrong outside the daemon, as accounts that cannot be seen: told beside the status, which is its own."""


class SharedProbe:
    """A write for all who ask at the same time, or within a second; one that is slow goes on, and is waited for."""

    def __init__(self, write: Callable[[], Awaitable[None]], clock: Clock) -> None:
        self._write = write
        self._clock = clock
        self._writing: asyncio.Task[Exception | None] | None = None
        self._again_at = 0.0

    async def __call__(self) -> None:
        """Raises what the write raised."""
        now = self._clock.monotonic()
        if self._writing is None or (self._writing.done() and now >= self._again_at):
            self._again_at = now + PROBE_EVERY
            self._writing = asyncio.create_task(self._written(), name="readyz: write to the store")
        error = await asyncio.shield(self._writing)
        if error is not None:
            raise error

    async def _written(self) -> Exception | None:
        try:
            await self._write()
        except Exception as error:  # each who asked is told
            return error
        return None


class PortUnavailable(Exception):
    """The port cannot be served. `hint` is the remedy."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def health_routes(current: Callable[[], Health]) -> list[web.RouteDef]:
    """GET and HEAD on the two paths. `current` is asked with each request, for a reload makes another."""

    async def healthz(request: web.Request) -> web.Response:
        return _answer(_told(current().dead_loops(), "loop", "not running", bool(request.get(BRIEF))))

    async def readyz(request: web.Request) -> web.Response:
        health, brief = current(), bool(request.get(BRIEF))
        reasons = _told(health.dead_loops(), "loop", "not running", brief)
        reasons += _told(health.untried(), "watch", "not polled yet", brief)
        troubles = None if brief else health.troubles()
        return _answer([*reasons, *await _store_reasons(health)], troubles)

    return [web.get("/healthz", healthz), web.get("/readyz", readyz)]


def _told(names: Sequence[str], kind: str, lack: str, brief: bool) -> list[str]:
    """A reason for each, or their number."""
    verb = "was" if kind == "watch" else "is"
    if not brief:
        return [f"{name} {verb} {lack}" for name in names]
    if len(names) < 2:
        return [f"a {kind} {verb} {lack}" for _ in names]
    plural = {"watch": "watches were", "loop": "loops are"}[kind]
    return [f"{len(names)} {plural} {lack}"]


async def _store_reasons(health: Health) -> list[str]:
    try:
        with anyio.fail_after(STORE_PATIENCE):
            await health.probe_store()
    except TimeoutError:
        return [f"the store did not answer within {STORE_PATIENCE:g} s"]
    except Exception as error:  # whatever the store raises, the answer is "not ready", and the kind says why
        return [f"the store is not writable: {in_brief(error)}"]
    return []


def _answer(reasons: Sequence[str], troubles: Sequence[str] | None = ()) -> web.Response:
    body: dict[str, object] = {"status": "failing" if reasons else "ok", "reasons": list(reasons)}
    if troubles is not None:
        body["troubles"] = list(troubles)
    return web.json_response(body, status=503 if reasons else 200)


def unavailable(error: OSError, host: str, port: int) -> PortUnavailable:
    """Why that address cannot be served, with the remedy."""
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    if error.errno == errno.EADDRINUSE:
        hint = "Stop what uses it, or give `http.listen` another port in the config file (or `off`)."
        return PortUnavailable(f"The port {port} on {host} is in use by another program.", hint)
    if error.errno == errno.EACCES:
        hint = "Give `http.listen` a port of 1024 or more in the config file."
        return PortUnavailable(f"The port {port} may not be used by this user.", hint)
    hint = "Give `http.listen` an address of this machine in the config file, like 127.0.0.1:8650."
    return PortUnavailable(f"Cannot listen on {place}: {error.strerror or 'no such address'}.", hint)
