"""From `--config` to settings: the first step of every command that needs more than the daemon's answer."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.cli.failure import USAGE, Failure
from monitor.cli.places import config_file

if TYPE_CHECKING:
    from monitor.settings import Only, Settings


def load_settings(config: Path | None, *, resolve: bool | Only, rules: bool = False) -> Settings:
    """Raises Failure with every mistake of the file. `resolve`: all secrets, none, or those of one entry. `rules`:
    those of the rules too, which with all secrets are always looked for."""
    from monitor.settings import ConfigErrors, load

    path = config_file(config)
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    try:
        return load(
            path,
            resolve=resolve,
            environ=os.environ,
            credentials_dir=Path(credentials) if credentials else None,
            rules=rules,
        )
    except ConfigErrors as error:
        count = len(error.problems)
        again = "" if config is None else f" --config {shlex.quote(str(config))}"
        mistakes = "One mistake" if count == 1 else f"{count} mistakes"
        raise Failure(
            f"{mistakes} in the config file {path}; nothing was done.",
            f"Correct it and look again: training-monitor check{again}",
            code=USAGE,
            details=tuple(str(problem) for problem in error.problems),
        ) from error
