"""From `--config` to settings, and from settings to an open store: the first steps of every command."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from monitor.cli.failure import USAGE, Failure

if TYPE_CHECKING:
    from monitor.settings import Only, Settings
    from monitor.store import Connection

T = TypeVar("T")


def load_settings(config: Path | None, *, resolve: bool | Only) -> Settings:
    """Raises Failure with every mistake of the file. `resolve`: all secrets, none, or those of one entry."""
    from monitor.settings import ConfigErrors, load

    path = _config_file(config)
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    try:
        return load(
            path,
            resolve=resolve,
            environ=os.environ,
            credentials_dir=Path(credentials) if credentials else None,
        )
    except ConfigErrors as error:
        count = len(error.problems)
        mistakes = "One mistake" if count == 1 else f"{count} mistakes"
        raise Failure(
            f"{mistakes} in the config file {path}; nothing was done.",
            "Correct it and look again: training-monitor check",
            code=USAGE,
            details=tuple(str(problem) for problem in error.problems),
        ) from error


def reading(settings: Settings, fn: Callable[[Connection], T]) -> T:
    """What `fn` reads from the store, beside a running daemon or without one. Raises StoreError."""

    async def read() -> T:
        from monitor.store import open_store

        store = await open_store(settings.store, state_dir=settings.state_dir, lock=False)
        try:
            return await store.read(fn)
        finally:
            await store.aclose()

    return asyncio.run(read())


def _config_file(config: Path | None) -> Path:
    from monitor.settings import CONFIG_NAMES

    if config is not None:
        if not config.exists():
            raise Failure(f"There is no config file {config}.", "Give the right one with --config FILE.", code=USAGE)
        return config
    for path in CONFIG_NAMES:
        if path.exists():
            return path
    looked = " or ".join(str(path) for path in CONFIG_NAMES)
    hint = "Give one with --config FILE; to see how it works without one: training-monitor demo"
    raise Failure(f"There is no config file {looked}.", hint, code=USAGE)
