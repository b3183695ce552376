"""Serves the page: `/` is asked for again each time and answered by 304, its files are kept by the browser for ever."""

from __future__ import annotations

from aiohttp import hdrs, web

from monitor.web.guard import SIGNED_IN, proven
from monitor.web.page.files import File, Site, read_site
from monitor.web.reply import takes_gzip

FOR_EVER = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"


def page_routes() -> list[web.RouteDef]:
    """GET (and HEAD) of `/`, `/favicon.ico` and `/static/<version>/<file>`. Reads the files when it is called.

    What is safe (the Content-Security-Policy above all) `monitor.web.headers` adds to every answer.
    """
    site = read_site()

    async def index(request: web.Request) -> web.Response:
        return _answer(request, site.signed_in if proven(request) == SIGNED_IN else site.index, ASK_AGAIN)

    async def static(request: web.Request) -> web.Response:
        file = _asked(site, request.match_info["version"], request.match_info["path"])
        if file is None:
            return web.Response(status=404, text="There is no such file here.\n")
        return _answer(request, file, FOR_EVER)

    async def icon(request: web.Request) -> web.Response:
        return _answer(request, site.files["icon.svg"], ASK_AGAIN)

    return [
        web.get("/", index),
        web.get("/favicon.ico", icon),
        web.get("/static/{version}/{path:.+}", static),
    ]


def _asked(site: Site, version: str, path: str) -> File | None:
    """None for another version too: half of an old page and half of a new one would fit badly."""
    return site.files.get(path) if version == site.version else None


def _answer(request: web.Request, file: File, caching: str) -> web.Response:
    headers = {
        hdrs.CACHE_CONTROL: caching,
        hdrs.ETAG: f'"{file.tag}"',
        hdrs.VARY: f"{hdrs.ACCEPT_ENCODING}, {hdrs.COOKIE}" if caching == ASK_AGAIN else hdrs.ACCEPT_ENCODING,
    }
    if any(tag.value in (file.tag, "*") for tag in request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    headers[hdrs.CONTENT_TYPE] = file.content_type
    if takes_gzip(request.headers.get(hdrs.ACCEPT_ENCODING, "")):
        headers[hdrs.CONTENT_ENCODING] = "gzip"
        return web.Response(body=file.packed, headers=headers)
    return web.Response(body=file.body, headers=headers)
