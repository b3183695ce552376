"""The pages on rules and messages are complete and true: what they list is what there is, what they show compiles."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from monitor.model import Reason
from monitor.rules import PersonOptions, RuleOptions, RuleSet, UnmatchedOptions
from monitor.rules.expression.language import Language
from monitor.rules.holding import STATE_OF
from monitor.rules.schema import SCALARS, VARIABLES, Kind

DOCS = Path(__file__).parents[2] / "docs"
RULES = (DOCS / "rules.md").read_text()
WORDS = {Kind.FLAG: "true or false", Kind.MAP: "map", Kind.ERROR: "`code` and `message`, text"}
WORDS |= {
    Kind.TEXT: "text",
    Kind.WHOLE: "whole number",
    Kind.NUMBER: "number",
    Kind.TIME: "time",
    Kind.SPAN: "duration",
}


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", RULES, re.DOTALL)


def table(first: str) -> dict[str, list[str]]:
    """The rows of the table whose first column is called so, by the names in their first cell."""
    rows = RULES[RULES.index(f"| {first} |") :].split("\n\n")[0].splitlines()[2:]
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    return {name: row for row in cells for name in re.findall(r"`(\w+)`", row[0])}


def test_every_variable_is_listed_with_every_field_and_its_kind() -> None:
    listed = table("variable")
    assert set(listed) == {*VARIABLES, *SCALARS}
    for name, fields in VARIABLES.items():
        told: dict[str, str] = {}
        for names, kind in re.findall(r"((?:`\w+` ?)+)\(([^)]*)\)", listed[name][2]):
            told |= dict.fromkeys(re.findall(r"\w+", names), kind.partition(":")[0])
        assert told == {field: WORDS[kind] for field, kind in fields.items()}, name


def test_every_key_of_a_rule_is_listed() -> None:
    assert set(table("key")) == {field.alias or name for name, field in RuleOptions.model_fields.items()}


@pytest.mark.parametrize("expression", blocks("cel")[0].splitlines())
def test_every_condition_shown_compiles(expression: str) -> None:
    Language().compile(expression)


@pytest.mark.parametrize("block", blocks("yaml"))
def test_every_rule_shown_compiles(block: str) -> None:
    data: dict[str, Any] = YAML(typ="safe").load(block)
    rules = [RuleOptions.model_validate(rule) for rule in data["rules"]]
    net = UnmatchedOptions.model_validate(data["unmatched"]) if "unmatched" in data else None
    people = [PersonOptions(name="Ann", ids=["modelarts:ann"], notify=["hook"])]
    assert RuleSet.compile(rules, people, net, ["team-slack", "hook", "journal"]).rules


def test_every_type_that_sets_a_state_is_listed() -> None:
    listed = {
        name for line in RULES.splitlines() if line.startswith("| of ") for name in re.findall(r"`([a-z_.]+)`", line)
    }
    assert listed == {each.value for each in STATE_OF}


def test_every_reason_is_listed() -> None:
    (said,) = re.findall(r"`reason` is (.*?); later", (DOCS / "messages.md").read_text(), re.DOTALL)
    assert set(re.findall(r"`(\w+)`", said)) == {reason.value for reason in Reason}
