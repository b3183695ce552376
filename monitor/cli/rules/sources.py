"""Where a command on rules gets its rules and its history from: the config's file and store, else the running daemon.

Who may read neither, but is of the socket's group, asks the daemon for both."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.cli.asking import Asker, asking
from monitor.cli.failure import Failure
from monitor.cli.places import config_file
from monitor.cli.rules.books import Book, of_daemon, of_file
from monitor.cli.rules.history import Asked, FromStore, History
from monitor.cli.sockets import live_socket

if TYPE_CHECKING:
    from monitor.settings import Settings
    from monitor.store.options import RetentionOptions


@dataclass(frozen=True, slots=True)
class Sources:
    """`current`: the rules of the config file; of the daemon where the file may not be read. `retention`: what the file
    says of it."""

    ask: Asker
    current: Book
    history: History
    retention: RetentionOptions | None


@contextmanager
def sources(config: Path | None) -> Iterator[Sources]:
    """Raises Failure, StoreError."""
    settings = _settings(config)
    with asking(config) as ask:
        current = of_daemon(ask) if settings is None else of_file(settings.path, None)
        history = _history(settings, ask, config)
        try:
            yield Sources(ask, current, history, None if settings is None else settings.retention)
        finally:
            history.close()


def _settings(config: Path | None) -> Settings | None:
    """None where they may not be read and a daemon can be asked. Raises Failure."""
    from monitor.cli.opening import load_settings

    try:
        readable = os.access(config_file(config), os.R_OK)
    except Failure:
        readable = False
    if not readable and live_socket(config) is not None:
        return None
    return load_settings(config, resolve=False)


def _history(settings: Settings | None, ask: Asker, config: Path | None) -> History:
    from monitor.store import StoreError

    if settings is not None:
        try:
            return FromStore(settings)
        except (StoreError, OSError):
            if live_socket(config) is None:
                raise
    return Asked(ask)
