"""Takes secrets out of the platform's own texts (errors, reasons of a failure) before anybody sees them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from monitor.fields.scrub import hide

_WORDS = (
    r"password|passwd|pwd|secret|token|credentials?|authorization|api[_-]?key|access[_-]?key|secret[_-]?key|signature"
)
_RULES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE if fold else 0), put)
    for pattern, put, fold in (
        # name=value with words before and after the name, --name value
        (
            rf"([\w.-]{{0,40}}(?:{_WORDS})[\w.-]{{0,40}}[\"']?\s*[:=]\s*)(?:\"[^\"]*\"|'[^']*'|[^\s,;&\"')}}\]]+)",
            r"\1***",
            True,
        ),
        (rf"(--?[\w-]{{0,40}}(?:{_WORDS})[\w-]{{0,40}}\s+)(?:\"[^\"]*\"|'[^']*'|[^\s-]\S*)", r"\1***", True),
        (r"(\b(?:ak|sk|access)[\"']?\s*[:=]\s*[\"']?)[^\s,;\"']+", r"\1***", True),
        (r"(\b(?:ak|sk|AK|SK)\s+)(?=[A-Z0-9]*[A-Z])[A-Z0-9]{6,}\b", r"\1***", False),
        # what looks like a key by its form: known prefixes, long mixed text, long hexadecimal, 20 capitals and digits
        (r"\b(?:sk|hf|ghp|gho|glpat|xox[abp]|LTAI|AKIA|ASIA)[-_]?(?:[a-z]{2,8}-)?[A-Za-z0-9]{12,}[\w-]*", "***", False),
        (r"(?<![\w+-])(?=[\w+-]*\d)(?=[\w+-]*[a-z])(?=[\w+-]*[A-Z])[\w+-]{32,}={0,2}", "***", False),
        (r"(?<![\w-])[0-9a-fA-F]{32,}(?![\w-])", "***", False),
        (r"\b(?=[A-Z]*\d)(?=\d*[A-Z])[A-Z0-9]{20}\b", "***", False),
    )
)
_BLANK = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_LONGEST_READ = 2000


def scrub(text: str, *, limit: int, known: Iterable[str] = ()) -> str:
    """One line of at most `limit` characters without secrets: those `known` and what looks like one.

    A harmless long word may fall too; a text is a help, a key in it would be a leak.
    """
    line = text if len(text) <= _LONGEST_READ else text[:_LONGEST_READ].rpartition(" ")[0]  # half a key is no known one
    for secret in known:
        if len(secret) >= 3:
            line = line.replace(secret, "***")
    line = _BLANK.sub(" ", line).strip()
    line = hide(line, marked=True)
    for pattern, put in _RULES:
        line = pattern.sub(put, line)
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"
