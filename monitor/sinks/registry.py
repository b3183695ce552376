"""Finds sink kinds by their folder names and loads only those that are asked for."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from typing import TYPE_CHECKING, Any

import monitor.sinks
from monitor.sinks.options import SinkOptions

if TYPE_CHECKING:  # what a port is made of costs a fifth of a second, which a command that lists the store can save
    from monitor.sinks.ports import Build


def kinds() -> list[str]:
    """All kinds, by folder name, sorted: `apprise`, `log`, `webhook`."""
    return sorted(module.name for module in pkgutil.iter_modules(monitor.sinks.__path__) if module.ispkg)


def _load(kind: str, module: str, name: str) -> Any:
    if kind not in kinds():
        raise LookupError(f"no sink type {kind!r}; there are: {', '.join(kinds())}")
    return getattr(import_module(f"monitor.sinks.{kind}.{module}"), name)


def options(kind: str) -> type[SinkOptions]:
    """The kind's options class. Raises LookupError for an unknown kind."""
    loaded: type[SinkOptions] = _load(kind, "options", "Options")
    return loaded


def builder(kind: str) -> Build:
    """The kind's `build(options, http, clock)`. Raises LookupError for an unknown kind."""
    loaded: Build = _load(kind, "sink", "build")
    return loaded
