"""`delete_with` in the config file: one whole credential, with the place and the watches of its account."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from monitor.providers.modelarts.options import Options

OWN = {"name": "a", "provider": "modelarts", "region": "cn-north-4", "project_id": "p", "jobs": {}, "token": "own"}
IAM = {"user": "u", "password": "p", "domain": "d"}


@pytest.mark.parametrize(
    "second",
    [
        {"access_key": "AK", "secret_key": "SK"},
        {"access_key": "AK", "secret_key": "SK", "security_token": "ST"},
        {"token": "T"},
        {"iam": IAM},
    ],
)
def test_any_way_to_sign_in_may_delete_in_place_of_the_accounts_own(second: dict[str, Any]) -> None:
    options = Options.model_validate(OWN | {"read_only": True, "delete_with": second})
    deleting = options.deleting()
    assert deleting is not None
    ways = ("access_key", "secret_key", "security_token", "token", "iam")
    assert {way for way in ways if getattr(deleting, way) is not None} == set(second)
    assert (deleting.project_id, deleting.origin()) == (options.project_id, options.origin())
    assert options.token is not None, "the account itself is as it was"


@pytest.mark.parametrize(
    ("second", "says"),
    [
        ({}, "needs a credential"),
        ({"access_key": "AK"}, "needs secret_key"),
        ({"token": "T", "iam": IAM}, "more than one credential"),
        ({"security_token": "ST"}, "security_token belongs to"),
        ({"key": "x"}, "Extra inputs"),
    ],
)
def test_half_a_credential_is_refused_and_named(second: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says) as caught:
        Options.model_validate(OWN | {"delete_with": second})
    assert "delete_with" in str(caught.value)


def test_the_token_service_of_the_second_credential_must_be_known() -> None:
    elsewhere = OWN | {"region": None, "endpoint": "https://platform.example.org"}
    with pytest.raises(ValidationError, match=r"needs delete_with\.iam\.endpoint or region"):
        Options.model_validate(elsewhere | {"delete_with": {"iam": IAM}})
    options = Options.model_validate(
        elsewhere | {"delete_with": {"iam": IAM | {"endpoint": "https://iam.example.org"}}}
    )
    deleting = options.deleting()
    assert deleting is not None
    assert deleting.iam_origin() == "https://iam.example.org"


def test_who_may_delete_follows_from_read_only_and_delete_with() -> None:
    plain, closed = Options.model_validate(OWN), Options.model_validate(OWN | {"read_only": True})
    assert plain.deleting() is plain
    assert closed.deleting() is None
