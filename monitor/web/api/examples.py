"""Answers as the OpenAPI document shows them; a test holds them against its schemas."""

from __future__ import annotations

from typing import Any, Final

JOB: Final[dict[str, Any]] = {
    "account": "llm-beijing",
    "watch": "jobs",
    "id": "ft-202611201200-a1b2",
    "name": "qwen-support",
    "state": "succeeded",
    "provider_state": "SUCCEEDED",
    "state_since": "2026-11-20T14:05:09Z",
    "attempt": 1,
    "kind": "sft",
    "model": "qwen3-14b",
    "base_model": "qwen3-14b",
    "output_model": "qwen3-14b-ft-202611201200-a1b2",
    "flavor": None,
    "nodes": None,
    "accelerators": None,
    "workspace": None,
    "creator": "1396993924585947",
    "owner": "Ann",
    "created_at": "2026-11-20T12:00:00Z",
    "started_at": "2026-11-20T12:04:30Z",
    "ended_at": "2026-11-20T14:05:09Z",
    "duration": 7239.0,
    "elapsed": 7509.0,
    "error": None,
    "runs": None,
    "checkpoints": 3,
    "max_checkpoints": None,
    "tokens": 1204331,
    "queue_position": None,
    "url": None,
    "extra": {},
    "gone": False,
    "deleted_at": None,
    "deleted_by": None,
}
EVENT: Final[dict[str, Any]] = {
    "specversion": "1.0",
    "id": "5f0c6f0f4b6b0f6a8a8b2c9d7e1f0a3b",
    "type": "flavor.restocked",
    "source": "training-monitor/ascend-north",
    "subject": "flavor/modelarts.bm.npu.8snt9b/cn-north-4a",
    "time": "2026-11-20T12:00:00Z",
    "datacontenttype": "application/json",
    "data": {"previous": {"stock": "soldout", "duration": 5400.0}},
    "seq": 1042,
    "title": "modelarts.bm.npu.8snt9b is available again in cn-north-4a",
    "account": "ascend-north",
    "severity": "info",
    "late": False,
    "quiet": False,
    "detected": "2026-11-20T12:00:00Z",
}


def page(item: dict[str, Any]) -> dict[str, Any]:
    return {"items": [item], "next": "zftWuZLPAAABofyggt06"}
