"""Events as a table and as lines, with what a message would say of each; from the API's documents."""

from __future__ import annotations

from typing import Any


def history_table(events: list[dict[str, Any]], empty: str) -> None:
    """Events in the order given, or the sentence `empty`."""
    from monitor.cli import out
    from monitor.cli.table import Column

    columns = [
        Column(title="SEQ", least=3, right=True),
        Column(title="TIME", least=14),
        Column(title="TYPE", least=14),
        Column(title="WHAT", least=20, wrap=True),
    ]
    out.rows(columns, [cells(event) for event in events], empty)


def cells(event: dict[str, Any]) -> list[str]:
    from monitor.cli import when

    where = f"  [{event['account']}]" if event["account"] else ""
    return [str(event["seq"]), when.short(event["time"]), event["type"], event["title"] + _asked(event["data"]) + where]


def _asked(data: dict[str, Any]) -> str:
    """Of a deletion: why, and who wants or wanted it."""
    if "deletion" not in data:
        return ""
    from monitor.rules.message.facts import REASON, Facts
    from monitor.rules.message.jobs import asker

    why, who = Facts(data).part("deletion").text("reason", REASON), asker(Facts(data))
    return (f"; {why}" if why else "") + (f"; asked for by {who}" if who else "")


def print_line(event: dict[str, Any]) -> None:
    """One event in columns that do not depend on what comes later; on a narrow terminal the text stands below."""
    from monitor.cli import out
    from monitor.cli.table import shown, wrapped

    _, time, kind, what = (shown(cell, out.plain()) for cell in cells(event))
    head = f"{time}  {kind:<18}"
    beside = len(head) + 2 + 30 <= out.width()
    margin = len(head) + 2 if beside else 2
    if not beside:
        out.line(head.rstrip())
    for number, part in enumerate(wrapped(what, out.width() - margin)):
        out.line((f"{head}  " if number == 0 and beside else " " * margin) + part)
