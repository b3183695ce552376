"""`run`: the daemon, in the foreground."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated

import typer

from monitor.cli.options import Config


class LogFormat(StrEnum):
    AUTO = "auto"
    TEXT = "text"
    JSON = "json"


class LogLevel(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


def run(
    config: Config = None,
    log_level: Annotated[LogLevel, typer.Option("--log-level", help="The least that is logged.")] = LogLevel.INFO,
    log_format: Annotated[
        LogFormat, typer.Option("--log-format", help="auto: text on a terminal, else JSON.")
    ] = LogFormat.AUTO,
) -> None:
    """Watches the platforms and tells people, until SIGTERM or Ctrl-C."""
    from monitor.app.run import run as run_app
    from monitor.cli.opening import load_settings
    from monitor.telemetry.setup import set_up

    settings = load_settings(config, resolve=True)
    human = {LogFormat.AUTO: None, LogFormat.TEXT: True, LogFormat.JSON: False}[log_format]
    set_up(sys.stderr, level=log_level.value, human=human)
    raise typer.Exit(run_app(settings))
