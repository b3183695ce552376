"""The JSON Schema of files of cases says the same as what reads them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

from monitor.cli.rules.schema import case_schema
from monitor.lab.case import Case
from monitor.lab.steps import STEPS
from monitor.settings.document import read_document

HERE = Path(__file__).parent
HEAD = "rules: [{name: r, on: [job.queued], notify: [a]}]\n"
EVERY_STEP = """cases:
  - name: every step
    start: 2026-01-05T09:00
    given:
      - {job: "train-{1..3}, queues", position: 3, nodes: 2, accelerators: 8, ago: 2h, owner: ann}
      - flavor: a.b.c in zone-1, sells out
      - account: north, is unreachable
      - usage: train-1, 1200000 tokens, 36.00 CNY
      - wait: until sat 08:00
      - silence: {match: "true", for: 2h}
      - end_silence: last
      - {ack: r, about: train-1, by: ann}
      - {snooze: r, for: 2h}
      - stop
      - start
      - restart:
      - clock: +1h
      - {repeat: 5 times, steps: [{job: "x, starts"}, restart]}
      - {event: job.finished, data: {job: {id: x}}, late: true}
    expect:
      - {at: 0, rule: r, to: [a, b], says: x, about: "train-{1..3}", count: 3, reason: new, severity: warning}
      - {at: sat 08:00, title: t, body: b, lacks: [x], shadow: true}
    hidden: {by: mute, rule: r}
    flapping: off
"""
WRONG = [
    "given: [{jub: 'x, starts'}], expect: nothing",
    "given: [{job: 'x, starts', nodez: 2}], expect: nothing",
    "given: [stopp], expect: nothing",
    "given: [{repeat: 2, steps: [{wait: 5}]}], expect: nothing",
    "given: [{event: job.finisht}], expect: nothing",
    "given: [restart], expect: noting",
    "given: [restart], expect: [{att: 2h}]",
    "given: [restart], expect: {reason: reminded}",
    "given: [restart], expect: nothing, hidden: [{buy: mute}]",
    "given: [], expect: nothing",
    "given: [restart]",
    "given: [restart], expect: nothing, rules: [{name: r}]",
    "given: [restart], expect: nothing, start: monday",
]


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    schema = case_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def valid(validator: jsonschema.Draft202012Validator, text: str) -> bool:
    return validator.is_valid(read_document("cases.yaml", text, needs=("cases",)).data)


@pytest.mark.parametrize(
    "path", [*HERE.glob("recipes/*.yaml"), *HERE.glob("failing/*.yaml")], ids=lambda path: path.stem
)
def test_files_that_can_be_played_are_valid(validator: jsonschema.Draft202012Validator, path: Path) -> None:
    assert valid(validator, path.read_text())


def test_every_step_and_every_key_of_a_message_is_known(
    validator: jsonschema.Draft202012Validator, cases: Callable[[str], list[Case]]
) -> None:
    assert len(cases(HEAD + EVERY_STEP)[0].given) == 15
    found = read_document("cases.yaml", HEAD + EVERY_STEP, needs=("cases",)).data
    assert [error.message for error in validator.iter_errors(found)] == []
    assert all(f"\n      - {step}" in EVERY_STEP or f"{{{step}:" in EVERY_STEP for step in STEPS)


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_read_is_invalid(
    validator: jsonschema.Draft202012Validator, cases: Callable[[str], list[Case]], case: str
) -> None:
    text = f"{HEAD}cases: [{{name: c, {case}}}]\n"
    with pytest.raises(Exception, match="cases"):
        cases(text)
    assert not valid(validator, text)
    assert valid(validator, f"{HEAD}cases: [{{name: c, given: [restart], expect: nothing}}]\n")


def test_nothing_of_python_shows_in_it(validator: jsonschema.Draft202012Validator) -> None:
    names = str(validator.schema)
    assert "Sentence" not in names
    assert "Figure" not in names
    for definition in [validator.schema, *validator.schema["$defs"].values()]:
        for name, described in definition.get("properties", {}).items():
            assert "title" not in described, name
