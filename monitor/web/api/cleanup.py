"""Clean-up policies: what each would delete now and why it keeps the rest; run now, or let go on after a stop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import msgspec

from monitor import store
from monitor.model import JobState, rfc3339
from monitor.store import CleanupRow, Connection, Rename
from monitor.web.api.begun import asked_for
from monitor.web.api.deletions import Half, Many, Outcomes, asker, half, outcome, refuse_many, stage
from monitor.web.api.inside import Inside
from monitor.web.api.message import Problem
from monitor.web.api.moment import Time, told
from monitor.web.api.route import Answer, Asked, Change, Route, Word

if TYPE_CHECKING:
    from monitor.actions.options import CleanupOptions
    from monitor.actions.plan import Verdict
    from monitor.actions.policies import Plan


class PolicyState(StrEnum):
    OFF = "off"
    ACTIVE = "active"
    STOPPED = "stopped"


Policies = Annotated[list[Word], msgspec.Meta(description="A policy's name; may be repeated. Left out: all.")]


class CleanupAsked(Asked, frozen=True, kw_only=True, forbid_unknown_fields=True):
    policy: Policies = []  # noqa: RUF012
    stays: Annotated[bool, msgspec.Meta(description="Also the jobs that stay; else they are counted alone.")] = True


class RunAsked(Asked, frozen=True, kw_only=True, forbid_unknown_fields=True):
    policy: Annotated[
        list[Word], msgspec.Meta(description="A policy's name; may be repeated. Left out: all that are enabled.")
    ] = []  # noqa: RUF012
    many: Many = False


class ResumeAsked(Asked, frozen=True, kw_only=True, forbid_unknown_fields=True):
    policy: Word


class PolicyItem(Answer, frozen=True, kw_only=True):
    """A policy. `off`: it deletes nothing, `goes` is what it would; `stopped`: it stands still for `reason`."""

    name: str
    state: PolicyState
    goes: Annotated[int, msgspec.Meta(description="Jobs that a run would delete now.")]
    stays: Annotated[int, msgspec.Meta(description="Jobs that it means and does not delete now.")]
    ran_at: Time | None
    next_at: Annotated[Time | None, msgspec.Meta(description="When it is due; null where it does not run by itself.")]
    stopped_at: Time | None
    reason: Annotated[str | None, msgspec.Meta(description="Why it stands still, as it was when it stopped.")]
    too_many: Annotated[
        Half | None,
        msgspec.Meta(description="What its next run would ask too much of: it stops instead. Null: nothing."),
    ]


class PlannedItem(Answer, frozen=True, kw_only=True):
    """A job that a policy means. `stays` null: it goes; `also`: policies that would delete it too. What no enabled one
    has is told of each policy that is off, as if that alone were enabled besides."""

    account: str
    job: str
    name: str
    state: JobState
    ended_at: Annotated[Time, msgspec.Meta(description="By the platform, else when it was seen to be over.")]
    policy: str
    also: list[str]
    stays: Annotated[str | None, msgspec.Meta(description="Why it stays, in one word.")]
    why: str


class CleanupPlan(Answer, frozen=True, kw_only=True):
    """`jobs`: those that go before those that stay, the one that ended first before the others."""

    policies: list[PolicyItem]
    jobs: list[PlannedItem]
    too_many: list[Half]


def _plan(conn: Connection, inside: Inside, asked: CleanupAsked) -> CleanupPlan:
    names = _named(inside, asked.policy)
    rows = _rows(conn, inside)
    found = _made(conn, inside, rows)
    mine = [each for each in found.verdicts if each.policy in names]
    mine.sort(key=lambda each: not each.goes)
    going = _going(found, inside, names)
    policies = [each for each in inside.settings.cleanup if each.name in names]
    return CleanupPlan(
        policies=[_policy(each, rows.get(each.name), found, inside.clock.now()) for each in policies],
        jobs=[_planned(each) for each in mine if each.goes or asked.stays],
        too_many=[half(each) for each in found.too_many(going)],
    )


def _rows(conn: Connection, inside: Inside) -> dict[str, CleanupRow]:
    """By the names of the config: where no daemon has run since, the store has a policy under its name before."""
    rows = store.load_cleanup(conn)
    former = {each.name: each.was for each in inside.settings.cleanup if each.was is not None}
    moved = {name: replace(rows[was], policy=name) for name, was in former.items() if was in rows}
    return rows | moved


def _made(conn: Connection, inside: Inside, rows: dict[str, CleanupRow], *, only_going: bool = False) -> Plan:
    from monitor.actions.cleanup import plan_of  # with the rest of what deletes, which other questions need not

    known, settings = inside.deletions, inside.settings
    again = [each.name for each in settings.cleanup if (row := rows.get(each.name)) is None or row.ran_at is None]
    deletions = None if known is None else known()
    return plan_of(
        conn,
        settings.cleanup,
        settings.accounts,
        deletions,
        now=inside.clock.now(),
        again=again,
        only_going=only_going,
    )


def _going(found: Plan, inside: Inside, names: Sequence[str]) -> list[Verdict]:
    """What those of the policies that are enabled would delete; where none is, what they would if they were."""
    enabled = [each.name for each in inside.settings.cleanup if each.name in names and each.enabled]
    return found.going(enabled or names)


def _named(inside: Inside, names: Sequence[str]) -> list[str]:
    """Raises Problem for one that the config has not."""
    there = [each.name for each in inside.settings.cleanup]
    for name in names:
        if name not in there:
            hint = f"There are: {', '.join(there)}." if there else "Its `cleanup` section is empty."
            raise Problem(404, "Not found", f"The config has no clean-up policy {name!r}.", hint)
    return list(names) or there


def _policy(options: CleanupOptions, row: CleanupRow | None, found: Plan, now: datetime) -> PolicyItem:
    row = row or CleanupRow(policy=options.name)
    mine = [each for each in found.verdicts if each.policy == options.name]
    many = found.too_many(each for each in mine if each.goes)
    state = PolicyState.OFF
    next_at = None
    if options.enabled:
        state = PolicyState.ACTIVE if row.stopped_at is None else PolicyState.STOPPED
    if state is PolicyState.ACTIVE:
        next_at = now if row.ran_at is None else max(now, row.ran_at + timedelta(seconds=options.every))
    return PolicyItem(
        name=options.name,
        state=state,
        goes=sum(each.goes for each in mine),
        stays=sum(not each.goes for each in mine),
        ran_at=told(row.ran_at),
        next_at=told(next_at),
        stopped_at=told(row.stopped_at),
        reason=row.reason or None,
        too_many=next((half(each) for each in many if not each.soon), None),
    )


def _planned(verdict: Verdict) -> PlannedItem:
    candidate = verdict.candidate
    return PlannedItem(
        account=candidate.account.name,
        job=candidate.known.job.id,
        name=candidate.known.job.name,
        state=candidate.known.job.state,
        ended_at=rfc3339(candidate.ended_at),
        policy=verdict.policy,
        also=list(verdict.also),
        stays=None if verdict.stays is None else verdict.stays.value,
        why=verdict.why,
    )


def _look(conn: Connection, inside: Inside, asked: RunAsked) -> list[Verdict]:
    """What goes. Everything that can be wrong is found before anybody waits for the writer."""
    stage(inside)
    names = _named(inside, asked.policy)
    off = [each.name for each in inside.settings.cleanup if each.name in names and not each.enabled]
    if asked.policy and off:
        raise Problem(
            409, "Conflict", f"The policy {off[0]} is not enabled: it deletes nothing.", "Set `enabled: true` in it."
        )
    going = (found := _made(conn, inside, _rows(conn, inside), only_going=True)).going(
        [each for each in names if each not in off]
    )
    many = found.too_many(going)
    if many and not asked.many:
        raise refuse_many(many[0])
    return going


def _run(conn: Connection, inside: Inside, asked: RunAsked, by: str, going: list[Verdict]) -> Change:
    deletions, who = stage(inside), asker(by)
    items = []
    for each in going:
        account, job = each.candidate.account.name, each.candidate.known.job.id
        done = asked_for(deletions, conn, account, job, who, f"{each.policy}: {each.why}")
        items.append(outcome(account, job, done))
    return Change(answer=Outcomes(items=items), events=True, deletions=True)


def _foresee(conn: Connection, inside: Inside, asked: ResumeAsked) -> Plan:
    """What the policy would do as one that goes on: found before anybody waits for the writer."""
    (name,) = _named(inside, [asked.policy])
    return _made(conn, inside, _rows(conn, inside) | {name: CleanupRow(policy=name)})


def _resume(conn: Connection, inside: Inside, asked: ResumeAsked, by: str, found: Plan) -> Change:
    name = asked.policy
    options = next(each for each in inside.settings.cleanup if each.name == name)
    if options.was is not None:  # a daemon has done so already
        store.rename(conn, Rename(kind="cleanup", before=options.was, after=name))
    from monitor.actions.stopping import let_go_on  # with the rest of what deletes, which other questions need not

    now = inside.clock.now()
    if not let_go_on(conn, inside.store.epoch, name, "resumed", by=asker(by).words, now=now):
        raise Problem(409, "Conflict", f"The policy {name} does not stand still.", "Nothing is left to do.")
    row = _rows(conn, inside).get(name)
    return Change(answer=_policy(options, row, found, now), events=True, cleanup=True)


_UNKNOWN = "The config has no such policy."
ROUTES: tuple[Route, ...] = (
    Route(
        path="/api/v1/cleanup",
        summary="What the clean-up policies would delete now, and why they keep the rest; nothing is changed.",
        fn=_plan,
        asked=CleanupAsked,
        answer=CleanupPlan,
        errors={404: _UNKNOWN},
    ),
    Route(
        path="/api/v1/cleanup",
        summary="Run clean-up policies now.",
        look=_look,
        change=_run,
        asked=RunAsked,
        answer=Outcomes,
        errors={
            404: _UNKNOWN,
            409: "It is not enabled, too many jobs would go, no daemon runs here, or an account has just left.",
        },
    ),
    Route(
        path="/api/v1/cleanup/{policy}/resume",
        summary="Let a policy go on that stands still; it is due at once.",
        look=_foresee,
        change=_resume,
        asked=ResumeAsked,
        answer=PolicyItem,
        errors={404: _UNKNOWN, 409: "It does not stand still."},
    ),
)
