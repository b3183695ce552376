"""Job objects as they are documented, as they were seen, and as they may come."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.model import Job, JobState
from monitor.providers.modelarts.parse_job import parse_job
from monitor.providers.ports import Malformed
from tests.providers.modelarts.one_job import CREATED, JOB, STARTED, at, changed, parse


def test_a_running_job_is_read_whole() -> None:
    decoded = parse(JOB)
    assert decoded.drift == ()
    assert decoded.item == Job(
        id="1a2b3c4d-0000-4000-8000-000000000001",
        name="bert-1",
        state=JobState.RUNNING,
        provider_state="Running",
        kind="job",
        model="MindSpore",
        flavor="modelarts.vm.npu.8ascend",
        nodes=2,
        workspace="0",
        creator="ann",
        created_at=at(CREATED),
        started_at=at(STARTED),
        duration=61.0,
        ran=61.0,
        extra={
            "policy": "regular",
            "engine_version": "2.3.0",
            "experiment": "exp",
            "priority": 2,
            "preemptible": True,
            "secondary_phase": "Running",
        },
    )


def test_nothing_that_users_put_into_a_job_comes_through() -> None:
    assert "secret" not in repr(parse(JOB))


@pytest.mark.parametrize(
    ("phase", "state"),
    [
        ("Creating", JobState.PENDING),
        ("Pending", JobState.QUEUED),
        ("Running", JobState.RUNNING),
        ("Terminating", JobState.STOPPING),
        ("Completed", JobState.SUCCEEDED),
        ("Failed", JobState.FAILED),
        ("Abnormal", JobState.FAILED),
        ("Terminated", JobState.CANCELED),
    ],
)
def test_every_documented_phase_has_its_state(phase: str, state: JobState) -> None:
    decoded = parse(changed(("status.phase", phase)))
    assert (decoded.item.state, decoded.item.provider_state, decoded.drift) == (state, phase, ())


def test_an_unknown_phase_is_kept_and_noted() -> None:
    decoded = parse(changed(("status.phase", "Hibernating")))
    assert (decoded.item.state, decoded.item.provider_state) == (JobState.UNKNOWN, "Hibernating")
    assert [(drift.kind, drift.word) for drift in decoded.drift] == [("status", "Hibernating")]


@pytest.mark.parametrize("zero", [0, None, "", "0", ...])
def test_zero_null_and_absent_stand_for_not_yet(zero: Any) -> None:
    job = parse(
        changed(
            ("status.start_time", zero),
            ("status.duration", zero),
            ("status.node_count_metrics", None),
            ("metadata.user_name", "" if zero == 0 else None),
        )
    ).item
    assert (job.started_at, job.duration, job.ended_at, job.creator) == (None, None, None, None)


@pytest.mark.parametrize("value", [STARTED, str(STARTED), float(STARTED), STARTED // 1000, str(STARTED // 1000)])
def test_milliseconds_seconds_and_texts_of_them_are_one_moment(value: Any) -> None:
    assert parse(changed(("status.start_time", value))).item.started_at == at(STARTED)


@pytest.mark.parametrize("value", [-5, 10**18, 1e300, True, "yesterday", [1]])
def test_a_moment_that_cannot_be_is_none(value: Any) -> None:
    assert parse(changed(("status.start_time", value))).item.started_at is None


@pytest.mark.parametrize(
    ("changes", "cards"),
    [
        ([("spec.resource.main_container_allocated_resources", {"accelerator_num": 8.0})], 8.0),
        ([("spec.resource.main_container_customized_flavor", {"accelerator_num": "4"})], 4.0),
        ([("spec.resource.flavor_detail", {"flavor_info": {"npu": {"unit_num": "8"}}})], 8.0),
        ([("spec.resource.flavor_detail", {"flavor_info": {"gpu": {"unit_num": 1}}})], 1.0),
        ([("spec.resource.flavor_id", "modelarts.pool.visual.xlarge")], 1.0),
        ([("spec.resource.flavor_id", "modelarts.pool.visual.8xlarge")], 8.0),
        ([("spec.resource.main_container_allocated_resources", {"accelerator_num": 0})], None),
        ([("spec.resource.flavor_detail", {"flavor_info": {"cpu": {"core_num": 8}}})], None),
    ],
)
def test_the_cards_per_node_are_found(changes: list[tuple[str, Any]], cards: float | None) -> None:
    assert parse(changed(*changes)).item.accelerators == cards


@pytest.mark.parametrize(
    ("changes", "model"),
    [
        ([("algorithm.engine", {"image_url": "swr.example.test/team/torch:2.1?sig=x"})], "torch:2.1"),
        ([("algorithm.engine", {}), ("algorithm.name", "my-algorithm")], "my-algorithm"),
        ([("algorithm", {})], None),
        ([("algorithm", None)], None),
    ],
)
def test_the_model_is_the_engine_the_image_or_the_algorithm(changes: list[tuple[str, Any]], model: str | None) -> None:
    assert parse(changed(*changes)).item.model == model


def test_a_flavor_without_an_id_goes_by_its_name() -> None:
    job = parse(changed(("spec.resource.flavor_id", ...), ("spec.resource.flavor_name", "8 cards"))).item
    assert job.flavor == "8 cards"


def test_the_workspace_is_the_searched_one_where_the_job_does_not_say() -> None:
    assert parse(changed(("metadata.workspace_id", ...))).item.workspace == "ws"


def test_the_console_page_needs_a_region() -> None:
    assert parse(JOB).item.url is None
    url = parse(JOB, "cn-north-4").item.url
    assert url is not None
    assert "region=cn-north-4" in url
    assert JOB["metadata"]["id"] in url


def test_unknown_names_are_noted_without_their_values() -> None:
    decoded = parse(
        changed(
            ("brand_new", "secret-1"),
            ("metadata.colour", "secret-2"),
            ("status.mood", {"x": "secret-3"}),
            ("spec.resource.gravity", 9.81),
            ("algorithm.engine.oil", "secret-4"),
            ("status.running_records", [{"start_at": 1, "weather": "secret-5"}]),
        )
    )
    assert {(drift.kind, drift.word) for drift in decoded.drift} == {
        ("field", "brand_new"),
        ("field", "metadata.colour"),
        ("field", "status.mood"),
        ("field", "spec.resource.gravity"),
        ("field", "algorithm.engine.oil"),
        ("field", "status.running_records.weather"),
    }
    assert "secret" not in repr(decoded)


def test_a_section_of_an_odd_type_is_noted_and_the_rest_is_read() -> None:
    decoded = parse(changed(("algorithm", "text"), ("status.running_records", {"a": 1})))
    assert decoded.item.state is JobState.RUNNING
    assert {drift.word for drift in decoded.drift if drift.kind == "type"} == {"algorithm", "status.running_records"}


@pytest.mark.parametrize(
    ("job", "item_id"),
    [
        (changed(("metadata.id", ...)), None),
        (changed(("metadata.id", 5)), None),
        (changed(("metadata.id", "a b\nc")), None),
        (changed(("metadata", None)), None),
        (changed(("metadata", [])), None),
        (changed(("status", ...)), JOB["metadata"]["id"]),
        (changed(("status.phase", None)), JOB["metadata"]["id"]),
        (changed(("status.phase", " ")), JOB["metadata"]["id"]),
        (changed(("status", "Running")), JOB["metadata"]["id"]),
        (changed(("spec", 5)), JOB["metadata"]["id"]),
        ([], None),
        ("job", None),
        (None, None),
    ],
)
def test_what_cannot_be_used_is_malformed_and_names_the_job_where_it_can(job: Any, item_id: str | None) -> None:
    with pytest.raises(Malformed) as caught:
        parse(job)
    assert caught.value.item_id == item_id


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"metadata":' * 50_000])
def test_what_is_no_json_is_malformed(raw: bytes) -> None:
    with pytest.raises(Malformed):
        parse_job(raw, workspace=None, region=None)


def test_a_job_that_is_being_created_may_lack_its_spec() -> None:
    job = parse({"metadata": {"id": "j1"}, "status": {"phase": "Creating"}}).item
    assert (job.id, job.name, job.state, job.runs) == ("j1", "j1", JobState.PENDING, None)
