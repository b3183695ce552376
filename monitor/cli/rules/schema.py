"""`rules schema`: the JSON Schema of files of cases, so that editors complete and check them while somebody types."""

from __future__ import annotations

from typing import Any


def schema() -> None:
    """Prints the JSON Schema of files of cases for `rules test`; editors complete and check with it."""
    import json

    from monitor.cli import out

    out.line(json.dumps(case_schema(), ensure_ascii=False, indent=2))


def case_schema() -> dict[str, Any]:
    """Draft 2020-12."""
    from monitor.cli.rules.rulesets import SECTIONS
    from monitor.lab.options import CaseOptions, Expectation, FileOptions, HiddenExpectation
    from monitor.lab.steps import STEPS, RepeatStep
    from monitor.rules.options import FlappingOptions, UnmatchedOptions
    from monitor.settings.schema import DIALECT, described, name_of

    kinds = tuple(dict.fromkeys(STEPS.values()))
    models = (FileOptions, CaseOptions, Expectation, HiddenExpectation, *kinds, *SECTIONS.values())
    references, definitions = described([*models, UnmatchedOptions, FlappingOptions])
    alone = [key for key, model in STEPS.items() if _may_stand_alone(definitions[name_of(references[model])], key)]
    steps = _entries({"anyOf": [*(references[kind] for kind in kinds), {"enum": alone}]})
    around = {key: _entries(references[model], least=0) for key, model in SECTIONS.items()} | {
        "unmatched": {"anyOf": [references[UnmatchedOptions], {"type": "null"}]},
        "flapping": {"anyOf": [references[FlappingOptions], {"enum": ["off", None]}]},
        "sinks": _entries({"anyOf": [{"type": "string"}, {"type": "object", "required": ["name"]}]}, least=0),
    }
    case = definitions[name_of(references[CaseOptions])]["properties"]
    _fill(case, around)
    _fill(case, {"given": steps, "expect": _expected(references[Expectation])})
    _fill(case, {"hidden": _expected(references[HiddenExpectation])})
    _fill(definitions[name_of(references[RepeatStep])]["properties"], {"steps": steps})
    root: dict[str, Any] = definitions.pop(name_of(references[FileOptions]))
    _fill(root["properties"], around | {"cases": _entries(references[CaseOptions])})
    head = {"$schema": DIALECT, "title": "Training Monitor: cases for `rules test`", "type": "object"}
    return root | head | {"$defs": definitions}


def _fill(properties: dict[str, Any], forms: dict[str, Any]) -> None:
    """Says what stands there, and keeps what is told of it."""
    for key, form in forms.items():
        told = {name: properties[key][name] for name in ("description",) if name in properties.get(key, {})}
        properties[key] = form | told


def _entries(form: dict[str, Any], least: int = 1) -> dict[str, Any]:
    return {"type": "array", "items": form} | ({"minItems": least} if least else {})


def _expected(form: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [{"const": "nothing"}, form, _entries(form, least=0)]}


def _may_stand_alone(definition: dict[str, Any], key: str) -> bool:
    """`- restart`: a step that takes nothing behind it."""
    return None in definition["properties"][key].get("enum", ())
