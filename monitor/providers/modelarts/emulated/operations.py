"""What each path of the emulated platform answers, once the caller is known to be allowed in."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable
from typing import Any

from aiohttp import web

from monitor.providers.modelarts.emulated.job import STOPPABLE, EmulatedJob
from monitor.providers.modelarts.emulated.refusal import Refusal, no_such_job
from monitor.providers.modelarts.emulated.render import events_json, job_json, stages_json, tasks_json
from monitor.providers.modelarts.emulated.search import search
from monitor.providers.modelarts.emulated.world import World


class Operations:
    """Answers by the world's present state. Every method raises Refusal."""

    def __init__(self, world: World, *, offset_mode: str, empty_items: str, project_id: str) -> None:
        self._world = world
        self.offset_mode = offset_mode
        """`page` or `item`: the vendor's documents disagree, so both can be had."""
        self.empty_items = empty_items
        """How a page without jobs looks: `list` ([]), `null` or `absent`."""
        self.after_search: deque[Callable[[World], object]] = deque()
        """Each is called once, after one search: pages that shift while they are read."""
        self._project_id = project_id

    def search(self, request: web.Request, body: bytes) -> web.Response:
        answer = search(self._world, body, offset_mode=self.offset_mode, empty_items=self.empty_items)
        response = web.json_response(answer)
        if self.after_search:
            self.after_search.popleft()(self._world)
        return response

    def show(self, request: web.Request, body: bytes) -> web.Response:
        return web.json_response(job_json(self._job(request), self._world.now))

    def act(self, request: web.Request, body: bytes) -> web.Response:
        job, asked = self._job(request), _json(body)
        if asked.get("action_type") != "terminate":
            raise Refusal(400, "ModelArts.2812", "Unsupported action type.")
        if job.phase not in STOPPABLE:
            raise Refusal(409, "ModelArts.2796", f"The training job in phase {job.phase} cannot be stopped.")
        self._world.stop(job)
        return web.json_response(job_json(job, self._world.now), status=202)

    def delete(self, request: web.Request, body: bytes) -> web.Response:
        self._delete(self._job(request))
        # The page calls it "No Content" and shows a body of two quotation marks.
        return web.json_response("", status=202)

    def batch_delete(self, request: web.Request, body: bytes) -> web.Response:
        entries = _json(body).get("jobs")
        if not isinstance(entries, list) or not 1 <= len(entries) <= 100:
            raise Refusal(400, "ModelArts.2789", "Invalid parameter jobs.")
        ids = [str(entry.get("metadata", {}).get("id")) for entry in entries if isinstance(entry, dict)]
        for job_id in ids:
            job = self._world.jobs.get(job_id)
            if job is None:
                raise no_such_job()
            self._delete(job)
        return web.json_response({})

    def edit(self, request: web.Request, body: bytes) -> web.Response:
        job = self._job(request)
        job.description = str(_json(body).get("description", ""))[:256]
        return web.json_response(job_json(job, self._world.now))

    def tasks(self, request: web.Request, body: bytes) -> web.Response:
        return web.json_response(tasks_json(self._job(request)))

    def stages(self, request: web.Request, body: bytes) -> web.Response:
        return web.json_response(stages_json(self._job(request)))

    def events(self, request: web.Request, body: bytes) -> web.Response:
        offset, limit = _figure(request, "offset", 0, 0, 10**6), _figure(request, "limit", 50, 1, 100)
        found = events_json(self._job(request))
        return web.json_response({"total": len(found), "events": found[offset : offset + limit]})

    def training_flavors(self, request: web.Request, body: bytes) -> web.Response:
        wanted = request.query.get("flavor_type", "")
        if wanted not in ("", "CPU", "GPU", "Ascend"):
            raise Refusal(400, "ModelArts.2789", "Invalid parameter flavor_type.")
        listed = [entry for entry in self._world.training if entry.listed and wanted in ("", entry.type)]
        flavors = [entry.as_json() for entry in listed]
        return web.json_response({"total_count": len(flavors), "flavors": flavors})

    def resource_flavors(self, request: web.Request, body: bytes) -> web.Response:
        limit = _figure(request, "limit", 500, 0, 500) or 500
        cursor = request.query.get("continue", "")
        found = [entry.as_json() for entry in self._world.resources if entry.listed and entry.id > cursor]
        found = [entry for entry in found if _selected(entry["metadata"]["labels"], request.query.get("labelSelector"))]
        page, rest = found[:limit], len(found) - limit
        metadata: dict[str, Any] = {}
        if rest > 0:
            metadata = {"continue": page[-1]["metadata"]["name"], "remainingItemCount": rest}
        return web.json_response(
            {"apiVersion": "v1", "kind": "ResourceFlavorList", "metadata": metadata, "items": page}
        )

    def quotas(self, request: web.Request, body: bytes) -> web.Response:
        wanted = request.query.get("resource", "")
        if wanted not in ("", "job-num"):
            raise Refusal(400, "ModelArts.2789", "Invalid parameter resource.")
        entry = {"resource": "job-num", "quota": self._world.job_quota, "used": len(self._world.jobs)}
        return web.json_response({"quotas": [entry]})

    def workspaces(self, request: web.Request, body: bytes) -> web.Response:
        found = [
            {"id": one, "name": "default" if one == "0" else one, "status": "NORMAL"} for one in self._world.workspaces
        ]
        return web.json_response({"total_count": len(found), "count": len(found), "workspaces": found})

    def projects(self, request: web.Request, body: bytes) -> web.Response:
        named = {"id": self._project_id, "name": request.query.get("name", "cn-north-7"), "enabled": True}
        links = {"self": "https://iam.example.test/v3/projects", "next": None, "previous": None}
        return web.json_response({"projects": [named], "links": links})

    def nowhere(self, request: web.Request, body: bytes) -> web.Response:
        raise Refusal(404, "APIGW.0101", "The API does not exist or has not been published in the environment")

    def _delete(self, job: EmulatedJob) -> None:
        if job.phase not in self._world.deletable:
            raise Refusal(409, "ModelArts.2878", f"The training job in phase {job.phase} cannot be deleted.")
        self._world.delete(job)

    def _job(self, request: web.Request) -> EmulatedJob:
        job = self._world.jobs.get(request.match_info["job_id"])
        if job is None:
            raise no_such_job()
        return job


def _json(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Refusal(400, "ModelArts.2788", "Invalid JSON.")
    return found


def _figure(request: web.Request, name: str, default: int, least: int, most: int) -> int:
    text = request.query.get(name, "")
    if not text:
        return default
    if not text.isdecimal() or not least <= int(text) <= most:
        raise Refusal(400, "ModelArts.50004000", f"Invalid parameter {name}.")
    return int(text)


def _selected(labels: dict[str, str], selector: str | None) -> bool:
    """The usual selectors: `key`, `key=value`, `key!=value`, joined by commas."""
    for part in (selector or "").split(","):
        key, unequal, value = part.partition("!=")
        if unequal:
            if labels.get(key.strip()) == value.strip():
                return False
            continue
        key, equal, value = part.replace("==", "=").partition("=")
        if key.strip() and (key.strip() not in labels or (equal and labels[key.strip()] != value.strip())):
            return False
    return True
