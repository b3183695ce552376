"""The variables of rules follow the published schemas of events, and so do the samples that templates are tried on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from monitor.model import EventType
from monitor.rules.samples import sample
from monitor.rules.schema import ERROR_FIELDS, VARIABLES, Kind
from monitor.rules.view import view

SCHEMAS = Path(__file__).parents[2] / "docs" / "events"
PARTS: dict[str, Any] = json.loads((SCHEMAS / "common.schema.json").read_text())["$defs"]
ADDED = {"job": {"outcome"}}
"""What stands beside the resource in the data, and is a field of the variable."""


@pytest.mark.parametrize(
    ("variable", "parts"),
    [
        ("account", ["account"]),
        ("job", ["job"]),
        ("flavor", ["flavor"]),
        ("usage", ["usage"]),
        ("deletion", ["deletion"]),
        ("previous", ["job_before", "stock_before"]),
    ],
)
def test_a_variable_has_the_fields_that_events_carry(variable: str, parts: list[str]) -> None:
    published = {field for part in parts for field in PARTS[part]["properties"]}
    assert set(VARIABLES[variable]) == published | ADDED.get(variable, set())


def test_an_error_has_the_fields_that_events_carry() -> None:
    assert set(ERROR_FIELDS) == set(PARTS["error"]["properties"])


@pytest.mark.parametrize("kind", list(EventType))
def test_a_sample_has_what_an_event_of_its_type_has(kind: EventType) -> None:
    published = json.loads((SCHEMAS / f"{kind.value}.schema.json").read_text())
    event = sample(kind)
    for name in ("job", "flavor", "usage", "deletion"):
        assert (name in event.data) == (name in published["required"])
        if name in event.data:
            assert set(event.data[name]) == set(PARTS[name]["properties"])
    assert (event.data["account"] is None) == (published["properties"]["account"] == {"type": "null"})
    assert event.subject


@pytest.mark.parametrize("kind", [EventType.JOB_FINISHED, EventType.FLAVOR_SOLD_OUT, EventType.USAGE_RECORDED])
def test_a_sample_leaves_nothing_of_its_variables_open(kind: EventType) -> None:
    values = view(sample(kind))
    there = [name for name in VARIABLES if values[name] is not None and name != "previous"]
    assert "account" in there
    absent = {f"{name}.{field}" for name in there for field, value in values[name].items() if value is None}
    assert absent <= {"job.outcome"}
    assert all(
        isinstance(values[name][field], dict) for name in there for field, k in VARIABLES[name].items() if k is Kind.MAP
    )
