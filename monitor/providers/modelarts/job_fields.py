"""The names that a job object is known to hold, by section: what is not here is reported once as unrecognised.

From the SDK's models (3.1.219), the Terraform provider, and names that third-party clients saw in real answers.
"""

from __future__ import annotations

TOP = frozenset({"kind", "metadata", "status", "algorithm", "tasks", "spec", "endpoints", "ftjob_config"})

METADATA = frozenset(
    {"id", "name", "workspace_id", "description", "create_time", "update_time", "user_name", "annotations", "tags"}
    | {"training_experiment_reference"}
)

STATUS = frozenset(
    {"phase", "secondary_phase", "duration", "start_time", "node_count_metrics", "tasks", "task_statuses"}
    | {"running_records", "retention_time", "task_ips", "metrics_statistics"}
)

TASK_STATUS = frozenset({"task", "exit_code", "message"})

RUNNING_RECORD = frozenset(
    {"start_at", "end_at", "xpu_start_at", "start_type", "end_reason", "end_related_task", "end_recover"}
    | {"end_recover_before_downgrade", "recover_records"}
)

SPEC = frozenset(
    {"resource", "volumes", "log_export_path", "schedule_policy", "custom_metrics", "output_model", "asset_model"}
    | {"runtime_type", "auto_stop", "notification", "log_export_config"}
)

RESOURCE = frozenset(
    {"policy", "flavor_id", "flavor_name", "node_count", "pool_id", "pool_name", "pool_group_id", "flavor_detail"}
    | {"main_container_allocated_resources", "main_container_customized_flavor", "pool_info"}
)

ALGORITHM = frozenset(
    {"id", "name", "subscription_id", "item_version_id", "code_dir", "boot_file", "command", "local_code_dir"}
    | {"working_dir", "autosearch_config_path", "autosearch_framework_path", "parameters", "inputs", "outputs"}
    | {"engine", "environments", "summary", "policies"}
)

ENGINE = frozenset({"engine_id", "engine_name", "engine_version", "image_url", "install_sys_packages", "image_repo_id"})
