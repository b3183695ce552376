"""The job search: validates the request as the platform does, filters, sorts, and cuts one page out."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from monitor.providers.modelarts.emulated.job import EmulatedJob
from monitor.providers.modelarts.emulated.refusal import Refusal
from monitor.providers.modelarts.emulated.render import job_json
from monitor.providers.modelarts.emulated.world import World

_KEYS: Mapping[str, Callable[[EmulatedJob], str]] = {
    "id": lambda job: job.id,
    "name": lambda job: job.name,
    "kind": lambda job: job.kind,
    "phase": lambda job: job.phase,
    "create_time": lambda job: job.created.isoformat(),
    "user_id": lambda job: job.user,
    "user_name": lambda job: job.user,
    "priority": lambda job: str(job.priority),
    "algorithm_id": lambda job: "",
    "algorithm_name": lambda job: "",
    "pool_id": lambda job: "",
    "training_experiment_id": lambda job: "",
    "runtime_type": lambda job: "",
}
_OPERATORS = frozenset({"between", "like", "in", "not"})
_SPAN = timedelta(days=31)


def search(world: World, body: bytes, *, offset_mode: str, empty_items: str) -> dict[str, Any]:
    """The answer to a search. `offset` counts pages or items by `offset_mode`; `empty_items` is how no items look.

    Raises Refusal. Without a filter, and with one on the phase alone, the cost does not grow with the history.
    """
    asked = _request(body)
    workspace = asked.get("workspace_id") or "0"
    if workspace not in world.workspaces:
        raise Refusal(400, "ModelArts.2891", "No permission to access the workspace.")
    offset, limit = _number(asked, "offset", 0, 0, 10**9), _number(asked, "limit", 10, 1, 50)
    if asked.get("sort_by", "create_time") not in ("create_time", "") or asked.get("order", "desc") not in (
        "asc",
        "desc",
        "",
    ):
        raise Refusal(400, "ModelArts.2790", "Invalid sort parameter.")
    start = offset if offset_mode == "item" else offset * limit
    page = _page(world, workspace, _filters(asked), asked.get("order") == "asc", start, limit)
    items: list[dict[str, Any]] | None = [job_json(job, world.now) for job in page]
    answer = {
        "total": len(world.places(workspace)),
        "count": len(page),
        "limit": limit,
        "offset": offset,
        "sort_by": "create_time",
        "order": asked.get("order") or "desc",
        "group_by": "",
        "workspace_id": workspace,
        "ai_project": "default-ai-project",
    }
    if not items and empty_items != "list":
        return answer if empty_items == "absent" else {**answer, "items": None}
    return {**answer, "items": items}


def _request(body: bytes) -> dict[str, Any]:
    try:
        asked = json.loads(body or b"{}")
    except ValueError:
        raise Refusal(400, "ModelArts.2788", "Invalid JSON.") from None
    if not isinstance(asked, dict):
        raise Refusal(400, "ModelArts.2788", "Invalid JSON.")
    return asked


def _number(asked: Mapping[str, Any], key: str, default: int, least: int, most: int) -> int:
    value = asked.get(key, default)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise Refusal(400, "ModelArts.2789", f"Invalid parameter {key}.")
    return value


Test = Callable[[EmulatedJob], bool]


def _filters(asked: Mapping[str, Any]) -> list[tuple[str, str, list[str]]]:
    """The checked filters; the vendor's own sample sends empty ones, which mean nothing."""
    found: list[tuple[str, str, list[str]]] = []
    for entry in asked.get("filters") or []:
        if not isinstance(entry, dict):
            raise Refusal(400, "ModelArts.2807", "Unsupported filter.")
        key, operator, value = str(entry.get("key") or ""), str(entry.get("operator") or ""), entry.get("value")
        if not key and not operator:
            continue
        if key not in _KEYS:
            raise Refusal(400, "ModelArts.2807", f"Unsupported filter key {key}.")
        if operator not in _OPERATORS:
            raise Refusal(400, "ModelArts.2808", f"Unsupported filter operator {operator}.")
        if not isinstance(value, list) or len(value) > 10 or not all(isinstance(text, str) for text in value):
            raise Refusal(400, "ModelArts.2809", f"Unsupported filter value of {key}.")
        found.append((key, operator, value))
    tags = [entry for entry in asked.get("tags") or [] if isinstance(entry, dict)]
    found += [(f"tag {entry.get('key')}", "in", list(entry.get("values") or [])) for entry in tags]
    return found


def _page(
    world: World, workspace: str, filters: list[tuple[str, str, list[str]]], ascending: bool, start: int, limit: int
) -> list[EmulatedJob]:
    places = world.places(workspace)
    if not filters:
        if ascending:
            return [world.jobs[job_id] for _, _, job_id in places[start : start + limit]]
        end = len(places) - start
        return [world.jobs[job_id] for _, _, job_id in reversed(places[max(0, end - limit) : max(0, end)])]
    if len(filters) == 1 and filters[0][:2] == ("phase", "in"):
        found = world.in_phases(filters[0][2], workspace)
    else:
        tests = [_test(*entry) for entry in filters]
        jobs = (world.jobs[job_id] for _, _, job_id in places)
        found = [job for job in jobs if all(test(job) for test in tests)]
    if not ascending:
        found.reverse()
    return found[start : start + limit]


def _test(key: str, operator: str, value: list[str]) -> Test:
    if key.startswith("tag "):
        return lambda job: job.tags.get(key[4:]) in value
    of = _KEYS[key]
    if operator == "between":
        return _between(key, value)
    if operator == "like":
        return lambda job: any(text in of(job) for text in value)
    if operator == "not":
        return lambda job: of(job) not in value
    return lambda job: of(job) in value


def _between(key: str, value: list[str]) -> Test:
    if key != "create_time" or len(value) != 2 or not all(re.match(r"\d{4}-\d\d-\d\dT", text) for text in value):
        raise Refusal(400, "ModelArts.2809", f"Unsupported filter value of {key}.")
    try:
        first, last = (datetime.fromisoformat(text) for text in value)
        sound = timedelta(0) <= last - first <= _SPAN and first.tzinfo is not None
    except (ValueError, TypeError):
        sound = False
    if not sound:
        raise Refusal(400, "ModelArts.2809", "create_time takes two RFC 3339 times at most 31 days apart.")
    return lambda job: first <= job.created <= last
