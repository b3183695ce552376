"""What is kept of a platform's answer is an allow-list: of every other field that its documents name, nothing is."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC
from typing import Any

import msgspec
import pytest

from monitor.providers.model_studio import parse as studio
from monitor.providers.modelarts.parse_flavor import parse_resource_flavor, parse_training_flavor
from monitor.providers.modelarts.parse_job import parse_job
from monitor.providers.ports import Decoded
from tests.security.documents import (
    ARTS_JOB,
    PLANTED,
    RESOURCE_FLAVOR,
    STUDIO_JOB,
    TRAINING_FLAVOR,
    planted,
)


def of_studio(raw: bytes) -> Decoded[Any]:
    return studio.parse_job(raw, studio.Reading(zone=UTC, console="https://console.example.org/"))


def of_arts(raw: bytes) -> Decoded[Any]:
    return parse_job(raw, workspace="0", region="cn-north-4")


KINDS: Mapping[str, tuple[Mapping[str, Any], Callable[[bytes], Decoded[Any]], int]] = {
    "studio": (STUDIO_JOB, of_studio, 20),
    "arts": (ARTS_JOB, of_arts, 85),
    "training": (TRAINING_FLAVOR, parse_training_flavor, 8),
    "resource": (RESOURCE_FLAVOR, parse_resource_flavor, 8),
}
STATES = {
    "studio": ["RUNNING", "SUCCEEDED", "CANCELED", "FAILED", "Odd"],
    "arts": ["Running", "Completed", "Failed", "Odd"],
}


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_kept_of_a_field_that_is_not_on_the_list(kind: str) -> None:
    document, parse, least = KINDS[kind]
    made, secrets = planted(document, kind)
    assert len(secrets) >= least
    said = {"studio.code", "studio.message"} | ({"studio.finetuned_output"} if kind == "studio" else set())
    for state in STATES.get(kind, [""]):
        if kind == "studio":
            made["status"] = state
        elif kind == "arts":
            made["status"]["phase"] = state
        decoded = parse(json.dumps(made).encode())
        kept = msgspec.json.encode(decoded.item).decode() + repr(decoded)
        assert {path for path, secret in secrets.items() if secret in kept} <= said
        assert all(PLANTED not in drift.word for drift in decoded.drift)


SECRETS = ("hunter2hunter2", "s1gnature0fTheLink", "linkPassw0rd", "sk-F4ilureF4ilureF4ilure", "AKIA0PLANTED0PLANTED")
TEXT = (
    f"cannot read https://bob:{SECRETS[2]}@obs.example.com/x?Signature={SECRETS[1]}&a=b with key {SECRETS[3]};"
    f" PASSWORD={SECRETS[0]} AccessKeyId: {SECRETS[4]}"
)


@pytest.mark.parametrize(
    "changes",
    [
        {"task_statuses": [{"task": "worker-0", "exit_code": 1, "message": TEXT}]},
        {"task_statuses": [], "running_records": [{"start_at": 1, "end_at": 2, "end_reason": TEXT}]},
        {"running_records": [{"start_at": 1, "end_at": 2, "end_reason": TEXT, "end_recover": "pod_reschedule"}] * 2},
    ],
)
def test_texts_of_modelarts_are_kept_without_what_looks_secret(changes: dict[str, Any]) -> None:
    made, _ = planted(ARTS_JOB, "arts")
    made["status"] |= {"phase": "Failed", **changes}
    kept = msgspec.json.encode(of_arts(json.dumps(made).encode()).item).decode()
    assert "cannot read" in kept
    assert [secret for secret in SECRETS if secret in kept] == []


@pytest.mark.parametrize("field", ["code", "message"])
def test_texts_of_model_studio_are_kept_without_what_looks_secret(field: str) -> None:
    made, _ = planted(STUDIO_JOB, "studio")
    made |= {"status": "FAILED", field: TEXT}
    kept = msgspec.json.encode(of_studio(json.dumps(made).encode()).item).decode()
    assert "cannot read" in kept
    assert [secret for secret in SECRETS if secret in kept] == []
