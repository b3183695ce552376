"""Draws the page behind a link: plain HTML that needs no script, every word from outside escaped."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from html import escape
from string import Template

from aiohttp import web

from monitor.store import NotificationRow
from monitor.web.answer.words import WORDS
from monitor.web.api.answered import Answered, AnswerItem
from monitor.web.signin import language

STYLE_PATH = "/static/answer.css"
POLICY = (
    "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SNOOZES = ("1h", "4h", "1d")
NAME_LENGTH = 60
STYLE = """\
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { display: grid; min-height: 90vh; place-items: center; margin: 1rem; }
main { width: min(34rem, 100%); display: grid; gap: 1rem; }
h1 { font-size: 1.25rem; margin: 0; overflow-wrap: anywhere; }
p, dl, dd { margin: 0; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.25rem 1rem; }
form { display: grid; gap: 0.75rem; }
label { display: grid; gap: 0.25rem; }
input, button { font: inherit; padding: 0.6rem 0.75rem; border: 1px solid GrayText; border-radius: 0.375rem; }
input { min-width: 0; }
button { cursor: pointer; background: Canvas; color: CanvasText; }
.first { background: light-dark(#1f4fbf, #9db8ff); color: light-dark(#fff, #10182b); border: 0; }
.later { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); gap: 0.75rem; }
input:focus-visible, button:focus-visible { outline: 3px solid light-dark(#1f4fbf, #9db8ff); outline-offset: 2px; }
.stands { border-inline-start: 4px solid light-dark(#1f4fbf, #9db8ff); padding-inline-start: 0.75rem; }
.wrong { border-inline-start: 4px solid light-dark(#b3261e, #ffb4ab); padding-inline-start: 0.75rem; }
"""
_PAGE = Template("""\
<!doctype html>
<html lang="$lang">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex, nofollow">
<title>$title</title>
<link rel="stylesheet" href="$style">
<link rel="icon" href="data:,">
</head>
<body>
<main>
$body
</main>
</body>
</html>
""")


class Drawing:
    """Draws in the language that the request asks for."""

    def __init__(self, request: web.Request) -> None:
        self._language = language(request.headers.get("Accept-Language", ""))
        self.words: Mapping[str, str] = WORDS[self._language]

    def message(self, row: NotificationRow, answer: AnswerItem | None, *, refused: str = "") -> web.Response:
        """The message and how it stands, with the form where there is still something to answer. None: its rule has
        gone from the config, or asks for no answer any more."""
        words = self.words
        parts = [
            f'<h1 lang="en" dir="auto">{escape(row.title)}</h1>',
            f"<dl>{self._fact('rule', _foreign(row.rule))}{self._fact('told', _time(row.created_at))}</dl>",
        ]
        if refused:
            parts.append(f'<p class="wrong" role="alert">{escape(words["refused"].format(why=refused))}</p>')
        parts.append(f'<p class="stands" role="status">{self._stands(answer)}</p>')
        if answer is not None and answer.state is not Answered.ACKNOWLEDGED:
            parts.append(self._form(later=answer.state is not Answered.OVER))
        return self._page("\n".join(parts), status=409 if refused else 200)

    def refusal(self, what: str, status: int) -> web.Response:
        """`expired`, `ended`, `unknown`, `often`: what is wrong with the link, and what to do instead."""
        body = f'<h1>{escape(self.words[what])}</h1>\n<p class="wrong">{escape(self.words[f"{what}.why"])}</p>'
        return self._page(body, status=status)

    def _fact(self, name: str, value: str) -> str:
        return f"<dt>{escape(self.words[name])}</dt><dd>{value}</dd>"

    def _stands(self, answer: AnswerItem | None) -> str:
        if answer is None:
            return escape(self.words[Answered.OVER.value])
        by = _foreign(answer.by or "?")
        until = _time(datetime.fromisoformat(answer.until)) if answer.until else ""
        at = _time(datetime.fromisoformat(answer.at)) if answer.at else ""
        key = "acknowledged.at" if at and answer.state is Answered.ACKNOWLEDGED else answer.state.value
        return escape(self.words[key]).format(by=by, until=until, at=at)

    def _form(self, *, later: bool) -> str:
        """It has no action: it goes where the page came from, whatever stands before us."""
        words = {name: escape(text) for name, text in self.words.items()}
        snoozes = "".join(f'<button name="do" value="{each}">{words[each]}</button>' for each in SNOOZES)
        return (
            '<form method="post">\n'
            f'<p id="about">{words["about" if later else "about.over"]}</p>\n'
            f'<label>{words["name"]}<input name="name" maxlength="{NAME_LENGTH}" autocomplete="name"></label>\n'
            f'<button class="first" name="do" value="ack" aria-describedby="about">{words["ack"]}</button>\n'
            + (f'<div class="later">{snoozes}</div>\n' if later else "")
            + "</form>"
        )

    def _page(self, body: str, *, status: int) -> web.Response:
        full = "zh-Hans" if self._language == "zh" else self._language
        text = _PAGE.substitute(lang=full, title=escape(self.words["title"]), style=STYLE_PATH, body=body)
        headers = {
            "Content-Language": full,
            "Vary": "Accept-Language",
            "Content-Security-Policy": POLICY,
            "Referrer-Policy": "no-referrer",
            "X-Robots-Tag": "noindex, nofollow",
        }
        return web.Response(text=text, content_type="text/html", status=status, headers=headers)


def _foreign(text: str) -> str:
    return f"<bdi>{escape(text)}</bdi>"


def _time(moment: datetime) -> str:
    shown = moment.strftime("%Y-%m-%d %H:%M UTC")
    return f'<time datetime="{moment.strftime("%Y-%m-%dT%H:%M:%SZ")}">{shown}</time>'
