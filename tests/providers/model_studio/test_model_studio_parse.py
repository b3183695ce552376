"""One job object, as the reference shows it and as no document promises it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.model import Job, JobError, JobState
from monitor.providers.model_studio.parse import Reading, parse_job
from monitor.providers.ports import Decoded, Drift, Malformed
from tests.kit.dice import DICE, mapping, one_of, text

READING = Reading(zone=timezone(timedelta(hours=8)), console="https://console.test/?id=")
REFERENCE = json.loads(
    """{"job_id":"ft-202611201530-ab12","job_name":"ft-202611201530-ab12","status":"SUCCEEDED","model":"qwen3-14b",
    "base_model":"qwen3-14b","finetuned_output":"qwen3-14b-ft-202611201530-ab12","training_file_ids":[],
    "validation_file_ids":[],"training_datasets":[{"data_source_type":"file_id","file_id":"f-1"}],
    "hyper_parameters":{"n_epochs":3},"training_type":"sft","create_time":"2026-11-20 15:30:04",
    "end_time":"2026-11-20 15:51:40","usage":120000,"workspace_id":"llm-x","user_identity":"1","creator":"1",
    "modifier":"1","group":"llm"}"""
)


def decoded(**changes: Any) -> Decoded[Job]:
    """The reference's job with changes; `...` takes a field out."""
    whole = {name: value for name, value in (REFERENCE | changes).items() if value is not ...}
    return parse_job(json.dumps(whole).encode(), READING)


def job(**changes: Any) -> Job:
    return decoded(**changes).item


def test_the_job_of_the_reference_is_read_whole() -> None:
    assert decoded() == Decoded(
        item=Job(
            id="ft-202611201530-ab12",
            name="ft-202611201530-ab12",
            state=JobState.SUCCEEDED,
            provider_state="SUCCEEDED",
            kind="sft",
            model="qwen3-14b",
            base_model="qwen3-14b",
            output_model="qwen3-14b-ft-202611201530-ab12",
            workspace="llm-x",
            creator="1",
            created_at=datetime(2026, 11, 20, 7, 30, 4, tzinfo=UTC),
            ended_at=datetime(2026, 11, 20, 7, 51, 40, tzinfo=UTC),
            tokens=120000,
            url="https://console.test/?id=ft-202611201530-ab12",
            extra={"group": "llm", "modifier": "1", "user_identity": "1"},
        )
    )


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("PENDING", JobState.PENDING),
        ("QUEUING", JobState.QUEUED),
        ("RUNNING", JobState.RUNNING),
        ("CANCELING", JobState.STOPPING),
        ("SUCCEEDED", JobState.SUCCEEDED),
        ("SUCCEED", JobState.SUCCEEDED),
        ("SUCCESSED", JobState.SUCCEEDED),
        ("FAILED", JobState.FAILED),
        ("CANCELED", JobState.CANCELED),
        ("Running", JobState.RUNNING),
        ("failed", JobState.FAILED),
    ],
)
def test_states_are_known_in_any_case(word: str, state: JobState) -> None:
    found = decoded(status=word)
    assert (found.item.state, found.item.provider_state, found.drift) == (state, word, ())


@pytest.mark.parametrize("word", ["SUSPENDED", "UNKNOWN", "排队"])
def test_an_unknown_status_is_kept_and_named(word: str) -> None:
    found = decoded(status=word)
    assert (found.item.state, found.item.provider_state) == (JobState.UNKNOWN, word)
    assert found.drift == (Drift(kind="status", word=word),)


def test_of_unknown_fields_the_names_are_told_and_the_values_nowhere() -> None:
    found = decoded(priority="S3CRET", env={"PASSWORD": "S3CRET"}, usage="S3CRET")
    words = [Drift(kind="type", word="usage"), Drift(kind="field", word="env"), Drift(kind="field", word="priority")]
    assert list(found.drift) == words
    assert "S3CRET" not in repr(found)


def test_a_platform_that_changes_everything_at_once_is_told_of_in_measure() -> None:
    found = decoded(**{f"new{number:03}": 1 for number in range(300)})
    assert len(found.drift) == 20


def test_how_and_on_what_it_trains_is_dropped() -> None:
    secret = {"path": "S3CRET"}
    dropped = (
        "hyper_parameters",
        "training_datasets",
        "validation_datasets",
        "training_file_ids",
        "validation_file_ids",
    )
    found = decoded(**dict.fromkeys(dropped, secret))
    assert "S3CRET" not in repr(found)
    assert found == decoded()


@pytest.mark.parametrize(
    ("names", "name"),
    [
        ({"job_name": "客服"}, "客服"),
        ({"job_name": ..., "jobs_name": "b"}, "b"),
        ({"job_name": "a", "jobs_name": "b"}, "a"),
        ({"job_name": None, "jobs_name": ""}, "ft-202611201530-ab12"),
        ({"job_name": ...}, "ft-202611201530-ab12"),
    ],
)
def test_the_name_stands_in_either_field_or_is_the_id(names: dict[str, Any], name: str) -> None:
    found = decoded(**names)
    assert (found.item.name, found.drift) == (name, ())


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2026-11-20 15:30:04", datetime(2026, 11, 20, 7, 30, 4, tzinfo=UTC)),
        ("2026-11-20T15:30:04", datetime(2026, 11, 20, 7, 30, 4, tzinfo=UTC)),
        ("2026-11-20 15:30:04.68", datetime(2026, 11, 20, 7, 30, 4, 680000, tzinfo=UTC)),
        ("2026-11-20T15:30:04.123456789", datetime(2026, 11, 20, 7, 30, 4, 123456, tzinfo=UTC)),
        ("2026-11-20T15:30:04.000+00:00", datetime(2026, 11, 20, 15, 30, 4, tzinfo=UTC)),
        ("2026-11-20T15:30:04Z", datetime(2026, 11, 20, 15, 30, 4, tzinfo=UTC)),
        ("2026-11-20 15:30:04 -0300", datetime(2026, 11, 20, 18, 30, 4, tzinfo=UTC)),
        (" 2026-11-20 15:30:04 ", datetime(2026, 11, 20, 7, 30, 4, tzinfo=UTC)),
        (None, None),
        ("", None),
    ],
)
def test_times_are_read_in_the_account_s_zone_unless_they_bear_one(
    written: str | None, moment: datetime | None
) -> None:
    found = decoded(end_time=written)
    assert (found.item.ended_at, found.drift) == (moment, ())


@pytest.mark.parametrize("written", ["yesterday", "2026-13-20 15:30:04", "0001-01-01 00:00:00", 1795160000, {}, True])
def test_a_time_that_cannot_be_read_is_named_and_left_out(written: Any) -> None:
    found = decoded(end_time=written)
    assert found.item == replace(job(), ended_at=None)
    assert found.drift == (Drift(kind="type", word="end_time"),)


@pytest.mark.parametrize(
    ("sent", "tokens"),
    [(0, 0), (..., None), (None, None), ("", None), ("120000", 120000), (5.0, 5), ("7.0", 7), ({"total_tokens": 9}, 9)],
)
def test_usage_that_is_absent_is_not_usage_of_zero(sent: Any, tokens: int | None) -> None:
    found = decoded(usage=sent)
    assert (found.item.tokens, found.drift) == (tokens, ())


@pytest.mark.parametrize("sent", [-1, 1.5, True, [1], "many", 2**63, {"tokens": 1}])
def test_usage_that_is_no_count_is_named_and_left_out(sent: Any) -> None:
    found = decoded(usage=sent)
    assert (found.item.tokens, found.drift) == (None, (Drift(kind="type", word="usage"),))


def test_checkpoints_are_counts_in_strings_too() -> None:
    found = job(output_cnt="3", max_output_cnt=5)
    assert (found.checkpoints, found.max_checkpoints) == (3, 5)


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"status": "FAILED", "code": "Oom", "message": "no memory"}, JobError(code="Oom", message="no memory")),
        ({"status": "FAILED"}, None),
        ({"status": "FAILED", "code": 1}, JobError(code="1")),
        ({"status": "FAILED", "code": "E sk-S3CRET99"}, JobError(code="E ***")),
        ({"status": "CANCELED", "code": "1"}, None),
        ({"status": "CANCELED", "code": 1}, None),
        ({"status": "CANCELED", "code": "1", "message": "why"}, JobError(code="1", message="why")),
        ({"status": "CANCELED", "code": "", "message": None}, None),
        ({"status": "SUCCEEDED", "code": "1", "message": "fine"}, None),
        ({"status": "RUNNING", "code": "1"}, None),
        (
            {"status": "FAILED", "message": "cannot get https://h/f?Signature=S3CRET\nwith sk-S3CRET99"},
            JobError(message="cannot get https://h/f with ***"),
        ),
    ],
)
def test_a_failure_s_reason_is_told_of_ended_jobs_only_and_scrubbed(fields: dict[str, Any], error: Any) -> None:
    found = decoded(**fields)
    assert (found.item.error, found.drift) == (error, ())


def test_a_failure_text_is_bounded() -> None:
    error = job(status="FAILED", message="x y " * 5000).error
    assert error is not None
    assert len(error.message or "") == 500


def test_a_product_is_told_of_a_success_only() -> None:
    products = {status: job(status=status).output_model for status in ("PENDING", "RUNNING", "FAILED", "SUCCEEDED")}
    assert [status for status, product in products.items() if product] == ["SUCCEEDED"]


def test_user_ids_are_texts_even_where_they_come_as_numbers() -> None:
    assert job(creator=1396993924585947).creator == "1396993924585947"


def test_control_characters_reach_nobody() -> None:
    assert job(job_name="a\x00b\u202e\n").name == "a b"


def test_running_time_is_unknown_for_the_platform_tells_no_start() -> None:
    assert (job().duration, job().started_at) == (None, None)


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b"null", b"7", b'"x"', b"{", b"\xff", b'{"job_id": "\\udc00"', b"[" * 5000]
)
def test_what_is_no_object_is_malformed(raw: bytes) -> None:
    with pytest.raises(Malformed) as caught:
        parse_job(raw, READING)
    assert caught.value.item_id is None


@pytest.mark.parametrize("bad", [None, "", "  ", {}, [], True, "a b", "..", "x" * 200, "ä"])
def test_a_job_without_a_usable_id_is_malformed(bad: Any) -> None:
    with pytest.raises(Malformed, match="job_id") as caught:
        decoded(job_id=bad)
    assert caught.value.item_id is None


@pytest.mark.parametrize("bad", [None, "", ..., {"a": "S3CRET"}])
def test_a_job_without_a_status_is_malformed_and_says_which(bad: Any) -> None:
    with pytest.raises(Malformed, match="status") as caught:
        decoded(status=bad)
    assert caught.value.item_id == "ft-202611201530-ab12"
    assert "S3CRET" not in str(caught.value)


def test_one_field_of_broken_bytes_harms_no_other() -> None:
    raw = json.dumps(REFERENCE).encode().replace(b'"llm-x"', b'"\xff\xfe"')
    found = parse_job(raw, READING)
    assert found.item == replace(job(), workspace=None)
    assert found.drift == (Drift(kind="type", word="workspace_id"),)


def test_a_number_no_machine_holds_harms_nothing() -> None:
    raw = json.dumps(REFERENCE).encode().replace(b"120000", b"1e999").replace(b'{"n_epochs": 3}', b'{"x": 1e999}')
    assert parse_job(raw, READING).item == replace(job(), tokens=None)


NAMES = (*REFERENCE, "jobs_name", "code", "message", "output_cnt")
LEAF = one_of("ft-1", "RUNNING", "FAILED", "2026-11-20 15:30:04", "120000", "1e999")


def named(dice: Random) -> str:
    return dice.choice(NAMES) if dice.random() < 0.8 else text(dice)


@given(DICE)
def test_any_object_is_a_job_or_malformed_and_nothing_else(dice: Random) -> None:
    found = mapping(dice, LEAF, named, wide=20)
    try:
        item = parse_job(json.dumps(found).encode(), READING).item
    except Malformed:
        return
    assert item.id
    assert isinstance(item.state, JobState)


@given(DICE)
def test_no_strange_field_takes_a_job_with_an_id_and_a_status_away(dice: Random) -> None:
    changes = mapping(dice, LEAF, lambda dice: dice.choice(list(REFERENCE)), wide=12)
    found = decoded(**{name: value for name, value in changes.items() if name not in ("job_id", "status")})
    assert (found.item.id, found.item.state) == ("ft-202611201530-ab12", JobState.SUCCEEDED)
    for moment in (found.item.created_at, found.item.ended_at):
        assert moment is None or moment.utcoffset() == timedelta(0)


@given(st.binary(max_size=60))
def test_any_bytes_are_a_job_or_malformed(raw: bytes) -> None:
    with pytest.raises(Malformed):
        parse_job(raw, READING)
