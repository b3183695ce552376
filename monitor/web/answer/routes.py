"""Serves `/answer/<token>`: GET shows, POST does. The signed link is the permission, with or without `http.token`."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs

import structlog
from aiohttp import web

from monitor.routing.links import PATH, BadLink, LinkEnded, LinkExpired, read
from monitor.store import Connection
from monitor.store.answers import count_answers, link_keys
from monitor.web.answer.page import NAME_LENGTH, SNOOZES, STYLE, STYLE_PATH, Drawing
from monitor.web.api import Inside, Problem
from monitor.web.api.answered import Answered
from monitor.web.api.answers import SnoozeAsked, acknowledge, already, signed, snooze, state_of
from monitor.web.carry import read_body
from monitor.web.guard import too_many
from monitor.web.reply import problem
from monitor.web.tries import Tries, whence

NOBODY = "somebody with the link"
MOST = 20
"""Answers that one message takes by its link, so that nobody fills the log with one."""
_log = structlog.get_logger("web")


def answer_routes(inside: Callable[[], Inside], tries: Tries) -> list[web.RouteDef]:
    """The page, what its form sends, and its style."""

    async def show(request: web.Request) -> web.StreamResponse:
        found = await _opened(request, inside(), tries)
        return found if isinstance(found, web.StreamResponse) else await _shown(request, inside(), found)

    async def act(request: web.Request) -> web.StreamResponse:
        found = await _opened(request, inside(), tries)
        if isinstance(found, web.StreamResponse):
            return found
        return await _done(request, inside(), found, _form(await read_body(request)))

    async def style(request: web.Request) -> web.Response:
        return web.Response(text=STYLE, content_type="text/css", headers={"Cache-Control": "max-age=3600"})

    path = PATH + "{token}"
    return [web.get(path, show), web.post(path, act), web.get(STYLE_PATH, style)]


async def _opened(request: web.Request, inside: Inside, tries: Tries) -> str | web.StreamResponse:
    """The notification that the link stands for, or why it stands for none. Who guesses waits as at the sign-in."""
    key, before = await inside.store.read(link_keys)
    address = whence(request, inside.settings.http.public_url)
    if tries.full(address):  # nothing is waited for between this look and the count of a wrong one
        return too_many()
    try:
        if key is None:
            raise BadLink
        return read(key, request.match_info["token"], inside.clock.now(), before)
    except LinkEnded:
        return Drawing(request).refusal("ended", 410)
    except LinkExpired:
        return Drawing(request).refusal("expired", 410)
    except BadLink:
        await tries.wrong(address)
        return Drawing(request).refusal("unknown", 404)


async def _shown(request: web.Request, inside: Inside, id: str, *, refused: str = "") -> web.StreamResponse:
    """Reads and nothing else: link previews and scanners open every link that they see."""
    found = await inside.store.read(lambda conn: state_of(conn, inside, id))
    if found is None:
        return Drawing(request).refusal("unknown", 404)
    return Drawing(request).message(*found, refused=refused)


async def _done(request: web.Request, inside: Inside, id: str, form: tuple[str, str]) -> web.StreamResponse:
    """Does it, and leads back to the page, which then tells how it stands."""
    what, name = form

    def write(conn: Connection) -> bool:
        if count_answers(conn, id) >= MOST:
            return False
        found = state_of(conn, inside, id)
        if found is not None and found[1] is not None and found[1].state is Answered.ACKNOWLEDGED:
            if what == "ack":
                return True  # a second click
            raise already(found[1])  # this page was opened before somebody took care of it
        if what == "ack":
            acknowledge(conn, inside, id, by)
        else:
            snooze(conn, inside, SnoozeAsked(id=id, lasting=what), by)
        return True

    drawing = Drawing(request)
    by = signed("by the link", name) if name else NOBODY
    if what != "ack" and what not in SNOOZES:
        return problem(400, "Bad request", "The form says neither ack nor for how long to snooze.", "Use the page.")
    try:
        if not await inside.store.write(write):
            return drawing.refusal("often", 429)
    except Problem as found:
        return await _shown(request, inside, id, refused=found.detail)
    inside.ring()
    _log.info("a message was answered by its link", by=by, notification=id, what=what)
    return web.Response(status=303, headers={"Location": request.match_info["token"], "Referrer-Policy": "no-referrer"})


def _form(body: bytes) -> tuple[str, str]:
    """What is to be done and by whom; empty where the body is none of ours."""
    try:
        fields = parse_qs(body.decode(errors="replace"), max_num_fields=10)
    except ValueError:
        return "", ""
    name = "".join(sign for sign in fields.get("name", [""])[0] if sign.isprintable())
    return fields.get("do", [""])[0], " ".join(name.split())[:NAME_LENGTH]
