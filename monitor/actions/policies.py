"""Reads from the store what the plan of a clean-up needs: the jobs, what is under way, and what was refused lately."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache, partial
from hashlib import blake2b
from types import MappingProxyType

from monitor import store
from monitor.actions.carrying import UNWATCHED
from monitor.actions.options import CleanupOptions
from monitor.actions.plan import Candidate, Policy, TooMany, Verdict, plan, too_many
from monitor.actions.ports import Reach
from monitor.fields.duration import format_duration
from monitor.model import Account, Action, ActionState, Asker, AskerKind, KnownJob
from monitor.model import Scope as Place
from monitor.providers.options import AccountOptions
from monitor.rules.scope import Scope, scopes
from monitor.store import ActionFilter, Connection
from monitor.store.jobs_here import JobHere, jobs_here

DAY = 86400.0
SENT_BACK = DAY
"""Seconds for which policies leave a job alone that the platform would not delete; twice as long each time."""
LONGEST = 30 * DAY
NEVER_SENT = DAY / 4
"""The same where nothing was sent, for something of ours spoke against it."""
TOLERATED = 3600.0
"""Seconds that clocks may differ by."""
ALL = 1_000_000
_NO = (ActionState.REFUSED, ActionState.FAILED)


@dataclass(frozen=True, slots=True)
class Land:
    """An account whose jobs may be cleaned up. `forbidden`: why not; `watches`: whether it still looks at a place."""

    account: Account
    forbidden: str
    watches: Callable[[Place], bool]


@dataclass(frozen=True, slots=True)
class Plan:
    """Every job that a policy means, the oldest end first, beside all that there are."""

    verdicts: Sequence[Verdict]
    candidates: Sequence[Candidate]

    def going(self, names: Iterable[str]) -> list[Verdict]:
        """What these policies would delete now."""
        wanted = set(names)
        return [each for each in self.verdicts if each.goes and each.policy in wanted]

    def too_many(self, going: Iterable[Verdict]) -> list[TooMany]:
        return too_many(self.candidates, [(each.candidate.account.name, each.candidate.known.job.id) for each in going])


def _anywhere(place: Place) -> bool:
    return True


def land(options: AccountOptions, watches: Callable[[Place], bool] = _anywhere, account: Account | None = None) -> Land:
    """`account`: as its provider knows it, where there is one at work; without one every place counts as watched."""
    made = account or Account(
        name=options.name,
        provider=options.provider,
        region=getattr(options, "region", None),
        labels=options.labels,
    )
    return Land(made, options.forbids_deleting(), watches)


def land_at_work(options: AccountOptions, reach: Reach | None) -> Land:
    """`reach`: the account as it is polled; None: nobody does."""
    return land(options) if reach is None else land(options, reach.watches, reach.account)


def form(options: CleanupOptions) -> str:
    """Equal for policies that say the same, whatever they are called. A key that a later version adds changes nothing:
    what stands still goes on by a person's hand, not by an upgrade."""
    text = options.model_copy(update={"was": None, "name": "x"}).model_dump_json(exclude_defaults=True)
    return blake2b(text.encode(), digest_size=8).hexdigest()


def read_plan(
    conn: Connection,
    policies: Sequence[CleanupOptions],
    lands: Sequence[Land],
    *,
    now: datetime,
    again: Iterable[str] = (),
    only_going: bool = False,
) -> Plan:
    """Changes nothing. `again`: policies that try anew what was refused before. `only_going`: the verdicts are only of
    what goes, and of what cannot go little is read."""
    anew = set(again)
    checked = [
        Policy(each, scope, _under_way(conn, each.name), each.name in anew)
        for each, scope in zip(policies, compiled(tuple(each.when for each in policies)), strict=True)
    ]
    named = [each.accounts for each in policies]
    wanted = None if None in named else {name for names in named for name in names or ()}
    held = _held(conn, now)
    candidates = [
        candidate
        for each in lands
        if policies and (wanted is None or each.account.name in wanted)
        for candidate in candidates_of(conn, each, held, _made_by(policies, each, now) if only_going else None)
    ]
    delivered = partial(store.end_was_told, conn)
    return Plan(plan(candidates, checked, now=now, delivered=delivered, only_going=only_going), candidates)


def _made_by(policies: Sequence[CleanupOptions], of: Land, now: datetime) -> datetime:
    """What was created later is too young for every policy of the account."""
    name = of.account.name
    ages = [each.after for each in policies if each.accounts is None or name in each.accounts]
    return now - timedelta(seconds=min(ages, default=LONGEST))


@lru_cache(maxsize=64)
def compiled(whens: tuple[str | None, ...]) -> Sequence[Scope]:
    """Once for each config: compiling takes milliseconds, and plans are made all the time."""
    return scopes(whens)


def candidates_of(
    conn: Connection,
    of: Land,
    held: Mapping[tuple[str, str, int], str] = MappingProxyType({}),
    made_by: datetime | None = None,
) -> list[Candidate]:
    """The jobs of an account that are not gone. `held`: what policies leave alone for a while; `made_by`: only of those
    that are over and were created by then all is read."""
    name = of.account.name
    watched = {row.id: of.watches(row.scope) for row in store.list_scopes(conn) if row.scope.account == name}
    found: dict[str, JobHere] = {}
    for here in jobs_here(conn, name, made_by=made_by):
        before = found.get(here.known.job.id)
        # Two scopes may show one job: who looks at it knows it, and what is not over for one of those is not over.
        if before is None or _better(watched[here.scope_id], watched[before.scope_id], before.known):
            found[here.known.job.id] = here
    ahead = _ahead(conn, of)
    leaving = {action.job_id for action in store.list_actions(conn, ActionFilter(account=name, open=True), limit=ALL)}
    return [
        Candidate(
            account=of.account,
            known=here.known,
            whole=here.whole,
            forbidden=of.forbidden or ("" if watched[here.scope_id] else UNWATCHED),
            leaving=here.known.job.id in leaving,
            refused=held.get((name, here.known.job.id, here.known.attempt), ""),
            elsewhere=not watched[here.scope_id],
            ahead=ahead,
        )
        for here in found.values()
    ]


def _ahead(conn: Connection, of: Land) -> float:
    """By the last answer that bore a date; a difference that the polls themselves may make is none."""
    rows = [row for row in store.list_scopes(conn) if row.scope.account == of.account.name and of.watches(row.scope)]
    seen = max(((row.last_good, row.last_good_platform) for row in rows if row.last_good), default=None, key=_first)
    if seen is None or seen[1] is None:
        return 0.0
    ahead = (seen[0] - seen[1]).total_seconds()
    return ahead if ahead > TOLERATED else 0.0


def _first(pair: tuple[datetime, datetime | None]) -> datetime:
    return pair[0]


def _better(watched: bool, before: bool, known: KnownJob) -> bool:
    return watched and not before if watched != before else known.job.state.terminal


def _under_way(conn: Connection, policy: str) -> int:
    wanted = ActionFilter(asker=Asker(AskerKind.POLICY, policy), open=True)
    return len(store.list_actions(conn, wanted, limit=ALL))


def _held(conn: Connection, now: datetime) -> dict[tuple[str, str, int], str]:
    """By account, job and attempt: why policies leave it alone, of those of which that holds now."""
    by_job: dict[tuple[str, str, int], list[Action]] = {}
    since = now - timedelta(seconds=2 * LONGEST)
    for action in store.settled_for_policies(conn, since, _NO):
        by_job.setdefault((action.account, action.job_id, action.attempt), []).append(action)
    return {place: words for place, some in by_job.items() if (words := _words(some, now))}


def _words(refusals: Sequence[Action], now: datetime) -> str:
    """`refusals` with the last one at the end."""
    last = refusals[-1]
    sent = sum(1 for each in refusals if each.tries)
    wait = min(SENT_BACK * 2 ** (sent - 1), LONGEST) if last.tries else NEVER_SENT
    at = last.settled_at or now
    if (now - at).total_seconds() >= wait:
        return ""
    return f"it was tried and not deleted ({last.reason}); policies try it again {format_duration(wait)} after that"
