"""What is left open of an account that left the config: nobody can go on with it, so it ends, and says why."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from monitor import store
from monitor.actions import steps
from monitor.actions.telling import move
from monitor.fields import Clock
from monitor.model import Account, Action
from monitor.store import ActionFilter, Connection

GRACE = 60.0
"""Seconds that an account must be away: in a reload it may be, for a moment, under its name before."""
AWAY = "its account is not in the config any more"
UNSEEN = f"{AWAY}, so nobody can look whether it is gone"
ALL = 1_000_000


class Forlorn:
    """Remembers since when each account is away."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since: dict[str, float] = {}

    def look(self, waiting: Iterable[str], there: Collection[str]) -> dict[str, float]:
        """The accounts that are away, of those that something waits for: the seconds until what waits is given up."""
        here = self._clock.monotonic()
        self._since = {name: self._since.get(name, here) for name in waiting if name not in there}
        return {name: since + GRACE - here for name, since in self._since.items()}

    def give_up(self, conn: Connection, epoch: str, account: str) -> int:
        """Ends all that is open of the account, each told once; how many. What went out has failed: if the job vanishes
        once the account is back, it is `job.deleted` all the same."""
        now = self._clock.now()
        open_ = store.list_actions(conn, ActionFilter(account=account, open=True), limit=ALL)
        for action in reversed(open_):
            sent = action.sent_at is not None
            after = steps.failed(action, UNSEEN, now) if sent else steps.refused(action, AWAY, now)
            move(conn, epoch, _as_it_was(conn, action), action, after, now=now)
        return len(open_)


def _as_it_was(conn: Connection, action: Action) -> Account:
    """As the events of its jobs named it last."""
    told = store.read_events(conn, account=action.account, subject=f"job/{action.job_id}", newest_first=True, limit=1)
    before = told[0].data.get("account") if told else None
    known = before if isinstance(before, dict) else {}
    provider, region = known.get("provider", "unknown"), known.get("region")
    return Account(name=action.account, provider=provider, region=region, labels=known.get("labels") or {})
