"""What a job runs on and with: its engine, its cards per node, and the further facts that are kept of it."""

from __future__ import annotations

import re

from monitor.providers.modelarts import job_fields
from monitor.providers.modelarts.reading import Reader, Section
from monitor.providers.modelarts.run_records import Run, last_restart

_POOL_CARDS = re.compile(r"modelarts\.pool\.visual\.(?:(\d{1,3})xlarge|xlarge)")

Extra = dict[str, str | int | float | bool]


def engine(read: Reader, algorithm: Section) -> str | None:
    """The engine's name, else the custom image's (its last part, without the registry's path), else the algorithm's."""
    read.unknown_names(algorithm, "algorithm", job_fields.ALGORITHM)
    used = read.section(algorithm, "engine", "algorithm.engine")
    read.unknown_names(used, "algorithm.engine", job_fields.ENGINE)
    name = read.text(used, "engine_name", "algorithm.engine.engine_name")
    if name is None:
        image = read.text(used, "image_url", "algorithm.engine.image_url", 500)
        name = re.split(r"[?#]", image)[0].rsplit("/", 1)[-1].rsplit("@", 1)[0] if image else None
    return name or read.text(algorithm, "name", "algorithm.name")


def cards(read: Reader, resource: Section) -> float | None:
    """Cards per node: as allocated, else of the flavor, else by the dedicated pool's flavor name (reference, 3.3)."""
    read.unknown_names(resource, "spec.resource", job_fields.RESOURCE)
    for key in ("main_container_allocated_resources", "main_container_customized_flavor"):
        path = f"spec.resource.{key}"
        allocated = read.number(read.section(resource, key, path), "accelerator_num", f"{path}.accelerator_num")
        if allocated and 0 < allocated < 1e6:
            return allocated
    detail = read.section(resource, "flavor_detail", "spec.resource.flavor_detail")
    info = read.section(detail, "flavor_info", "spec.resource.flavor_detail.flavor_info")
    for key in ("npu", "gpu"):
        path = f"spec.resource.flavor_detail.flavor_info.{key}"
        units = read.count(read.section(info, key, path), "unit_num", f"{path}.unit_num")
        if units:
            return float(units)
    pool = _POOL_CARDS.fullmatch(str(resource.get("flavor_id")))
    return float(pool.group(1) or "1") if pool else None


def extra(read: Reader, top: Section, resource: Section, algorithm: Section, runs: list[Run]) -> Extra:
    """Facts that people ask for; no decision is made by them."""
    metadata, status, spec = (read.section(top, key, key) for key in ("metadata", "status", "spec"))
    tuning = read.section(top, "ftjob_config", "ftjob_config")
    policy = read.section(spec, "schedule_policy", "spec.schedule_policy")
    experiment = read.section(metadata, "training_experiment_reference", "metadata.training_experiment_reference")
    used = read.section(algorithm, "engine", "algorithm.engine")
    priority = read.number(policy, "priority", "spec.schedule_policy.priority")
    found: dict[str, str | int | float | bool | None] = {
        "pool_id": read.text(resource, "pool_id", "spec.resource.pool_id"),
        "pool_name": read.text(resource, "pool_name", "spec.resource.pool_name"),
        "policy": read.text(resource, "policy", "spec.resource.policy", 80),
        "engine_version": read.text(used, "engine_version", "algorithm.engine.engine_version"),
        "algorithm": read.text(algorithm, "name", "algorithm.name"),
        "experiment": read.text(experiment, "name", "metadata.training_experiment_reference.name"),
        "priority": int(priority) if priority is not None and abs(priority) < 1e6 else None,
        "preemptible": True if policy.get("preemptible") is True else None,
        # The vendor warns that these words come and go: to be shown, not to be decided by.
        "secondary_phase": read.text(status, "secondary_phase", "status.secondary_phase", 80),
        "progress": read.number(tuning, "train_process", "ftjob_config.train_process"),
        **last_restart(runs),
    }
    return {key: value for key, value in found.items() if value is not None}
