"""A rule's own body, Markdown with values in it, made into what sinks take: the same as plain text and as Markdown.

Values are never read as Markdown: while the text is read a word stands for each, and the values are put in afterwards,
as they are into plain text, and into Markdown escaped for the place where they stand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from monitor.fields.markdown import escape
from monitor.rules.message.clean import link

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

BEGIN: Final = "\x02"
END: Final = "\x03"
"""Stand around a value in what a template puts out. No value has them inside: control signs are taken out of values."""
_HELD: Final = re.compile(f"{BEGIN}([^{BEGIN}{END}]*){END}")
_NOWHERE: Final = re.compile(r"(?<![\\!])\[([^\[\]\n]*)\]\(\)")
"""A link whose address is absent: its words alone are left."""
_NOT_BARE: Final = re.compile(r"[;*~`]")
"""What an address must not have in it, to stand in a text as it is."""


def held(words: str) -> str:
    """A value on its way through a template; blanks at its ends stay outside, so that `**{{ … }}**` stays bold."""
    core = words.strip()
    if not core:
        return words
    before, _, after = words.partition(core)
    return f"{before}{BEGIN}{core}{END}{after}"


def unheld(text: str) -> str:
    return text.replace(BEGIN, "").replace(END, "")


def forms(source: str) -> tuple[str, str]:
    """What a template put out, with the values held, as plain text and as Markdown."""
    if source.rfind(BEGIN) > source.rfind(END):
        source += END  # it was cut inside a value
    if (rest := _HELD.sub("", source)) != unheld(rest):  # a filter has mixed it up: nothing in it is Markdown then
        source = "\n".join(held(unheld(line)) for line in source.split("\n"))
    mark = "zq"
    while mark in source.lower():
        mark += "q"
    values: list[str] = []

    def word(found: re.Match[str]) -> str:
        values.append(found[1])
        return f"{mark}{len(values) - 1}x"

    text = _NOWHERE.sub(r"\1", _HELD.sub(word, source))
    words = re.compile(f"{mark}([0-9]+)x")
    page = _Page(_reader().parse(text))
    plain = words.sub(lambda found: values[int(found[1])], page.plain)
    code, links = ({int(each) for each in words.findall(part)} for part in (page.code, page.links))
    shown = {int(each) for each in words.findall(page.prose)}
    return plain, words.sub(lambda found: _put(values[at := int(found[1])], at in shown, at in code, at in links), text)


def _put(value: str, shown: bool, code: bool, link_: bool) -> str:
    """A value that stands in two places is made harmless for both."""
    if shown or not (code or link_):
        bare = link(value) is not None and not _NOT_BARE.search(value) and "\\" not in escape(value)
        return value if bare else escape(value)
    if code:
        return value.replace("`", "'")  # nothing is escaped in code, and nothing but this ends it
    return quote(value, safe="/:?#[]@!$&'*+,;=%~")


@lru_cache(maxsize=1)
def _reader() -> MarkdownIt:
    from markdown_it import MarkdownIt  # loaded here: only rules with a body need it

    # Without references: `[north]: failed` is to be read, and no hidden definition. HTML is text.
    made = MarkdownIt("commonmark", {"html": False}).enable("strikethrough").disable("reference")
    made.normalizeLink = lambda url: url  # type: ignore[method-assign]  # as it was written, for people to read
    return made


class _Page:
    """A text that was read: its plain form, and which of its words stand in code, in links' addresses or elsewhere."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.code = self.links = self.prose = ""
        self._lines: list[str] = []
        self._margin: list[str] = []
        self._first = ""
        self._end = 0
        for token in tokens:
            self._block(token)
        self.plain = "\n".join(line.rstrip() for line in self._lines).strip("\n")

    def _block(self, token: Token) -> None:
        if token.type == "list_item_open":
            # `info` is the number of an item in a numbered list.
            marker = f"{token.info}{token.markup} " if token.info else "- "
            self._first = "".join(self._margin) + marker if not self._first else self._first + marker
            self._margin.append(" " * len(marker))
        elif token.type == "blockquote_open":
            self._margin.append("> ")
        elif token.type in ("list_item_close", "blockquote_close"):
            self._margin.pop()
            self._first = ""
        elif token.type == "inline":
            self._put("".join(self._inline(token.children or [])), token)
        elif token.type in ("fence", "code_block"):
            if token.type == "fence":  # what is only indented is code to some services and text to others
                self.code += f" {token.content}"
            else:
                self.prose += f" {token.content}"
            self._put(token.content.rstrip("\n"), token)
        elif token.type == "hr":
            self._put("---", token)

    def _put(self, text: str, token: Token) -> None:
        """One blank line where there was one or more."""
        begin, end = token.map or (self._end, self._end)
        margin = "".join(self._margin)
        if self._lines and begin > self._end:
            self._lines.append(margin if margin.startswith(">") and self._lines[-1].startswith(">") else "")
        for line in text.split("\n"):
            self._lines.append((self._first or margin) + line)
            self._first = ""
        self._end = end

    def _inline(self, tokens: Sequence[Token]) -> Iterator[str]:
        opened: list[tuple[int, str]] = []
        parts: list[str] = []
        for index, token in enumerate(tokens):
            if token.type in ("softbreak", "hardbreak"):
                parts.append("\n")
            elif token.type == "link_open":
                opened.append((len(parts), str(token.attrGet("href") or "")))
                self.links += f" {opened[-1][1]}"
                alone = index == 0 or tokens[index - 1].type.endswith("break")
            elif token.type == "link_close":
                begin, url = opened.pop()
                alone = alone and (index + 1 == len(tokens) or tokens[index + 1].type.endswith("break"))
                parts[begin:] = [_linked("".join(parts[begin:]), url, alone)]
            elif token.type == "image":
                url = str(token.attrGet("src") or "")
                self.links += f" {url}"
                parts.append(_linked(token.content, url, False))
                self.prose += f" {token.content}"
            elif token.type == "code_inline":
                self.code += f" {token.content}"
                parts.append(token.content)
            elif token.content:
                self.prose += f" {token.content}"
                parts.append(token.content)
        yield from parts


def _linked(label: str, url: str, alone: bool) -> str:
    """As our own texts have it: `Console: https://…` on a line of its own, in a sentence `Console (https://…)`."""
    if not label or label in (url, url.removeprefix("mailto:")):
        return label or url
    return f"{label}: {url}" if alone else f"{label} ({url})"
