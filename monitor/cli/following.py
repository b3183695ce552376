"""The loop of `events follow`: the daemon's stream where one runs, else a look at the log now and then."""

from __future__ import annotations

import select
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from monitor.cli.asking import Value

EVENTS, STATUS = "/api/v1/events", "/api/v1/status"


def following(
    config: Path | None,
    asked: dict[str, Value],
    since: str | None,
    limit: int,
    show: Callable[[dict[str, Any]], None],
) -> None:
    """Shows the last `limit` events, then each as it is stored, until the reader has gone. Raises Failure, also for an
    account that nobody knows: nothing would ever come."""
    from monitor.cli.asking import asking
    from monitor.cli.lists import require_account

    with asking(config) as ask:
        after = int(ask.get(STATUS)["last_seq"])
        latest = list(ask.items(EVENTS, limit, since=since, **asked))[::-1]
        if not latest:
            require_account(ask, asked.get("account"))
        for event in latest:
            show(event)
        after = max([after, *(event["seq"] for event in latest)])
        sys.stdout.flush()
        for coming in ask.stream(f"{EVENTS}/stream", after=after, **asked):
            if coming is not None:
                show(coming)
                sys.stdout.flush()
            elif _reader_is_gone():
                return


def _reader_is_gone() -> bool:
    """Whether stdout is a pipe that nobody reads any more; without this a quiet `follow` would outlive its reader."""
    poll = select.poll()
    try:
        poll.register(sys.stdout.fileno(), 0)
    except (OSError, ValueError):
        return False
    return any(flags & select.POLLERR for _, flags in poll.poll(0))
