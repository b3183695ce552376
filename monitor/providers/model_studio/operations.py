"""The emulated platform's operations on fine-tuning jobs: what each one checks, does and answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from aiohttp import web

from monitor.fields import Clock
from monitor.providers.model_studio.simjob import SimJob
from monitor.providers.model_studio.transcript import checkpoints, log_lines
from monitor.providers.model_studio.world import World

_DONE = b'{"status":"success"}'
_CREATE = ("job_name", "model", "training_type", "hyper_parameters", "training_datasets", "validation_datasets")


class Refused(Exception):
    """An error answer."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message

    def body(self, request_id: str) -> bytes:
        return msgspec.json.encode({"code": self.code, "message": self.message, "request_id": request_id})


class Operations:
    """Each takes an admitted request and returns the JSON of `output`, or raises Refused."""

    def __init__(self, world: World, clock: Clock) -> None:
        self._world = world
        self._clock = clock

    async def list(self, request: web.Request) -> bytes:
        number = _number(request, "page_no", 1, 1, 2**31)
        size = _number(request, "page_size", 10, 1, 100)
        total, items = self._world.page(number, size, _filter(request))
        head = f'{{"page_no":{number},"page_size":{size},"total":{total},"jobs":['
        return head.encode() + b",".join(items) + b"]}"

    async def get(self, request: web.Request) -> bytes:
        return self._job(request).encoded()

    async def create(self, request: web.Request) -> bytes:
        try:
            body = msgspec.json.decode(await request.read(), type=dict[str, Any])
        except msgspec.DecodeError:
            raise Refused(400, "InvalidParameter", "Request body is not valid JSON.") from None
        model = body.get("model")
        if not isinstance(model, str) or not model:
            raise Refused(400, "InvalidParameter", "Required parameter 'model' is missing.")
        if not body.get("training_file_ids") and not body.get("training_datasets"):
            raise Refused(400, "InvalidParameter", "Missing training files.")
        if self._world.full:
            raise Refused(429, "Throttling", "Too many fine-tune jobs in running or succeeded status.")
        fields = {name: body[name] for name in _CREATE if body.get(name) is not None}
        for kind in ("training", "validation"):
            ids = body.get(f"{kind}_file_ids") or []
            if ids:
                fields[f"{kind}_datasets"] = [{"data_source_type": "file_id", "file_id": id_} for id_ in ids]
        parents = [job for job in self._world.jobs() if job.fields.get("finetuned_output") == model]
        fields["base_model"] = parents[0].fields["base_model"] if parents else model
        if workspace := request.headers.get("X-DashScope-WorkSpace"):
            fields["workspace_id"] = workspace
        return self._world.submit(fields).encoded()

    async def cancel(self, request: web.Request) -> bytes:
        job = self._job(request)
        if job.status not in ("PENDING", "QUEUING", "RUNNING"):
            raise Refused(400, "UnsupportedOperation", f"The fine-tune job in status {job.status} can not be canceled.")
        self._world.cancel(job)
        return _DONE

    async def delete(self, request: web.Request) -> bytes:
        """Refused in flight, allowed when finished; or as `World.deletable` says, for the sources differ (reference:
        section 2)."""
        job = self._job(request)
        if job.status not in self._world.deletable:
            raise Refused(400, "UnsupportedOperation", f"The fine-tune job in status {job.status} can not be deleted.")
        self._world.delete(job)
        return _DONE

    async def logs(self, request: web.Request) -> bytes:
        offset = _number(request, "offset", 0, 0, 2**31)
        count = _number(request, "line", 100, 1, 1000)
        lines = log_lines(self._job(request), self._clock.now())
        return msgspec.json.encode({"total": len(lines), "logs": lines[offset : offset + count]})

    async def stream(self, request: web.Request) -> bytes:
        """Server-sent events with the log so far. The stream then ends, also for a job that still runs; a failed
        one's ends with an error frame."""
        job = self._job(request)
        lines = log_lines(job, self._clock.now())
        text = "".join(f"event:result\nstatus:200\ndata:{line}\n\n" for line in lines)
        if job.status == "FAILED":
            reason = {name: job.fields.get(name) for name in ("code", "message")}
            text += f"event:error\nstatus:500\ndata:{msgspec.json.encode(reason).decode()}\n\n"
        return text.encode()

    async def checkpoints(self, request: web.Request) -> bytes:
        return msgspec.json.encode(checkpoints(self._job(request), self._clock.now()))

    def _job(self, request: web.Request) -> SimJob:
        job = self._world.find(request.match_info["job_id"])
        workspace = request.headers.get("X-DashScope-WorkSpace")
        if job is None or (workspace is not None and job.fields.get("workspace_id") != workspace):
            raise Refused(404, "NotFound", "The fine-tune job can not be found.")
        return job


def _filter(request: web.Request) -> Callable[[SimJob], bool] | None:
    """The workspace of the header (without one: the whole account) and the exact model or base model."""
    workspace, model = request.headers.get("X-DashScope-WorkSpace"), request.query.get("model")
    if workspace is None and not model:
        return None

    def keep(job: SimJob) -> bool:
        fields = job.fields
        in_view = workspace is None or fields.get("workspace_id") == workspace
        return in_view and (not model or model in (fields.get("model"), fields.get("base_model")))

    return keep


def _number(request: web.Request, name: str, default: int, least: int, most: int) -> int:
    text = request.query.get(name, str(default))
    if not (text.isascii() and text.isdigit() and least <= int(text[:12]) <= most):
        raise Refused(400, "InvalidParameter", f"Parameter '{name}' must be an integer from {least} to {most}.")
    return int(text)
