"""Where an Apprise plugin connects to, as far as its attributes tell it without a token of the URL in the host."""

from __future__ import annotations

import re
from typing import Any

from yarl import URL

from monitor.sinks.options import Place

_FIXED = ("notify_url", "webhook_url")
"""Attributes of plugins whose service lives at one address."""
_OWN_HOST = frozenset({"json", "xml", "form", "apprise", "gotify", "mmost", "rocket", "workflow", "workflows"})
"""Schemes whose URL names a host where others hold a token (without the `s` of their secure form)."""
_HOST = re.compile(r"[A-Za-z0-9.-]+|[0-9A-Fa-f:]+")


def place_in(plugin: Any, scheme: str) -> Place | None:
    """None where only the library knows."""
    smtp = getattr(plugin, "smtp_host", None)
    if isinstance(smtp, str) and isinstance(plugin.port, int):
        return _shown(smtp, plugin.port, getattr(plugin, "secure_mode", "") == "ssl")
    for name in _FIXED:
        url = getattr(type(plugin), name, None)
        if isinstance(url, str) and url.startswith("http"):
            parts = URL(url.partition("{")[0])
            return _shown(parts.host or "", parts.port or 443, parts.scheme == "https")
    if scheme.removesuffix("s") in _OWN_HOST or scheme in _OWN_HOST:
        tls = bool(plugin.secure)
        return _shown(str(plugin.host), plugin.port or (443 if tls else 80), tls)
    return None


def _shown(host: str, port: int, tls: bool) -> Place | None:
    return Place(host, port, tls) if _HOST.fullmatch(host) else None
