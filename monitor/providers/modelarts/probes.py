"""What `check --online` tries of an account on ModelArts: each thing that a watch needs, and what else a key may do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any

import msgspec
from yarl import URL

from monitor.model import Catalogue, Scope
from monitor.providers.modelarts import slices
from monitor.providers.modelarts.client import Client, Operation
from monitor.providers.modelarts.deleting import DELETE_JOB, attempt
from monitor.providers.modelarts.options import Options
from monitor.providers.ports import FlavorPage, JobPage, Probe
from monitor.wire import Answer, Fault, FaultKind

LIST_JOBS = "modelarts:trainJob:list"
READ_JOB = "modelarts:trainJob:get"
_GET_LIST = "the get and list actions of ModelArts"
_WORKSPACES = Operation(action="list the workspaces", permission=_GET_LIST)
_NOBODY = "00000000-0000-0000-0000-000000000000"
"""An id that no job has: the answer "there is none" proves as well that jobs may be read."""

ListJobs = Callable[[Scope], Awaitable[JobPage]]
ReadJob = Callable[[Scope, str], Awaitable[bytes | None]]
ListFlavors = Callable[[Scope], Awaitable[FlavorPage]]


def job_probes(scopes: Sequence[Scope], list_jobs: ListJobs, read_job: ReadJob) -> Iterator[Probe]:
    """A page of each workspace, then one job."""
    seen: list[tuple[Scope, bytes]] = []

    def listing(scope: Scope) -> Callable[[], Awaitable[str]]:
        async def listed() -> str:
            page = await list_jobs(scope)
            seen.extend((scope, item) for item in page.items[:1])
            return _count(page.total if page.total is not None else len(page.items), "job")

        return listed

    async def read() -> str:
        scope, item = seen[0] if seen else (scopes[0], b"")
        await read_job(scope, (slices.job_id(item) if item else None) or _NOBODY)
        return ""

    for scope in scopes:
        what = f"list the training jobs of workspace {scope.workspace}"
        yield Probe(what=what, watch="jobs", permission=LIST_JOBS, ask=listing(scope))
    if scopes:
        yield Probe(what="read a training job", watch="jobs", permission=READ_JOB, ask=read)


def flavor_probe(scope: Scope, watched: bool, list_flavors: ListFlavors) -> Probe:
    """The whole catalogue, which is one request unless it holds more than 500."""

    async def listed() -> str:
        return _count(len((await list_flavors(scope)).items), "flavor")

    name = "training flavors" if scope.watch == Catalogue.TRAINING else "resource flavors and their stock"
    watch = scope.watch if watched else None
    return Probe(what=f"list the {name}", watch=watch, permission=_GET_LIST, ask=listed)


def workspace_probe(client: Client, path: str) -> Probe:
    """Which workspaces the key can see; no watch needs it."""

    async def listed() -> str:
        found = (await client.ask(_WORKSPACES, "GET", path, read=_ids)).value
        return f"{_count(len(found), 'workspace')}: {', '.join(found[:5])}{', …' if len(found) > 5 else ''}"

    return Probe(what="list the workspaces", watch=None, permission=_GET_LIST, ask=listed)


def deletion_probe(client: Client, path: Callable[[str], str]) -> Probe:
    """`path` is that of a job by its id. A grant for some jobs only, by their tags or pool, does not show here."""

    async def asked() -> str:
        await attempt(client, path(_NOBODY))
        return "allowed, as far as an id that no job has can show"

    return Probe(what="delete a training job", watch=None, permission=DELETE_JOB, ask=asked)


def remarks(options: Options) -> Iterator[str]:
    """Of region and endpoints that do not fit."""
    host = URL(options.origin()).host or ""
    region = options.region
    if region and host.endswith(".myhuaweicloud.com") and f".{region}." not in host:
        yield f"`region` says {region} and `endpoint` is of another one; a project belongs to one region only"
    if options.iam is not None and region and f".{region}." not in options.iam_origin() and options.iam.endpoint:
        yield f"`iam.endpoint` is not of {region}; a token is valid in the region where it was made"


def _count(count: int, thing: str) -> str:
    return f"{count} {thing}{'' if count == 1 else 's'}"


def _ids(answer: Answer) -> list[str]:
    try:
        found: Any = msgspec.json.decode(answer.body)
        return [str(one["id"])[:64] for one in found["workspaces"]]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, KeyError, TypeError):
        raise Fault(FaultKind.SENSELESS, "ModelArts answered no list of workspaces", status=answer.status) from None
