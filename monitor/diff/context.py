"""What a diff is told besides the two states: whose poll it was, when, and what came before it. Filled by polling."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from monitor.model import Account, EventDraft, KnownFlavor, KnownJob

FirstRun = Literal["silent", "summary", "full"]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobContext:
    """One poll of a scope's jobs. Times of the platform's clock and of ours are never compared with each other,
    except where a platform gives no time of its own."""

    account: Account
    now: datetime
    """Detection, by our clock."""
    platform_now: datetime | None
    """The platform's `Date` of this poll."""
    previous_good: datetime | None
    """Platform clock of the scope's previous good poll; None on the first."""
    gap: bool
    """More than `catch_up_after` passed since the previous good poll."""
    baseline_from: datetime | None
    """Platform clock when the first baseline walk of the scope began."""
    baselining: bool
    """That walk is not complete yet."""
    first_run: FirstRun
    reports_usage: bool
    """The platform tells tokens (so their absence is worth another read)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlavorContext:
    """One complete read of a catalogue."""

    account: Account
    now: datetime
    platform_now: datetime | None
    previous_good: datetime | None
    gap: bool
    baselining: bool
    first_run: FirstRun
    confirm: int
    """Equal polls in a row before a stock word is believed; 1 believes at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobChange:
    """What to commit together: the job as now known, and the events, all of revision `known.revision`.

    No two drafts of a change share (subject, type).
    """

    known: KnownJob
    drafts: tuple[EventDraft, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FlavorChange:
    """As JobChange, for a catalogue entry and its zones."""

    known: KnownFlavor
    drafts: tuple[EventDraft, ...] = ()


def outside_polls(account: Account, now: datetime) -> JobContext:
    """What is found out of a job without a poll: by asking for it alone."""
    return JobContext(
        account=account,
        now=now,
        platform_now=None,
        previous_good=None,
        gap=False,
        baseline_from=None,
        baselining=False,
        first_run="silent",
        reports_usage=False,
    )
