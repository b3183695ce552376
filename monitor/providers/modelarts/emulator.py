"""The emulated ModelArts for tests and the sandbox: real paths, real signatures, a world that lives by its clock."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from email.utils import format_datetime
from typing import Literal

from aiohttp import web

from monitor.emulation import Faults
from monitor.fields import Clock
from monitor.providers.modelarts.emulated.autoplay import Autoplay
from monitor.providers.modelarts.emulated.entrance import Entrance
from monitor.providers.modelarts.emulated.operations import Operations
from monitor.providers.modelarts.emulated.refusal import IamRefusal, Refusal, refuse
from monitor.providers.modelarts.emulated.world import World

__all__ = ["Emulator", "refuse"]

Action = Callable[[web.Request, bytes], web.Response]


class Emulator:
    """One region with one project. Implements `monitor.emulation.Emulator`.

    What tests and scenarios turn: `world` (add_job, set_phase, restart, remove, set_stock, add_history …),
    `faults`, `entrance` (keys, users, token_life, revoke_tokens) and `operations` (offset_mode, after_search).
    Operation names for faults and the tally: search, show, stop, delete, batch_delete, edit, tasks, stages, events,
    training_flavors, resource_flavors, quotas, workspaces, tokens, projects, nowhere.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        seed: int = 1,
        keys: Mapping[str, str] | None = None,
        users: Mapping[tuple[str, str], str] | None = None,
        project_id: str = "p-demo",
        workspaces: Sequence[str] = ("0",),
        offset_mode: Literal["page", "item"] = "page",
        empty_items: Literal["list", "null", "absent"] = "list",
        autoplay: bool = True,
    ) -> None:
        """`keys`: secrets by access key; `users`: passwords by (domain, user). Without autoplay there are no jobs."""
        self.faults = Faults()
        self.requests: Counter[str] = Counter()
        self.world = World(clock, seed=seed, workspaces=workspaces)
        known_keys = {"AKDEMO": "SKDEMO"} if keys is None else keys
        known_users = {("demo", "ann"): "demo-password"} if users is None else users
        self.entrance = Entrance(known_keys, known_users, project_id)
        self.operations = Operations(
            self.world, offset_mode=offset_mode, empty_items=empty_items, project_id=project_id
        )
        self._clock = clock
        if autoplay:
            Autoplay(self.world).begin()

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        """All paths, with the "no such API" answers for the rest of /v1, /v2 and /v3 last."""
        does = self.operations
        jobs, job = "/v2/{project_id}/training-jobs", "/v2/{project_id}/training-jobs/{job_id}"
        table: list[tuple[str, str, str, Action]] = [
            ("POST", "/v2/{project_id}/training-job-searches", "search", does.search),
            ("GET", job, "show", does.show),
            ("PUT", job, "edit", does.edit),
            ("DELETE", job, "delete", does.delete),
            ("POST", f"{jobs}/batch-delete", "batch_delete", does.batch_delete),
            ("POST", f"{job}/actions", "stop", does.act),
            ("GET", f"{job}/tasks", "tasks", does.tasks),
            ("GET", f"{job}/stages", "stages", does.stages),
            ("GET", f"{job}/events", "events", does.events),
            ("GET", "/v2/{project_id}/training-job-flavors", "training_flavors", does.training_flavors),
            ("GET", "/v1/{project_id}/resourceflavors", "resource_flavors", does.resource_flavors),
            ("GET", "/v2/{project_id}/training-quotas", "quotas", does.quotas),
            ("GET", "/v1/{project_id}/workspaces", "workspaces", does.workspaces),
            ("GET", "/v3/projects", "projects", does.projects),
            *[("*", f"/v{version}/{{rest:.*}}", "nowhere", does.nowhere) for version in (1, 2, 3)],
        ]
        yield web.post("/v3/auth/tokens", self._route("tokens", self._issue, guarded=False))
        for method, path, operation, action in table:
            yield web.route(method, path, self._route(operation, action, guarded=operation != "nowhere"))

    def _route(
        self, operation: str, action: Action, *, guarded: bool
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def serve(request: web.Request) -> web.StreamResponse:
            self.requests[operation] += 1
            request_id = f"{sum(self.requests.values()):032x}"
            body = await request.read()

            async def real() -> web.Response:
                return self._answer(request, body, action, request_id, guarded=guarded)

            response = await self.faults.serve(operation, request, real)
            if not response.prepared:
                response.headers.setdefault("X-Request-Id", request_id)
                # The platform's clock is the emulated one, in every answer; clients correct theirs by it.
                response.headers["Date"] = format_datetime(self._clock.now(), usegmt=True)
            return response

        return serve

    def _answer(
        self, request: web.Request, body: bytes, action: Action, request_id: str, *, guarded: bool
    ) -> web.Response:
        self.world.advance()
        try:
            if guarded:
                self.entrance.check(request, body, self.world.now)
            return action(request, body)
        except Refusal as refusal:
            return refusal.response(request_id)

    def _issue(self, request: web.Request, body: bytes) -> web.Response:
        try:
            asked = json.loads(body)
        except ValueError:
            raise IamRefusal(400, "Bad Request", "The request body is invalid.") from None
        token, described = self.entrance.issue(asked, self.world.now)
        return web.json_response(described, status=201, headers={"X-Subject-Token": token})
