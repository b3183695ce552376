"""Makes the platform's free texts fit to be stored and shown: no secrets, no control characters, a bounded length."""

from __future__ import annotations

import re
import unicodedata

_EDGE = r"(?<![A-Za-z0-9])"
"""Where a word begins, also straight after a Chinese character (which `\b` counts as a letter)."""
_URL = re.compile(
    _EDGE + r"([a-z][a-z0-9+.-]{1,15}://)(?:[^\s/@?#]*@)?([^\s?#\"'<>]*)(?:[?#][^\s\"'<>]*)?", re.IGNORECASE
)
_SCHEME = re.compile(_EDGE + r"(bearer\s+|basic\s+(?=[A-Za-z0-9+/]{12}))[^\s,;]+", re.IGNORECASE)
_NAMED = re.compile(
    r"""(?P<name>
        (?:secret|token|passw(?:or)?d|pwd|(?:api|access)[_ -]?key(?:[_ -]?id)?|signature|credential|密钥|密码|令牌)
        [\w-]{0,12}["']?\s*[=:：]\s*)
    (?!\d{1,9}(?!\w))(?:"[^"]*"|'[^']*'|[^\s,;&"']+)""",
    re.IGNORECASE | re.VERBOSE,
)
_KEY = re.compile(_EDGE + r"(?:sk-[\w-]{4,}|LTAI\w{8,}|STS\.\w{8,}|AKIA\w{8,}|eyJ[\w-]{8,}(?:\.[\w-]+)*)")
_RANDOM = re.compile(_EDGE + r"(?=[A-Za-z+]*\d)(?=[\d+]*[A-Za-z])[A-Za-z0-9+]{32,}={0,2}")
HIDDEN = "***"


def clean(text: str, limit: int) -> str:
    """`text` on one line without control and format characters, cut to `limit` characters."""
    flat = text[: 4 * limit]
    if not flat.isprintable():
        flat = "".join(" " if unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp") else c for c in flat)
    flat = " ".join(flat.split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"


def scrub(text: str, limit: int = 500) -> str:
    """`clean`, and what may be secret replaced by `***`: users and queries of URLs, keys, tokens, named secrets.

    It hides too much rather than too little: any unbroken run of 32 letters and digits goes too.
    """
    text = clean(text, 4 * limit)
    text = _URL.sub(r"\1\2", text)
    text = _SCHEME.sub(rf"\1{HIDDEN}", text)
    text = _NAMED.sub(rf"\g<name>{HIDDEN}", text)
    text = _KEY.sub(HIDDEN, text)
    text = _RANDOM.sub(HIDDEN, text)
    return clean(text, limit)
