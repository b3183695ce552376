"""Which finished jobs the clean-up policies would delete now, and why the others stay. Pure: what it needs is given."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Final

from monitor.actions.candidate import Candidate as Candidate
from monitor.actions.candidate import Policy as Policy
from monitor.actions.candidate import Shown
from monitor.actions.guard import NEWEST, SAME, UNBOOKED, UNDATED, unfit
from monitor.actions.options import Keep
from monitor.fields.duration import format_duration
from monitor.model import KnownJob

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
    candidates: Sequence[Candidate],
    policies: Sequence[Policy],
    *,
    now: datetime,
    delivered: Delivered,
    only_going: bool = False,
) -> list[Verdict]:
    """Those that a policy means, the one that ended first before the others. A job belongs to the first policy of the
    file that would have it, of those that are enabled. What none of these has is looked at by each of the others as if
    that alone were switched on besides, so several of them may have it. `only_going`: only those that go, and `also` is
    left empty; it costs less, for nobody is asked about what stays anyway."""
    ordered = [*(each for each in policies if each.options.enabled), *(e for e in policies if not e.options.enabled)]
    course = _Course(
        now=now,
        delivered=delivered,
        newest=_newest(candidates),
        made=Counter((each.account.name, each.known.job.created_at) for each in candidates if not each.elsewhere),
        kept=_kept(candidates, ordered),
        room={each.name: each.options.at_most - each.under_way for each in ordered},
    )
    judged = [each for each in candidates if each.whole and not (only_going and _stays_anyway(each, course))]
    verdicts = _going if only_going else _verdicts
    found: list[Verdict] = []
    for candidate in sorted(judged, key=lambda each: (each.ended_at, each.account.name, each.known.job.id)):
        if only_going and all(left <= 0 for left in course.room.values()):
            break
        covering = [policy for policy in ordered if policy.covers(candidate.account.name)]
        found += verdicts(Shown(candidate, now), covering, course)
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


def _stays_anyway(candidate: Candidate, course: _Course) -> bool:
    """Whether it stays, whatever policy asks."""
    return candidate.leaving or bool(_unfit(candidate, course))


def _going(shown: Shown, covering: Sequence[Policy], course: _Course) -> list[Verdict]:
    """None: it stays."""
    candidate = shown.candidate
    age = candidate.age(course.now)
    ripe = [policy for policy in covering if age >= policy.options.after]
    taker = next((policy for policy in ripe if policy.options.enabled and shown.meant_by(policy)), None)
    takers = [each for each in ripe if shown.meant_by(each)] if taker is None else [taker]
    found = [(policy, *_stays(candidate, policy, course)) for policy in takers]
    return [_gone(Verdict(candidate=candidate, policy=by.name, why=why), course) for by, no, why in found if no is None]


def _gone(verdict: Verdict, course: _Course) -> Verdict:
    """The same; its policy has room for one less."""
    course.room[verdict.policy] -= 1
    return verdict


def _verdicts(shown: Shown, covering: Sequence[Policy], course: _Course) -> list[Verdict]:
    """None: no policy means it."""
    meant = [policy for policy in covering if shown.meant_by(policy)]
    on = [policy for policy in meant if policy.options.enabled]
    first = [_verdict(shown.candidate, on, meant, course)] if on else []
    if any(_ripe(shown.candidate, policy, course) for policy in on):
        return first
    off = (policy for policy in meant if not policy.options.enabled)
    return [*first, *(_verdict(shown.candidate, [policy], (), course) for policy in off)]


def _verdict(candidate: Candidate, mine: Sequence[Policy], meant: Sequence[Policy], course: _Course) -> Verdict:
    """By the first of `mine` that would have it. `meant`: of these those are named that would do it too."""
    job = candidate.known.job
    if not job.state.terminal:
        return Verdict(candidate=candidate, policy=mine[0].name, stays=Stays.ACTIVE, why=f"it is {job.state.value}")
    taker = next((policy for policy in mine if _ripe(candidate, policy, course)), None)
    if taker is None:
        soonest = min(mine, key=lambda policy: policy.options.after)
        why = f"it ended less than {format_duration(soonest.options.after)} ago"
        why += " by the platform's clock" if candidate.ahead else ""
        return Verdict(candidate=candidate, policy=soonest.name, stays=Stays.RECENT, why=why)
    ripe = (each for each in meant if each is not taker and _ripe(candidate, each, course))
    also = tuple(each.name for each in ripe if _stays(candidate, each, course)[0] in (None, Stays.LATER))
    stays, why = _stays(candidate, taker, course)
    found = Verdict(candidate=candidate, policy=taker.name, also=also, stays=stays, why=why)
    return _gone(found, course) if stays is None else found


def _ripe(candidate: Candidate, policy: Policy, course: _Course) -> bool:
    return candidate.known.job.state.terminal and candidate.age(course.now) >= policy.options.after


def _stays(candidate: Candidate, policy: Policy, course: _Course) -> tuple[Stays | None, str]:
    account, job = candidate.account.name, candidate.known.job
    if candidate.leaving:
        return Stays.LEAVING, "it is being deleted already"
    if no := _unfit(candidate, course):
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


def _unfit(candidate: Candidate, course: _Course) -> str:
    made = candidate.known.job.created_at
    newer = made is not None and made < course.newest.get(candidate.account.name, made)
    return unfit(candidate.known, newer=newer, forbidden=candidate.forbidden)


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
