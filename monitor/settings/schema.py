"""The JSON Schema of the whole config file, so that editors complete and check while somebody types."""

from __future__ import annotations

import ast
import inspect
import itertools
import textwrap
from collections.abc import Iterable, Iterator
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from monitor.fields import format_duration
from monitor.providers import registry as providers
from monitor.settings.root import Plain
from monitor.sinks import registry as sinks

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """Draft 2020-12. Loads every kind of provider and sink."""
    accounts = [providers.options(kind) for kind in providers.kinds()]
    outlets = [sinks.options(kind) for kind in sinks.kinds()]
    references, definitions = described([Plain, *accounts, *outlets])
    root: dict[str, Any] = definitions.pop(name_of(references[Plain]))
    root["properties"] |= {
        "accounts": _entries("What is watched.", [references[model] for model in accounts]),
        "sinks": _entries("Where messages go.", [references[model] for model in outlets]),
    }
    head = {"$schema": DIALECT, "title": "Training Monitor: the config file", "type": "object"}
    about = "Texts may hold ${env:NAME}, ${file:/path} and ${credential:NAME}; $$ is a dollar sign."
    return root | head | {"description": about, "required": ["accounts", "sinks"], "$defs": definitions}


def described(roots: Iterable[type[BaseModel]]) -> tuple[dict[type[BaseModel], dict[str, Any]], dict[str, Any]]:
    """References to these models and all that stand in their fields, and the definitions that they lead to."""
    models = list(dict.fromkeys(model for root in roots for model in _models(root)))
    references, schema = models_json_schema([(model, "validation") for model in models])
    definitions = schema["$defs"]
    for model in models:
        _describe(definitions[name_of(references[model, "validation"])], model)
    for definition in definitions.values():
        _tidy(definition)
    return {model: references[model, "validation"] for model in models}, definitions


def _entries(description: str, kinds: list[Any]) -> dict[str, Any]:
    return {"type": "array", "minItems": 1, "description": description, "items": {"oneOf": kinds}}


def name_of(reference: dict[str, Any]) -> str:
    return str(reference["$ref"]).removeprefix("#/$defs/")


def _models(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """The model and all that stand in its fields."""
    yield model
    for field in model.model_fields.values():
        for inner in _inside(field.annotation):
            yield from _models(inner)


def _inside(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _inside(argument)


def _describe(definition: dict[str, Any], model: type[BaseModel]) -> None:
    """Adds the text that stands below a field in the source, inherited fields included."""
    for owner in model.__mro__:
        if not issubclass(owner, BaseModel) or owner is BaseModel:
            continue
        for name, text in _texts(owner).items():
            key = owner.model_fields[name].alias or name if name in owner.model_fields else name
            if (described := definition.get("properties", {}).get(key)) is not None:
                described.setdefault("description", text)


def _tidy(definition: dict[str, Any]) -> None:
    """Defaults as they are written in the file, and no titles that only repeat the key."""
    for name, described in definition.get("properties", {}).items():
        described.pop("title", None)
        default = described.get("default")
        if isinstance(default, float) and described.get("type") == "string":
            described["default"] = format_duration(default).replace(" ", "").replace("min", "m")
        elif name == "listen":
            described["default"] = f"{default['host']}:{default['port']}"
        elif default is None or isinstance(default, dict):
            described.pop("default", None)


def _texts(model: type[BaseModel]) -> dict[str, str]:
    tree = ast.parse(textwrap.dedent(inspect.getsource(model)))
    assert isinstance(tree.body[0], ast.ClassDef)
    body = tree.body[0].body
    found: dict[str, str] = {}
    for field, below in itertools.pairwise(body):
        if not isinstance(field, ast.AnnAssign) or not isinstance(field.target, ast.Name):
            continue
        if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant) and isinstance(below.value.value, str):
            found[field.target.id] = inspect.cleandoc(below.value.value)
    return found
