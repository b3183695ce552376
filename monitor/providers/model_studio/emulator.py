"""The emulated Model Studio over real HTTP: the fine-tuning operations with their answers, refusals and headers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable
from email.utils import format_datetime
from random import Random
from uuid import UUID

from aiohttp import web

from monitor.emulation import Faults, Reply
from monitor.fields import Clock
from monitor.providers.model_studio.operations import Operations, Refused
from monitor.providers.model_studio.story import WORKSPACE
from monitor.providers.model_studio.world import World

BASE = "/api/v1/fine-tunes"
_Operation = Callable[[web.Request], Awaitable[bytes]]


class Emulator:
    """One account on Model Studio, as the reference describes it; `world` is what tests and scenarios take hold of.

    Operations, as they are named in `requests` and for `faults`: list, get, create, cancel, delete, logs, stream,
    checkpoints.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        seed: int = 1,
        api_keys: Collection[str] = ("sk-demo",),
        workspaces: Collection[str] = (WORKSPACE,),
        jobs: int = 0,
        autoplay: bool = True,
    ) -> None:
        self.faults = Faults()
        self.requests: Counter[str] = Counter()
        self.world = World(clock, seed=seed, jobs=jobs, autoplay=autoplay)
        self._clock = clock
        self._api_keys = frozenset(api_keys)
        self._workspaces = frozenset(workspaces)
        self._ids = Random(f"{seed}/requests")  # noqa: S311
        self._operations = Operations(self.world, clock)

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        run = self._operations
        job = BASE + "/{job_id}"
        return [
            web.get(BASE, self._serve("list", run.list), allow_head=False),
            web.post(BASE, self._serve("create", run.create)),
            web.get(job, self._serve("get", run.get), allow_head=False),
            web.delete(job, self._serve("delete", run.delete)),
            web.post(job + "/cancel", self._serve("cancel", run.cancel)),
            web.get(job + "/logs", self._serve("logs", run.logs), allow_head=False),
            web.get(job + "/stream", self._serve("stream", run.stream, stream=True), allow_head=False),
            web.get(job + "/checkpoints", self._serve("checkpoints", run.checkpoints), allow_head=False),
        ]

    def _serve(
        self, name: str, operation: _Operation, *, stream: bool = False
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def serve(request: web.Request) -> web.StreamResponse:
            self.requests[name] += 1
            response = await self.faults.serve(name, request, lambda: self._real(request, operation, stream))
            if not response.prepared:
                response.headers.setdefault("Date", format_datetime(self._clock.now(), usegmt=True))
            return response

        return serve

    async def _real(self, request: web.Request, operation: _Operation, stream: bool) -> web.Response:
        request_id = str(UUID(int=self._ids.getrandbits(128), version=4))
        headers = {"x-request-id": request_id}
        try:
            self._admit(request)
            output = await operation(request)
        except Refused as refused:
            return _json(refused.status, refused.body(request_id), headers)
        if stream:
            headers["Content-Type"] = "text/event-stream;charset=UTF-8"
            return web.Response(body=output, headers=headers)
        return _json(200, b'{"request_id":"' + request_id.encode() + b'","output":' + output + b"}", headers)

    def _admit(self, request: web.Request) -> None:
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if not key:
            raise Refused(401, "InvalidApiKey", "No API-key provided.")
        if scheme.lower() != "bearer" or key not in self._api_keys:
            raise Refused(401, "InvalidApiKey", "Invalid API-key provided.")
        workspace = request.headers.get("X-DashScope-WorkSpace")
        if workspace is not None and workspace not in self._workspaces:
            raise Refused(403, "Workspace.AccessDenied", "Workspace access denied.")


def refusal(status: int, code: str, message: str = "", headers: dict[str, str] | None = None) -> Reply:
    """A fault for `Emulator.faults`: the platform's own error body with this code, as it would send it."""
    body = Refused(status, code, message or code).body("00000000-0000-4000-8000-000000000000")
    return Reply(status=status, body=body, headers=headers or {})


def _json(status: int, body: bytes, headers: dict[str, str]) -> web.Response:
    return web.Response(status=status, body=body, headers=headers, content_type="application/json")
