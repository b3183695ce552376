"""Which finished jobs the clean-up policies would delete now, and why the others stay. Pure: what it needs is given."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Final

from monitor.actions.guard import NEWEST, UNBOOKED, UNDATED, unfit
from monitor.actions.options import CleanupOptions, Keep
from monitor.diff.job_data import job_data
from monitor.fields.duration import format_duration
from monitor.model import Account, Event, EventType, KnownJob, Severity
from monitor.rules.scope import Scope

Delivered = Callable[[str, str, str], bool]
"""Account, job and rule: whether a message of the rule about the job's end has arrived."""


class Stays(StrEnum):
    """Why a job that a policy means is not deleted now."""

    ACTIVE = "active"
    RECENT = "recent"
    FORBIDDEN = "forbidden"
    UNBOOKED = "unbooked"
    LEAVING = "leaving"
    NEWEST = "newest"
    KEPT = "kept"
    REFUSED = "refused"
    UNDELIVERED = "undelivered"
    LATER = "later"


_KINDS: Final[Mapping[str, Stays]] = {NEWEST: Stays.NEWEST, UNDATED: Stays.NEWEST, UNBOOKED: Stays.UNBOOKED}
SAME: Final = "it is one of {} jobs that were created last, at the same moment; the newest is never deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A job that is not gone. `forbidden`: why nothing may delete it; `leaving`: its deletion is under way; `refused`:
    why policies leave it alone for a while; `elsewhere`: nobody looks at it any more, as its account is configured now,
    so it may not be there and makes no other one the newer, the last or the rest."""

    account: Account
    known: KnownJob
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

    def means(self, candidate: Candidate, now: datetime) -> bool:
        """Whether the job is one of its accounts, and of those that `when` is true of."""
        accounts = self.options.accounts
        if accounts is not None and candidate.account.name not in accounts:
            return False
        return self.scope.source is None or self.scope.decide(_shown(candidate, now), now).matched


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What becomes of a job that at least one policy means. `also`: the policies that mean it too and come after that
    one; `stays` None: it goes."""

    candidate: Candidate
    policy: str
    also: tuple[str, ...] = ()
    stays: Stays | None = None
    why: str = ""

    @property
    def goes(self) -> bool:
        return self.stays is None


@dataclass(frozen=True, slots=True)
class TooMany:
    """More than half of an account's jobs would go at once. `leaving`: those of `going` that were asked for before."""

    account: str
    going: int
    known: int
    leaving: int = 0

    @property
    def soon(self) -> bool:
        """Whether it is few enough once those that are leaving are gone."""
        return (self.going - self.leaving) * 2 <= self.known - self.leaving

    def __str__(self) -> str:
        return f"{self.going} of the {self.known} jobs of {self.account} would go at once, which is more than half"


@dataclass(slots=True)
class _Course:
    """What the judgement of one job needs of all others. `made`: how many jobs an account has of one moment."""

    now: datetime
    delivered: Delivered
    newest: Mapping[str, datetime]
    made: Mapping[tuple[str, datetime | None], int]
    kept: Mapping[tuple[str, str], list[tuple[Policy, str]]]
    room: dict[str, int]
    asked: Counter[str] = field(default_factory=Counter)


def plan(
    candidates: Sequence[Candidate], policies: Sequence[Policy], *, now: datetime, delivered: Delivered
) -> list[Verdict]:
    """Those that a policy means, the one that ended first before the others. A job belongs to the first policy of the
    file that would have it, where those that are enabled come before those that are not."""
    ordered = [*(each for each in policies if each.options.enabled), *(e for e in policies if not e.options.enabled)]
    course = _Course(
        now=now,
        delivered=delivered,
        newest=_newest(candidates),
        made=Counter((each.account.name, each.known.job.created_at) for each in candidates if not each.elsewhere),
        kept=_kept(candidates, ordered),
        room={each.name: each.options.at_most - each.under_way for each in ordered},
    )
    found: list[Verdict] = []
    for candidate in sorted(candidates, key=lambda each: (each.ended_at, each.account.name, each.known.job.id)):
        meant = [policy for policy in ordered if policy.means(candidate, now)]
        if meant:
            found.append(_verdict(candidate, meant, course))
    return found


def too_many(candidates: Iterable[Candidate], going: Iterable[tuple[str, str]]) -> list[TooMany]:
    """The accounts that would lose more than half of their jobs, by what goes (account, job) and is leaving already."""
    known: Counter[str] = Counter()
    leaving: set[tuple[str, str]] = set()
    for each in candidates:
        if each.elsewhere:
            continue
        known[each.account.name] += 1
        if each.leaving:
            leaving.add((each.account.name, each.known.job.id))
    wanted = set(going)
    mine = Counter(account for account, _ in wanted)
    before = Counter(account for account, job in leaving - wanted if account in mine)
    counts = [TooMany(name, mine[name] + before[name], known[name], before[name]) for name in sorted(mine)]
    return [each for each in counts if each.going * 2 > each.known]


def _verdict(candidate: Candidate, meant: Sequence[Policy], course: _Course) -> Verdict:
    job = candidate.known.job
    if not job.state.terminal:
        return Verdict(candidate=candidate, policy=meant[0].name, stays=Stays.ACTIVE, why=f"it is {job.state.value}")
    age = candidate.age(course.now)
    ripe = [policy for policy in meant if age >= policy.options.after]
    if not ripe:
        soonest = min(meant, key=lambda policy: policy.options.after)
        why = f"it ended less than {format_duration(soonest.options.after)} ago"
        why += " by the platform's clock" if candidate.ahead else ""
        return Verdict(candidate=candidate, policy=soonest.name, stays=Stays.RECENT, why=why)
    taker, also = ripe[0], tuple(policy.name for policy in ripe[1:])
    stays, why = _stays(candidate, taker, course)
    if stays is None:
        course.room[taker.name] -= 1
    return Verdict(candidate=candidate, policy=taker.name, also=also, stays=stays, why=why)


def _stays(candidate: Candidate, policy: Policy, course: _Course) -> tuple[Stays | None, str]:
    account, job = candidate.account.name, candidate.known.job
    if candidate.leaving:
        return Stays.LEAVING, "it is being deleted already"
    newer = job.created_at is not None and job.created_at < course.newest.get(account, job.created_at)
    if no := unfit(candidate.known, newer=newer, forbidden=candidate.forbidden):
        alike = course.made.get((account, job.created_at), 1)
        return _KINDS.get(no, Stays.FORBIDDEN), SAME.format(alike) if no == NEWEST and alike > 1 else no
    for keeper, words in course.kept.get((account, job.id), ()):
        if keeper.options.enabled or keeper is policy:
            return Stays.KEPT, words
    if candidate.refused and not policy.anew:
        return Stays.REFUSED, candidate.refused
    for rule in policy.options.require_delivered or ():
        if not course.delivered(account, job.id, rule):
            return Stays.UNDELIVERED, f"no message of the rule {rule} about its end has arrived"
    if course.room[policy.name] <= 0:
        return Stays.LATER, f"a run deletes at most {policy.options.at_most}"
    return None, f"it {job.state.value}, {format_duration(_days(course.now, candidate))} ago"


def _days(now: datetime, candidate: Candidate) -> float:
    """The age in seconds, to the hour below, so that it reads well."""
    age = candidate.age(now)
    return age - age % (86400 if age >= 3 * 86400 else 3600 if age >= 3600 else 60)


def _newest(candidates: Iterable[Candidate]) -> dict[str, datetime]:
    found: dict[str, datetime] = {}
    for each in candidates:
        made = each.known.job.created_at
        if made is not None and not each.elsewhere:
            found[each.account.name] = max(made, found.get(each.account.name, made))
    return found


def _kept(
    candidates: Sequence[Candidate], policies: Sequence[Policy]
) -> dict[tuple[str, str], list[tuple[Policy, str]]]:
    """What each policy's `keep_last` keeps, with words that say so. Counted are all finished jobs of its accounts,
    whatever `when` says."""
    found: dict[tuple[str, str], list[tuple[Policy, str]]] = defaultdict(list)
    over = [each for each in candidates if each.known.job.state.terminal and not (each.leaving or each.elsewhere)]
    over.sort(key=lambda each: (each.known.job.created_at or each.ended_at, each.known.job.id), reverse=True)
    for policy in policies:
        accounts = policy.options.accounts
        mine = [each for each in over if accounts is None or each.account.name in accounts]
        for keep in policy.options.keep_last or ():
            seen: Counter[tuple[str, str | None]] = Counter()
            for each in mine:
                if keep.name is not None and not fnmatchcase(each.known.job.name, keep.name):
                    continue
                group = (each.account.name, _group(keep, each.known))
                seen[group] += 1
                if seen[group] <= keep.count:
                    place = (each.account.name, each.known.job.id)
                    found[place].append((policy, _words(keep, policy)))
    return found


def _group(keep: Keep, known: KnownJob) -> str | None:
    if keep.per == "model":
        return known.job.base_model or known.job.model
    return known.job.name if keep.per == "name" else None


def _words(keep: Keep, policy: Policy) -> str:
    of = {"account": "its account", "model": "its model", "name": "its name"}[keep.per]
    named = f" named {keep.name}" if keep.name is not None else ""
    last = "the last finished job" if keep.count == 1 else f"one of the last {keep.count} finished jobs"
    return f"it is {last}{named} of {of} (keep_last of {policy.name})"


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
