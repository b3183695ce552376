"""The provider that polling drives: one API key on one Model Studio endpoint, its one listing, its jobs."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from yarl import URL

from monitor.fields import Clock
from monitor.model import Account, Flavor, Job, JobState, Quota, Scope
from monitor.providers.model_studio.client import LOG_LINES, PAGE_SIZE, Client
from monitor.providers.model_studio.log import consumed
from monitor.providers.model_studio.options import Options, zone
from monitor.providers.model_studio.parse import Reading, parse_job
from monitor.providers.model_studio.probes import deletion_probe, probes, remarks
from monitor.providers.model_studio.regions import region_of
from monitor.providers.ports import (
    Declined,
    Decoded,
    FlavorPage,
    JobPage,
    Malformed,
    Probe,
    Progress,
    Provider,
    declined,
)
from monitor.wire import Fault, FaultKind, Http

_PAGE = "/?tab=model#/efm/model_manager?jobId="
"""The console's list of fine-tuning jobs. Unproven: no source names the address of a single job's page, so the id is
added where the console, if it does not know the parameter, still opens the list."""


_ID_HINT = "ids are like ft-202611201530-ab12"
_RESERVED = frozenset({"outputs", "generate", "create", "online", "query", "delete"})
"""Under `/fine-tunes/` these name other things than jobs (reference: section 1)."""


class ModelStudio:
    """Implements `ports.Provider`. De-duplication over shifting pages is polling's."""

    parser_version = "model-studio/1"
    lists_active = False
    page_size = PAGE_SIZE
    reports_usage = True
    counted = frozenset({JobState.RUNNING, JobState.SUCCEEDED})
    """Reference: section 5, 429 `Throttling` (c): more than 20 jobs running or succeeded."""

    def __init__(self, options: Options, http: Http) -> None:
        url = URL(options.endpoint)
        region = options.location()
        self.account = Account(name=options.name, provider=options.provider, region=region, labels=options.labels)
        self._options = options
        self._place = f"{url.host or ''}:{url.port}{url.path.rstrip('/')}"
        self._client = Client(http, endpoint=options.endpoint, api_key=options.api_key, workspace=options.workspace)
        self._reading = Reading(zone=zone(options.time_zone), console=_console(region))
        self._fingerprint: str | None = None

    def scopes(self, watch: str) -> Sequence[Scope]:
        """One for `jobs`: host, path, workspace and model filter make the view. None for any other watch."""
        if watch != "jobs":
            return ()
        workspace = self._options.workspace
        key = f"{self._place} workspace={workspace or ''} model={self._options.jobs.model or ''}"
        return (Scope(account=self.account.name, watch=watch, key=key, workspace=workspace),)

    async def list_jobs(
        self, scope: Scope, cursor: object | None = None, *, active: bool = False, paging: str | None = None
    ) -> JobPage:
        page_no = cursor if isinstance(cursor, int) else 1
        listing = await self._client.list(page_no, model=self._options.jobs.model)
        following = None if listing.last else page_no + 1
        return JobPage(items=listing.items, next=following, total=listing.total, date=listing.date)

    async def read_job(self, scope: Scope, job_id: str) -> bytes | None:
        return await self._client.get(job_id)

    def decode_job(self, scope: Scope, raw: bytes) -> Decoded[Job]:
        return parse_job(raw, self._reading)

    async def list_flavors(self, scope: Scope) -> FlavorPage:
        raise Fault(FaultKind.MISCONFIGURED, "Model Studio has no flavors", hint="watch its `jobs` only")

    def decode_flavor(self, scope: Scope, raw: bytes) -> Decoded[Flavor]:
        raise Malformed("Model Studio has no flavors")

    async def delete_job(self, scope: Scope, job_id: str) -> bool:
        """A yes is "accepted" and no more: the platform says `success` to a cancellation in the same words, long before
        the job is canceled."""
        if not is_job_id(job_id):
            raise Fault(FaultKind.MISCONFIGURED, "this is no id of a fine-tuning job", hint=_ID_HINT, sent=False)
        try:
            answered = await self._client.delete(job_id)
        except Fault as fault:
            refused = declined(fault)
            if refused is None:
                raise
            # An id that the platform does not know may be a bad parameter to it (reference: section 5): a read decides.
            if refused.code.lower().startswith("invalidparameter") and await self._client.get(job_id) is None:
                return True
            raise refused from None
        if isinstance(answered, Declined):
            raise answered
        return answered

    async def quota(self) -> Quota | None:
        return None

    async def read_progress(self, scope: Scope, job_id: str, *, after: int) -> Progress | None:
        """One request, and one more where more lines came than it holds: the figures are cumulative, so the last lines
        say all. A log that is shorter than `after` was begun anew."""
        page = await self._client.log(job_id, after)
        if page is None:
            return None
        total = after + len(page.lines) if page.total is None else page.total
        told = [consumed(page.lines)]
        if total < after or total > after + LOG_LINES:
            tail = await self._client.log(job_id, max(0, total - LOG_LINES))
            told = [] if total < after else told
            told.append(consumed(tail.lines) if tail is not None else None)
        return Progress(lines=total, tokens=max((tokens for tokens in told if tokens is not None), default=None))

    def fingerprint(self) -> str:
        """scrypt of the key, salted with the endpoint's host: some 50 ms, once."""
        if self._fingerprint is None:
            salt = f"training-monitor model-studio {self._place.partition('/')[0]}".encode()
            key = self._options.api_key.reveal().encode()
            self._fingerprint = hashlib.scrypt(key, salt=salt, n=2**14, r=8, p=1, dklen=16).hex()
        return self._fingerprint

    def probes(self) -> Sequence[Probe]:
        (scope,) = self.scopes("jobs")

        def id_of(raw: bytes) -> str | None:
            try:
                return self.decode_job(scope, raw).item.id
            except Malformed:
                return None

        return probes(self._client, self._options.jobs.model, id_of)

    def deletion_probe(self) -> Probe:
        return deletion_probe(self._client)

    def remarks(self) -> Sequence[str]:
        of_host = region_of(URL(self._options.endpoint).host or "")
        return list(remarks(self._options.api_key, self._options.region, of_host))


def build(options: Options, http: Http, clock: Clock) -> Provider:
    """As `ports.Build`; Model Studio's requests need no clock, for nothing in them is signed."""
    return ModelStudio(options, http)


def is_job_id(text: str) -> bool:
    """Whether a deletion of this id can only name a job: one segment of the path, and no reserved one."""
    return re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9_.:-]{0,127}", text) is not None and text.lower() not in _RESERVED


def _console(region: str | None) -> str:
    abroad = region is not None and not region.startswith("cn-")
    return ("https://modelstudio.console.alibabacloud.com" if abroad else "https://bailian.console.aliyun.com") + _PAGE
