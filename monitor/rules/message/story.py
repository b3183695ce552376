"""One event told: a title, lines of label and value, and a short form for lists. Values are clean, not yet escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from monitor.fields.markdown import escape
from monitor.model import Text
from monitor.rules.message.clean import cut

TITLE = 120
_OWN_WORDS = (
    "training ",
    "account ",
    "rule ",
    "budget ",
    "cleanup policy ",
    "sink ",
    "store ",
    "catching ",
    "not acknowledged ",
    "still: ",
    "resolved: ",
    "silence ",
)
"""Only our own words get a capital at the start of a title; a name stays as it is."""


@dataclass(frozen=True, slots=True)
class Line:
    label: str
    value: str
    url: bool = False


@dataclass(frozen=True, slots=True)
class Story:
    """`what` and `happened` make the title (`<what> <happened>`); `more` goes behind them in a list, and `alone` is the
    title of a message about nothing else, where that can say more."""

    what: str
    happened: str
    lines: tuple[Line, ...] = ()
    more: str = ""
    alone: str = ""

    @property
    def title(self) -> str:
        return f"{self.what} {self.happened}".strip()


@dataclass(frozen=True, slots=True)
class Section:
    """A list under a heading; without rows it is left out."""

    heading: str
    rows: Sequence[str]


def sheet(title: str, lines: Iterable[Line], sections: Iterable[Section]) -> Text:
    """The text of a report: lines, then lists under headings."""
    head = told(title, lines)
    kept = [section for section in sections if section.rows]
    plain = [f"{section.heading}:\n" + "\n".join(f"- {row}" for row in section.rows) for section in kept]
    marked = [f"**{section.heading}**\n\n" + "\n".join(f"- {escape(row)}" for row in section.rows) for section in kept]
    return Text(
        title=head.title, plain="\n\n".join([head.plain, *plain]), markdown="\n\n".join([head.markdown, *marked])
    )


def told(title: str, lines: Iterable[Line], bullets: Iterable[str] = ()) -> Text:
    """The text of a message. `bullets` stand below the lines."""
    lines = tuple(lines)
    bullets = tuple(bullets)
    plain = [f"{line.label}: {line.value}" if line.label else line.value for line in lines]
    marked = [_marked(line) for line in lines]
    return Text(
        title=cut(title[:1].upper() + title[1:] if title.startswith(_OWN_WORDS) else title, TITLE),
        plain="\n".join([*plain, *(f"- {bullet}" for bullet in bullets)]),
        markdown="\n\n".join(
            part for part in ("  \n".join(marked), "\n".join(f"- {escape(bullet)}" for bullet in bullets)) if part
        ),
    )


def _marked(line: Line) -> str:
    if line.url:
        return f"[{line.label}]({line.value})"
    return f"**{line.label}:** {escape(line.value)}" if line.label else escape(line.value)
