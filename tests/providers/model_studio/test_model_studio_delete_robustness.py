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
    b'{"code":"NotFound","message":"m"}',
    b'{"code":"NotFound.Job"}',
    b'{"code":"ModelNotFound"}',
    b'{"code":["NotFound"]}',
    b'{"output":{"code":"NotFound","status":"SUCCESS"}}',
    b'{"output":{"status":1}}',
    b"[" * 5000,
    b"\xff\xfe\x00",
    b"true",
]


@pytest.mark.parametrize("status", [200, 202, 204, 400, 401, 403, 404, 408, 409, 410, 418, 429, 500, 503, 599])
async def test_every_answer_has_one_meaning(staged: Any, status: int) -> None:
    async with staged() as stage:
        provider, scope = stage.reading()
        for body in BODIES if status != 204 else [b""]:
            stage.emulator.faults.add(Reply(status=status, body=body), operation="delete")
            try:
                outcome: Any = await provider.delete_job(scope, "ft-1")
            except (Declined, Fault) as refused:
                outcome = refused
            if status in (200, 404) and body.startswith(b'{"code":"NotFound'):
                assert outcome is True
            elif status == 200 and b"SUCCESS" in body:
                assert outcome is False
            elif isinstance(outcome, Declined):
                assert 400 <= status < 500 or (status < 300 and b'{"code":"' in body), (
                    "an error code is believed in any answer"
                )
                assert outcome.job_only is (status == 409)
            else:
                assert isinstance(outcome, Fault)
                assert outcome.sent
                assert status < 300 or status in (408, 429) or status >= 500
