"""Finds provider kinds by their folder names and loads only those that are asked for."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from typing import TYPE_CHECKING, Any

import monitor.providers
from monitor.providers.options import AccountOptions

if TYPE_CHECKING:  # what a port is made of costs a fifth of a second, which a command that lists the store can save
    from monitor.providers.ports import Build


def kinds() -> list[str]:
    """All kinds, by folder name, sorted: `model-studio`, `modelarts`."""
    found = pkgutil.iter_modules(monitor.providers.__path__)
    return sorted(module.name.replace("_", "-") for module in found if module.ispkg)


def _load(kind: str, module: str, name: str) -> Any:
    if kind not in kinds():
        raise LookupError(f"no provider {kind!r}; there are: {', '.join(kinds())}")
    return getattr(import_module(f"monitor.providers.{kind.replace('-', '_')}.{module}"), name)


def options(kind: str) -> type[AccountOptions]:
    """The kind's options class. Raises LookupError for an unknown kind."""
    loaded: type[AccountOptions] = _load(kind, "options", "Options")
    return loaded


def builder(kind: str) -> Build:
    """The kind's `build(options, http, clock)`. Raises LookupError for an unknown kind."""
    loaded: Build = _load(kind, "provider", "build")
    return loaded


def emulator(kind: str) -> Any:
    """The kind's emulator class. Raises LookupError for an unknown kind."""
    return _load(kind, "emulator", "Emulator")
