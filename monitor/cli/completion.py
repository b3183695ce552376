"""What a shell offers for the word that is being typed: quick, from the config file or the daemon; silent on failure.

Names come from the config file as it is written, without checking it, or where it may not be read from the daemon; ids
from a running daemon only, for to open the store takes longer than a key may.
"""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer

from monitor.cli.failure import Failure

SAFE = re.compile(r"[\w.:/@+=,-]+")
"""What no shell takes for anything but a word; names and ids come from outside."""
MOST = 50
PATIENCE = 1.0
"""Seconds that a key may take beyond the start of the command: a busy machine needs more than a third of one."""


class _TooLong(BaseException):
    """No `Exception`, so that nothing on the way takes it for its own."""


def accounts(ctx: typer.Context, incomplete: str) -> list[str]:
    return _offered(lambda: _names(ctx, "accounts"), incomplete)


def sinks(ctx: typer.Context, incomplete: str) -> list[str]:
    return _offered(lambda: _names(ctx, "sinks"), incomplete)


def rules(ctx: typer.Context, incomplete: str) -> list[str]:
    return _offered(lambda: _names(ctx, "rules"), incomplete)


def policies(ctx: typer.Context, incomplete: str) -> list[str]:
    return _offered(lambda: _names(ctx, "cleanup"), incomplete)


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
    return _offered(lambda: ["day", "week", "month", "owner", "model", "flavor", "account", "label:"], incomplete)


def job_words(ctx: typer.Context, incomplete: str) -> list[str]:
    """Names that mean one job, and ids."""

    def found() -> Iterator[str]:
        jobs = _asked(ctx, "/api/v1/jobs", search=incomplete or None, gone=True)
        names = [job["name"] for job in jobs]
        yield from (name for name in names if names.count(name) == 1)
        yield from (job["id"] for job in jobs if job["id"] != job["name"])

    return _offered(found, incomplete)


def flavor_ids(ctx: typer.Context, incomplete: str) -> list[str]:
    def found() -> Iterator[str]:
        flavors = _asked(ctx, "/api/v1/flavors", search=incomplete or None)
        yield from dict.fromkeys(flavor["id"] for flavor in flavors)

    return _offered(found, incomplete)


def delivery_ids(ctx: typer.Context, incomplete: str) -> list[str]:
    return _offered(lambda: (item["id"] for item in _asked(ctx, "/api/v1/deliveries")), incomplete)


def silence_ids(ctx: typer.Context, incomplete: str) -> list[str]:
    return _offered(lambda: (item["id"] for item in _asked(ctx, "/api/v1/silences")), incomplete)


def notification_ids(ctx: typer.Context, incomplete: str) -> list[str]:
    return _offered(lambda: (item["id"] for item in _asked(ctx, "/api/v1/notifications")), incomplete)


def _offered(found: Callable[[], Iterable[str]], incomplete: str, extra: str = "") -> list[str]:
    """Those that begin so. Whatever goes wrong: nothing, and not a word on the terminal."""
    try:
        with _silence(), _in_time():
            words = [str(word) for word in found()]
    except (Exception, _TooLong):  # a broken config or a stopped daemon must not break the line that is typed
        return []
    fitting = (word for word in words if word.startswith(incomplete))
    return [word for word in fitting if SAFE.fullmatch(word.replace(extra, "") if extra else word)]


def _names(ctx: typer.Context, section: str) -> list[str]:
    """The names in a section of the config file."""
    from ruamel.yaml import YAML

    from monitor.cli.places import config_file

    try:
        with config_file(ctx.params.get("config")).open(encoding="utf-8") as file:
            entries = YAML(typ="safe", pure=True).load(file)[section]
    except (Failure, PermissionError):  # who is only of the socket's group
        entries = _asked(ctx, f"/api/v1/{section}")
    return [entry["name"] for entry in entries]


def _asked(ctx: typer.Context, path: str, **query: Any) -> list[dict[str, Any]]:
    from monitor.cli.asking import beside

    with beside(ctx.params.get("config")) as ask:
        return list(ask.items(path, MOST, **query))


@contextmanager
def _in_time() -> Iterator[None]:
    """Raises _TooLong where the body takes longer than a key may, also in a daemon that hangs."""

    def ring(number: int, frame: object) -> None:
        raise _TooLong

    ringing = signal.signal(signal.SIGALRM, ring)
    timer = signal.setitimer(signal.ITIMER_REAL, PATIENCE)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, *timer)
        signal.signal(signal.SIGALRM, ringing)


@contextmanager
def _silence() -> Iterator[None]:
    with Path(os.devnull).open("w") as nowhere:
        before, sys.stderr = sys.stderr, nowhere
        try:
            yield
        finally:
            sys.stderr = before
