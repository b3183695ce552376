"""`jobs list` and `jobs show`: what is known of jobs, without contacting a platform."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli import cleanup, completion, deletions, job_delete
from monitor.cli.failure import USAGE, Failure
from monitor.cli.options import AccountName, Config, Format, Limit, Output, Since, moment

if TYPE_CHECKING:
    from monitor.cli.asking import Asker
    from monitor.cli.lists import Item

app = typer.Typer(help="Training jobs, as they were last seen.", no_args_is_help=True)
app.command("delete")(job_delete.delete)
app.command("deletions")(deletions.deletions)
app.command("cleanup")(cleanup.cleanup)
ROOM = 20
"""How many jobs of one name are told apart."""


@app.command("list")
def list_(
    config: Config = None,
    output: Format = Output.TABLE,
    limit: Limit = 50,
    account: AccountName = None,
    state: Annotated[
        str | None,
        typer.Option(
            "--state",
            metavar="STATE",
            help="Only this state, like running or failed.",
            autocompletion=completion.job_states,
        ),
    ] = None,
    active: Annotated[
        bool | None, typer.Option("--active/--finished", help="Only what is not finished, or only what is.")
    ] = None,
    search: Annotated[str | None, typer.Option("--search", metavar="TEXT", help="Part of an id or a name.")] = None,
    owner: Annotated[
        str | None, typer.Option("--owner", metavar="WHO", help="Only this person's: a name of `people`, or an id.")
    ] = None,
    model: Annotated[str | None, typer.Option("--model", metavar="NAME", help="Only those of this model.")] = None,
    since: Since = None,
    gone: Annotated[
        bool, typer.Option("--all", "--gone", help="Also jobs that have left the platform or were deleted there.")
    ] = False,
) -> None:
    """Jobs, newest first.

    FOR is how long a job is in its state; of a finished job, how long it ran: from its start to its end, or where the
    platform tells no start, from its creation.
    """
    from monitor.cli.lists import listed

    _check_state(state)
    listed(
        config,
        output,
        "/api/v1/jobs",
        limit,
        _table,
        by_daemon=True,
        account=account,
        state=state,
        active=active,
        search=search,
        owner=owner,
        model=model,
        since=moment(since),
        gone=gone or None,
    )


@app.command("show")
def show(
    job: Annotated[
        str,
        typer.Argument(
            metavar="JOB",
            help="A name, an id, or a part of one that no other job has.",
            autocompletion=completion.job_words,
        ),
    ],
    config: Config = None,
    output: Format = Output.TABLE,
    account: AccountName = None,
) -> None:
    """Everything known of one job, with its history."""
    from monitor.cli import out
    from monitor.cli.job_page import page

    found = _found(config, job, account)
    if output is Output.TABLE:
        page(found)
    else:
        out.document(output, found)


def _found(config: Path | None, word: str, account: str | None) -> Any:
    """The document of the one job that is meant."""
    from monitor.cli.asking import asking, segment
    from monitor.cli.lists import require_account
    from monitor.cli.progress import progress

    word = word.rstrip("…~")  # as it was copied from a table
    with asking(config) as ask, progress("Reading …"):
        items = _meant(ask, word, account)
        if not items:
            require_account(ask, account)
            raise Failure(f"No job is known by {word!r}.", "`training-monitor jobs list --all` shows those that are.")
        if len(items) > 1:
            _ambiguous(word, items)
        return ask.get(f"/api/v1/jobs/{segment(items[0]['account'])}/{segment(items[0]['id'])}")


def _meant(ask: Asker, word: str, account: str | None) -> list[Item]:
    """The jobs with this id or name or whose id begins so; else those that have it anywhere in either."""
    if not word:
        return []
    for how in ("find", "search"):
        if items := list(ask.items("/api/v1/jobs", ROOM, **{how: word, "account": account, "gone": True})):
            return items
    return []


def _check_state(state: str | None) -> None:
    from monitor.model import JobState

    if state is not None and state not in list(JobState):
        raise Failure(f"{state!r} is no state of a job.", f"There are: {', '.join(JobState)}.", code=USAGE)


def _ambiguous(word: str, found: list[Item]) -> None:
    from monitor.telemetry.printable import printable

    lines = tuple(printable(f"  {job['id']}  {job['name']}  ({job['account']})") for job in found)
    many = f"{ROOM} or more jobs are" if len(found) >= ROOM else f"{len(found)} jobs are"
    hint = "Give more of it or the whole id, and --account NAME where two accounts have it."
    raise Failure(f"{many} meant by {word!r}.", hint, details=lines)


def _table(jobs: list[Item]) -> None:
    from monitor.cli import out, when
    from monitor.cli.table import Column

    whole, account = (max((len(job[of]) for job in jobs), default=0) for of in ("id", "account"))  # ids are copied
    columns = [
        Column(title="NAME", least=12, wanted=24),
        Column(title="STATE", least=9, colour=out.state_colour),
        Column(title="FOR", least=6),
        Column(title="ID", least=whole, wrap=True),
        Column(title="OWNER", least=9, wanted=16),
        Column(title="ACCOUNT", least=min(16, account), optional=True),
        Column(title="MODEL", least=7, wanted=16, optional=True),
        Column(title="CREATED", least=14, optional=True),
    ]
    cells = []
    for job in jobs:
        left = "deleted" if job.get("deleted_at") else "gone"
        state = left if job["gone"] else job["state"]
        model = job["base_model"] or job["model"] or job["flavor"] or "-"
        who = job.get("owner") or job["creator"] or "-"
        made = [job["name"] or "-", state, _length(job), job["id"], who, job["account"], model]
        cells.append([*made, when.short(job["created_at"])])
    out.rows(columns, cells, "No job is known that fits.")


def _length(job: Item) -> str:
    """How long it is in its state; of a finished one how long it ran, or took where the platform does not say that."""
    from monitor.cli import when
    from monitor.cli.job_page import finished

    if finished(job):
        return when.length(job["elapsed"] if job["duration"] is None else job["duration"])
    return "-" if job["gone"] else when.since(job["state_since"])
