"""The parsers of what platforms answer: whole answers through the real provider, whichever its status and headers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from multidict import CIMultiDict

from monitor.fields import SystemClock
from monitor.providers import registry
from monitor.providers.ports import Malformed, Provider
from monitor.wire import Answer, Fault, retry_after
from monitor.wire.retry_after import http_date
from tests.fuzz.hostile import VALUES
from tests.fuzz.parser import Parser
from tests.fuzz.planted import ACCESS_KEY, API_KEY, SECRET_KEY, SECRETS, TOKEN

_STATUS = (200, 201, 204, 400, 401, 403, 404, 408, 409, 418, 429, 500, 503, 599, 299, 402)
_LOOP = asyncio.new_event_loop()
WORDS = (*VALUES, b"items", b"total", b"count", b"jobs", b"output", b"code", b"message", b"error_code", b"error_msg",
         b"request_id", b"job_id", b"status", b"metadata", b"FAILED", b"Failed", b"SUCCEEDED", b"Completed",
         b"Running",
         b"Throttling.RateQuota", b"APIGW.0301", b"ModelArts.2775", b"InvalidApiKey", b"Arrearage", b"\n", b"\0",
         b",",
         *(secret.encode() for secret in SECRETS))  # fmt: skip


class Said:
    """Stands for the platform: one answer, to the judge that the client gives."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    async def send(
        self, method: str, url: str, *, judge: Callable[[Answer], Fault | None], headers: Any = (), body: Any = None
    ) -> Answer:
        if callable(headers):
            headers()
        if (fault := judge(self._answer)) is not None:
            raise fault
        return self._answer


def answer_of(data: bytes) -> Answer:
    """Its first byte chooses the status, the first line is the two headers that are read, the rest is the body."""
    head, _, body = data.partition(b"\n")
    wait, _, request_id = head[1:].decode("utf-8", "surrogateescape").partition("|")
    headers = CIMultiDict({"Retry-After": wait, "X-Request-Id": request_id, "X-Subject-Token": request_id})
    return Answer(_STATUS[head[0] % len(_STATUS) if head else 0], headers, body, http_date(wait) or datetime.now(UTC))


def told(ask: Callable[[], Awaitable[Iterable[str]]]) -> Iterable[str]:
    """What was read and may be shown; a fault says what is wrong."""

    async def run() -> list[str]:
        try:
            return list(await ask())
        except Fault as found:
            fault = found
        assert fault.retry_after is None or 0 <= fault.retry_after < float("inf")
        return [str(fault), fault.message, fault.hint, fault.code or "", fault.request_id or ""]

    return _LOOP.run_until_complete(run())


def provider(kind: str, options: Mapping[str, Any], answer: Answer) -> Provider:
    return registry.builder(kind)(registry.options(kind).model_validate(options), Said(answer), SystemClock())


STUDIO = {"name": "a", "provider": "model-studio", "api_key": API_KEY, "jobs": {}}
ARTS = {"name": "a", "provider": "modelarts", "region": "cn-north-4", "project_id": "p", "access_key": ACCESS_KEY,
        "secret_key": SECRET_KEY, "jobs": {}, "training_flavors": {}, "resource_flavors": {}}  # fmt: skip
WITH_TOKEN = {**{key: value for key, value in ARTS.items() if not key.endswith("_key")}, "token": TOKEN}
WITH_IAM = {**{key: value for key, value in ARTS.items() if not key.endswith("_key")},
            "iam": {"user": "u", "password": TOKEN, "domain": "d"}}  # fmt: skip


def stored(decode: Callable[[bytes], Any], raw: bytes) -> Iterable[str]:
    """An item is stored as JSON and read back the same; Malformed holds no value."""
    try:
        made = decode(raw)
    except Malformed as malformed:
        yield str(malformed)
        return
    again = msgspec.json.encode(made.item)
    assert msgspec.json.encode(msgspec.json.decode(again, type=type(made.item))) == again
    assert len(again) < 64 * 1024, "a job of the platform fills the store"
    for drift in made.drift:
        drift.word.encode()


def jobs(kind: str, options: Mapping[str, Any]) -> Callable[[bytes], Iterable[str]]:
    def take(data: bytes) -> Iterable[str]:
        it = provider(kind, options, answer_of(data))
        scope = it.scopes("jobs")[0]

        async def ask() -> Iterable[str]:
            page = await it.list_jobs(scope)
            return [text for item in page.items for text in stored(lambda raw: it.decode_job(scope, raw), item)]

        return told(ask)

    return take


def job(kind: str, options: Mapping[str, Any]) -> Callable[[bytes], Iterable[str]]:
    def take(data: bytes) -> Iterable[str]:
        it = provider(kind, options, answer_of(data))
        scope = it.scopes("jobs")[0]

        async def ask() -> Iterable[str]:
            raw = await it.read_job(scope, "j-1")
            return [] if raw is None else stored(lambda each: it.decode_job(scope, each), raw)

        return told(ask)

    return take


def flavors(watch: str) -> Callable[[bytes], Iterable[str]]:
    def take(data: bytes) -> Iterable[str]:
        it = provider("modelarts", WITH_TOKEN, answer_of(data))
        scope = it.scopes(watch)[0]

        async def ask() -> Iterable[str]:
            page = await it.list_flavors(scope)
            return [text for item in page.items for text in stored(lambda raw: it.decode_flavor(scope, raw), item)]

        return told(ask)

    return take


def waits(data: bytes) -> Iterable[str]:
    text = data.decode("latin-1")
    date = http_date(text)
    for name in ("Retry-After", "retry-after-ms"):
        wait = retry_after(CIMultiDict({name: text}), date)
        assert wait is None or 0 <= wait < float("inf")
    return ()


STUDIO_JOB = {
    "job_id": "j-1", "job_name": "tune", "status": "FAILED", "model": "qwen3-14b", "base_model": "qwen3-14b",
    "finetuned_output": "out", "training_file_ids": ["f"], "training_datasets": [{"file_id": "f-1"}],
    "hyper_parameters": {"n_epochs": 3}, "training_type": "sft", "create_time": "2026-11-20 15:30:04", "code": "Boom",
    "end_time": "2026-11-20 15:51:40", "usage": 120000, "message": "no", "output_cnt": 1, "max_output_cnt": 2,
    "workspace_id": "llm-x", "user_identity": "1", "creator": "1", "modifier": "1", "group": "llm",
}  # fmt: skip
STUDIO_PAGE = {"request_id": "r", "output": {"jobs": [STUDIO_JOB], "page_no": 1, "page_size": 100, "total": 1}}
ARTS_JOB = {
    "kind": "job",
    "metadata": {"id": "j-1", "name": "n", "create_time": 1760000000000, "workspace_id": "0", "user_name": "ann"},
    "status": {
        "phase": "Failed", "secondary_phase": "Failed", "duration": 1000, "start_time": 1760000001000,
        "is_hanged": False,
        "tasks": ["worker-0"], "task_statuses": [{"task": "worker-0", "exit_code": 1, "message": "oom"}],
        "running_records": [{"start_at": 1760000001, "end_at": 1760000002, "start_type": "init_or_rescheduled",
                             "end_reason": "failed", "end_related_task": "worker-0"}],
    },
    "spec": {"resource": {"flavor_id": "f", "node_count": 1, "flavor_detail": {"flavor_type": "Ascend",
    "flavor_info": {
        "npu": {"unit_num": 8, "product_name": "snt9"}, "cpu": {"core_num": 2}, "max_num": 1}}}, "is_hanged": 0},
    "algorithm": {"name": "a", "command": "c", "parameters": [{"name": "x", "value": "y"}],
    "environments": {"A": "b"},
                  "engine": {"engine_id": "e", "engine_name": "n", "engine_version": "v", "image_url": "i"}},
}  # fmt: skip
ARTS_PAGE = {"total": 1, "count": 1, "limit": 50, "offset": 0, "sort_by": "create_time", "items": [ARTS_JOB]}
TRAINING = {"total_count": 1, "flavors": [{"flavor_id": "f", "flavor_name": "n", "flavor_type": "Ascend",
"max_num": 1,
            "billing": {"code": "c", "unit_num": 1}, "attributes": {"a": "b"}, "flavor_info": {"max_num": 1,
            "cpu": {"arch": "arm", "core_num": 4}, "npu": {"unit_num": 1, "memory": "32Gi"}, "memory": {"size": 1,
            "unit": "GB"}, "disk": {"size": 1, "unit": "GB"}}}]}  # fmt: skip
RESOURCE = {"items": [{"kind": "ResourceFlavor", "metadata": {"name": "f", "labels": {"a": "b"}},
"spec": {"type": "T",
            "billingCode": "b", "billingModes": [1], "cpu": 1, "memory": "1Gi", "npu": {"size": 8, "type": "t"},
            "dataVolume": [{"size": "1Gi"}], "jobFlavors": ["j"]}, "status": {"phase": {"cn-north-4a": "normal"}}}],
            "metadata": {"continue": "", "remainingItemCount": 0}}  # fmt: skip
REFUSALS = (
    {"code": "InvalidApiKey", "message": f"no {API_KEY}", "request_id": "r"},
    {"error_code": "APIGW.0301", "error_msg": f"Incorrect IAM authentication {ACCESS_KEY}", "request_id": "r"},
    {"error": {"code": 401, "message": f"bad {TOKEN}", "title": "Unauthorized"}},
)
ISSUED = {"token": {"expires_at": "2026-11-22T00:00:00.000000Z", "issued_at": "2026-11-21T00:00:00.000000Z"}}
DOCUMENTS: Mapping[str, Any] = {
    "model-studio jobs": STUDIO_PAGE, "model-studio job": {"request_id": "r", "output": STUDIO_JOB},
    "modelarts jobs": ARTS_PAGE, "modelarts job": ARTS_JOB, "modelarts training flavors": TRAINING,
    "modelarts resource flavors": RESOURCE, "modelarts tokens": ISSUED,
}  # fmt: skip


def seeds(name: str) -> list[bytes]:
    status = b"\x01" if name == "modelarts tokens" else b"\x00"
    wrong = [bytes([at]) + b"5|r-1\n" + json.dumps(each).encode() for each in REFUSALS for at in (0, 3, 4, 5, 10, 11)]
    return [status + b"Sat, 21 Nov 2026 12:00:00 GMT|r-1\n" + json.dumps(DOCUMENTS[name]).encode(), *wrong]


_TAKES: Mapping[str, Callable[[bytes], Iterable[str]]] = {
    "model-studio jobs": jobs("model-studio", STUDIO), "model-studio job": job("model-studio", STUDIO),
    "modelarts jobs": jobs("modelarts", ARTS), "modelarts job": job("modelarts", WITH_TOKEN),
    "modelarts training flavors": flavors("training_flavors"),
    "modelarts resource flavors": flavors("resource_flavors"), "modelarts tokens": jobs("modelarts", WITH_IAM),
}  # fmt: skip
_KNOWN: Mapping[str, tuple[str, ...]] = {
    "model-studio jobs": (API_KEY,), "model-studio job": (API_KEY,), "modelarts jobs": (ACCESS_KEY, SECRET_KEY)
}  # fmt: skip
PARSERS = (
    *(
        Parser(name, take, seeds(name), WORDS, _KNOWN.get(name, (TOKEN,)), [DOCUMENTS[name]],
        seeds(name)[0][:1] + b"|r\n")
        for name, take in _TAKES.items()
    ),
    Parser("refusals of model-studio", jobs("model-studio", STUDIO), seeds("model-studio jobs")[1:], WORDS,
    (API_KEY,),
           REFUSALS, b"\x045|" + API_KEY.encode() + b"\n"),
    Parser("refusals of modelarts", jobs("modelarts", ARTS), seeds("modelarts jobs")[1:], WORDS, (ACCESS_KEY,
    SECRET_KEY),
           REFUSALS, b"\x045|" + ACCESS_KEY.encode() + b"\n"),
    Parser("refusals of iam", jobs("modelarts", WITH_IAM), seeds("modelarts jobs")[1:], WORDS, (TOKEN,),
           REFUSALS, b"\x045|" + TOKEN.encode() + b"\n"),
    Parser("waits and dates", waits, [b"120", b"0.5", b"Sat, 21 Nov 2026 12:00:00 GMT", b"Sat Nov 21 12:00:00 2026"],
           [b"-", b"+9999", b"GMT", b"99999999999999999999", b"inf", b"nan", b"1e999", b"1_0", b",", b":", b"Nov"]),
)  # fmt: skip
