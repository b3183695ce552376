"""`jobs list` and `jobs show`: what is known of jobs, read from the store without contacting a platform."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli.failure import USAGE, Failure
from monitor.cli.options import AccountName, Config, Format, Limit, Output

if TYPE_CHECKING:
    from monitor.store import Connection, JobRecord

app = typer.Typer(help="Training jobs, as they were last seen.", no_args_is_help=True)
HISTORY = 1000
"""How many events `jobs show` reads of one job."""


@app.command("list")
def list_(
    config: Config = None,
    output: Format = Output.TABLE,
    limit: Limit = 50,
    account: AccountName = None,
    state: Annotated[str | None, typer.Option("--state", help="Only this state, like running or failed.")] = None,
    active: Annotated[
        bool | None, typer.Option("--active/--finished", help="Only what is not finished, or only what is.")
    ] = None,
    search: Annotated[str | None, typer.Option("--search", metavar="TEXT", help="Part of an id or a name.")] = None,
    gone: Annotated[bool, typer.Option("--gone", help="Also jobs that have left the platform.")] = False,
) -> None:
    """Jobs, newest first."""
    from monitor import store
    from monitor.cli import out
    from monitor.cli.opening import load_settings, reading

    _check_state(state)

    def read(conn: Connection) -> list[JobRecord]:
        return store.list_jobs(
            conn, account=account, state=state, active=active, include_gone=gone, search=search, limit=limit
        )

    records = reading(load_settings(config, resolve=False), read)
    if output is Output.TABLE:
        _table(records)
    else:
        out.documents(output, [_data(record) for record in records])


@app.command("show")
def show(
    job: Annotated[str, typer.Argument(metavar="JOB", help="An id, the beginning of one, or a name.")],
    config: Config = None,
    output: Format = Output.TABLE,
    account: AccountName = None,
) -> None:
    """Everything known of one job, with its history."""
    from monitor import store
    from monitor.cli import out
    from monitor.cli.opening import load_settings, reading

    def read(conn: Connection) -> tuple[list[JobRecord], list[Any]]:
        found = store.find_job(conn, job, account)
        if len(found) != 1:
            return found, []
        subject = f"job/{found[0].known.job.id}"
        history = store.read_events(conn, account=found[0].account, subject=subject, limit=HISTORY, newest_first=True)
        return found, history[::-1]

    found, history = reading(load_settings(config, resolve=False), read)
    if not found:
        raise Failure(f"No job is known by {job!r}.", "`training-monitor jobs list --gone` shows those that are.")
    if len(found) > 1:
        _ambiguous(job, found)
    if output is not Output.TABLE:
        out.document(output, _data(found[0]) | {"events": [event.cloudevent() for event in history]})
        return
    _page(found[0], history)


def _check_state(state: str | None) -> None:
    from monitor.model import JobState

    if state is not None and state not in list(JobState):
        raise Failure(f"{state!r} is no state of a job.", f"There are: {', '.join(JobState)}.", code=USAGE)


def _ambiguous(word: str, found: list[JobRecord]) -> None:
    from monitor.telemetry.printable import printable

    lines = tuple(
        printable(f"  {record.known.job.id}  {record.known.job.name}  ({record.account})") for record in found
    )
    hint = "Give the whole id, and --account NAME where two accounts have it."
    raise Failure(f"{len(found)} jobs are meant by {word!r}.", hint, details=lines)


def _data(record: JobRecord) -> dict[str, Any]:
    from monitor.diff.job_data import job_data
    from monitor.model import rfc3339

    known = record.known
    return {
        "account": record.account,
        **job_data(known, clock=datetime.now(UTC)),
        "state_since": rfc3339(known.state_since),
        "gone": known.gone,
    }


def _table(records: list[JobRecord]) -> None:
    from monitor.cli import out, when
    from monitor.cli.table import Column

    columns = [
        Column(title="NAME", least=12),
        Column(title="STATE", least=9, colour=out.state_colour),
        Column(title="FOR", least=7),
        Column(title="MODEL", least=8),
        Column(title="ACCOUNT", least=8),
        Column(title="ID", least=_unique([record.known.job.id for record in records])),
        Column(title="OWNER", optional=True),
        Column(title="CREATED", optional=True),
    ]
    cells = []
    for record in records:
        job = record.known.job
        state = "gone" if record.known.gone else job.state.value
        made = [job.name, state, when.since(record.known.state_since), job.base_model or job.model or job.flavor or "-"]
        cells.append([*made, record.account, job.id, job.creator or "-", when.short(job.created_at)])
    out.rows(columns, cells, "No job is known that fits. A daemon finds them: training-monitor run")


def _unique(ids: list[str]) -> int:
    """How many cells an id needs so that no two of the list look alike when they are cut."""
    longest = max(map(len, ids), default=8)
    enough = (size for size in range(8, longest) if len({job_id[: size - 1] for job_id in ids}) == len(set(ids)))
    return next(enough, longest)


def _page(record: JobRecord, history: list[Any]) -> None:
    from monitor.cli import out, when
    from monitor.cli.events import history_table
    from monitor.diff.job_data import running_time
    from monitor.fields import format_duration

    known, job = record.known, record.known.job
    ran = running_time(job, clock=datetime.now(UTC))
    error = " ".join(part for part in (job.error.code, job.error.message) if part) if job.error else None
    checkpoints = f"{job.checkpoints} of {job.max_checkpoints}" if job.max_checkpoints else job.checkpoints
    facts: list[tuple[str, Any]] = [
        ("name", job.name),
        ("id", job.id),
        ("account", record.account),
        ("workspace", job.workspace or record.scope.workspace),
        ("state", job.state.value),
        ("platform says", job.provider_state),
        ("since", f"{when.full(known.state_since)} ({when.since(known.state_since)})"),
        ("on the platform", "no: it is gone" if known.gone else None),
        ("attempt", known.attempt if known.attempt > 1 else None),
        ("kind", job.kind),
        ("model", job.model),
        ("base model", job.base_model if job.base_model != job.model else None),
        ("produced", job.output_model),
        ("flavor", job.flavor),
        ("nodes", job.nodes),
        ("accelerators", f"{job.accelerators:g} per node" if job.accelerators is not None else None),
        ("owner", job.creator),
        ("created", when.full(job.created_at)),
        ("started", when.full(job.started_at)),
        ("ended", when.full(job.ended_at)),
        ("ran for", format_duration(ran) if ran is not None else None),
        ("queue position", job.queue_position),
        ("checkpoints", checkpoints),
        ("error", error),
        ("tokens", f"{job.tokens:,}" if job.tokens is not None else None),
        ("console", job.url),
        *sorted(job.extra.items()),
    ]
    out.page(facts)
    out.line()
    history_table(history, "Nothing has happened to it since it is watched.")
