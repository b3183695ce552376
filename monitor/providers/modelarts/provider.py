"""One account on ModelArts as polling sees it: scopes, pages of jobs, single jobs, the two catalogues."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from urllib.parse import quote

import msgspec
from yarl import URL

from monitor.fields import Clock
from monitor.model import Account, Catalogue, Flavor, Job, JobState, Quota, Scope
from monitor.providers.modelarts import paging as walk
from monitor.providers.modelarts import slices
from monitor.providers.modelarts.auth import choose
from monitor.providers.modelarts.catalogues import resource_flavors, training_flavors
from monitor.providers.modelarts.client import Client, Operation
from monitor.providers.modelarts.credential import fingerprint
from monitor.providers.modelarts.deleting import delete
from monitor.providers.modelarts.errors import JOB_NOT_FOUND
from monitor.providers.modelarts.options import Options
from monitor.providers.modelarts.parse_flavor import parse_resource_flavor, parse_training_flavor
from monitor.providers.modelarts.parse_job import PARSER_VERSION, parse_job
from monitor.providers.modelarts.platform_time import PlatformTime
from monitor.providers.modelarts.probes import (
    LIST_JOBS,
    READ_JOB,
    deletion_probe,
    flavor_probe,
    job_probes,
    remarks,
    workspace_probe,
)
from monitor.providers.modelarts.quota import read_quota
from monitor.providers.ports import Decoded, FlavorPage, JobPage, Probe, Progress
from monitor.wire import Answer, Fault, FaultKind, Http

_ACTIVE = ("Creating", "Pending", "Running", "Terminating")
_LIST = Operation(action="list the training jobs", permission=f"the permission {LIST_JOBS}")
_READ = Operation(action="show a training job", permission=f"the permission {READ_JOB}", absent=JOB_NOT_FOUND)
_JOB_ID = re.compile(r"[A-Za-z0-9_.:-]{1,128}", re.ASCII)


class ModelArts:
    """Implements `providers.ports.Provider`."""

    lists_active = True
    reports_usage = False
    counted: frozenset[JobState] = frozenset()
    page_size = walk.LIMIT
    parser_version = PARSER_VERSION

    def __init__(self, options: Options, http: Http, clock: Clock) -> None:
        self._options = options
        self._origin = options.origin()
        self._clock = clock
        time = PlatformTime(clock)
        self._auth = choose(options, http, clock, time)
        place = "region" if options.endpoint is None else "endpoint"
        self._client = Client(http, self._auth, self._origin, options.project_id, time, placed_by=place)
        self._fingerprint: str | None = None
        self._console_region = self._region_of_console()
        self.account = Account(
            name=options.name, provider="modelarts", region=options.location(), labels=dict(options.labels)
        )

    def scopes(self, watch: str) -> Sequence[Scope]:
        options = self._options
        if watch == "jobs" and options.jobs is not None:
            return [self._scope(watch, f"workspace={one}", one) for one in options.jobs.workspaces]
        if watch == Catalogue.TRAINING and options.training_flavors is not None:
            return [self._scope(watch, f"type={options.training_flavors.flavor_type or '*'}")]
        if watch == Catalogue.RESOURCE and options.resource_flavors is not None:
            return [self._scope(watch, f"labels={options.resource_flavors.label_selector or '*'}")]
        return []

    async def list_jobs(
        self, scope: Scope, cursor: object | None = None, *, active: bool = False, paging: str | None = None
    ) -> JobPage:
        async def ask(offset: int, read_before: int) -> tuple[slices.Searched, Answer]:
            read = await self._client.ask(
                _LIST,
                "POST",
                self._path(2, "training-job-searches"),
                body=_search(scope.workspace, offset, active=active),
                read=lambda answer: slices.searched(answer, narrowed=active, read_before=read_before),
            )
            return read.value, read.answer

        reading = self._reading(paging)
        if cursor is None:
            step = await walk.first(ask, reading)
        else:
            assert isinstance(cursor, walk.Cursor)
            step = await walk.following(ask, cursor, reading)
        return JobPage(
            items=step.found.items,
            next=step.next,
            total=None if active else step.found.total,
            date=step.answer.date,
            paging=step.reading,
        )

    async def read_job(self, scope: Scope, job_id: str) -> bytes | None:
        def read(answer: Answer) -> bytes | None:
            return slices.shown(answer, job_id) if answer.status == 200 else None

        return (await self._client.ask(_READ, "GET", self._job(job_id), read=read)).value

    def decode_job(self, scope: Scope, raw: bytes) -> Decoded[Job]:
        return parse_job(raw, workspace=scope.workspace, region=self._console_region)

    async def list_flavors(self, scope: Scope) -> FlavorPage:
        options = self._options
        if scope.watch == Catalogue.TRAINING:
            narrow = options.training_flavors.flavor_type if options.training_flavors is not None else None
            return await training_flavors(self._client, self._path(2, "training-job-flavors"), narrow)
        labels = options.resource_flavors.label_selector if options.resource_flavors is not None else ""
        return await resource_flavors(self._client, self._path(1, "resourceflavors"), labels)

    def decode_flavor(self, scope: Scope, raw: bytes) -> Decoded[Flavor]:
        return parse_training_flavor(raw) if scope.watch == Catalogue.TRAINING else parse_resource_flavor(raw)

    async def delete_job(self, scope: Scope, job_id: str) -> bool:
        return await delete(self._client, self._job(job_id))

    async def quota(self) -> Quota | None:
        return await read_quota(self._client, self._path(2, "training-quotas"), self._clock.now())

    async def read_progress(self, scope: Scope, job_id: str, *, after: int) -> Progress | None:
        return None

    def fingerprint(self) -> str:
        """Made once, in some 50 ms. Raises Fault where a secret is missing."""
        if self._fingerprint is None:
            self._fingerprint = fingerprint(self._origin, self._auth.identity())
        return self._fingerprint

    def probes(self) -> Sequence[Probe]:
        """The catalogues that nobody watches are tried too, for what else the key may do."""
        found = list(job_probes(self.scopes("jobs"), self.list_jobs, self.read_job))
        for catalogue in Catalogue:
            scopes = self.scopes(catalogue)
            scope = scopes[0] if scopes else self._scope(catalogue, "")
            found.append(flavor_probe(scope, bool(scopes), self.list_flavors))
        return [*found, workspace_probe(self._client, self._path(1, "workspaces"))]

    def deletion_probe(self) -> Probe:
        return deletion_probe(self._client, self._job)

    def remarks(self) -> Sequence[str]:
        return list(remarks(self._options))

    def _scope(self, watch: str, narrowed: str, workspace: str | None = None) -> Scope:
        key = f"{self._origin} project={self._options.project_id} {narrowed}"
        return Scope(account=self._options.name, watch=watch, key=key, workspace=workspace)

    def _job(self, job_id: str) -> str:
        """The path of one job. Raises Fault for what cannot be an id, and would then name something else."""
        if not _JOB_ID.fullmatch(job_id) or set(job_id) == {"."}:
            text, hint = "this is no id of a training job", "ids are like 1a2b3c4d-…"
            raise Fault(FaultKind.MISCONFIGURED, text, hint=hint, sent=False)
        return self._path(2, f"training-jobs/{quote(job_id, safe='')}")

    def _path(self, version: int, rest: str) -> str:
        return f"/v{version}/{self._options.project_id}/{rest}"

    def _reading(self, paging: str | None) -> str | None:
        """The configured meaning of `offset`, else the one found before; None: not known yet."""
        configured = self._options.jobs.paging if self._options.jobs is not None else "auto"
        if configured != "auto":
            return configured
        return paging if paging in (walk.PAGE, walk.ITEM) else None

    def _region_of_console(self) -> str | None:
        """Only the vendor's own cloud has the console that job urls lead to."""
        host = URL(self._origin).host or ""
        return self._options.location() if host.endswith(".myhuaweicloud.com") else None


def _search(workspace: str | None, offset: int, *, active: bool) -> bytes:
    body: Mapping[str, object] = {
        "offset": offset,
        "limit": walk.LIMIT,
        "sort_by": "create_time",
        "order": "desc",
        "workspace_id": workspace or "0",
    }
    if active:
        body = {**body, "filters": [{"key": "phase", "operator": "in", "value": list(_ACTIVE)}]}
    return msgspec.json.encode(body)


def build(options: Options, http: Http, clock: Clock) -> ModelArts:
    """The provider of one account; nothing is sent and no secret revealed yet."""
    return ModelArts(options, http, clock)
