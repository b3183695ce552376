"""The page of `jobs show`: what a job is, and its history."""

from __future__ import annotations

from typing import Any


def page(job: dict[str, Any]) -> None:
    from monitor.cli import out
    from monitor.cli.history import history_table

    out.page([*_who(job), *_what(job), *_times(job), *_progress(job), *sorted(job["extra"].items())])
    out.line()
    history_table(job["events"], "Nothing has happened to it since it is watched.")


def finished(job: dict[str, Any]) -> bool:
    from monitor.model import JobState

    return job["state"] in {state for state in JobState if state.terminal}


def _who(job: dict[str, Any]) -> list[tuple[str, Any]]:
    from monitor.cli import when

    return [
        ("name", job["name"]),
        ("id", job["id"]),
        ("account", job["account"]),
        ("workspace", job["workspace"]),
        ("state", job["state"]),
        ("platform says", job["provider_state"]),
        ("since", f"{when.full(job['state_since'])} ({when.since(job['state_since'])} ago)"),
        ("on the platform", _left(job) if job["gone"] else None),
        ("deletion", _leaving(job["deletion"]) if job["deletion"] is not None else None),
        ("attempt", job["attempt"] if job["attempt"] > 1 else None),
        ("owner", person(job.get("owner"), job["creator"])),
    ]


def _left(job: dict[str, Any]) -> str:
    from monitor.cli import when

    at = when.full(job.get("deleted_at"))  # a daemon of an earlier version does not say it
    return "no: it is gone" if at is None else f"no: deleted {at} (asked for by {job['deleted_by']})"


def _leaving(deletion: dict[str, Any]) -> str:
    from monitor.cli import when
    from monitor.cli.deletions import who

    why = f"; {deletion['reason']}" if deletion["reason"] else ""
    asked = f"asked for {when.full(deletion['requested_at'])} by {who(deletion['asked_by'])}"
    return f"under way ({deletion['state']}), {asked}{why}"


def _what(job: dict[str, Any]) -> list[tuple[str, Any]]:
    accelerators = job["accelerators"]
    return [
        ("kind", job["kind"]),
        ("engine" if job["flavor"] else "model", job["model"]),  # as messages have it
        ("base model", job["base_model"] if job["base_model"] != job["model"] else None),
        ("produced", job["output_model"]),
        ("flavor", job["flavor"]),
        ("nodes", job["nodes"]),
        ("accelerators", f"{accelerators:g} per node" if accelerators is not None else None),
    ]


def _times(job: dict[str, Any]) -> list[tuple[str, Any]]:
    from monitor.cli import when

    ran, took = job["duration"], job["elapsed"]
    return [
        ("created", when.full(job["created_at"])),
        ("started", when.full(job["started_at"])),
        ("ended", when.full(job["ended_at"])),
        (
            "running for" if job["state"] == "running" and not job["gone"] else "ran for",
            when.length(ran) if ran is not None else None,
        ),
        ("took", when.length(took) if finished(job) and took is not None else None),
    ]


def _progress(job: dict[str, Any]) -> list[tuple[str, Any]]:
    error = job["error"] or {}
    checkpoints = job["checkpoints"]
    if job["max_checkpoints"]:
        checkpoints = f"{checkpoints} of {job['max_checkpoints']}"
    return [
        ("queue position", job["queue_position"]),
        ("checkpoints", checkpoints),
        ("error", " ".join(part for part in (error.get("code"), error.get("message")) if part)),
        ("tokens", f"{job['tokens']:,}" if job["tokens"] is not None else None),
        *_booked(job["usage"]),
        ("console", job["url"]),
    ]


def _booked(usage: list[dict[str, Any]]) -> list[tuple[str, Any]]:
    """Hours and cost; tokens stand there already."""
    from decimal import Decimal

    from monitor.cli.usage_table import amount, price

    hours = {name: sum(Decimal(each[name]) for each in usage) for name in ("node_hours", "card_hours")}
    return [
        *((name.replace("_", " "), amount(name, Decimal(total))) for name, total in hours.items()),
        ("cost", " and ".join(price(each["cost"], each["currency"]) for each in usage)),
    ]


def person(name: str | None, platform_id: str | None) -> str | None:
    """A person's name beside the id by which the platform knows them."""
    return f"{name} ({platform_id})" if name and platform_id and name != platform_id else name or platform_id
