"""The help of every command: as wide as the terminal, and with examples at its end."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from functools import partial
from typing import Any

from monitor.cli import terms
from monitor.cli.examples import EXAMPLES

WIDEST = 80
NARROW = 60
"""Below so many columns the text of an option stands under it."""


def dress(command: Any, program: str) -> Any:
    """`command` and all below it, with the formatter and the examples. Returns it."""
    context = command.context_class
    formatter = type("Formatter", (context.formatter_class,), {"write_dl": _definitions, "write_usage": _usage})
    width = max(20, min(WIDEST, shutil.get_terminal_size((WIDEST, 24)).columns))
    command.context_settings = {**command.context_settings, "terminal_width": width}
    _dress(command, program, "", type("Context", (context,), {"formatter_class": formatter}))
    return command


def _dress(command: Any, program: str, path: str, context: type[Any]) -> None:
    command.context_class = context
    for param in command.params:
        terms.dress(param)
    command.format_epilog = partial(_examples, [(why, f"{program} {typed}") for why, typed in EXAMPLES.get(path, ())])
    for name, each in getattr(command, "commands", {}).items():
        each.short_help = each.short_help or (each.help or "").split("\n\n")[0]  # whole: it is wrapped, not cut
        _dress(each, program, f"{path} {name}".strip(), context)


def _examples(examples: Sequence[tuple[str, str]], ctx: Any, formatter: Any) -> None:
    if not examples:
        return
    from monitor.cli.table import wrapped

    formatter.write_paragraph()
    formatter.write("Examples:\n")
    for why, typed in examples:
        for line in [*(f"# {part}" for part in wrapped(why, formatter.width - 4)), *folded(typed, formatter.width - 2)]:
            formatter.write(f"  {line}\n")


def folded(typed: str, width: int) -> list[str]:
    """A command in lines that a shell takes as one; quoted words stay whole."""
    lines = [""]
    for word in re.findall(r"""(?:[^\s'"]|'[^']*'|"[^"]*")+""", typed):
        joined = f"{lines[-1]} {word}".lstrip() if lines[-1].strip() else f"{lines[-1]}{word}"
        if len(joined) > width - 2 and lines[-1].strip():
            lines[-1] += " \\"
            joined = f"    {word}"
            lines.append("")
        lines[-1] = joined
    return lines


def _usage(formatter: Any, prog: str, args: str = "", prefix: str | None = None) -> None:
    from monitor.cli.table import wrapped

    head = prefix or "Usage: "
    for number, line in enumerate(wrapped(f"{prog} {args}".strip(), formatter.width - len(head))):
        formatter.write((head if number == 0 else " " * len(head)) + line + "\n")


def _definitions(formatter: Any, rows: Any, col_max: int = 30, col_spacing: int = 2) -> None:
    """Options or commands with their texts: beside them, or on a narrow terminal below."""
    if formatter.width >= NARROW:
        super(type(formatter), formatter).write_dl(rows, col_max, col_spacing)
        return
    from monitor.cli.table import wrapped

    for term, text in rows:
        for line in wrapped(term, formatter.width - formatter.current_indent):
            formatter.write(f"{'':>{formatter.current_indent}}{line}\n")
        if text:
            formatter.indent()
            formatter.indent()
            formatter.write_text(text)
            formatter.dedent()
            formatter.dedent()
