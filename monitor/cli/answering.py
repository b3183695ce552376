"""The work of `notifications ack` and `snooze`: each message by itself, one that cannot be answered harms no other."""

from __future__ import annotations

from pathlib import Path

from monitor.cli.failure import USAGE, Failure
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
    from monitor.cli.asking import asking
    from monitor.cli.oneach import each
    from monitor.cli.silencing import login

    if what == "snooze" and (lasting is None) == (until is None):
        wrong = "A snooze needs an end." if lasting is None else "--for and --until are both given."
        raise Failure(wrong, "Give --for 2h, or --until with a time; one of the two.", code=USAGE)
    asked = {"by": by or login(), "for": lasting, "until": until}
    with asking(config) as ask:
        found = each(ask, PATH, ids, what, **asked)
    if output is not Output.TABLE:
        out.documents(output, found.done)
    else:
        for item in found.done:
            until_ = item["answer"]["until"] if item["answer"] else None
            said = "acknowledged" if what == "ack" else f"put off until {when.full(until_)}"
            out.line(f"{item['id']} is {said}: {item['title']}")
    found.complain(lambda number: f"{number} could not be answered.")
