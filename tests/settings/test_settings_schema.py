"""The JSON Schema says the same as the loader."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest

from monitor.providers import registry as providers
from monitor.settings import ConfigErrors, load
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


RULE = """
accounts: [{name: a, provider: model-studio, api_key: k, jobs: {}}]
sinks: [{name: log, type: log}]
rules: [{name: r, on: [job.queued], notify: [log], KEYS}]
"""


@pytest.mark.parametrize(
    ("keys", "right"),
    [
        ("for: 2h, while: job.name != 'x'", True),
        ("hold: {days: [sat], except: severity == 'critical'}", True),
        ("mute: [{between: [22:00, 08:00]}, {days: [sat]}]", True),
        ("escalate: {after: 1h, notify: [owner]}, group_by: [], group_wait: 0s", True),
        ("lasting: 2h", False),
        ("holds: job.name != 'x'", False),
        ("hold: {days: [sat], but: severity == 'critical'}", False),
    ],
)
def test_keys_of_rules_are_the_same_for_editors_and_for_the_loader(
    validator: jsonschema.Draft202012Validator, tmp_path: Path, keys: str, right: bool
) -> None:
    text = RULE.replace("KEYS", keys)
    (tmp_path / "c.yaml").write_text(text)
    if right:
        load(tmp_path / "c.yaml", resolve=True, environ={}, credentials_dir=None)
    else:
        with pytest.raises(ConfigErrors, match="is not known here"):
            load(tmp_path / "c.yaml", resolve=True, environ={}, credentials_dir=None)
    assert validator.is_valid(data(text)) is right


@pytest.mark.parametrize(("said", "right"), [("off", True), ("{changes: 3}", True), ("never", False)])
def test_flapping_can_be_off(validator: jsonschema.Draft202012Validator, said: str, right: bool) -> None:
    assert validator.is_valid(data(RULE.replace(", KEYS", "") + f"flapping: {said}")) is right


def test_every_key_of_a_rule_says_what_it_is(validator: jsonschema.Draft202012Validator) -> None:
    told = {"name", "notify"}
    for model in ("RuleOptions", "Window", "Digest"):
        properties = validator.schema["$defs"][model]["properties"]
        assert {key for key, described in properties.items() if "description" not in described} <= told
