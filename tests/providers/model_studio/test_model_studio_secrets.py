"""Whatever the platform answers, no fault, drift or job shows the key or the answer's body."""

from __future__ import annotations

import json
from typing import Any

import pytest

from monitor.emulation import Reply
from monitor.wire import Fault

KEYS = ["sk-demo-1234567890abcdef", "an.ordinary.looking.key", "ABCDEFGH"]
BODY = "B0DY-TEXT"


def everything(fault: BaseException) -> str:
    chain, seen = [], fault
    while seen is not None:
        chain.append(f"{seen!s} {seen!r} {vars(seen)!r}")
        seen = seen.__cause__ or seen.__context__  # type: ignore[assignment]
    return "\n".join(chain)


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("status", [200, 201, 204, 301, 400, 401, 403, 404, 409, 429, 500, 503])
async def test_a_platform_that_repeats_the_key_everywhere_does_not_make_us_show_it(
    staged: Any, key: str, status: int
) -> None:
    headers = {"x-request-id": key, "Location": f"https://elsewhere.test/?k={key}", "Retry-After": key, "Date": key}
    bodies: list[Any] = [
        {"code": key, "message": f"{BODY} {key}", "request_id": key},
        {"code": f"Invalid.{key}", "message": BODY, "request_id": f"r-{key}"},
        {"code": {"a": key}, "output": {"jobs": [key], "total": key, "page_no": key}},
        {"code": [key], "request_id": [key], "output": {"jobs": None, "a": BODY}},
        {"output": {"job_id": key, "status": BODY}},
        {"output": key},
        f"{BODY} {key}",
    ]
    shown: list[str] = []
    async with staged() as stage:
        provider, scope = stage.reading(api_key=key)
        for body in bodies:
            raw = b"" if status == 204 else json.dumps(body).encode()
            stage.emulator.faults.add(Reply(status=status, body=raw, headers=headers), times=2)
            for read in (provider.list_jobs(scope), provider.read_job(scope, "ft-1")):
                try:
                    await read
                except Fault as fault:
                    shown.append(everything(fault))
    assert [text for text in shown if key in text or BODY in text] == []
    assert len(shown) >= len(bodies)


@pytest.mark.parametrize("key", KEYS)
async def test_no_part_of_a_provider_shows_the_key(staged: Any, key: str) -> None:
    async with staged() as stage:
        provider, scope = stage.reading(api_key=key)
        shown = [repr(provider), str(vars(provider)), str(vars(provider._client)), repr(scope), provider.fingerprint()]
        assert key not in "\n".join(shown)


@pytest.mark.parametrize("kind", ["code", "request_id"])
@pytest.mark.parametrize(
    "word", ["sk-other1234", "password=hunter2", "a b\nc", "x" * 200, "https://h/?sign=1", "\x1b[31m", "b" * 31 + "7"]
)
async def test_a_code_or_id_that_looks_like_anything_else_is_not_shown(staged: Any, kind: str, word: str) -> None:
    async with staged() as stage:
        stage.emulator.faults.add(Reply(status=500, body=json.dumps({"code": "InternalError", kind: word}).encode()))
        provider, scope = stage.reading()
        with pytest.raises(Fault) as caught:
            await provider.list_jobs(scope)
        assert word not in everything(caught.value)
