"""Writes a job as the platform does, with the secrets that users leave in jobs, so that tests see them dropped."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from monitor.providers.modelarts.emulated.job import EmulatedJob, Run


def milliseconds(moment: datetime | None) -> int:
    """Epoch milliseconds; 0 stands for "not yet"."""
    return 0 if moment is None else round(moment.timestamp() * 1000)


def _seconds(moment: datetime | None) -> int:
    return 0 if moment is None else int(moment.timestamp())


def job_json(job: EmulatedJob, now: datetime) -> dict[str, Any]:
    """The job object of listings, show and stop."""
    return {
        "kind": job.kind,
        "metadata": _metadata(job),
        "status": _status(job, now),
        "algorithm": _algorithm(job),
        "spec": _spec(job),
        "endpoints": {"jupyter_lab": {"url": "https://jl.example.test/lab", "token": f"jupyter-token-{job.id}"}},
    }


def _metadata(job: EmulatedJob) -> dict[str, Any]:
    return {
        "id": job.id,
        "name": job.name,
        "workspace_id": job.workspace,
        "description": job.description,
        "create_time": milliseconds(job.created),
        "user_name": job.user,
        "annotations": {"fault-tolerance/job-retry-num": "3"},
        "training_experiment_reference": {},
        "tags": [{"key": key, "value": value} for key, value in job.tags.items()],
    }


def _status(job: EmulatedJob, now: datetime) -> dict[str, Any]:
    status: dict[str, Any] = {
        "phase": job.phase,
        "secondary_phase": job.secondary or job.phase,
        "duration": job.duration(now),
        "start_time": milliseconds(job.started),
        "node_count_metrics": [[milliseconds(job.started), job.nodes]] if job.started else None,
        "tasks": [f"worker-{index}" for index in range(job.nodes)],
        "running_records": [_run_json(run) for run in job.runs],
    }
    if job.exit_code is not None:
        status["task_statuses"] = [{"task": "worker-0", "exit_code": job.exit_code, "message": job.message}]
    return status


def _run_json(run: Run) -> dict[str, Any]:
    found: dict[str, Any] = {
        "start_at": _seconds(run.start),
        "end_at": _seconds(run.end),
        "start_type": run.start_type,
    }
    if run.end_reason:
        found |= {"end_reason": run.end_reason, "end_related_task": run.end_task}
    if run.recover:
        found["end_recover"] = run.recover
    return found


def _algorithm(job: EmulatedJob) -> dict[str, Any]:
    return {
        "code_dir": "/bucket/code/",
        "boot_file": "/bucket/code/train.py",
        "command": "python train.py --api-key sk-command-secret-000000000000",
        "parameters": [{"name": "password", "value": "parameter-secret"}],
        "inputs": [{"name": "data", "remote": {"obs": {"obs_url": "/bucket/data/?signature=obs-secret"}}}],
        "engine": {"engine_id": f"{job.engine.lower()}-1", "engine_name": job.engine, "engine_version": "2.3.0"},
        "environments": [{"HF_TOKEN": "environment-secret"}],
    }


def _spec(job: EmulatedJob) -> dict[str, Any]:
    resource: dict[str, Any] = {
        "policy": "regular",
        "flavor_id": job.flavor,
        "flavor_name": job.flavor,
        "node_count": job.nodes,
    }
    if job.cards:
        allocated = {"cpu_arch": "arm64", "cpu_core_num": 192.0, "mem_size": 1536.0, "accelerator_num": job.cards * 1.0}
        resource["main_container_allocated_resources"] = allocated
    return {
        "resource": resource,
        "log_export_path": {"obs_url": "/bucket/logs/"},
        "volumes": [{"nfs": {"nfs_server_path": "192.0.2.1:/volume-secret", "local_path": "/mnt"}}],
        "schedule_policy": {"priority": job.priority, "preemptible": False},
    }


def stages_json(job: EmulatedJob) -> dict[str, Any]:
    """The phases that each run went through."""
    records = []
    for order, run in enumerate(job.runs):
        stages = [
            {"name": "scheduling", "stage_order": 1, "start_time": milliseconds(job.created)},
            {"name": "running", "stage_order": 3, "start_time": milliseconds(run.start)},
        ]
        records.append({"record_order": order, "stages": stages})
    return {"total_count": len(records), "running_records": records}


def events_json(job: EmulatedJob) -> list[dict[str, Any]]:
    """What happened to a job, newest first; times bear an offset."""
    moments: list[tuple[datetime, str, str]] = [(job.created, "Info", "Training job created")]
    moments += [(run.start, "Info", "Training job started") for run in job.runs]
    moments += [(run.end, "Warning", run.end_reason) for run in job.runs if run.end and run.end_reason]
    found = []
    for moment, level, message in sorted(moments, key=lambda entry: entry[0], reverse=True):
        found.append({"time": f"{moment:%Y-%m-%dT%H:%M:%S}+00:00", "level": level, "message": message, "source": "Job"})
    return found


def tasks_json(job: EmulatedJob) -> list[dict[str, Any]]:
    """Where the pods of each run stood."""
    return [
        {"task": f"worker-{index}", "ip": f"192.0.2.{index + 10}", "host_ip": "", "schedule_count": run + 1}
        for run in range(len(job.runs))
        for index in range(job.nodes)
    ]
