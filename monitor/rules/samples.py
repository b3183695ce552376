"""An event of every type with everything in it that such an event can have, to rehearse templates before any comes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from monitor.model import DEFAULT_SEVERITY, Event, EventType, Severity

_NOW = datetime(2026, 1, 31, 12, 45, tzinfo=UTC)
_AT = "2026-01-31T12:00:00Z"
_JOB: Mapping[str, Any] = {
    "id": "ft-sample",
    "name": "sample",
    "state": "failed",
    "provider_state": "FAILED",
    "attempt": 1,
    "kind": "sft",
    "model": "sample-model",
    "base_model": "sample-model",
    "output_model": "sample-output",
    "flavor": "sample-flavor",
    "nodes": 2,
    "accelerators": 8.0,
    "workspace": "sample-workspace",
    "creator": "sample-user",
    "created_at": _AT,
    "started_at": _AT,
    "ended_at": _AT,
    "duration": 2520.0,
    "elapsed": 2700.0,
    "error": {"code": "SampleError", "message": "a sample of a reason"},
    "runs": 1,
    "checkpoints": 3,
    "max_checkpoints": 10,
    "tokens": 1_234_567,
    "queue_position": 4,
    "url": "https://console.example.org/jobs/ft-sample",
    "extra": {},
}
_PREVIOUS: Mapping[str, Any] = {"state": "running", "provider_state": "RUNNING", "since": _AT, "duration": 2520.0}
_FLAVOR: Mapping[str, Any] = {
    "id": "sample.flavor",
    "name": "sample",
    "catalogue": "resource_flavors",
    "type": "GPU",
    "zone": "sample-zone",
    "stock": "normal",
    "zones": {"sample-zone": "normal"},
    "max_nodes": 8,
    "specification": {"cpu": 8},
    "billing": {},
}
_USAGE: Mapping[str, Any] = {
    "tokens": 1_234_567,
    "delta": 1_234_567,
    "node_hours": "12.5",
    "delta_node_hours": "12.5",
    "card_hours": "100",
    "delta_card_hours": "100",
    "cost": "37.04",
    "total_cost": "37.04",
    "currency": "CNY",
    "model": "sample-model",
    "flavor": "sample.flavor",
}
_BUDGET: Mapping[str, Any] = {
    "name": "sample",
    "unit": "cost",
    "amount": "5000",
    "currency": "CNY",
    "used": "4012.5",
    "left": "987.5",
    "share": 80.3,
    "threshold": 80.0,
    "reason": "threshold",
    "period": "month",
    "timezone": "UTC",
    "scope": 'account.name == "sample"',
    "starts_at": "2026-01-01T00:00:00Z",
    "ends_at": "2026-02-01T00:00:00Z",
    "expected": "5200",
    "passes_at": _AT,
}
_QUOTA: Mapping[str, Any] = {
    "resource": "jobs",
    "used": 19,
    "cap": 20,
    "free": 1,
    "share": 95.0,
    "seen_at": _AT,
    "threshold": 95,
    "frees": 6,
    "finished": 17,
    "policies": [{"name": "sample", "jobs": 6, "enabled": True, "held": None}],
}
_DELETION: Mapping[str, Any] = {
    "id": "0123456789ab",
    "job_id": "ft-sample",
    "asked_by": {"kind": "user", "name": "sample-user"},
    "reason": "a sample of a reason",
    "tries": 1,
}
_CLEANUP: Mapping[str, Any] = {"policy": "sample", "reason": "a sample of a reason", "account": "sample"}
_ACCOUNT: Mapping[str, Any] = {"name": "sample", "provider": "sample", "region": "sample-region"}
_STOCK = (EventType.FLAVOR_SOLD_OUT, EventType.FLAVOR_RESTOCKED, EventType.FLAVOR_FLAPPING)


_SILENCE: Mapping[str, Any] = {
    "id": "s1",
    "match": 'account.name == "sample"',
    "owner": "sample-user",
    "comment": "a sample of a comment",
    "from": _AT,
    "until": _AT,
}
_OF_PEOPLE: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "silence": ("silence/s1", {"silence": _SILENCE, "by": "sample-user", "hidden": 3}),
    "notification": (
        "notification/n1",
        {"notification": "n1", "rule": "sample", "subjects": [], "title": "sample", "until": _AT, "by": "sample-user"},
    ),
}
_FLAPPING: Mapping[str, Any] = {"changes": 6, "flapping_since": _AT, "settled": False}


def sample(type: EventType) -> Event:
    family = type.value.partition(".")[0]
    data: dict[str, Any] = {}
    subject = "monitor"
    if family in ("job", "usage", "deletion"):
        data = {"job": dict(_JOB), "attempt": 1, "previous": dict(_PREVIOUS) if family == "job" else None}
        subject = "job/ft-sample"
        if type is EventType.JOB_FINISHED:
            data |= {"outcome": "failed", "duration": _JOB["duration"], "error": _JOB["error"]}
    if family == "deletion" or type is EventType.JOB_DELETED:
        data["deletion"] = dict(_DELETION)
    if family == "cleanup":
        subject, data = "cleanup/sample", {"cleanup": dict(_CLEANUP)}
        if type is EventType.CLEANUP_RESUMED:
            data["cleanup"] |= {"account": None, "why": "resumed", "by": "sample", "since": _AT}
    if family == "budget":
        subject, data = "budget/sample", {"budget": dict(_BUDGET)}
    if family == "quota":
        subject, data = "quota/jobs", {"quota": dict(_QUOTA)}
    if family == "usage":
        data["usage"] = dict(_USAGE)
    if family == "flavor":
        stock = type in _STOCK
        data["flavor"] = dict(_FLAVOR) if stock else {**_FLAVOR, "zone": None, "stock": None}
        data["previous"] = {"stock": "soldout", "since": _AT, "duration": 3600.0} if stock else None
        subject = "flavor/sample.flavor/sample-zone"
        data |= _FLAPPING if type is EventType.FLAVOR_FLAPPING else {}
    if family in _OF_PEOPLE:
        subject, said = _OF_PEOPLE[family]
        data |= said
    account = None
    if family in ("job", "usage", "deletion", "flavor", "account", "provider", "poll", "quota"):
        account = {**_ACCOUNT, "labels": {}}
    return Event(
        seq=1,
        id="0" * 32,
        type=type,
        account="sample" if account else None,
        subject=subject,
        revision=1,
        time=_NOW,
        detected_at=_NOW,
        severity=DEFAULT_SEVERITY.get(type, Severity.INFO),
        data={"account": account, **data},
    )
