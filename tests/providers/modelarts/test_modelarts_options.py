"""What the config of a ModelArts account may say, and how wrong ones are told."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from monitor.providers import registry
from monitor.providers.modelarts.options import Options

BASE = {"name": "a", "provider": "modelarts", "region": "cn-north-4", "project_id": "p1", "jobs": {}}
KEYS = {"access_key": "AK", "secret_key": "SK"}
IAM = {"user": "ann", "password": "pw", "domain": "acct"}


def made(**changes: Any) -> Options:
    said = {key: value for key, value in (BASE | changes).items() if value is not None}
    return Options.model_validate(said)


def test_a_minimal_account_has_the_documented_defaults() -> None:
    options = made(**KEYS, training_flavors={}, resource_flavors={})
    assert options.origin() == "https://modelarts.cn-north-4.myhuaweicloud.com"
    assert list(options.watches()) == ["jobs", "training_flavors", "resource_flavors"]
    assert options.jobs is not None
    assert (options.jobs.every, options.jobs.workspaces, options.jobs.paging) == (30.0, ["0"], "auto")
    assert options.training_flavors is not None
    assert options.training_flavors.every == 900.0
    assert options.resource_flavors is not None
    assert (options.resource_flavors.every, options.resource_flavors.confirm) == (60.0, 1)


def test_an_endpoint_replaces_the_region_and_tells_it() -> None:
    options = made(**KEYS, region=None, endpoint="https://modelarts.cn-north-7.myhuaweicloud.com/")
    assert options.origin() == "https://modelarts.cn-north-7.myhuaweicloud.com"
    assert options.location() == "cn-north-7"
    assert made(**KEYS, endpoint="http://127.0.0.1:8080").location() == "cn-north-4"


@pytest.mark.parametrize(
    ("region", "iam_host"),
    [("cn-north-4", "https://iam.cn-north-4.myhuaweicloud.com"), ("cn-north-11", "https://iam.myhuaweicloud.com")],
)
def test_the_iam_host_comes_from_the_region(region: str, iam_host: str) -> None:
    assert made(iam=IAM, region=region).iam_origin() == iam_host
    assert made(iam={**IAM, "endpoint": "https://iam.example.test"}).iam_origin() == "https://iam.example.test"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "needs a credential: access_key with secret_key, or token, or iam"),
        ({"access_key": "AK"}, "needs secret_key beside access_key"),
        ({"secret_key": "SK"}, "needs access_key beside secret_key"),
        ({"security_token": "ST"}, "security_token belongs to a temporary access_key"),
        ({"security_token": "ST", "token": "T"}, "security_token belongs to a temporary access_key"),
        ({**KEYS, "token": "T"}, "has more than one credential"),
        ({"token": "T", "iam": IAM}, "has more than one credential"),
        ({**KEYS, "region": None}, "needs region (like cn-north-4) or endpoint"),
        ({"iam": IAM, "region": None, "endpoint": "http://127.0.0.1:1"}, "needs iam.endpoint or region"),
        ({**KEYS, "jobs": None}, "has nothing to watch"),
        ({**KEYS, "endpoint": "modelarts.example.test"}, "is no URL"),
        ({**KEYS, "endpoint": "https://h.test/path"}, "must be only scheme, host and port"),
        ({**KEYS, "endpoint": "https://u:p@h.test"}, "must be only scheme, host and port"),
        ({**KEYS, "project_id": "p/1"}, "project_id"),
        ({**KEYS, "jobs": {"workspaces": []}}, "workspaces"),
        ({**KEYS, "jobs": {"workspaces": ["0", "0"]}}, "names a workspace twice"),
        ({**KEYS, "jobs": {"paging": "guess"}}, "paging"),
        ({**KEYS, "training_flavors": {"flavor_type": "TPU"}}, "flavor_type"),
        ({**KEYS, "resource_flavors": {"confirm": 0}}, "confirm"),
        ({**KEYS, "colour": "blue"}, "colour"),
    ],
)
def test_a_wrong_account_is_told_what_is_wrong_and_shows_no_secret(changes: dict[str, Any], expected: str) -> None:
    with pytest.raises(ValidationError) as caught:
        made(**changes)
    assert expected in str(caught.value)
    assert "p@h" not in str(caught.value)


def test_a_reference_that_was_left_unresolved_is_no_mistake() -> None:
    options = made(**KEYS, project_id="${env:PROJECT}", endpoint="${env:ENDPOINT}", region=None)
    assert (options.project_id, options.location()) == ("${env:PROJECT}", None)


def test_the_registry_finds_this_kind() -> None:
    assert "modelarts" in registry.kinds()
    assert registry.options("modelarts") is Options
    assert callable(registry.builder("modelarts"))
    assert registry.emulator("modelarts").__name__ == "Emulator"
