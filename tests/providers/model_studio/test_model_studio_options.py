"""What an account may say: endpoints, zones, watches."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from monitor.fields import Secret
from monitor.providers import registry
from monitor.providers.model_studio.options import Options, zone

LEAST: dict[str, Any] = {"name": "llm", "provider": "model-studio", "api_key": "sk-1", "jobs": {}}


def complaints(**changes: Any) -> list[tuple[str, str]]:
    with pytest.raises(ValidationError) as caught:
        Options.model_validate({key: value for key, value in (LEAST | changes).items() if value is not ...})
    return [(".".join(map(str, error["loc"])), error["msg"]) for error in caught.value.errors()]


def test_the_registry_finds_the_kind() -> None:
    assert registry.options("model-studio") is Options


def test_the_least_account_watches_jobs_in_beijing_every_half_minute() -> None:
    options = Options.model_validate(LEAST)
    assert options.endpoint == "https://dashscope.aliyuncs.com/api/v1"
    assert options.watches() == {"jobs": options.jobs}
    assert (options.jobs.every, options.jobs.sweep_every, options.jobs.model) == (30.0, 3600.0, None)
    assert options.api_key == Secret("sk-1")
    assert zone(options.time_zone).utcoffset(None) == timedelta(hours=8)


def test_a_jobs_section_without_content_is_the_default_watch() -> None:
    assert Options.model_validate(LEAST | {"jobs": None}).jobs == Options.model_validate(LEAST).jobs


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("https://dashscope-intl.aliyuncs.com/api/v1/", "https://dashscope-intl.aliyuncs.com/api/v1"),
        ("http://127.0.0.1:8650/api/v1", "http://127.0.0.1:8650/api/v1"),
        (
            "https://llm-x.ap-southeast-1.maas.aliyuncs.com/api/v1",
            "https://llm-x.ap-southeast-1.maas.aliyuncs.com/api/v1",
        ),
    ],
)
def test_an_endpoint_is_free_text_without_its_last_slash(written: str, kept: str) -> None:
    assert Options.model_validate(LEAST | {"endpoint": written}).endpoint == kept


@pytest.mark.parametrize(
    "endpoint",
    [
        "dashscope.aliyuncs.com/api/v1",
        "ftp://host/api/v1",
        "https://",
        "https://[::1/api",
        "https://host/v1?a=b",
        "https://h:x/",
    ],
)
def test_what_is_no_endpoint_is_told_with_an_example(endpoint: str) -> None:
    ((place, text),) = complaints(endpoint=endpoint)
    assert place == "endpoint"
    assert "write it like https://dashscope.aliyuncs.com/api/v1" in text


def test_an_endpoint_with_a_password_is_refused_without_repeating_it() -> None:
    ((place, text),) = complaints(endpoint="https://me:hunter2@host/api/v1")
    assert place == "endpoint"
    assert "hunter2" not in text
    assert "api_key" in text


@pytest.mark.parametrize("section", ["training_flavors", "resource_flavors"])
@pytest.mark.parametrize("value", [{}, {"every": "1m"}, None])
def test_flavors_cannot_be_watched_and_the_error_says_why(section: str, value: object) -> None:
    ((place, text),) = complaints(**{section: value})
    assert place == section
    assert "no flavors" in text
    assert section not in Options.model_json_schema()["properties"]


def test_an_account_without_a_watch_lacks_its_jobs() -> None:
    assert [place for place, _ in complaints(jobs=...)] == ["jobs"]


@pytest.mark.parametrize("bad", [{"time_zone": "CST8"}, {"time_zone": "+15:00"}, {"time_zone": "+08:75"}])
def test_what_is_no_zone_is_told_with_examples(bad: dict[str, str]) -> None:
    ((place, text),) = complaints(**bad)
    assert place == "time_zone"
    assert "+08:00" in text


@pytest.mark.parametrize(
    ("text", "hours"), [("+08:00", 8), ("-0530", -5.5), ("UTC", 0), ("z", 0), ("Asia/Shanghai", 8), ("Asia/Tokyo", 9)]
)
def test_zones_are_offsets_or_names(text: str, hours: float) -> None:
    assert zone(text).utcoffset(datetime(2026, 11, 20)) == timedelta(hours=hours)  # noqa: DTZ001


@pytest.mark.parametrize(
    "bad",
    [{"workspace": "llm 1"}, {"workspace": "llm\r\nX-Evil: 1"}, {"jobs": {"model": ""}}, {"api_key": ""}, {"tokn": 1}],
)
def test_what_cannot_be_sent_is_refused(bad: dict[str, Any]) -> None:
    assert len(complaints(**bad)) == 1
