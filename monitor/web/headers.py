"""The headers that every answer of the web bears: no page of ours is framed, sniffed or made to call out."""

from __future__ import annotations

from aiohttp import web

CONTENT_SECURITY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
_ALWAYS = {
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Server": "training-monitor",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def secure(response: web.StreamResponse) -> None:
    """Adds them. How long an answer may be kept (the default is not at all), and that no page hears where a link was
    (the address of a signed one is itself the secret), and what stricter policy a page needs, its maker may say."""
    response.headers.update(_ALWAYS)
    response.headers.setdefault("Cache-Control", "no-store")
    # under no-referrer a browser sends `Origin: null` with a form, and no form of ours could prove where it comes from
    response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY)
    usual = "same-origin" if response.content_type == "text/html" else "no-referrer"
    response.headers.setdefault("Referrer-Policy", usual)


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """For `Application.on_response_prepare`."""
    secure(response)
