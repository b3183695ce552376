"""A job before the clean-up policies: what is known of it, and how an expression of a policy sees it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from monitor.actions.options import CleanupOptions
from monitor.diff.job_data import job_data
from monitor.model import Account, Event, EventType, KnownJob, Severity
from monitor.rules.scope import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A job that is not gone. `forbidden`: why nothing may delete it; `leaving`: its deletion is under way; `refused`:
    why policies leave it alone for a while; `elsewhere`: nobody looks at it any more, as its account is configured now,
    so it may not be there and makes no other one the newer, the last or the rest. `whole`: what is known of it is; one
    that is not counts among the others and cannot go."""

    account: Account
    known: KnownJob
    whole: bool = True
    forbidden: str = ""
    leaving: bool = False
    refused: str = ""
    elsewhere: bool = False
    ahead: float = 0.0
    """Seconds that this machine's clock is ahead of the platform's: a wrong clock makes no job older."""

    @property
    def ended_at(self) -> datetime:
        """By the platform, else when it was seen to be over."""
        return self.known.job.ended_at or self.known.state_since

    def age(self, now: datetime) -> float:
        """Seconds since it ended."""
        return (now - self.ended_at).total_seconds() - self.ahead


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy, checked. `under_way`: deletions that it asked for and that are not settled; `anew`: it tries at once
    what was refused before."""

    options: CleanupOptions
    scope: Scope
    under_way: int = 0
    anew: bool = False

    @property
    def name(self) -> str:
        return self.options.name

    def covers(self, account: str) -> bool:
        return self.options.accounts is None or account in self.options.accounts


@dataclass(slots=True)
class Shown:
    """A candidate before the policies: as `when` sees it, made once for all of them and only where one asks."""

    candidate: Candidate
    now: datetime
    event: Event | None = None

    def meant_by(self, policy: Policy) -> bool:
        """Whether it is one of those that `when` is true of."""
        if policy.scope.source is None:
            return True
        if self.event is None:
            self.event = _shown(self.candidate, self.now)
        return policy.scope.decide(self.event, self.now).matched


def _shown(candidate: Candidate, now: datetime) -> Event:
    """The job as its end would be told now, which is what `when` is held against."""
    account, known = candidate.account, candidate.known
    data = {"account": account.as_data(), "job": job_data(known, clock=now), "previous": None, "late": False}
    return Event(
        seq=0,
        id="",
        type=EventType.JOB_FINISHED,
        account=account.name,
        subject=f"job/{known.job.id}",
        revision=known.revision,
        time=candidate.ended_at,
        detected_at=now,
        severity=Severity.INFO,
        data=data,
    )
