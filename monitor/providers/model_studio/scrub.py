"""Makes the platform's free texts fit to be stored and shown: no secrets, no control characters, a bounded length."""

from __future__ import annotations

import re
import unicodedata

from monitor.fields.scrub import EDGE, HIDDEN, hide

_RANDOM = re.compile(EDGE + r"(?=[A-Za-z+]*\d)(?=[\d+]*[A-Za-z])[A-Za-z0-9+]{32,}={0,2}")


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
    text = _RANDOM.sub(HIDDEN, hide(text))
    return clean(text, limit)
