"""What a shell offers for the word that is being typed: quick, from the config file or the daemon; silent on failure.

Names come from the config file as it is written, without checking it; ids of jobs from a running daemon only.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer

SAFE = re.compile(r"[\w.:/@+=,-]+")
"""What no shell takes for anything but a word; names and ids come from outside."""
MOST = 50


def accounts(ctx: typer.Context, incomplete: str) -> list[str]:
    return _offered(lambda: _names(ctx, "accounts"), incomplete)


def sinks(ctx: typer.Context, incomplete: str) -> list[str]:
    return _offered(lambda: _names(ctx, "sinks"), incomplete)


def rules(ctx: typer.Context, incomplete: str) -> list[str]:
    return _offered(lambda: _names(ctx, "rules"), incomplete)


def job_states(incomplete: str) -> list[str]:
    from monitor.model import JobState

    return _offered(lambda: JobState, incomplete)


def delivery_states(incomplete: str) -> list[str]:
    from monitor.model import DeliveryState

    return _offered(lambda: DeliveryState, incomplete)


def severities(incomplete: str) -> list[str]:
    from monitor.model import Severity

    return _offered(lambda: Severity, incomplete)


def event_types(incomplete: str) -> list[str]:
    from monitor.model import EventType

    families = sorted({type_.split(".")[0] for type_ in EventType})
    return _offered(lambda: [*EventType, *(f"{family}.*" for family in families)], incomplete, extra="*")


def groupings(incomplete: str) -> list[str]:
    return _offered(lambda: ["day", "owner", "model", "account", "label:"], incomplete)


def job_ids(ctx: typer.Context, incomplete: str) -> list[str]:
    return _offered(lambda: _asked(ctx, "/api/v1/jobs", find=incomplete or None, gone=True), incomplete)


def delivery_ids(ctx: typer.Context, incomplete: str) -> list[str]:
    return _offered(lambda: _asked(ctx, "/api/v1/deliveries"), incomplete)


def _offered(found: Callable[[], Iterable[str]], incomplete: str, extra: str = "") -> list[str]:
    """Those that begin so. Whatever goes wrong: nothing, and not a word on the terminal."""
    try:
        with _silence():
            words = [str(word) for word in found()]
    except Exception:  # a broken config or a stopped daemon must not break the line that is typed
        return []
    fitting = (word for word in words if word.startswith(incomplete))
    return [word for word in fitting if SAFE.fullmatch(word.replace(extra, "") if extra else word)]


def _names(ctx: typer.Context, section: str) -> list[str]:
    """The names in a section of the config file."""
    from ruamel.yaml import YAML

    from monitor.cli.places import config_file

    with config_file(ctx.params.get("config")).open(encoding="utf-8") as file:
        entries = YAML(typ="safe", pure=True).load(file)[section]
    return [entry["name"] for entry in entries]


def _asked(ctx: typer.Context, path: str, **query: Any) -> list[str]:
    from monitor.cli.asking import beside

    with beside(ctx.params.get("config")) as ask:
        return [item["id"] for item in ask.items(path, MOST, **query)]


@contextmanager
def _silence() -> Iterator[None]:
    with Path(os.devnull).open("w") as nowhere:
        before, sys.stderr = sys.stderr, nowhere
        try:
            yield
        finally:
            sys.stderr = before
