"""The settings as they were understood, one value after the other, each with the line that it came from."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import time
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from monitor.fields import Duration, Secret
from monitor.rules.written import span
from monitor.settings.document import Document, read_document, scalar
from monitor.settings.nodes import BadYaml, Scalar, Sequence, compose
from monitor.settings.nodes import Mapping as Entry
from monitor.settings.problems import Path, path_text
from monitor.settings.root import Listen, Plain, Settings
from monitor.settings.source import read_text

DEFAULT = "default"
_REFERENCE = re.compile(r"\$\{[^{}]*\}")
_DURATION = Duration.__metadata__[-1]  # type: ignore[attr-defined]
"""What marks a field whose number is seconds."""
_WORDS = frozenset({"true", "false", "null"})
_LASTING = (("catch_up_after",), ("period",))
_MIDNIGHT = time(0)
_OFF = frozenset({("http", "listen"), ("control", "socket"), ("flapping",)})
_PLAIN = re.compile(r"[A-Za-z/][\w./@+-]*(:[\w./@+-]+)*")


@dataclass(frozen=True, slots=True)
class Shown:
    """One value. A secret is `***` with the references that it is made of; nothing else of it is kept."""

    path: str
    value: str
    source: str
    """`file:line`, or `default`."""
    changed: bool
    """Whether it stands in the file and differs from the default."""


def shown(settings: Settings) -> list[Shown]:
    """Every value of the settings in the order of the schema, defaults included. Reads the file once more for the
    places; resolves nothing. Raises ConfigErrors where it cannot be read any more."""
    document = read_document(str(settings.path), read_text(settings.path))
    return list(_Walk(document).settings(settings))


class _Walk:
    def __init__(self, document: Document) -> None:
        self._document = document

    def settings(self, settings: Settings) -> Iterator[Shown]:
        for part in dataclasses.fields(settings):
            if part.name == "path":
                continue
            field = Plain.model_fields.get(part.name)
            value = getattr(settings, part.name)
            if part.name == "store":
                value = _place(settings)
            yield from self.value((part.name,), value, field)

    def value(self, path: Path, value: Any, field: FieldInfo | None) -> Iterator[Shown]:
        """`field` declares it; None inside lists and free mappings."""
        if isinstance(value, BaseModel):
            for name, inner in type(value).model_fields.items():
                if "SkipJsonSchema" not in repr(inner):
                    yield from self.value((*path, inner.alias or name), getattr(value, name), inner)
        elif dataclasses.is_dataclass(value) and not isinstance(value, Listen):
            for part in dataclasses.fields(value):
                yield from self.value((*path, part.name), getattr(value, part.name), None)
        elif isinstance(value, Mapping) and value:
            for key, item in value.items():
                yield from self.value((*path, str(key)), item, None)
        elif isinstance(value, list | tuple) and any(isinstance(item, BaseModel | Secret) for item in value):
            alone = isinstance(self._document.values.get(path), Entry)  # written without the signs of a list
            for index, item in enumerate(value):
                yield from self.value(path if alone else (*path, index), item, None)
        else:
            yield self._leaf(path, value, field)

    def _leaf(self, path: Path, value: Any, field: FieldInfo | None) -> Shown:
        node = self._document.values.get(path)
        text = self._secret(node) if isinstance(value, Secret) else _text(path, value, field)
        source = DEFAULT if node is None else f"{self._document.file}:{node.start.line + 1}"
        usual = None
        if field is not None and not field.is_required():
            usual = _text(path, field.get_default(call_default_factory=True, validated_data={}), field)
        return Shown(path_text(path), text, source, node is not None and text != usual)

    def _secret(self, node: object) -> str:
        references = _REFERENCE.findall(node.text) if isinstance(node, Scalar) else []
        return " ".join(["***", *references])


def _place(settings: Settings) -> str:
    """Without the password that a server's address may hold."""
    from monitor.store.url import SqlitePlace, parse_place

    place = parse_place(settings.store, settings.state_dir)
    return settings.store if isinstance(place, SqlitePlace) else f"postgresql://{place}"


def _text(path: Path, value: Any, field: FieldInfo | None) -> str:
    """As it would be written in the file."""
    if value is None:
        return "off" if path in _OFF else "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Listen):
        host = f"[{value.host}]" if ":" in value.host else value.host
        return _quoted(f"{host}:{value.port}", "- {}")
    if isinstance(value, float) and (path[-1:] in _LASTING or _lasts(field)):
        return span(value)
    if isinstance(value, float | Decimal):
        return f"{Decimal(str(value)):f}".removesuffix(".0")
    if isinstance(value, time):
        return f'"{value:%H:%M}"'
    if path[-1:] == ("between",):
        begin, end = value
        return f'["{begin:%H:%M}", "{f"{end:%H:%M}" if end > _MIDNIGHT else "24:00"}"]'
    if path[-1:] == ("thresholds",):
        return f"[{', '.join(_text((), each, None) + '%' for each in value)}]"
    if isinstance(value, list | tuple):
        return f"[{', '.join(_quoted(item, '[{}]') for item in value)}]"
    if isinstance(value, Mapping):
        return "{}"
    if isinstance(value, Enum):
        return str(value.value)
    return _quoted(str(value), "- {}") if isinstance(value, str | PurePath) else str(value)


def _quoted(value: Any, place: str) -> str:
    """A text, in quotes where it would be read as something else without. `place`: where it stands."""
    if not isinstance(value, str):
        return _text((), value, None)
    text = value.replace("$", "$$") if "${" in value or "$$" in value else value
    return text if _reads(text, place) else json.dumps(text, ensure_ascii=False)


def _reads(text: str, place: str) -> bool:
    """Whether a text can stand there by itself."""
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return True
    try:
        root = compose(place.format(text))
    except BadYaml:
        return False
    node = root.items[0] if isinstance(root, Sequence) and len(root.items) == 1 else None
    return isinstance(node, Scalar) and node.style is None and scalar(node) == text


def _lasts(field: FieldInfo | None) -> bool:
    """Whether the field is a duration, or one or nothing."""
    if field is None:
        return False
    inside = (each for part in get_args(field.annotation) for each in getattr(part, "__metadata__", ()))
    return any(each is _DURATION for each in (*field.metadata, *inside))
