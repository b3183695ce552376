"""Every field that the two platforms' documents name, with a secret of its own in each that may not be kept."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

STUDIO_JOB: Mapping[str, Any] = {
    "job_id": "ft-202611201530-ab12", "job_name": "tune", "status": "RUNNING", "model": "qwen3-14b",
    "base_model": "qwen3-14b", "finetuned_output": "?", "training_file_ids": ["?"], "validation_file_ids": ["?"],
    "training_datasets": [{"data_source_type": "?", "file_id": "?",
                           "mount_storage": {"region": "?", "bucket": "?", "file_path": "?"}}],
    "validation_datasets": [{"data_source_type": "?", "file_id": "?"}],
    "hyper_parameters": {"learning_rate": "?", "api_token": "?", "nested": {"deep": ["?"]}}, "training_type": "sft",
    "create_time": "2026-11-20 15:30:04", "output_cnt": 3, "max_output_cnt": 5, "workspace_id": "llm-x",
    "user_identity": "13", "creator": "13", "modifier": "13", "group": "llm", "code": "?", "message": "?",
    "env": {"KEY": "?"}, "unknown": {"a": ["?", {"b": "?"}]}, "logs": ["?"], "request": "?",
}  # fmt: skip
ARTS_JOB: Mapping[str, Any] = {
    "kind": "job",
    "metadata": {
        "id": "0c0a1b2c-1111-4222-8333-444455556666", "name": "pretrain", "workspace_id": "0", "description": "?",
        "create_time": 1760000000000, "update_time": 1760000000000, "user_name": "ann", "annotations": {"a": "?"},
        "tags": [{"key": "?", "value": "?"}], "training_experiment_reference": {"id": "?", "name": "exp",
        "token": "?"},
        "unknown": "?",
    },
    "status": {
        "phase": "Running", "secondary_phase": "Running", "duration": 1000, "start_time": 1760000001000,
        "node_count_metrics": [["?", "?"]], "tasks": ["?"], "task_statuses": [], "task_ips": [{"task": "?",
        "ip": "?"}],
        "retention_time": "?", "metrics_statistics": {"a": "?"}, "unknown": ["?"],
        "running_records": [{"start_at": 1760000001, "end_at": 0, "start_type": "?", "xpu_start_at": 0,
                             "recover_records": ["?"], "end_recover_before_downgrade": "?", "unknown": "?"}],
    },
    "algorithm": {
        "id": "?", "name": "algo", "subscription_id": "?", "item_version_id": "?", "code_dir": "?", "boot_file": "?",
        "command": "?", "local_code_dir": "?", "working_dir": "?", "autosearch_config_path": "?",
        "autosearch_framework_path": "?", "summary": "?", "policies": {"auto_search": "?"},
        "parameters": [{"name": "?", "value": "?", "description": "?", "constraint": {"a": "?"},
                        "i18n_description": {"language": "?", "description": "?"}}],
        "inputs": [{"name": "?", "description": "?", "local_dir": "?", "access_method": "?",
                    "remote": {"obs": {"obs_url": "?"}, "dataset": {"id": "?"}}}],
        "outputs": [{"name": "?", "local_dir": "?", "remote": {"obs": {"obs_url": "?"}}}],
        "engine": {"engine_id": "?", "engine_name": "PyTorch", "engine_version": "2.1", "image_url": "?",
                   "install_sys_packages": "?", "image_repo_id": "?", "unknown": "?"},
        "environments": [{"PASSWORD": "?", "OTHER": "?"}], "unknown": {"a": "?"},
    },
    "tasks": [{"role": "?", "algorithm": {"command": "?", "environments": {"A": "?"}},
    "log_export_path": {"obs_url": "?"}}],
    "spec": {
        "resource": {
            "policy": "regular", "flavor_id": "modelarts.vm.npu", "flavor_name": "npu", "node_count": 1,
            "pool_id": "p1",
            "pool_name": "pool", "pool_group_id": "?", "flavor_detail": {"flavor_type": "?", "billing": {"code": "?"},
            "flavor_info": {"npu": {"unit_num": 8, "product_name": "?"}}}, "pool_info": {"secret": "?"},
            "unknown": "?",
        },
        "volumes": [{"nfs": {"nfs_server_path": "?", "local_path": "?"}, "pfs": {"pfs_path": "?"},
        "obs": {"obs_path": "?"}}],
        "log_export_path": {"obs_url": "?", "host_path": "?"}, "output_model": {"a": "?"}, "asset_model": {"a": "?"},
        "schedule_policy": {"priority": 1, "preemptible": True, "required_affinity": {"affinity_type": "?"}},
        "custom_metrics": [{"exec": {"command": ["?"]}, "http_get": {"path": "?"}}], "runtime_type": "?",
        "auto_stop": {"time_unit": "?"}, "notification": {"topic_urn": "?", "events": ["?"]},
        "log_export_config": {"version": "?", "token": "?"},
    },
    "endpoints": {
        "ssh": {"key_pair_names": ["?"], "task_urls": [{"task": "?", "url": "?"}]},
        "jupyter_lab": {"url": "?", "token": "?"}, "tensorboard": {"url": "?", "token": "?"},
        "mindstudio_insight": {"url": "?", "token": "?"}, "unknown": {"token": "?"},
    },
    "ftjob_config": {"ft_job_uuid": "?", "ft_train_type": "?", "model_type": "llama", "train_output_path": "?",
                     "train_process": 0.5, "checkpoint_id": "?", "task_env": {"envs": [{"name": "?", "value": "?"}]},
                     "checkpoint_config": {"a": "?"}},
    "unknown": {"token": "?"},
}  # fmt: skip
TRAINING_FLAVOR: Mapping[str, Any] = {
    "flavor_id": "modelarts.vm.npu", "flavor_name": "npu", "flavor_type": "Ascend", "max_num": 1, "pool_id": "?",
    "support_engines": "?", "support_groups": "?", "attributes": {"a": "?"}, "unknown": "?",
    "billing": {"code": "modelarts.vm", "unit_num": 1, "unknown": "?"},
    "flavor_info": {"max_num": 1, "cpu": {"arch": "arm", "core_num": 4, "x": "?"}, "unknown": "?",
                    "npu": {"unit_num": "8", "product_name": "snt9", "memory": "32GB", "x": "?"},
                    "memory": {"size": 8, "unit": "GB"}, "disk": {"size": 50, "unit": "GB"}},
}  # fmt: skip
RESOURCE_FLAVOR: Mapping[str, Any] = {
    "apiVersion": "v1", "kind": "ResourceFlavor", "unknown": {"a": "?"},
    "metadata": {"name": "modelarts.bm.npu", "labels": {"os.modelarts/scope": "Train", "other": "?"},
                 "annotations": {"os.modelarts.flavor/image.filter": "?"}, "unknown": "?"},
    "spec": {"type": "Dedicate", "cpuArch": "arm64", "cpu": "192", "memory": "1536Gi", "unknown": "?",
             "npu": {"type": "snt9b", "size": "8", "chip": "?", "card": "?"}, "billingModes": [0],
             "billingCode": "bm",
             "dataVolume": [{"volumeType": "SSD", "size": "500", "x": "?"}], "rootVolume": {"volumeType": "?"},
             "jobFlavors": ["Train"]},
    "status": {"phase": {"cn-north-4a": "normal"}, "unknown": "?"},
}  # fmt: skip
PLANTED = "Pl4nted"


def planted(document: Mapping[str, Any], prefix: str) -> tuple[dict[str, Any], dict[str, str]]:
    """The document with a secret in the place of each `?`, and the secrets by their paths."""
    made: dict[str, Any] = copy.deepcopy(dict(document))
    secrets: dict[str, str] = {}
    for number, (holder, key, path) in enumerate(list(_places(made, prefix))):
        secrets[path] = f"{PLANTED}{prefix}{number:03}q"
        holder[key] = secrets[path]
    return made, secrets


def _places(value: Any, path: str) -> Iterator[tuple[Any, Any, str]]:
    pairs = list(value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ())
    for key, inner in pairs:
        if inner == "?":
            yield value, key, f"{path}.{key}"
        else:
            yield from _places(inner, f"{path}.{key}")
