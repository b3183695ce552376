"""What came of asking for deletions: followed until each is settled, then told job by job."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from monitor.cli.failure import FAILED, INTERRUPTED, PARTLY, Failure
from monitor.cli.options import Output
from monitor.cli.table import Column

if TYPE_CHECKING:
    from monitor.cli.asking import Asker
    from monitor.cli.lists import Item

PATH = "/api/v1/deletions"
TICK = 0.5
"""Seconds between two looks."""
PATIENCE, EVERY = 10.0, 30.0
"""Seconds until how far it is is told in a line, and to the next one."""
FEW = 50
"""Deletions of one question."""
SETTLED = ("deleted", "refused", "failed")


class Lines:
    """When a line is due where no terminal shows how far it is: not for what is over soon, and then now and then."""

    def __init__(self, now: float) -> None:
        self._next = now + PATIENCE

    def due(self, now: float) -> bool:
        due = now >= self._next
        self._next = now + EVERY if due else self._next
        return due


def followed(ask: Asker, outcomes: Sequence[Item]) -> list[Item]:
    """The same with each deletion as it ended. Raises Failure where somebody does not want to wait, or the daemon that
    deletes has gone."""
    from monitor.cli.progress import progress

    found = {each["deletion"]["id"]: each["deletion"] for each in outcomes if each["deletion"] is not None}
    lines = Lines(time.monotonic())
    try:
        with progress("Asking the platform …") as say:
            while waiting := [each for each, item in found.items() if item["state"] not in SETTLED]:
                time.sleep(TICK)
                found |= _read(ask, waiting)
                gone = sum(item["state"] == "deleted" for item in found.values())
                far = f"{gone} of {len(found)} deleted; {_why_it_takes(found.values())}"
                say(far)
                if not sys.stderr.isatty() and lines.due(time.monotonic()):
                    sys.stderr.write(f"{far}\n")
    except KeyboardInterrupt:
        raise _left(list(found.values())) from None
    except Failure as error:
        hint = "Whatever deletes goes on with it, a daemon that ended at its next start. See: jobs deletions --open"
        raise Failure(f"{error} {_under_way(list(found.values()))}.", hint) from error
    return [each if each["deletion"] is None else _ended(each, found[each["deletion"]["id"]]) for each in outcomes]


def report(outcomes: Sequence[Item], output: Output) -> None:
    """Prints what came of each. Raises Failure where not all were deleted."""
    from monitor.cli import out

    if output is not Output.TABLE:
        out.documents(output, outcomes)
    else:
        table([(_name(each), _state(each), each["account"], _why(each)) for each in outcomes], "Nothing was asked for.")
    done = sum(_state(each) == "deleted" for each in outcomes)
    if done == len(outcomes):
        return
    steps = "`training-monitor events list --type 'deletion.*'` has every step, with who asked."
    hint = remedy([each["refused"] for each in outcomes if each["refused"]])
    hint = hint or (steps if any(each["deletion"] is not None for each in outcomes) else "")
    if not done:
        raise Failure("No job was deleted." if outcomes else "There was nothing to delete.", hint, code=FAILED)
    raise Failure(f"{len(outcomes) - done} of {len(outcomes)} jobs were not deleted.", hint, code=PARTLY)


def remedy(reasons: Sequence[str]) -> str:
    """What helps against the refusals that are there; nothing where only waiting does."""
    from monitor.actions.guard import NEWEST, RUNNING, SAME, UNDATED

    ends = tuple(each.rpartition("{}")[2] for each in (RUNNING, SAME))
    if any("read_only" in each for each in reasons):
        return "Give the account `delete_with`, a credential that may delete: docs/cleanup.md."
    if any(each in (NEWEST, UNDATED) or each.endswith(ends) for each in reasons):
        return "Only finished jobs go, and never the newest."
    return ""


def table(rows: Sequence[tuple[str, str, str, str]], empty: str) -> None:
    """Of jobs: name, state, account, and their id with what is to be said."""
    from monitor.cli import out

    columns = [
        Column(title="NAME", least=12, wanted=24),
        Column(title="STATE", least=9, colour=out.state_colour),
        Column(title="ACCOUNT", least=8, wanted=16),
        Column(title="WHY", least=30, wrap=True),
    ]
    out.rows(columns, rows, empty)


def _read(ask: Asker, ids: Sequence[str]) -> dict[str, Item]:
    found: dict[str, Item] = {}
    for start in range(0, len(ids), FEW):
        some = list(ids[start : start + FEW])
        found |= {item["id"]: item for item in ask.items(PATH, FEW, id=some)}
    return found


def _ended(outcome: Item, deletion: Item) -> Item:
    refused = deletion["reason"] if deletion["state"] in ("refused", "failed") else None
    return {**outcome, "deletion": deletion, "refused": refused}


def _why_it_takes(deletions: Iterable[Item]) -> str:
    from monitor.actions.steps import BLIND

    blind = [item for item in deletions if item["state"] not in SETTLED and (item["reason"] or "").endswith(BLIND)]
    return f"{blind[0]['job']} waits: {BLIND}" if blind else "the platform takes its time"


def _left(deletions: Sequence[Item]) -> Failure:
    hint = "A running daemon goes on with it; without one the next `run`, or `jobs delete`. See: jobs deletions --open"
    return Failure(f"Interrupted; {_under_way(deletions).lower()}.", hint, code=INTERRUPTED)


def _under_way(deletions: Sequence[Item]) -> str:
    waiting = sum(item["state"] not in SETTLED for item in deletions)
    return f"{'One deletion is' if waiting == 1 else f'{waiting} deletions are'} still under way"


def _state(outcome: Item) -> str:
    deletion = outcome["deletion"]
    return "refused" if deletion is None else str(deletion["state"])


def _name(outcome: Item) -> str:
    deletion = outcome["deletion"]
    return str(outcome["job"] if deletion is None else deletion["name"] or outcome["job"])


def _why(outcome: Mapping[str, Any]) -> str:
    return str(outcome["refused"] or ("was being deleted already" if outcome["again"] else outcome["job"]))
