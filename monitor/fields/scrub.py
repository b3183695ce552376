"""What must never be shown, found by its looks: users and queries of URLs, named or announced credentials, keys.

One set of patterns for the log and for what platforms write; each adds what only it meets.
"""

from __future__ import annotations

import re

HIDDEN = "***"
EDGE = r"(?<![A-Za-z0-9])"
"""Where a word begins, also straight after a Chinese character (which `\\b` counts as a letter)."""

_URL = re.compile(
    EDGE + r"([a-z][a-z0-9+.-]{1,20}://)([^\s/?#\"'<>]*@)?([^\s?#\"'<>]*)([?#][^\s\"'<>]*)?", re.IGNORECASE
)
_SCHEME = re.compile(
    EDGE
    + r"""(?:(sdk-hmac-sha256\s+)[^\n"']+ | (bearer\s+)[^\s,;"']+
    | (basic\s+)(?=(?-i:[a-z]*[A-Z0-9+/=]))[A-Za-z0-9+/=]{6,})""",
    re.IGNORECASE | re.VERBOSE,
)
_VALUE = r"""(?:"[^"]*"|'[^']*'|[^\s,;&"'}]+)"""
_ENDING = r"""[\w-]{0,40}["']?\s*[=:：]\s*"""
_NAMED = re.compile(
    rf"""((?:secret|passw(?:or)?d|pwd|(?:api|access)[_ -]?key(?:[_ -]id)?|signature|credential|密钥|密码|令牌){_ENDING}
    |token{_ENDING}(?!\d{{1,12}}(?!\w))
    |authorization["']?\s*[=:：]\s*(?!["']?(?:bearer|basic|sdk-hmac-sha256)\s)){_VALUE}""",
    re.IGNORECASE | re.VERBOSE,
)
"""A number after `token` is a count of training tokens."""
_KEY = re.compile(
    EDGE + r"(?:sk-[\w-]{4,}|LTAI\w{8,}|STS\.\w{8,}|A[KS]IA\w{8,}|whsec_[\w+/=-]{8,}|xox[abp]-[\w-]{8,}"
    r"|gh[pousr]_\w{16,}|glpat-[\w-]{12,}|hf_\w{12,}|eyJ[\w-]{4,}(?:\.[\w-]+)*)"
)


def hide(text: str, *, marked: bool = False) -> str:
    """`text` without what looks secret; takes time that is linear in its length. `marked`: `***` also stands where a
    URL had a user or a query, which else are left out."""
    text = _URL.sub(_marked if marked else r"\1\3", text)
    text = _SCHEME.sub(lambda found: f"{found[1] or found[2] or found[3]}{HIDDEN}", text)
    text = _NAMED.sub(rf"\1{HIDDEN}", text)
    return _KEY.sub(HIDDEN, text)


def _marked(found: re.Match[str]) -> str:
    user, query = f"{HIDDEN}@" if found[2] else "", f"?{HIDDEN}" if found[4] else ""
    return f"{found[1]}{user}{found[3]}{query}"
