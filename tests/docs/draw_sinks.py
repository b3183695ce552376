"""Draws the pictures of docs/sinks.md: what each service really receives, in a neutral frame. Run from the root with
`python -m tests.docs.draw_sinks`; each PNG bears a hash of what it shows, which a test holds against today's code."""

from __future__ import annotations

import asyncio
import hashlib
import html
import json
import re
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.kit.messages import payloads

DOCS = Path(__file__).parents[2] / "docs"
KEY = b"shows"
SECTION = re.compile(
    r"^## (.+?)\n\n    (\w+://\S+)$.*?^!\[[^\]]*\]\((images/sinks-\w+\.png)\)", re.DOTALL | re.MULTILINE
)
STYLE = """
body { margin: 0; padding: 14px; width: 572px; background: #fff; color: #1d1d1f;
       font: 12px/1.5 'DejaVu Sans Condensed', 'WenQuanYi Zen Hei', sans-serif; }
article { border: 1px solid #d0d0d5; border-left: 4px solid #8a8a92; border-radius: 6px; overflow-wrap: anywhere;
          padding: 8px 12px; margin: 0 0 10px; }
article:last-child { margin: 0; }
h2 { font-size: 13px; margin: 0 0 4px; } p { margin: 0; } small { color: #66666e; } a { color: #0a58a8; }
"""


@dataclass(frozen=True, slots=True)
class Shown:
    """A section of the page: the service, its example URL and its picture."""

    service: str
    url: str
    picture: Path


def sections() -> list[Shown]:
    page = (DOCS / "sinks.md").read_text()
    parts = re.split(r"(?=^## )", page, flags=re.MULTILINE)
    found = [match for part in parts if (match := SECTION.match(part))]
    return [Shown(match[1], match[2], DOCS / match[3]) for match in found]


def told(payload: Any) -> list[tuple[str, str]]:
    """What a person reads of a payload, in order: `title`, `text`, `markdown`, `slack` or `small`, and the words."""
    match payload:
        case {"subject": subject, "from": sender, "text": text}:
            return [("title", subject), ("small", f"from {sender}"), ("text", text)]
        case {"msgtype": "markdown", "markdown": {"text": text}}:
            return [("markdown", text)]
        case {"content": {"text": text}} | {"text": {"content": text}}:
            return [("text", text)]
        case {"attachments": [{"content": {"body": blocks}}]}:
            return [("title" if block.get("id") == "title" else "markdown", block["text"]) for block in blocks]
        case {"attachments": [{"title": title, "text": text, "footer": footer}]}:
            return [("title", title), ("slack", text), ("small", footer)]
    raise ValueError(f"a payload of an unknown shape: {sorted(payload)}")


def fingerprint(messages: list[Any]) -> str:
    """Of all that a person reads in these payloads."""
    return hashlib.sha256(json.dumps([told(payload) for payload in messages]).encode()).hexdigest()


def page(messages: list[Any]) -> str:
    boxes = "".join(f"<article>{''.join(_piece(*piece) for piece in told(payload))}</article>" for payload in messages)
    return f"<!doctype html><meta charset=utf-8><style>{STYLE}</style>{boxes}"


def _piece(kind: str, words: str) -> str:
    if kind == "title":
        return f"<h2>{html.escape(words)}</h2>"
    if kind == "small":
        return f"<p><small>{html.escape(words)}</small></p>"
    text = html.escape(words.strip().replace("\r\n", "\n"), quote=False)
    if kind == "markdown":
        text = re.sub(r"^# (.+)\n", r"<h2>\1</h2>", text)
        text = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", text)
        text = re.sub(r"\[([^\]]+)\]\(([^)]+)\)", r"<a href='#'>\1</a>", text)
        text = re.sub(r"\\(?=[^\w\s])", "", text)
    if kind == "slack":
        text = re.sub(r"&lt;[^|]+\|([^&]+)&gt;", r"<a href='#'>\1</a>", text)
        text = re.sub(r"\*(.+?)\*", r"<b>\1</b>", text)
    return f"<p>{text.replace(chr(10), '<br>')}</p>"


def labelled(png: bytes, text: str) -> bytes:
    """The PNG with `text` in a tEXt chunk before its end."""
    body = b"tEXt" + KEY + b"\0" + text.encode()
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return png[:-12] + chunk + png[-12:]


def label(png: bytes) -> str:
    """The text that `labelled` put there; empty where there is none."""
    found = re.search(b"tEXt" + KEY + rb"\0([0-9a-f]{64})", png)
    return found[1].decode() if found else ""


async def draw() -> None:
    from playwright.async_api import async_playwright

    async with async_playwright() as player:
        browser = await player.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-lcd-text"]
        )
        window = await browser.new_page(viewport={"width": 600, "height": 200})
        for shown in sections():
            messages = await payloads(shown.url)
            await window.set_content(page(messages))
            png = labelled(await window.screenshot(full_page=True), fingerprint(messages))
            shown.picture.write_bytes(png)
        await browser.close()


if __name__ == "__main__":
    asyncio.run(draw())
