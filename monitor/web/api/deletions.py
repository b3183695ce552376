"""Deletions: what was asked to be deleted from its platform, by whom, and how far it is; asked for, and previewed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import msgspec

from monitor import store
from monitor.model import Action, ActionState, Asker, AskerKind, JobState, rfc3339
from monitor.providers.options import AccountOptions
from monitor.store import ActionFilter, Connection
from monitor.web.api.begun import asked_for
from monitor.web.api.cursor import number, pack
from monitor.web.api.inside import Inside
from monitor.web.api.message import Problem
from monitor.web.api.moment import Time, told
from monitor.web.api.route import Answer, Asked, Change, Listed, Page, Route, Word

if TYPE_CHECKING:
    from monitor.actions.asking import Asked as Outcome
    from monitor.actions.deletions import Deletions
    from monitor.actions.plan import TooMany

LIST = "deletions"
MOST_JOBS = 50
"""Of one request."""
_PROVEN = re.compile(r"(?:socket|command) uid (\d+)(?: \((.+)\))?")

Jobs = Annotated[list[Word], msgspec.Meta(description="A job's id; may be repeated, at most 50 times.")]
Many = Annotated[bool, msgspec.Meta(description="Also where more than half of an account's jobs would go at once.")]


class DeletionsAsked(Listed, frozen=True, kw_only=True, forbid_unknown_fields=True):
    account: Word | None = None
    job: Annotated[str, msgspec.Meta(min_length=1, description="A job's id.")] | None = None
    policy: Annotated[str, msgspec.Meta(min_length=1, description="Which clean-up policy asked.")] | None = None
    state: Annotated[list[ActionState], msgspec.Meta(description="Any of these; may be repeated.")] = []  # noqa: RUF012
    open: Annotated[bool, msgspec.Meta(description="Only what is not settled, or only what is.")] | None = None
    id: Annotated[list[Word], msgspec.Meta(description="Any of these; may be repeated.")] = []  # noqa: RUF012


class DeletionAsked(Asked, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: Word


class LookAsked(Asked, frozen=True, kw_only=True, forbid_unknown_fields=True):
    account: Word
    job: Jobs


class DeleteAsked(Asked, frozen=True, kw_only=True, forbid_unknown_fields=True):
    account: Word
    job: Jobs
    many: Many = False


class AskedBy(Answer, frozen=True, kw_only=True):
    """A user of the system, whoever has the token, or a clean-up policy."""

    kind: AskerKind
    name: str


class DeletionItem(Answer, frozen=True, kw_only=True):
    """`reason`: why it was refused or failed, else what a policy says of it."""

    id: str
    account: str
    job: Annotated[str, msgspec.Meta(description="The job's id.")]
    name: Annotated[str, msgspec.Meta(description="The job's name.")]
    attempt: int
    asked_by: AskedBy
    state: ActionState
    reason: str | None
    tries: Annotated[int, msgspec.Meta(description="How many requests went out.")]
    requested_at: Time
    sent_at: Time | None
    settled_at: Time | None


class LookedItem(Answer, frozen=True, kw_only=True):
    """A job that somebody would have deleted; `refused`: why it would not be."""

    account: str
    job: str
    name: str | None
    state: JobState | None
    ended_at: Time | None
    refused: str | None


class Half(Answer, frozen=True, kw_only=True):
    """More than half of an account's jobs would go at once."""

    account: str
    going: int
    known: int


class Looked(Answer, frozen=True, kw_only=True):
    items: list[LookedItem]
    too_many: Half | None


class OutcomeItem(Answer, frozen=True, kw_only=True):
    """What came of asking for one job. `deletion` null: nothing is written down, for the job is gone already or was
    forgotten, or the account may delete nothing; `again`: it was being deleted already."""

    account: str
    job: str
    deletion: DeletionItem | None
    refused: str | None
    again: bool


class Outcomes(Answer, frozen=True, kw_only=True):
    items: list[OutcomeItem]


def asker(by: str) -> Asker:
    """Who asks, of what was proven: the system's user at the socket or the command, else whoever has the token."""
    found = _PROVEN.fullmatch(by)
    if found is not None:
        return Asker(AskerKind.USER, found[2] or f"uid {found[1]}")
    return Asker(AskerKind.USER, by) if by in ("socket", "command") else Asker(AskerKind.TOKEN, by)


def stage(inside: Inside) -> Deletions:
    """Raises Problem where nothing here deletes."""
    if inside.deletions is None:
        raise Problem(409, "Conflict", "No daemon runs here that could delete.", "Start it: training-monitor run")
    return inside.deletions()


def item(action: Action) -> DeletionItem:
    return DeletionItem(
        id=action.id,
        account=action.account,
        job=action.job_id,
        name=action.job_name,
        attempt=action.attempt,
        asked_by=AskedBy(kind=action.asker.kind, name=action.asker.name),
        state=action.state,
        reason=action.reason or None,
        tries=action.tries,
        requested_at=rfc3339(action.requested_at),
        sent_at=told(action.sent_at),
        settled_at=told(action.settled_at),
    )


def outcome(account: str, job: str, done: Outcome) -> OutcomeItem:
    deletion = None if done.action is None else item(done.action)
    return OutcomeItem(account=account, job=job, deletion=deletion, refused=done.reason or None, again=done.again)


def half(found: TooMany) -> Half:
    return Half(account=found.account, going=found.going, known=found.known)


def refuse_many(found: TooMany) -> Problem:
    hint = "Ask for fewer, or say that so many are meant: `many=true`."
    return Problem(409, "Conflict", f"{found}; nothing was asked for.", hint)


def _list(conn: Connection, inside: Inside, asked: DeletionsAsked) -> Page[DeletionItem]:
    wanted = ActionFilter(
        account=asked.account,
        job_id=asked.job,
        ids=asked.id or None,
        asker=None if asked.policy is None else Asker(AskerKind.POLICY, asked.policy),
        states=asked.state or None,
        open=asked.open,
    )
    found = store.list_actions(conn, wanted, before=number(LIST, asked.cursor), limit=asked.limit + 1)
    shown = found[: asked.limit]
    return Page(items=[item(each) for each in shown], next=pack(LIST, shown[-1].n) if len(found) > len(shown) else None)


def _one(conn: Connection, inside: Inside, asked: DeletionAsked) -> DeletionItem:
    found = store.get_action(conn, asked.id)
    if found is None:
        raise Problem(404, "Not found", f"There is no deletion {asked.id!r}.", "GET /api/v1/deletions lists them.")
    return item(found)


def _look(conn: Connection, inside: Inside, asked: LookAsked) -> Looked:
    options, ids = _checked(inside, asked.account, asked.job)
    items = [_looked(conn, options, each) for each in ids]
    many = _too_many(conn, inside, options, [each.job for each in items if each.refused is None])
    return Looked(items=items, too_many=None if many is None else half(many))


def _looked(conn: Connection, options: AccountOptions, job_id: str) -> LookedItem:
    from monitor.actions.asking import look  # with the rest of what deletes, which reading needs not

    found = store.where_known(conn, options.name, job_id)
    known = None if found is None else found[2]
    return LookedItem(
        account=options.name,
        job=job_id,
        name=None if known is None else known.job.name,
        state=None if known is None else known.job.state,
        ended_at=None if known is None else told(known.job.ended_at),
        refused=look(conn, options.name, job_id, forbidden=options.forbids_deleting()) or None,
    )


def _ask(conn: Connection, inside: Inside, asked: DeleteAsked, by: str) -> Change:
    from monitor.actions.asking import look  # with the rest of what deletes, which reading needs not

    deletions = stage(inside)
    options, ids = _checked(inside, asked.account, asked.job)
    _refuse_unknown(conn, options.name, ids)
    forbidden = options.forbids_deleting()
    fit = [each for each in ids if not look(conn, options.name, each, forbidden=forbidden)]
    many = None if asked.many else _too_many(conn, inside, options, fit)
    if many is not None:
        raise refuse_many(many)
    who = asker(by)
    done = [outcome(options.name, each, asked_for(deletions, conn, options.name, each, who)) for each in ids]
    return Change(answer=Outcomes(items=done), events=True, deletions=True)


def _checked(inside: Inside, account: str, jobs: Sequence[str]) -> tuple[AccountOptions, list[str]]:
    """Raises Problem."""
    if len(jobs) > MOST_JOBS:
        hint = "Ask for them in several requests."
        raise Problem(400, "Bad request", f"More than {MOST_JOBS} jobs are asked for at once.", hint)
    found = next((each for each in inside.settings.accounts if each.name == account), None)
    if found is None:
        there = ", ".join(each.name for each in inside.settings.accounts)
        raise Problem(404, "Not found", f"The config has no account {account!r}.", f"There are: {there}.")
    return found, list(dict.fromkeys(jobs))


def _refuse_unknown(conn: Connection, account: str, ids: Sequence[str]) -> None:
    """A slip of the pen: nothing of such a request is begun, and nothing is told of it. Raises Problem."""
    strange = [each for each in ids if store.where_known(conn, account, each) is None]
    if strange:
        detail = f"No job of {account} has the id {strange[0]!r}, as far as the monitor knows; nothing was asked for."
        hint = f"GET /api/v1/jobs?account={account} lists them."
        raise Problem(404, "Not found", detail, hint)


def _too_many(conn: Connection, inside: Inside, options: AccountOptions, ids: Sequence[str]) -> TooMany | None:
    from monitor.actions.plan import too_many
    from monitor.actions.policies import candidates_of, land_at_work

    if not ids:
        return None
    reach = None if inside.deletions is None else inside.deletions().reach(options.name)
    known = candidates_of(conn, land_at_work(options, reach))
    return next(iter(too_many(known, [(options.name, each) for each in ids])), None)


_NO_ACCOUNT = "The config has no such account."
ROUTES: tuple[Route, ...] = (
    Route(
        path="/api/v1/deletions",
        summary="Deletions that were asked for, newest first.",
        fn=_list,
        asked=DeletionsAsked,
        answer=Page[DeletionItem],
    ),
    Route(
        path="/api/v1/deletions/preview",
        summary="Whether these jobs would be deleted if somebody asked; nothing is changed.",
        fn=_look,
        asked=LookAsked,
        answer=Looked,
        errors={404: _NO_ACCOUNT},
    ),
    Route(
        path="/api/v1/deletions/{id}",
        summary="One deletion, and how far it is.",
        fn=_one,
        asked=DeletionAsked,
        answer=DeletionItem,
        errors={404: "There is no such deletion."},
    ),
    Route(
        path="/api/v1/deletions",
        summary="Ask for finished jobs to be deleted from their platform; each is looked at anew before.",
        change=_ask,
        asked=DeleteAsked,
        answer=Outcomes,
        errors={
            404: "The config has no such account, or the account no such job.",
            409: "More than half of the account's jobs would go, no daemon runs here, or it has just left.",
        },
    ),
)
