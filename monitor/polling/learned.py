"""Says in the log what a first look has found, where no message will: a silent first run is else a silent program."""

from __future__ import annotations

from collections.abc import Iterable

import structlog

from monitor.model import EventDraft, EventType

_log = structlog.get_logger("polling")


def say_learned(account: str, drafts: Iterable[EventDraft]) -> None:
    """For each first look among `drafts`, which were committed, that is told to nobody."""
    for draft in drafts:
        if draft.type is EventType.ACCOUNT_BASELINED and draft.quiet:
            found = {word: count for word, count in draft.data["counts"].items() if count}
            facts = {"watch": draft.data["watch"], "workspace": draft.data["workspace"], "found": found}
            _log.info("the first look is done, and told to nobody: first_run is silent", account=account, **facts)
