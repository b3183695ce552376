"""Bars for tables in a terminal: a share of one as blocks, to an eighth of a cell; pure numbers in, text out."""

from __future__ import annotations

EIGHTHS = " ▏▎▍▌▋▊▉"
FULL = "█"


def bar(share: float, cells: int, *, plain: bool) -> str:
    """`share` (0 to 1) of `cells` cells; what is more than nothing is seen. `plain`: ASCII only."""
    share = min(1.0, max(0.0, share))
    if share == 0 or cells < 1:
        return ""
    if plain:
        return "#" * max(1, round(share * cells))
    eighths = max(1, round(share * cells * 8))
    return FULL * (eighths // 8) + EIGHTHS[eighths % 8].strip()
