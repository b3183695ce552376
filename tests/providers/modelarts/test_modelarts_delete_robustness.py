"""Whatever answers a deletion, the outcome is one of four, and `gone` needs the platform's own word for it."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.emulation import Reply
from monitor.providers.ports import Declined
from monitor.wire import Fault

BODIES = [
    b"",
    b"<html>not found</html>",
    b'{"error_code":"ModelArts.2775","error_msg":"not found"}',
    b'{"error_code":2775}',
    b'{"error":{"code":"ModelArts.2775","message":"m"}}',
    b"[" * 5000,
    b"\xff\xfe\x00",
    b'{"code":"NotFound","message":"m"}',
    b"true",
]


@pytest.mark.parametrize("status", [200, 202, 204, 206, 400, 401, 403, 404, 408, 409, 410, 418, 429, 500, 503, 599])
async def test_every_answer_has_one_meaning(staged: Any, status: int) -> None:
    async with staged() as stage:
        provider, scope = stage.reading()
        for body in BODIES if status != 204 else [b""]:
            stage.faults.add(Reply(status=status, body=body), operation="delete")
            try:
                outcome: Any = await provider.delete_job(scope, "j-1")
            except (Declined, Fault) as refused:
                outcome = refused
            if status == 400 and b"ModelArts.2775" in body:
                assert outcome is True
            elif status in (200, 202, 204) and body in (b"", b"true"):
                assert outcome is False
            elif isinstance(outcome, Declined):
                assert 400 <= status < 500
                assert outcome.job_only is (status == 409)
            else:
                assert isinstance(outcome, Fault)
                assert outcome.sent
                assert status < 300 or status in (408, 429) or status >= 500
