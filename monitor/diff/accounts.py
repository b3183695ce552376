"""Events about what the daemon can see of an account. Kinds, reasons and hints are plain words made by who polls."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from monitor.diff.context import FirstRun
from monitor.diff.drafts import draft, moment
from monitor.diff.stay import seconds_between
from monitor.model import Account, EventDraft, EventType


def baselined(
    account: Account,
    *,
    watch: str,
    counts: Mapping[str, int],
    now: datetime,
    first_run: FirstRun,
    workspace: str | None = None,
    since: datetime | None = None,
) -> EventDraft:
    """The first complete reading of a scope. `counts`: what was found, by state or stock word. `since`: when somebody
    first looked at it; what was told of the watch before is about another view. Under `silent` it is stored and told
    nobody, but the rules look at it."""
    data = {"watch": watch, "workspace": workspace, "counts": dict(counts), "first_run": first_run}
    data["since"] = moment(since)
    return _about(account, EventType.ACCOUNT_BASELINED, now, data, quiet=first_run == "silent")


def unreachable(
    account: Account, *, watch: str, reason: str, hint: str | None, since: datetime, failures: int, now: datetime
) -> EventDraft:
    """Polls have failed for long enough to be told. `since`: the first failure, by our clock."""
    data = {"watch": watch, "reason": reason, "hint": hint, "since": moment(since), "failures": failures}
    return _about(account, EventType.ACCOUNT_UNREACHABLE, now, data)


def recovered(
    account: Account, *, watch: str, reason: str | None, since: datetime, now: datetime, was: str | None = None
) -> EventDraft:
    """The first good poll after `unreachable` or `unauthorized`, which it `was`. `reason`: what had been wrong since
    `since`."""
    data = {"watch": watch, "reason": reason, "since": moment(since), "down_for": seconds_between(since, now)}
    data["was"] = was
    return _about(account, EventType.ACCOUNT_RECOVERED, now, data)


def unauthorized(account: Account, *, watch: str, reason: str, hint: str | None, now: datetime) -> EventDraft:
    """The platform refuses the credential, its permissions or the bill."""
    return _about(account, EventType.ACCOUNT_UNAUTHORIZED, now, {"watch": watch, "reason": reason, "hint": hint})


def view_shrunk(
    account: Account, *, watch: str, missing: int, known: int, now: datetime, workspace: str | None = None
) -> EventDraft:
    """Too many jobs gone at once to believe it."""
    data = {"watch": watch, "workspace": workspace, "missing": missing, "known": known}
    return _about(account, EventType.ACCOUNT_VIEW_SHRUNK, now, data)


def unrecognised(account: Account, kind: str, word: str, *, now: datetime) -> EventDraft:
    """A word, type or field name that this program does not know; whoever calls makes sure that it is told once."""
    return _about(account, EventType.PROVIDER_UNRECOGNISED, now, {"kind": kind, "word": word})


def malformed(account: Account, watch: str, item_id: str, what: str, *, now: datetime) -> EventDraft:
    """An item that had to be left out. `what` says why, without the item's values."""
    return _about(account, EventType.POLL_MALFORMED, now, {"watch": watch, "item": item_id, "what": what})


def _about(
    account: Account, type: EventType, now: datetime, data: Mapping[str, Any], *, quiet: bool = False
) -> EventDraft:
    return draft(type, account=account, subject=f"account/{account.name}", now=now, data=data, quiet=quiet)
