"""The sign-in page: a person gives the token once and gets a session; a plain form that needs no script."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from string import Template
from urllib.parse import parse_qs

from aiohttp import web

from monitor.settings.root import HttpOptions
from monitor.web.carry import read_body
from monitor.web.guard import SIGN_IN, too_many
from monitor.web.origin import check_page
from monitor.web.session import COOKIE, LIFE, Sessions
from monitor.web.tries import Tries, whence

STYLE_PATH = "/static/sign-in.css"
_STYLE = """\
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { display: grid; min-height: 90vh; place-items: center; margin: 1rem; }
form { display: grid; gap: 0.75rem; width: min(22rem, 100%); }
h1 { font-size: 1.25rem; margin: 0; }
p { margin: 0; }
label { display: grid; gap: 0.25rem; }
input, button { font: inherit; padding: 0.5rem 0.75rem; border: 1px solid GrayText; border-radius: 0.375rem; }
button { cursor: pointer; background: light-dark(#1f4fbf, #9db8ff); color: light-dark(#fff, #10182b); border: 0; }
input:focus-visible, button:focus-visible { outline: 3px solid light-dark(#1f4fbf, #9db8ff); outline-offset: 2px; }
.wrong { border-inline-start: 4px solid light-dark(#b3261e, #ffb4ab); padding-inline-start: 0.75rem; }
"""
_PAGE = Template("""\
<!doctype html>
<html lang="$lang">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<link rel="stylesheet" href="$style">
<link rel="icon" href="data:,">
</head>
<body>
<main>
<form method="post" action="$action">
<h1>$title</h1>
$wrong<p id="about">$about</p>
<label>$label
<input type="password" name="token" required autofocus autocomplete="current-password" aria-describedby="about">
</label>
<button type="submit">$button</button>
</form>
</main>
</body>
</html>
""")
_WORDS = {
    "en": {
        "title": "Training Monitor: sign in",
        "about": "Give the token that http.token of the config file names. The session lasts 12 hours.",
        "label": "Token",
        "button": "Sign in",
        "wrong": "This is not the token.",
    },
    "zh": {
        "title": "Training Monitor：登录",
        "about": "请输入配置文件中 http.token 指定的令牌。登录有效期为 12 小时。",
        "label": "令牌",
        "button": "登录",
        "wrong": "令牌不正确。",
    },
}


def sign_in_routes(options: Callable[[], HttpOptions], sessions: Sessions, tries: Tries) -> list[web.RouteDef]:
    """The form, what it sends, its style, and the way out. Without `http.token` the form leads to the page at once."""

    async def show(request: web.Request) -> web.Response:
        return _to("/") if options().token is None else _form(request)

    async def sign_in(request: web.Request) -> web.Response:
        now = options()
        if now.token is None:
            return _to("/")
        check_page(request, now.public_url, needed=False)
        given, address = _given(await read_body(request)), whence(request, now.public_url)
        if tries.full(address):
            return too_many()
        if not sessions.is_token(given, now.token):
            await tries.wrong(address)
            return _form(request, wrong=True)
        return _with_session(_to("/"), sessions.open(now.token), now)

    async def sign_out(request: web.Request) -> web.Response:
        now = options()
        check_page(request, now.public_url, needed=False)
        if now.token is not None:
            sessions.end(request.cookies.get(COOKIE, ""), now.token)
        answer = _to(SIGN_IN)
        answer.del_cookie(COOKIE, path="/", httponly=True, samesite="Strict")
        return answer

    async def style(request: web.Request) -> web.Response:
        return web.Response(text=_STYLE, content_type="text/css", headers={"Cache-Control": "max-age=3600"})

    return [
        web.get(SIGN_IN, show),
        web.post(SIGN_IN, sign_in),
        web.post("/sign-out", sign_out),
        web.get(STYLE_PATH, style),
    ]


def language(accepted: str) -> str:
    """`zh` where Accept-Language likes Chinese better than English, else `en`."""
    weights: dict[str, float] = {}
    for part in accepted.lower().split(","):
        name, _, weight = part.strip().partition(";q=")
        try:
            weights.setdefault(name.split("-")[0], float(weight or 1))
        except ValueError:
            continue
    return "zh" if weights.get("zh", 0) > weights.get("en", 0) else "en"


def _given(body: bytes) -> str:
    """The form's token; empty where the body is none of ours."""
    try:
        return parse_qs(body.decode(errors="replace"), max_num_fields=10).get("token", [""])[0].strip()
    except ValueError:
        return ""


def _form(request: web.Request, *, wrong: bool = False) -> web.Response:
    lang = language(request.headers.get("Accept-Language", ""))
    words = {name: escape(text) for name, text in _WORDS[lang].items()}
    said = f'<p class="wrong" role="alert">{words["wrong"]}</p>\n' if wrong else ""
    full = "zh-Hans" if lang == "zh" else lang
    page = _PAGE.substitute(words, lang=full, style=STYLE_PATH, action=SIGN_IN, wrong=said)
    headers = {"Content-Language": full, "Vary": "Accept-Language"}
    return web.Response(text=page, content_type="text/html", status=401 if wrong else 200, headers=headers)


def _with_session(answer: web.Response, cookie: str, options: HttpOptions) -> web.Response:
    https = (options.public_url or "").startswith("https:")
    answer.set_cookie(COOKIE, cookie, max_age=LIFE, path="/", httponly=True, samesite="Strict", secure=https)
    return answer


def _to(path: str) -> web.Response:
    return web.Response(status=303, headers={"Location": path})
