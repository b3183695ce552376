"""The JSON Schema says the same as the loader."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest

from monitor.providers import registry as providers
from monitor.settings.document import read_document
from monitor.settings.schema import json_schema
from monitor.sinks import registry as sinks

EXAMPLE = Path(__file__).parents[2] / "config" / "training-monitor.example.yaml"


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def data(text: str) -> object:
    return read_document("file.yaml", text).data


def test_the_example_is_valid(validator: jsonschema.Draft202012Validator) -> None:
    assert [error.message for error in validator.iter_errors(data(EXAMPLE.read_text()))] == []


@pytest.mark.parametrize(
    "name",
    ["several-mistakes", "wrong-types", "no-accounts-no-sinks", "unknown-kinds", "later-keys", "prices"],
)
def test_a_broken_file_is_invalid(validator: jsonschema.Draft202012Validator, name: str) -> None:
    text = (Path(__file__).parent / "bad" / f"{name}.yaml").read_text()
    assert not validator.is_valid(data(text))


def test_every_kind_is_in_it(validator: jsonschema.Draft202012Validator) -> None:
    text = str(validator.schema)
    assert all(f"'{kind}'" in text for kind in (*providers.kinds(), *sinks.kinds()))


def test_defaults_are_written_as_the_file_writes_them(validator: jsonschema.Draft202012Validator) -> None:
    for definition in [validator.schema, *validator.schema["$defs"].values()]:
        for name, described in definition.get("properties", {}).items():
            if "default" in described and described.get("type"):
                jsonschema.validate(described["default"], described)
            assert "title" not in described, name


def test_the_keys_of_the_file_are_described(validator: jsonschema.Draft202012Validator) -> None:
    schema = validator.schema
    assert [
        key for key, value in schema["properties"].items() if "description" not in value and "$ref" not in value
    ] == []
    assert schema["$defs"]["Budget"]["properties"]["burst"]["description"]


def test_the_example_shows_every_key(validator: jsonschema.Draft202012Validator) -> None:
    text = EXAMPLE.read_text()
    for definition in [validator.schema, *validator.schema["$defs"].values()]:
        for name in definition.get("properties", {}):
            assert f"{name}:" in text, name
