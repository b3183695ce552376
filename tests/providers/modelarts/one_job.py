"""A training job as the platform lists it, and what the parser makes of it with some values changed."""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

from monitor.model import Job
from monitor.providers.modelarts.parse_job import parse_job
from monitor.providers.ports import Decoded

CREATED, STARTED = 1_760_000_000_000, 1_760_000_100_000
JOB: dict[str, Any] = {
    "kind": "job",
    "metadata": {
        "id": "1a2b3c4d-0000-4000-8000-000000000001",
        "name": "bert-1",
        "workspace_id": "0",
        "description": "secret-description",
        "create_time": CREATED,
        "user_name": "ann",
        "annotations": {"job_template": "x"},
        "training_experiment_reference": {"id": "e1", "name": "exp", "serial_number": "1"},
    },
    "status": {
        "phase": "Running",
        "secondary_phase": "Running",
        "duration": 61000,
        "start_time": STARTED,
        "node_count_metrics": [[STARTED, 2]],
        "tasks": ["worker-0", "worker-1"],
    },
    "algorithm": {
        "command": "train --key secret-command",
        "parameters": [{"name": "p", "value": "secret-parameter"}],
        "environments": [{"K": "secret-environment"}],
        "engine": {"engine_name": "MindSpore", "engine_version": "2.3.0", "image_url": ""},
    },
    "spec": {
        "resource": {"policy": "regular", "flavor_id": "modelarts.vm.npu.8ascend", "node_count": 2},
        "volumes": [{"nfs": {"nfs_server_path": "secret-volume"}}],
        "schedule_policy": {"priority": 2, "preemptible": True},
    },
    "endpoints": {"jupyter_lab": {"url": "https://jl", "token": "secret-token"}},
}


def parse(job: Any, region: str | None = None) -> Decoded[Job]:
    return parse_job(json.dumps(job).encode(), workspace="ws", region=region)


def changed(*changes: tuple[str, Any]) -> dict[str, Any]:
    """JOB with values put at dotted paths; `...` takes the name away."""
    job = deepcopy(JOB)
    for path, value in changes:
        *parents, name = path.split(".")
        section = job
        for parent in parents:
            section = section.setdefault(parent, {})
        if value is ...:
            section.pop(name, None)
        else:
            section[name] = value
    return job


def at(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
