"""The platforms' own truth: two emulated platforms, and a record of everything that their answers showed."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from aiohttp import web

from monitor.emulation import Emulator

STATES = {
    "PENDING": "pending", "QUEUING": "queued", "RUNNING": "running", "CANCELING": "stopping", "SUCCEEDED": "succeeded",
    "FAILED": "failed", "CANCELED": "canceled", "Creating": "pending", "Pending": "queued", "Running": "running",
    "Terminating": "stopping", "Completed": "succeeded", "Failed": "failed", "Terminated": "canceled",
}  # fmt: skip
"""The table of the design, written out again: the daemon's own may be wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One thing in one answer. `started` and `runs` are what the platform proves of a job."""

    subject: str
    word: str
    started: bool = False
    runs: int | None = None
    sure: bool = False
    """Whether the poll that it was for must have been committed: the same life has begun another one after it."""


@dataclass(slots=True)
class _Answer:
    watch: str
    life: int
    head: bool
    shown: list[Shown]
    safe: bool = True


class Witness:
    """Notes what is served, in order. `life` is set by whoever starts the daemon's lives."""

    def __init__(self) -> None:
        self.life = 0
        self._answers: list[_Answer] = []
        self._shaken: dict[str, int] = {}
        self._dark: int | None = None
        """From which answer on the store was away; None: it is there."""
        self._heard: Counter[tuple[str, int]] = Counter()

    def watched(self, platform: Emulator) -> Emulator:
        """The platform, with everything that it answers noted."""
        return _Watched(platform, self.note)  # type: ignore[return-value]

    def polls(self) -> int:
        """Answers so far."""
        return len(self._answers)

    def acquainted(self, watch: str) -> bool:
        """Whether this life has surely had an answer, for it has asked again: its key is proven."""
        return self._heard[watch, self.life] > 1

    def outage(self) -> None:
        """The store is taken away: no poll of now, nor of the time until it is back, need be kept."""
        self._dark = max(0, len(self._answers) - 50)

    def back(self) -> None:
        """Each watch has written a good poll again; one that began before may still fail, for it met what is gone."""
        for answer in self._answers[self._dark :]:
            answer.safe = False
        self._dark = None
        self._shaken = dict.fromkeys(("studio", "arts", "flavors"), 2)

    def note(self, request: web.Request, body: bytes) -> None:
        watch, head, shown = _read(request, body)
        if not watch:
            return
        self._heard[watch, self.life] += 1
        if head and self._shaken.get(watch):
            self._shaken[watch] -= 1
        self._answers.append(_Answer(watch, self.life, head, shown, safe=not self._shaken.get(watch)))

    def stories(self) -> dict[str, list[Shown]]:
        """What was shown of each subject, in order."""
        told: dict[str, list[Shown]] = {}
        ended: set[tuple[str, int]] = set()
        """Watches and lives of which a later poll's beginning was seen (we walk backwards)."""
        for answer in reversed(self._answers):
            key = (answer.watch, answer.life)
            sure = key in ended and answer.safe
            latest = {each.subject: each for each in answer.shown}
            for subject, each in latest.items():
                told.setdefault(subject, []).append(replace(each, sure=sure))
            if answer.head:
                ended.add(key)
        return {subject: story[::-1] for subject, story in told.items()}


class _Watched:
    def __init__(self, platform: Emulator, note: Callable[[web.Request, bytes], None]) -> None:
        self._platform = platform
        self._note = note

    def __getattr__(self, name: str) -> Any:
        return getattr(self._platform, name)

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        for route in self._platform.routes():
            assert isinstance(route, web.RouteDef)
            yield web.RouteDef(route.method, route.path, self._noting(route.handler), route.kwargs)

    def _noting(self, handler: Any) -> Any:
        async def serve(request: web.Request) -> web.StreamResponse:
            response: web.StreamResponse = await handler(request)
            if response.status == 200 and isinstance(response, web.Response) and isinstance(response.body, bytes):
                self._note(request, response.body)
            return response

        return serve


def _read(request: web.Request, body: bytes) -> tuple[str, bool, list[Shown]]:
    """Watch, whether a poll or a sweep begins with it, and what it shows."""
    path = request.path
    if "/fine-tunes" in path and not path.endswith("/logs"):
        said = json.loads(body)["output"]
        head = "jobs" in said and said["page_no"] == 1
        return "studio", head, [_studio(job) for job in said.get("jobs", [said])]
    if path.endswith("/training-job-searches"):
        said = json.loads(body)
        filtered = b"phase" in (request._read_bytes or b"")
        return "arts", said["offset"] == 0 and not filtered, [_arts(job) for job in said["items"]]
    if "/training-jobs/" in path:
        return "arts", False, [_arts(json.loads(body))]
    if path.endswith("/resourceflavors"):
        return "flavors", True, list(_stock(json.loads(body)))
    return "", False, []


def _studio(job: dict[str, Any]) -> Shown:
    return Shown(subject=f"job/{job['job_id']}", word=STATES[job["status"]])


def _arts(job: dict[str, Any]) -> Shown:
    status = job["status"]
    return Shown(
        subject=f"job/{job['metadata']['id']}",
        word=STATES[status["phase"]],
        started=bool(status["start_time"]),
        runs=len(status["running_records"]),
    )


def _stock(said: dict[str, Any]) -> Iterator[Shown]:
    for item in said["items"]:
        for zone, word in item["status"]["phase"].items():
            yield Shown(subject=f"flavor/{item['metadata']['name']}/{zone}", word=word)
