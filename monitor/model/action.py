"""What may be done to a job on its platform: a deletion, who asked for it, and how far it has come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ActionState(StrEnum):
    """How far a deletion is. Each step is committed before the next is taken, so a crash is resumed from here."""

    REQUESTED = "requested"
    """Written down; nothing was asked of the platform yet."""
    ARCHIVED = "archived"
    """Read anew, found fit to be deleted, and its record kept; the platform was not told yet."""
    SENT = "sent"
    """The request is going out, or its answer never came: the job is read again before it may be sent once more."""
    ACCEPTED = "accepted"
    """The platform said yes; it is followed until the job is gone."""
    DELETED = "deleted"
    REFUSED = "refused"
    """By a guard of ours (nothing was sent) or by the platform."""
    FAILED = "failed"
    """Nobody can say: no clear answer, or still there long after the platform said yes."""

    @property
    def settled(self) -> bool:
        return self in _SETTLED


_SETTLED = frozenset({ActionState.DELETED, ActionState.REFUSED, ActionState.FAILED})


class AskerKind(StrEnum):
    USER = "user"
    """A person at the command line: the name of the system's user."""
    TOKEN = "token"  # noqa: S105 - a kind of asker
    """Whoever holds the API token."""
    POLICY = "policy"
    """A `cleanup` policy, by its name."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asked for an action."""

    kind: AskerKind
    name: str

    @property
    def words(self) -> str:
        """`ann`, `the policy nightly`, `the API token`."""
        if self.kind is AskerKind.POLICY:
            return f"the policy {self.name}"
        return "the API token" if self.kind is AskerKind.TOKEN else self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One deletion. At most one of a job is open at a time. `attempt` and `revision`: of the job when it was asked for;
    one that was restarted since is not deleted. `tries`: requests that went out. `due_at`: when to go on with it."""

    n: int
    id: str
    account: str
    scope_id: int
    job_id: str
    job_name: str
    attempt: int
    asker: Asker
    state: ActionState
    reason: str = ""
    tries: int = 0
    requested_at: datetime
    sent_at: datetime | None = None
    due_at: datetime | None = None
    settled_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """How many of something an account has on its platform, and how many it may have. `cap` None: no limit is known."""

    resource: str
    used: int
    cap: int | None
    seen_at: datetime
