"""What would make room in an account that is near its cap: what the clean-up policies would delete of it now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from monitor import store
from monitor.actions.options import CleanupOptions
from monitor.actions.policies import Land, read_plan
from monitor.actions.ports import Capped
from monitor.actions.stopping import REMEDY
from monitor.diff.quotas import Freed, Relief
from monitor.model import JobState
from monitor.store import Connection
from monitor.store.quotas import count_here


def relief_of(conn: Connection, policies: Sequence[CleanupOptions], account: Capped, *, now: datetime) -> Relief:
    """Changes nothing. It costs as much as a run of the policies that the account is in."""
    here = count_here(conn, account.scopes) or {}
    over = sum(number for state, number in here.items() if state in _OVER)
    name = account.account.name
    mine = [each for each in policies if each.accounts is None or name in each.accounts]
    found = read_plan(conn, mine, [Land(account.account, account.forbidden, account.watches)], now=now, only_going=True)
    frees = Counter(each.policy for each in found.verdicts if each.goes)
    states = store.load_cleanup(conn)
    freed = []
    for each in mine:
        row, going = states.get(each.name), found.going([each.name])
        held = f"it stands still: {_short(row.reason)}" if row is not None and row.stopped_at is not None else ""
        held = held or next((str(no) for no in found.too_many(going)), "")
        freed.append(Freed(policy=each.name, jobs=frees[each.name], enabled=each.enabled, held=held))
    jobs = len({each.candidate.known.job.id for each in found.verdicts if each.goes})
    return Relief(finished=over, policies=freed, jobs=jobs)


def _short(reason: str) -> str:
    """Without what a person may do about it."""
    return reason.partition(f"; {REMEDY}")[0]


_OVER = frozenset(state.value for state in JobState if state.terminal)
