"""Whatever a platform sends, a parser makes an item of it or says Malformed; nothing else escapes."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.model import Flavor, Job
from monitor.providers.modelarts import job_fields as fields
from monitor.providers.modelarts.parse_flavor import parse_resource_flavor, parse_training_flavor
from monitor.providers.modelarts.parse_job import parse_job
from monitor.providers.modelarts.slices import resource_flavors, searched, shown, training_flavors
from monitor.providers.ports import Decoded, Malformed
from monitor.wire import Answer, Fault
from tests.kit.dice import DICE, mapping, nested, one_of

LEAF = one_of("Running", "Failed", "32Gi", "8GB", "normal", "1760000000", 1760000000000, "-1", "1e999")
JOB_NAMES = fields.TOP | fields.METADATA | fields.STATUS | fields.RUNNING_RECORD | fields.SPEC | fields.RESOURCE
FLAVOR_NAMES = {"cpu", "gpu", "npu", "memory", "disk", "size", "unit", "unit_num", "billing", "dataVolume", "labels"}
NAMES = sorted(JOB_NAMES | fields.TASK_STATUS | fields.ENGINE | FLAVOR_NAMES | {"max_num", "billingModes"})


def name(dice: Random) -> str:
    return dice.choice(NAMES)


def anything(dice: Random) -> Any:
    return nested(dice, LEAF, name)


def fields_of(dice: Random) -> dict[str, Any]:
    return mapping(dice, LEAF, name, wide=12)


def job_of(raw: bytes) -> Decoded[Job]:
    return parse_job(raw, workspace="0", region="r")


PARSERS: list[Callable[[bytes], Decoded[Any]]] = [job_of, parse_training_flavor, parse_resource_flavor]


def check(decoded: Decoded[Any]) -> None:
    """What is kept can be stored as JSON, compared and read back."""
    again = msgspec.json.decode(msgspec.json.encode(decoded.item), type=type(decoded.item))
    assert isinstance(again, Job | Flavor)
    assert len(decoded.drift) <= 20
    assert all(len(drift.word) <= 80 for drift in decoded.drift)
    if isinstance(decoded.item, Job):
        for moment in (decoded.item.created_at, decoded.item.started_at, decoded.item.ended_at):
            assert moment is None or moment.utcoffset() == timedelta(0)
        assert decoded.item.duration is None or decoded.item.duration > 0


@pytest.mark.parametrize("parser", PARSERS)
@given(dice=DICE)
def test_any_json_is_an_item_or_malformed(parser: Callable[[bytes], Decoded[Any]], dice: Random) -> None:
    with suppress(Malformed):
        check(parser(json.dumps(anything(dice)).encode()))


@given(dice=DICE)
def test_any_job_with_an_id_and_a_phase_is_read(dice: Random) -> None:
    metadata, status, rest = fields_of(dice), fields_of(dice), fields_of(dice)
    spec = rest.get("spec") if isinstance(rest.get("spec"), dict) else {}
    job = {**rest, "metadata": {**metadata, "id": "j-1"}, "status": {**status, "phase": "Failed"}, "spec": spec}
    decoded = job_of(json.dumps(job).encode())
    assert decoded.item.id == "j-1"
    check(decoded)


@given(dice=DICE)
def test_any_training_flavor_with_an_id_is_read(dice: Random) -> None:
    check(parse_training_flavor(json.dumps({"flavor_id": "f", "flavor_info": fields_of(dice)}).encode()))


@pytest.mark.parametrize("parser", PARSERS)
@given(raw=st.binary(max_size=200))
def test_any_bytes_are_an_item_or_malformed(parser: Callable[[bytes], Decoded[Any]], raw: bytes) -> None:
    with pytest.raises(Malformed):
        parser(raw)


@given(body=st.binary(max_size=100) | DICE.map(lambda dice: json.dumps(anything(dice)).encode()))
def test_any_answer_is_a_page_or_a_fault(body: bytes) -> None:
    answer = Answer(200, {}, body, None)
    for read in (
        lambda: searched(answer, narrowed=False, read_before=0),
        lambda: training_flavors(answer, narrowed=False),
        lambda: resource_flavors(answer),
        lambda: shown(answer, "j-1"),
    ):
        with suppress(Fault):
            read()


@pytest.mark.parametrize("deep", [b"[" * 200_000, b'{"a":' * 100_000, b'{"items":' + b"[" * 200_000])
def test_an_answer_that_is_nested_without_end_is_a_fault(deep: bytes) -> None:
    answer = Answer(200, {}, deep, None)
    with pytest.raises(Fault):
        searched(answer, narrowed=False, read_before=0)
    with pytest.raises(Fault):
        resource_flavors(answer)
