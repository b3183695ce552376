"""What a person may switch in the emulated platforms while they run, over their port: for trying what else takes days.

Only the sandbox serves them; tests take hold of the worlds themselves."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from math import ceil
from typing import Any

from aiohttp import web

from monitor.emulation import Emulator, Reply

JOB_CAP = 60
"""Jobs that the sandbox's own config lets the Model Studio account have, so that little fills it."""
MOST = 100
USAGE = """\
Switches of the sandbox, each a POST; ID is a job's id:
  {address}/sandbox/end?job=ID               it is over now (&outcome=failed, canceled; default: succeeded)
  {address}/sandbox/refuse?times=1           the next deletion is refused for its job's state, on either platform
  {address}/sandbox/refuse?times=1&why=key   the same for the key's sake, which ends a policy's run
  {address}/sandbox/fill?percent=95          so many of the jobs that may exist exist, most of them over
"""
_ENDS = {
    "modelarts": {"succeeded": "Completed", "failed": "Failed", "canceled": "Terminated"},
    "model-studio": {"succeeded": "SUCCEEDED", "failed": "FAILED", "canceled": "CANCELED"},
}
_NO: Mapping[str, Mapping[str, tuple[int, str]]] = {
    "modelarts": {"job": (409, "ModelArts.2878"), "key": (403, "ModelArts.0108")},
    "model-studio": {"job": (400, "UnsupportedOperation"), "key": (403, "AccessDenied")},
}


class Switches:
    """Every answer is one line of text; what cannot be done is a 400 or 404 that says why."""

    def __init__(self, platforms: Mapping[str, Emulator]) -> None:
        self._platforms: Mapping[str, Any] = platforms

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        return [
            web.get("/sandbox", self._usage),
            web.post("/sandbox/end", _answering(self._end)),
            web.post("/sandbox/refuse", _answering(self._refuse)),
            web.post("/sandbox/fill", _answering(self._fill)),
        ]

    async def _usage(self, request: web.Request) -> web.Response:
        return web.Response(text=USAGE.format(address=f"http://{request.host}"))

    def _end(self, asked: Mapping[str, str]) -> str:
        job_id, outcome = asked.get("job", ""), asked.get("outcome", "succeeded")
        if outcome not in _ENDS["modelarts"]:
            raise ValueError(f"outcome is one of {', '.join(_ENDS['modelarts'])}")
        arts, studio = self._platforms["modelarts"].world, self._platforms["model-studio"].world
        arts.advance()
        if job_id in arts.jobs:
            arts.set_phase(job_id, _ENDS["modelarts"][outcome])
        elif studio.find(job_id) is not None:
            studio.set(job_id, status=_ENDS["model-studio"][outcome])
        else:
            raise LookupError(
                f"neither platform has a job {job_id!r}; `training-monitor jobs list --output jsonl` has their ids"
            )
        return f"{job_id} has {outcome}" if outcome != "canceled" else f"{job_id} is canceled"

    def _refuse(self, asked: Mapping[str, str]) -> str:
        times, why = _number(asked, "times", 1), asked.get("why", "job")
        if why not in ("job", "key"):
            raise ValueError("why is job or key")
        for kind, platform in self._platforms.items():
            platform.faults.add(_no(kind, why), operation="delete", times=times)
        return f"the next {times} deletions of each platform are refused for the {why}'s sake"

    def _fill(self, asked: Mapping[str, str]) -> str:
        """ModelArts tells its cap, which comes down; of Model Studio the config says it, so jobs are added."""
        share = _number(asked, "percent", 95) / 100
        arts, studio = self._platforms["modelarts"].world, self._platforms["model-studio"].world
        arts.advance()
        arts.job_quota = max(1, int(len(arts.jobs) / share))
        wanted = ceil(JOB_CAP * share)
        while (missing := wanted - sum(job.status in ("RUNNING", "SUCCEEDED") for job in studio.jobs())) > 0:
            studio.add_history(missing)
        return f"ModelArts has {len(arts.jobs)} jobs of {arts.job_quota}; Model Studio {wanted} or more of {JOB_CAP}"


def _no(kind: str, why: str) -> Reply:
    status, code = _NO[kind][why]
    text = "The sandbox was told to refuse this."
    names = ("error_code", "error_msg") if kind == "modelarts" else ("code", "message")
    return Reply(status=status, body=json.dumps(dict(zip(names, (code, text), strict=True))).encode())


def _number(asked: Mapping[str, str], name: str, default: int) -> int:
    text = asked.get(name, str(default))
    if not text.isdecimal() or not 1 <= int(text) <= MOST:
        raise ValueError(f"{name} is a number from 1 to {MOST}")
    return int(text)


def _answering(act: Callable[[Mapping[str, str]], str]) -> Callable[[web.Request], Any]:
    async def answer(request: web.Request) -> web.Response:
        try:
            return web.Response(text=f"{act(request.query)}\n")
        except (ValueError, LookupError) as error:
            status = 404 if isinstance(error, LookupError) else 400
            return web.Response(status=status, text=f"{error.args[0]}\n")

    return answer
