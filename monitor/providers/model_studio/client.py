"""Asks Model Studio for fine-tuning jobs over guarded HTTP; slices pages into jobs and decodes none of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from monitor.fields import Secret
from monitor.providers.model_studio.codes import kept
from monitor.providers.model_studio.judge import NO_JSON, Judge, not_json, scalar, senseless
from monitor.providers.ports import Declined
from monitor.wire import Answer, Fault, FaultKind, Http

PAGE_SIZE = 100
"""The most that all sources allow (reference: section 1)."""
LOG_LINES = 1000
"""The most lines of a log that one request brings (reference: section 1)."""
_NOTHING = msgspec.Raw()
_JOB = msgspec.json.Decoder(dict[str, msgspec.Raw])
T = TypeVar("T")


class _Output(msgspec.Struct):
    jobs: list[msgspec.Raw] | None = None
    page_no: msgspec.Raw = _NOTHING
    page_size: msgspec.Raw = _NOTHING
    total: msgspec.Raw = _NOTHING


class _Page(msgspec.Struct):
    output: _Output | None = None
    code: msgspec.Raw = _NOTHING
    request_id: msgspec.Raw = _NOTHING


class _Single(msgspec.Struct):
    output: msgspec.Raw = _NOTHING
    code: msgspec.Raw = _NOTHING
    request_id: msgspec.Raw = _NOTHING


class _Lines(msgspec.Struct):
    logs: list[Any] | None = None
    total: msgspec.Raw = _NOTHING


class _Log(msgspec.Struct):
    output: _Lines | None = None
    code: msgspec.Raw = _NOTHING
    request_id: msgspec.Raw = _NOTHING


_LOG = msgspec.json.Decoder(_Log)
_PAGE = msgspec.json.Decoder(_Page)
_SINGLE = msgspec.json.Decoder(_Single)


@dataclass(frozen=True, slots=True)
class Listing:
    """One page as the platform gave it: the bytes of each job, newest first. `last`: nothing follows it."""

    items: Sequence[bytes]
    total: int | None
    last: bool
    date: datetime | None


@dataclass(frozen=True, slots=True)
class LogPage:
    """Some lines of a log. `total`: how many there are so far, where that can be believed."""

    lines: Sequence[str]
    total: int | None


class Client:
    """One API key on one endpoint. Every method raises `Fault` and nothing else."""

    def __init__(self, http: Http, *, endpoint: str, api_key: Secret, workspace: str | None) -> None:
        self._http = http
        self._endpoint = endpoint.rstrip("/")
        self._key = api_key
        self._workspace = workspace
        self._judge = Judge(lambda text: api_key.missing is None and api_key.reveal() in text)

    async def list(self, page_no: int, *, model: str | None = None) -> Listing:
        """A page of the listing, from 1; `model` keeps one model or base model."""
        query: dict[str, str | int] = {"page_no": page_no, "page_size": PAGE_SIZE}
        if model is not None:
            query["model"] = model
        path = "/fine-tunes?" + urlencode(query, quote_via=quote)
        return await self._read(path, lambda answer: self._listing(answer, page_no))

    async def get(self, job_id: str) -> bytes | None:
        """The bytes of one job, or None where the platform says that there is no such job.

        That is 404 `NotFound`, and 400 `InvalidParameter` too: the platform's file API reports an unknown id so
        (reference: section 5), and the id is the only parameter of this request.
        """
        path = f"/fine-tunes/{quote(job_id, safe='', errors='replace')}"
        return await self._read(path, lambda answer: self._single(answer, job_id))

    async def log(self, job_id: str, offset: int) -> LogPage | None:
        """Up to LOG_LINES lines of a job's log beyond the first `offset`; None where there is no such job."""
        path = f"/fine-tunes/{quote(job_id, safe='', errors='replace')}/logs?offset={offset}&line={LOG_LINES}"
        return await self._read(path, self._log_page)

    async def delete(self, job_id: str) -> Declined | bool:
        """Asks once for a job to be deleted. True: there is no such job; False: accepted; Declined: its state
        forbids it.

        The platform's texts contradict each other on the states that may be deleted (reference: section 2), so the
        answer decides.
        """
        path = f"/fine-tunes/{quote(job_id, safe='', errors='replace')}"
        return await self._ask("DELETE", path, self._deleted)

    async def _read(self, path: str, understand: Callable[[Answer], T]) -> T:
        return await self._ask("GET", path, understand)

    async def _ask(self, method: str, path: str, understand: Callable[[Answer], T]) -> T:
        """Sends and returns what `understand` makes of the answer; its faults are the judge's, for pacing. A Fault's
        `sent` is False where the key could not even be had."""
        understood: list[T] = []
        proven = False

        def headers() -> Mapping[str, str]:
            nonlocal proven
            made = self._headers()
            proven = True
            return made

        def judge(answer: Answer) -> Fault | None:
            understood.append(understand(answer))
            return None

        try:
            await self._http.send(method, self._endpoint + path, judge=judge, headers=headers)
        except Fault as fault:
            fault.sent = fault.sent and proven
            raise
        return understood[-1]

    def _headers(self) -> Mapping[str, str]:
        try:
            key = self._key.reveal()
        except LookupError as error:
            raise Fault(FaultKind.MISCONFIGURED, f"`api_key` is not there: {error}") from None
        if not key.isascii() or not key.isprintable() or " " in key:
            raise Fault(
                FaultKind.MISCONFIGURED,
                "`api_key` holds a space, a line break or a sign that no API key has",
                hint="copy the key again; look for a line break at its end",
            )
        headers = {"Authorization": f"Bearer {key}", "Accept": "application/json"}
        if self._workspace is not None:
            headers["X-DashScope-WorkSpace"] = self._workspace
        return headers

    def _listing(self, answer: Answer, page_no: int) -> Listing:
        page = self._decoded(answer, _PAGE)
        request_id = self._checked(answer, page.code, page.request_id)
        if page.output is None or page.output.jobs is None:
            lacking = "`output`" if page.output is None else "`jobs`"
            raise senseless(answer, f"with a job list that has no {lacking}", request_id)
        output = page.output
        assert output.jobs is not None
        count = len(output.jobs)
        shown, size, total = _count(output.page_no), _count(output.page_size) or PAGE_SIZE, _count(output.total)
        if shown is not None and shown != page_no:
            raise senseless(answer, f"with page {shown} of the job list when asked for page {page_no}", request_id)
        before = (page_no - 1) * size
        if total is not None and count < min(size, total - before):
            due = min(size, total - before)
            raise senseless(
                answer, f"with {count} jobs on a page that should hold {due} by its own `total`", request_id
            )
        if total is not None and count and total < before + count:
            total = None
        last = count < size if total is None else before + size >= total
        return Listing([bytes(job) for job in output.jobs], total, last, answer.date)

    def _single(self, answer: Answer, job_id: str) -> bytes | None:
        if answer.status != 200 and _says_missing(answer.status, (self._judge.head(answer.body).code or "").lower()):
            return None
        single = self._decoded(answer, _SINGLE)
        code = scalar(single.code)
        if code and _says_missing(answer.status, str(code).lower()):
            return None
        request_id = self._checked(answer, single.code, single.request_id)
        try:
            job = _JOB.decode(single.output) if single.output else {}
        except NO_JSON:
            job = {}
        if not job:
            raise senseless(answer, "with a job that has no `output`", request_id)
        if scalar(job.get("job_id")) not in (None, job_id):
            raise senseless(answer, "with another job than the one asked for", request_id)
        return bytes(single.output)

    def _log_page(self, answer: Answer) -> LogPage | None:
        head = self._judge.head(answer.body)
        if answer.status in (200, 404) and _not_found((head.code or "").lower()):
            return None
        page = self._decoded(answer, _LOG)
        request_id = self._checked(answer, page.code, page.request_id)
        if page.output is None or page.output.logs is None:
            raise senseless(answer, "with a log that has no lines", request_id)
        lines = [line for line in page.output.logs if isinstance(line, str)]
        return LogPage(lines, _count(page.output.total))

    def _deleted(self, answer: Answer) -> Declined | bool:
        head = self._judge.head(answer.body)
        code = (head.code or "").lower()
        if answer.status in (200, 404) and _not_found(code):
            return True
        if kept(answer.status, code):
            proof = " ".join(str(word) for word in (answer.status, head.shown) if word)
            text = f"Model Studio does not delete the job in its present state ({proof})"
            return Declined(text, code=head.shown or str(answer.status), job_only=True)
        single = self._decoded(answer, _SINGLE)
        request_id = self._checked(answer, single.code, single.request_id)
        try:
            word = scalar(_JOB.decode(single.output).get("status")) if single.output else None
        except NO_JSON:
            word = None
        if not isinstance(word, str) or word.lower() != "success":
            raise senseless(answer, "with something else than a yes to a deletion", request_id)
        return False

    def _decoded(self, answer: Answer, decoder: msgspec.json.Decoder[T]) -> T:
        """The body in its due shape. Raises Fault for a refusal and for what has no such shape."""
        if answer.status == 200:
            try:
                return decoder.decode(answer.body)
            except NO_JSON:
                pass
        head = self._judge.head(answer.body)
        raise self._judge.refusal(answer, head) or senseless(answer, not_json(answer), head.request_id)

    def _checked(self, answer: Answer, code: msgspec.Raw, request_id: msgspec.Raw) -> str | None:
        """The request id of an answer without a top-level code; raises Fault where there is one (an error in a 200)."""
        head = self._judge.head_of(code, request_id)
        fault = self._judge.refusal(answer, head)
        if fault is not None:
            raise fault
        return head.request_id


def _says_missing(status: int, code: str) -> bool:
    if code == "invalidparameter":
        return status in (200, 400)
    return _not_found(code) and status in (200, 404)


def _not_found(code: str) -> bool:
    return code == "notfound" or code.startswith("notfound.")


def _count(raw: msgspec.Raw) -> int | None:
    """A count that may stand as a number or inside a string; None where it is neither or negative."""
    value = scalar(raw)
    if isinstance(value, str):
        value = int(value) if re.fullmatch(r"\s*[0-9]{1,18}\s*", value) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
