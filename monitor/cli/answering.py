"""The work of `notifications ack` and `snooze`: each message by itself, one that cannot be answered harms no other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from monitor.cli.failure import PARTLY, USAGE, Failure
from monitor.cli.options import Output

PATH = "/api/v1/notifications"


def answer(
    config: Path | None,
    output: Output,
    what: str,
    ids: list[str],
    *,
    by: str | None,
    lasting: str | None = None,
    until: str | None = None,
) -> None:
    """Raises Failure: none was answered, or (PARTLY) some were not."""
    from monitor.cli import out, when
    from monitor.cli.asking import asking, segment
    from monitor.cli.ids import whole
    from monitor.cli.silencing import login

    if what == "snooze" and (lasting is None) == (until is None):
        wrong = "A snooze needs an end." if lasting is None else "--for and --until are both given."
        raise Failure(wrong, "Give --for 2h, or --until with a time; one of the two.", code=USAGE)
    asked = {"by": by or login(), "for": lasting, "until": until}
    done: list[dict[str, Any]] = []
    failed: list[tuple[str, Failure]] = []
    with asking(config) as ask:
        for name in ids:
            try:
                done.append(ask.post(f"{PATH}/{segment(whole(ask, PATH, name))}/{what}", **asked))
            except Failure as failure:
                failed.append((name, failure))
    if output is not Output.TABLE:
        out.documents(output, done)
    else:
        for item in done:
            until_ = item["answer"]["until"] if item["answer"] else None
            said = "acknowledged" if what == "ack" else f"put off until {when.full(until_)}"
            out.line(f"{item['id']} is {said}: {item['title']}")
    if failed:
        _tell(len(done), failed)


def _tell(done: int, failed: list[tuple[str, Failure]]) -> None:
    first = failed[0][1]
    if not done and len(failed) == 1:
        raise first
    raise Failure(
        f"{len(failed)} could not be answered.",
        first.hint,
        code=PARTLY if done else first.code,
        details=tuple(f"{name}: {failure}" for name, failure in failed[:20]),
    )
