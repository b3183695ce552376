"""Questions on a terminal: asked on stderr, read from stdin, in whatever width and encoding it has."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from getpass import getpass

from monitor.cli.failure import FAILED, Failure

Check = Callable[[str], str | None]
"""What is wrong with an answer, None where it will do."""


def possible() -> bool:
    """Whether there is somebody to ask."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def say(text: str = "") -> None:
    """A paragraph, folded to the terminal's width."""
    from monitor.cli.table import wrapped

    for line in wrapped(text, _width()):
        _write(line + "\n")


def show(text: str) -> None:
    """A line to be copied: indented and never folded."""
    _write(f"  {text}\n")


def ask(question: str, *, default: str = "", check: Check = lambda answer: None) -> str:
    """The answer, or `default` for an empty line; asked again until `check` is content. Raises Failure at the end of
    the input."""
    while True:
        _prompt(f"{question} [{default}]: " if default else f"{question}: ")
        answer = _read() or default
        wrong = check(answer)
        if wrong is None:
            return answer
        say(f"  {wrong}")


def secret(question: str, *, check: Check = lambda answer: None) -> str:
    """Like `ask`, without showing what is typed; empty where nothing was typed, which is not checked. Raises Failure
    like it."""
    shown = f"{question}: "  # written by getpass, once nothing is echoed any more: what is typed earlier is lost
    while True:
        try:
            answer = getpass(shown, sys.stderr).strip()
        except EOFError:
            raise _ended() from None
        except UnicodeDecodeError:
            answer = "\N{REPLACEMENT CHARACTER}"
        if not answer.isprintable() or "\N{REPLACEMENT CHARACTER}" in answer:
            shown = "That holds characters that no key has; again: "
            continue
        wrong = check(answer) if answer else None
        if wrong is None:
            return answer
        say(f"  {wrong}")


def confirmed(question: str, *, default: bool = True) -> bool:
    """Yes or no. Raises Failure like `ask`."""
    words = "Y/n" if default else "y/N"

    def check(answer: str) -> str | None:
        return None if answer.lower() in ("y", "yes", "n", "no", words.lower()) else "Please answer y or n."

    answer = ask(question, default=words, check=check).lower()
    return default if answer == words.lower() else answer.startswith("y")


def choose(question: str, choices: Sequence[str], *, default: int = 1) -> int:
    """The place of one of the choices, from 0. Raises Failure like `ask`."""
    for number, choice in enumerate(choices, start=1):
        say(f"  {number}  {choice}")

    def check(answer: str) -> str | None:
        fits = answer.isdecimal() and answer.isascii() and 1 <= int(answer) <= len(choices)
        return None if fits else f"Please type a number from 1 to {len(choices)}."

    return int(ask(question, default=str(default), check=check)) - 1


def _read() -> str:
    line = sys.stdin.buffer.readline()
    if not line:
        raise _ended()
    return line.decode("utf-8", "replace").strip()


def _ended() -> Failure:
    _write("\n")
    return Failure(
        "The input ended before the last answer; nothing was written.", "Flags do as well: --help", code=FAILED
    )


def _prompt(text: str) -> None:
    from monitor.cli.table import wrapped

    *above, last = list(wrapped(text.rstrip(), max(10, _width() - 12)))
    for line in above:
        _write(line + "\n")
    _write(last + " ")


def _write(text: str) -> None:
    encoding = sys.stderr.encoding or "utf-8"
    sys.stderr.write(text.encode(encoding, "backslashreplace").decode(encoding))
    sys.stderr.flush()


def _width() -> int:
    try:
        return max(20, min(100, os.get_terminal_size(sys.stderr.fileno()).columns))
    except OSError:
        return 80
