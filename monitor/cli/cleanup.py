"""`jobs cleanup`: what the clean-up policies would delete and why they keep the rest; run now, or let go on."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli import completion
from monitor.cli.failure import USAGE, Failure
from monitor.cli.job_delete import MANY
from monitor.cli.options import Config, Format, Output

if TYPE_CHECKING:
    from monitor.cli.asking import Asker
    from monitor.cli.lists import Item

PATH = "/api/v1/cleanup"
MEANT = "--yes-delete-many"


def cleanup(
    policies: Annotated[
        list[str] | None,
        typer.Argument(metavar="[POLICY]...", help="Their names; left out: all.", autocompletion=completion.policies),
    ] = None,
    config: Config = None,
    output: Format = Output.TABLE,
    yes: Annotated[bool, typer.Option("--yes", help="Delete now what the plan says.")] = False,
    many: Annotated[bool, MANY] = False,
    resume: Annotated[
        str | None,
        typer.Option(
            "--resume",
            metavar="POLICY",
            help="Let a policy go on that has stopped.",
            autocompletion=completion.policies,
        ),
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="Also each job that stays, and why.")] = False,
) -> None:
    """What the clean-up policies of the config would delete now, and why they keep the rest. Nothing is deleted without
    --yes, nor by a policy that is not enabled."""
    from monitor.cli.asking import Missing

    if resume is not None and (policies or yes or many):
        raise Failure("--resume goes with no policy and no --yes.", "Give it alone.", code=USAGE)
    try:
        if resume is not None:
            _resume(config, output, resume)
        elif yes:
            _run(config, output, policies or [], many=many)
        else:
            _plan(config, output, policies or [], all_=all_)
    except Missing as error:  # a policy: nothing else is named
        raise Failure(str(error), error.hint, code=USAGE) from error


def _plan(config: Path | None, output: Output, names: list[str], *, all_: bool) -> None:
    from monitor.cli import out
    from monitor.cli.asking import asking
    from monitor.cli.progress import progress

    with asking(config) as ask, progress("Making the plan …"):
        plan = ask.get(PATH, policy=names)
    if output is not Output.TABLE:
        out.document(output, plan)
        return
    _policies(plan["policies"])
    if not plan["policies"]:
        return
    goes = [job for job in plan["jobs"] if job["stays"] is None]
    out.line()
    _jobs(goes, "No job goes now.")
    stays = [job for job in plan["jobs"] if job["stays"] is not None]
    if stays:
        out.line()
        _jobs(stays, "") if all_ else _counted(stays)
    for half in plan["too_many"]:
        out.line(f"{of_all(half)} are more than half: they go only with {MEANT}.")
    if goes:
        out.line("Nothing was deleted; --yes does it, for the policies that are enabled.")


def _run(config: Path | None, output: Output, names: list[str], *, many: bool) -> None:
    from monitor.cli import out, outcomes
    from monitor.cli.apart import deleting

    with deleting(config) as ask:
        _refuse(ask, names, many=many)
        done = ask.post(PATH, policy=names, many=many)["items"]
        if done or output is not Output.TABLE:
            outcomes.report(outcomes.followed(ask, done), output)
        else:
            out.line("No job goes now.")


def _refuse(ask: Asker, names: list[str], *, many: bool) -> None:
    """Raises Failure where no policy could delete anything, or they would delete too much."""
    plan = ask.get(PATH, policy=names, stays=False)
    there = plan["policies"]
    if not there:
        raise Failure("The config has no clean-up policy.", "Write one: docs/cleanup.md has examples.", code=USAGE)
    if not names and all(policy["state"] == "off" for policy in there):
        raise Failure("No clean-up policy is enabled.", "Set `enabled: true` in those that are to delete.", code=USAGE)
    if any(policy["state"] != "off" for policy in there) and plan["too_many"] and not many:
        of = of_all(plan["too_many"][0])
        hint = f"Say {MEANT}, or name policies that delete less."
        raise Failure(f"{of} would go at once, which is more than half; nothing was deleted.", hint)


def of_all(half: Item) -> str:
    return f"{half['going']} of the {half['known']} jobs of {half['account']}"


def _resume(config: Path | None, output: Output, name: str) -> None:
    from monitor.cli import out
    from monitor.cli.asking import asking, segment
    from monitor.cli.sockets import live_socket

    with asking(config) as ask:
        done = ask.post(f"{PATH}/{segment(name)}/resume")
    if output is not Output.TABLE:
        out.document(output, done)
        return
    out.line(f"The policy {name} goes on; what was refused before is tried anew.")
    if live_socket(config) is None:
        out.line("No daemon answers here; it runs once one does.")


def _policies(policies: list[Item]) -> None:
    from monitor.cli import out, when
    from monitor.cli.table import Column

    columns = [
        Column(title="POLICY", least=10, wanted=20),
        Column(title="STATE", least=7, colour=lambda word: "31" if word.strip() == "stopped" else None),
        Column(title="GOES", least=4, right=True),
        Column(title="STAYS", least=5, right=True),
        Column(title="RAN", least=14),
        Column(title="", least=24, wrap=True),
    ]
    cells = [
        [
            each["name"],
            each["state"],
            str(each["goes"]),
            str(each["stays"]),
            when.short(each["ran_at"]),
            _words(each),
        ]
        for each in policies
    ]
    out.rows(columns, cells, "The config has no clean-up policy; docs/cleanup.md has examples.")


def _words(policy: Item) -> str:
    half = policy["too_many"]
    if policy["state"] == "stopped":
        return f"{stood_still(policy)}; go on: {' and then '.join(ways_on(policy)).replace('jobs cleanup ', '')}"
    if policy["state"] == "off":
        return "deletes nothing: not enabled"
    return _due(policy["next_at"]) + (f", and stops: {of_all(half)} are more than half" if half is not None else "")


def stood_still(policy: Item) -> str:
    """Why it stands still. That it would delete too much was so when it stopped, and need not be so any more."""
    reason: str = policy["reason"]
    return f"{reason.rpartition('; ')[0]}, as it was then" if MEANT in reason and not policy["too_many"] else reason


def ways_on(policy: Item) -> list[str]:
    """The commands after which a policy that stands still goes on. One that would delete too much, now as well, stops
    again, so a person runs it first."""
    name, resume = policy["name"], f"jobs cleanup --resume {policy['name']}"
    return [f"jobs cleanup {name} --yes {MEANT}", resume] if policy["too_many"] is not None else [resume]


def _due(moment: str) -> str:
    from datetime import UTC, datetime

    from monitor.cli import when

    return "due now" if when.read(moment) <= datetime.now(UTC) else f"due {when.short(moment)}"


def _jobs(jobs: list[Item], empty: str) -> None:
    from monitor.cli import out, outcomes

    if not jobs:
        out.line(empty)
        return
    outcomes.table([(job["name"], job["state"], job["account"], _why(job)) for job in jobs], empty)


def _why(job: dict[str, Any]) -> str:
    also = f", which {' and '.join(job['also'])} would do too" if job["also"] else ""
    if job["stays"] is None:
        return f"{job['policy']}: {job['why']}{also}  {job['job']}"
    return f"{job['policy']}: {job['why']}"


def _counted(stays: list[Item]) -> None:
    """How many stay for which reason, the commonest first."""
    from monitor.cli import out

    once = {(job["account"], job["job"], job["why"]) for job in stays}  # several policies may mean it
    for why, count in Counter(sorted(why for *_, why in once)).most_common():
        out.line(f"{count} {'stays' if count == 1 else 'stay'}: {why}")
    out.line("--all names each of them.")
