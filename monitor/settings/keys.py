"""Which keys may stand at a place of the config file: for "did you mean", and for what later versions will know."""

from __future__ import annotations

from difflib import get_close_matches
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from monitor.settings.problems import Path

_LATER: dict[str, frozenset[str]] = {
    "": frozenset({"silences"}),
}
NOT_YET = "is not supported yet; remove it"


def unknown_key(root: type[BaseModel], path: Path, section: str | int = "") -> str:
    """What to say of a key at `path` of `root`, the model of the whole file or of one entry of `section`."""
    inside = [str(part) for part in (section, *path[:-1]) if isinstance(part, str) and part]
    name = str(path[-1])
    if name in _LATER.get(".".join(inside), ()):
        return NOT_YET
    known = known_keys(root, path) + ([] if inside else ["accounts", "sinks"])
    close = get_close_matches(name, known, n=1, cutoff=0.6)
    if close:
        return f"is not known here; did you mean `{close[0]}`?"
    return f"is not known here; known are: {', '.join(known)}" if known else "is not known here; remove it"


def known_keys(root: type[BaseModel], path: Path) -> list[str]:
    """The keys of the section that `path` ends in, in the order of declaration; empty where keys are free."""
    model: Any = root
    for part in path[:-1]:
        model = _inside(model, part)
        if model is None:
            return []
    fields = [] if not isinstance(model, type) else list(getattr(model, "model_fields", {}).items())
    return [field.alias or name for name, field in fields if "SkipJsonSchema" not in repr(field)]


def _inside(model: Any, part: str | int) -> Any:
    """The model of what stands at `part` of `model`; None where it is no section."""
    if isinstance(part, int):
        return next((_section(arg) for arg in get_args(model)), None)
    fields = getattr(model, "model_fields", None)
    if not fields:
        return None
    field = fields.get(part) or next((field for field in fields.values() if field.alias == part), None)
    return _section(field.annotation) if field else None


def _section(annotation: Any) -> Any:
    """A model, or a list of one, without what surrounds it (`| None`, Annotated)."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _section(get_args(annotation)[0])
    if origin in (Union, UnionType):
        inner = [arg for arg in get_args(annotation) if arg is not NoneType]
        return _section(inner[0]) if len(inner) == 1 else None
    return annotation
