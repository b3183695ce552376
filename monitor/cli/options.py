"""The options that commands share, so that they read and mean the same everywhere."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from monitor.cli.failure import USAGE, Failure


class Output(StrEnum):
    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"


Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="The config file. Default: ./training-monitor.yaml, then /etc/training-monitor/training-monitor.yaml.",
        show_default=False,
    ),
]
Format = Annotated[Output, typer.Option("--output", help="A table for people; json and jsonl for programs.")]
Limit = Annotated[int, typer.Option("--limit", min=1, help="At most so many; there is no upper bound.")]
AccountName = Annotated[str | None, typer.Option("--account", metavar="NAME", help="Only this account.")]
Since = Annotated[
    str | None,
    typer.Option("--since", metavar="WHEN", help="A duration back from now (2h, 7d) or a time (2026-01-31T08:00)."),
]


def moment(text: str | None, option: str = "--since") -> datetime | None:
    """The moment that a duration back from now or an ISO time means (local, where it names no zone). Raises Failure."""
    if text is None:
        return None
    from monitor.fields import parse_duration

    now = datetime.now(UTC)
    try:
        if re.fullmatch(r"\s*(\d+(\.\d+)?[smhd])+\s*", text):
            return now - timedelta(seconds=parse_duration(text))
        return datetime.fromisoformat(text.strip()).astimezone(UTC)
    except (ValueError, OverflowError):
        hint = "Write a duration like 30m, 2h or 7d, or a time like 2026-01-31 or 2026-01-31T08:00+08:00."
        raise Failure(f"{option} {text!r} is no moment.", hint, code=USAGE) from None
