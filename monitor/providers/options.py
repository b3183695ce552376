"""What every account in the config file may say, whatever its platform; kinds extend it in their own `options.py`."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from monitor.fields import Duration
from monitor.fields.strict import Named, Strict

LATE_SLACK = 600.0


class Budget(Strict):
    """Requests that may be sent, shared by all that use the same credential and host."""

    requests_per_second: Annotated[float, Field(gt=0)] = 2.0
    """In the long run."""
    burst: Annotated[int, Field(ge=1)] = 10
    """How many may go out at once after a rest."""


class WatchOptions(Strict):
    """How often one thing is polled: `every` while something is active, `idle_every` (default: `every`) otherwise."""

    every: Duration
    """How often it is polled."""
    idle_every: Duration | None = None
    """How often while nothing is active; default: as `every`."""

    @property
    def late_after(self) -> float:
        """Seconds without a good poll after which it is late: three intervals and ten minutes. A platform that is down
        or hangs is told as that after three failed polls, of which each takes a minute and waits for another at most;
        so what is late and was not told is the daemon's own failure."""
        return 3 * max(self.every, self.idle_every or 0.0) + LATE_SLACK


class JobsWatch(WatchOptions):
    every: Duration = 30.0
    idle_every: Duration | None = None
    sweep_every: Duration = 3600.0
    """How often the whole listing is read, which is what finds the jobs that are gone."""


class AccountOptions(Named):
    """Base of every kind's `Options`. A kind adds `provider: Literal["<kind>"]`, its credentials and its watches, and
    `watches()`."""

    booked_in: ClassVar[Literal["", "tokens", "hours"]] = ""
    """What the platform's jobs are booked in; empty: nobody can say."""
    provider: str
    labels: dict[str, str] = Field(default_factory=dict)
    """Free words; events carry them and rules can ask for them."""
    first_run: Literal["silent", "summary", "full"] = "silent"
    """What the first run tells of what is there already: nothing, one message, all."""
    budget: Budget = Budget()
    read_only: bool = False
    """Whether the account's own credential is never used to delete anything; `delete_with` may still be given."""
    job_cap: Annotated[int, Field(ge=1)] | None = None
    """How many jobs the platform lets the account have, where it does not tell that itself."""

    def watches(self) -> dict[str, WatchOptions]:
        """The configured watches by name, in a stable order."""
        raise NotImplementedError

    def location(self) -> str | None:
        """The region that it is in; None where nothing tells."""
        return None

    def deleting(self) -> AccountOptions | None:
        """The same account with the credential that deletes; None where nothing may be deleted with it."""
        raise NotImplementedError

    def forbids_deleting(self) -> str:
        """Why nothing may be deleted with the account, in words; empty where it may."""
        return "" if self.deleting() is not None else "the account is read_only and has no delete_with"

    def doubts(self) -> dict[str, str]:
        """Key -> what is allowed and hardly meant there, in words that do not repeat the value."""
        return {}
