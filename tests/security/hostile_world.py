"""Both platforms and every sink on one port, each of which repeats all that it is told and fails in its own way."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from tests.security.documents import ARTS_JOB, RESOURCE_FLAVOR, STUDIO_JOB, TRAINING_FLAVOR, planted

WAYS = ("500", "403", "redirect", "cut")
"""How the sinks of these names answer."""
REASON = (
    "cannot read https://bob:linkPassw0rd@obs.example.com/x?Signature=s1gnatureOfTheLink&a=b"
    " with key sk-F4ilureF4ilureF4ilure; PASSWORD=hunter2hunter2"
)
OF_REASONS = {
    "link's password": "linkPassw0rd",
    "link's signature": "s1gnatureOfTheLink",
    "key": "sk-F4ilureF4ilureF4ilure",
    "variable": "hunter2hunter2",
}


class World:
    """`async with World() as world`. `mood`: well, failed (the jobs have), ill (every answer is a fault)."""

    def __init__(self) -> None:
        self.mood = "well"
        self.asked: dict[str, int] = {}
        self.letters: list[dict[str, Any]] = []
        self.secrets: dict[str, str] = dict(OF_REASONS)
        self._jobs: dict[str, dict[str, Any]] = {}
        for name, document in (("studio", STUDIO_JOB), ("arts", ARTS_JOB), ("training", TRAINING_FLAVOR)):
            self._jobs[name] = self._plant(document, name)
        now = int(time.time())  # what happened long ago would be told later, and together
        self._jobs["arts"]["metadata"]["create_time"] = self._jobs["arts"]["status"]["start_time"] = now * 1000
        self._jobs["arts"]["status"]["running_records"][0]["start_at"] = now
        self._resource = self._plant(RESOURCE_FLAVOR, "resource")
        for field in ("code", "message", "finetuned_output"):  # which are told when the job has failed, or succeeded
            self.secrets.pop(f"studio.{field}")

    def _plant(self, document: Mapping[str, Any], name: str) -> dict[str, Any]:
        made, secrets = planted(document, name)
        self.secrets |= secrets
        return made

    async def __aenter__(self) -> World:
        app = web.Application()
        app.router.add_route("*", "/{where:.*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.place = "{}:{}".format(*self._runner.addresses[0][:2])
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._runner.cleanup()

    @property
    def types(self) -> list[str]:
        """Of the events that arrived."""
        return [event["type"] for letter in self.letters for event in letter["events"]]

    def polls(self, way: str) -> int:
        """How often it was asked for paths that begin so."""
        return self.asked.get(way, 0)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        way = request.path.split("/")[1]
        self.asked[way] = self.asked.get(way, 0) + 1
        body = await request.read()
        if way == "inbox":
            self.letters.append(json.loads(body))
            return web.Response(status=204)
        if way in ("api", "v1", "v2"):
            return self._refused(request) if self.mood == "ill" else self._page(request)
        if way == "cut":
            assert request.transport is not None
            request.transport.close()
        if way == "redirect":
            return web.Response(status=302, headers={"Location": f"https://elsewhere.example.org/?{request.url}"})
        return web.Response(status=int(way) if way.isdigit() else 500, text=repeated(request) + body.decode())

    def _refused(self, request: web.Request) -> web.StreamResponse:
        """In turn: a web page, a cut answer, a redirect, then for ever that the key is wrong."""
        said = repeated(request)
        match self.asked[request.path.split("/")[1]] % 5:
            case 0:
                return web.Response(status=500, text=f"<html>{said}", content_type="text/html")
            case 1:
                return web.Response(status=302, headers={"Location": f"https://elsewhere.example.org/?{said[:500]}"})
            case 2:
                return web.Response(text=f'{{"output": {{"jobs": [{json.dumps(said)}')
        error = {
            "code": "InvalidApiKey",
            "error_code": "APIGW.0307",
            "message": said,
            "error_msg": said,
            "request_id": "r",
        }
        return web.json_response(error, status=401, headers={"X-Request-Id": "r"})

    def _page(self, request: web.Request) -> web.StreamResponse:
        failed = self.mood == "failed"
        studio, arts = self._jobs["studio"], self._jobs["arts"]
        if failed:
            studio |= {"status": "FAILED", "code": "Boom", "message": REASON}
            arts["status"] |= {"phase": "Failed", "task_statuses": [{"task": "w-0", "exit_code": 1, "message": REASON}]}
        broken: list[Any] = [{"token": "Pl4nted-malformed"}, "Pl4nted-malformed"] if failed else []
        path = request.path
        if path.endswith("/fine-tunes"):
            jobs = [studio, *broken]
            output = {"jobs": jobs, "page_no": 1, "page_size": 100, "total": len(jobs), "next": "Pl4nted-malformed"}
            return web.json_response({"request_id": "r", "output": output})
        if "/fine-tunes/" in path:
            return web.json_response({"request_id": "r", "output": studio})
        if path.endswith("training-job-searches"):
            items = [arts, *broken]
            return web.json_response({"total": len(items), "count": len(items), "items": items})
        if "/training-jobs/" in path:
            return web.json_response(arts)
        if path.endswith("training-job-flavors"):
            return web.json_response({"total_count": 1, "flavors": [self._jobs["training"]]})
        zones = {"cn-north-4a": "soldout" if failed else "normal"}
        flavor = self._resource | {"status": self._resource["status"] | {"phase": zones}}
        return web.json_response({"items": [flavor, *broken], "metadata": {}})


def repeated(request: web.Request) -> str:
    """What the request said, as a helpful server repeats it."""
    return f"{request.url} {' '.join(f'{name}: {value}' for name, value in request.headers.items())}"
