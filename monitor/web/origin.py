"""By which name we are asked, and from which page: against pages of others that a person's browser shows."""

from __future__ import annotations

import ipaddress
import re

from aiohttp import web
from yarl import URL

from monitor.web.api import Problem

_HOST = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^:\[\]/@\s]+)(?::[0-9]{1,5})?")


def check_host(request: web.Request, listen: str, public_url: str | None) -> None:
    """Raises Problem (421) for a name that is not ours: a page of somebody else whose name was made to lead to this
    machine (DNS rebinding) would otherwise read all as if it were ours. An address cannot be made to."""
    named = request.headers.getall("Host", [])
    if not named and request.version < (1, 1):
        return  # no browser
    ours = {"localhost", listen.lower(), *([URL(public_url).host] if public_url else [])}
    for host in named or [""]:
        found = _HOST.fullmatch(host)
        name = found[1].strip("[]").rstrip(".").lower() if found else ""
        if name not in ours and not _is_address(name):
            raise Problem(
                421,
                "Not our name",
                "The Host of the request is no name of this service.",
                "Ask by address or localhost, or put the name that people use into `http.public_url`.",
            )


def check_page(request: web.Request, public_url: str | None, *, needed: bool) -> None:
    """Raises Problem (403) where another site's page sends the request. `needed`: also where nothing says which."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None:
        ours = site in ("same-origin", "none")
    elif origin is not None:
        ours = origin == public_url or _place(origin) == _place(f"any://{request.headers.get('Host', '')}")
    else:
        ours = not needed
    if not ours:
        hint = "Use the page of this service itself, or the token: `Authorization: Bearer TOKEN`."
        raise Problem(403, "Not allowed", "The request comes from a page of another site.", hint)


def _place(origin: str) -> str:
    """Host and port; of the scheme a proxy that speaks TLS leaves us ignorant."""
    scheme, _, place = origin.lower().partition("://")
    for default in (":80", ":443"):
        place = place.removesuffix(default)
    return place or scheme  # `null` is no place of ours


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
