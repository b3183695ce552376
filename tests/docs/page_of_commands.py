"""docs/commands.md: every command with its arguments and options, from the program's own help."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer

from monitor.cli import terms
from monitor.cli.main import PROGRAM, build


def commands() -> Iterator[tuple[str, Any]]:
    """Every command by its whole name (`jobs list`), groups left out."""
    yield from _walk("", typer.main.get_command(build()))


def _walk(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    inner = getattr(command, "commands", None)
    if inner is None:
        if not command.hidden:
            yield name, command
        return
    for word, each in inner.items():
        yield from _walk(f"{name} {word}".strip(), each)


def options(command: Any) -> list[Any]:
    """The options that people may give, the arguments first; without `--config`, which every command has."""
    shown = [each for each in command.params if each.name != "config" and not getattr(each, "hidden", False)]
    return sorted(shown, key=lambda each: each.param_type_name != "argument")


def page() -> str:
    return "".join(_section(name, command) for name, command in commands())


def _section(name: str, command: Any) -> str:
    lines = [f"\n## {PROGRAM} {name}\n\n{_text(command.help)}\n"]
    rows = [_row(each) for each in options(command)]
    if rows:
        lines.append("\n| | |\n|---|---|\n" + "".join(rows))
    return "".join(lines)


def _row(option: Any) -> str:
    if option.param_type_name == "argument":
        named = f"`{terms.name(option)}`"
    else:
        named = " ".join(f"`{each}`" for each in [*option.opts, *option.secondary_opts, *terms.words(option)])
    default = option.default
    plain = isinstance(default, str | int | float) and not isinstance(default, bool)
    shown = f"{default:g}" if isinstance(default, float) else getattr(default, "value", default)
    told = f" Default: `{shown}`." if plain and default != "" else ""
    return f"| {named} | {_text(option.help)}{told} |\n"


def _text(help: str | None) -> str:
    text = " ".join((help or "").replace("\b", "").split()).replace("|", "\\|")
    head, found, example = text.partition("Example: ")
    return f"{head}Example: `{example.rstrip('.')}`" if found else text
