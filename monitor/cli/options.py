"""The options that commands share, so that they read and mean the same everywhere."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from monitor.cli import completion
from monitor.cli.failure import USAGE, Failure


class Output(StrEnum):
    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"


class Sheet(StrEnum):
    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"


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
SheetFormat = Annotated[Sheet, typer.Option("--output", help="A table for people; json, jsonl and csv for programs.")]
Limit = Annotated[int, typer.Option("--limit", metavar="N", min=1, help="At most so many; there is no upper bound.")]
AccountName = Annotated[
    str | None,
    typer.Option("--account", metavar="NAME", help="Only this account.", autocompletion=completion.accounts),
]
SinkName = Annotated[
    str | None, typer.Option("--sink", metavar="NAME", help="Only this sink.", autocompletion=completion.sinks)
]
RuleName = Annotated[
    str | None, typer.Option("--rule", metavar="NAME", help="Only this rule.", autocompletion=completion.rules)
]
Search = Annotated[
    str | None, typer.Option("--search", metavar="TEXT", help="Only what has this text in it, in any case.")
]
Since = Annotated[
    str | None,
    typer.Option("--since", metavar="WHEN", help="A duration back from now (2h, 7d) or a time (2026-01-31T08:00)."),
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
Until = Annotated[
    str | None, typer.Option("--until", metavar="WHEN", help="As --since; what happened then is left out.")
]


def ahead(text: str | None, option: str) -> str | None:
    """The same of a moment to come: a duration is one from now on. Raises Failure."""
    return moment(text, option)


def moment(text: str | None, option: str = "--since") -> str | None:
    """What the API takes for a duration back from now, or for an ISO time (local, where it names no zone).

    Raises Failure.
    """
    if text is None:
        return None
    if re.fullmatch(r"\s*(\d{1,9}(\.\d{1,9})?[smhd])+\s*", text):
        return text.strip()
    try:
        return datetime.fromisoformat(text.strip()).astimezone(UTC).isoformat().replace("+00:00", "Z")
    except (ValueError, OverflowError):
        from monitor.fields.spoken import spoken_duration  # not needed to say what there is

        meant = spoken_duration(text)
        hint = "Write a duration like 30m, 2h or 7d, or a time like 2026-01-31 or 2026-01-31T08:00+08:00."
        hint = f"Write {meant}." if meant else hint
        raise Failure(f"{option} {text!r} is no moment.", hint, code=USAGE) from None
