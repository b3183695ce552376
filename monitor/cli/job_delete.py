"""`jobs delete`: finished jobs leave their platform, each looked at anew just before, and followed until it is gone."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli import completion
from monitor.cli.failure import FAILED, PARTLY, USAGE, Failure, SaidNo
from monitor.cli.options import Config, Format, Output, Yes

if TYPE_CHECKING:
    from monitor.cli.asking import Asker
    from monitor.cli.lists import Item

PATH = "/api/v1/deletions"
ROOM = 20
"""How many jobs of one name are told apart."""
MANY = typer.Option("--yes-delete-many", help="Also where more than half of an account's jobs would go at once.")


def delete(
    account: Annotated[
        str, typer.Argument(metavar="ACCOUNT", help="The account's name.", autocompletion=completion.accounts)
    ],
    jobs: Annotated[
        list[str],
        typer.Argument(
            metavar="JOB...",
            help="An id, or a name or a beginning of an id that only one job has.",
            autocompletion=completion.job_words,
        ),
    ],
    config: Config = None,
    output: Format = Output.TABLE,
    yes: Yes = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be deleted.")] = False,
    many: Annotated[bool, MANY] = False,
) -> None:
    """Deletes finished jobs from their platform; what is known of them is kept here.

    Each is read from the platform again just before. One that is not over, or that is the newest of its account, is
    never deleted.
    """
    from monitor.cli import out, outcomes
    from monitor.cli.apart import deleting
    from monitor.cli.asking import asking

    with asking(config) if dry_run else deleting(config, account) as ask:
        items, half = _looked(ask, account, jobs)
        fit = [item for item in items if item["refused"] is None]
        if output is Output.TABLE and (fit or dry_run):
            _show(items)
        if half is not None and not many:
            raise _too_many(half)
        if dry_run:
            out.documents(output, items) if output is not Output.TABLE else out.line("Nothing was deleted.")
            _complain(items)
            return
        if fit:
            _agree(len(fit), account, yes=yes)
        asked = [item["job"] for item in items]
        done = _asked(ask, account, asked, many=many)
        outcomes.report(outcomes.followed(ask, done), output)


def _looked(ask: Asker, account: str, words: list[str]) -> tuple[list[Item], Item | None]:
    """The jobs that are meant, and whether they are too many. Raises Failure for an account or a job that is none."""
    from monitor.cli.lists import require_account
    from monitor.cli.progress import progress

    with progress("Reading …"):
        require_account(ask, account)
        ids = list(dict.fromkeys(_meant(ask, account, word.rstrip("…~")) for word in words))
        if len(ids) > ROOM * 2:
            raise Failure(f"{len(ids)} jobs are named.", f"Name {ROOM * 2} at a time, or use a policy.", code=USAGE)
        found = ask.get(f"{PATH}/preview", account=account, job=ids)
    return found["items"], found["too_many"]


def _meant(ask: Asker, account: str, word: str) -> str:
    """The id of the one job of the account that is meant. Raises Failure; a slip of the pen is nobody else's news."""
    found = list(ask.items("/api/v1/jobs", ROOM, find=word, account=account)) if word else []
    if len(found) > 1:
        lines = tuple(f"  {job['id']}  {job['name']}" for job in found)
        hint = "Give the whole id; nothing was deleted."
        raise Failure(f"{len(found)} jobs of {account} are meant by {word!r}.", hint, code=USAGE, details=lines)
    if not found:
        hint = f"`training-monitor jobs list --account {account}` shows those that are."
        what = f"No job of {account} has the id or the name {word!r}, or an id that begins so; nothing was deleted."
        raise Failure(what, hint)
    return str(found[0]["id"])


def _asked(ask: Asker, account: str, ids: list[str], *, many: bool) -> list[Item]:
    found: list[Item] = ask.post(PATH, account=account, job=ids, many=many)["items"]
    return found


def _show(items: list[Item]) -> None:
    from monitor.cli import outcomes, when

    rows = []
    for item in items:
        ended = f"ended {when.short(item['ended_at'])}" if item["ended_at"] else "would be deleted"
        said = item["refused"] or f"{item['job']}, {ended}"
        rows.append((item["name"] or item["job"], item["state"] or "-", item["account"], said))
    outcomes.table(rows, "")


def _agree(number: int, account: str, *, yes: bool) -> None:
    """Says how many, and asks. Raises Failure where nobody can answer, or for no."""
    if yes:
        return
    jobs = "One job" if number == 1 else f"{number} jobs"
    if not sys.stdin.isatty():
        hint = "Say --yes, or --dry-run to look only."
        raise Failure(f"{jobs} of {account} would be deleted; nothing was done.", hint, code=USAGE)
    if not typer.confirm(f"{jobs} of {account} will be deleted from the platform for good. Go on?", err=True):
        raise SaidNo("Nothing was deleted.")


def _too_many(half: Item) -> Failure:
    of = f"{half['going']} of the {half['known']} jobs of {half['account']}"
    return Failure(f"{of} would go at once, which is more than half; nothing was deleted.", "Say --yes-delete-many.")


def _complain(items: list[Item]) -> None:
    from monitor.cli.outcomes import remedy

    refused = [item for item in items if item["refused"] is not None]
    if refused:
        code = PARTLY if len(refused) < len(items) else FAILED
        jobs = "1 job" if len(refused) == 1 else f"{len(refused)} jobs"
        raise Failure(f"{jobs} would be refused.", remedy([item["refused"] for item in refused]), code=code)
