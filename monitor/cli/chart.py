"""Bars and small curves for tables in a terminal: blocks to an eighth of a cell; pure numbers in, text out."""

from __future__ import annotations

from collections.abc import Sequence

EIGHTHS = " ▏▎▍▌▋▊▉"
FULL = "█"
LEVELS = "▁▂▃▄▅▆▇█"
PLAIN_LEVELS = ".:-=+*#@"


def bar(share: float, cells: int, *, plain: bool) -> str:
    """`share` (0 to 1) of `cells` cells; what is more than nothing is seen. `plain`: ASCII only."""
    share = min(1.0, max(0.0, share))
    if share == 0 or cells < 1:
        return ""
    if plain:
        return "#" * max(1, round(share * cells))
    eighths = max(1, round(share * cells * 8))
    return FULL * (eighths // 8) + EIGHTHS[eighths % 8].strip()


def sparkline(values: Sequence[int], cells: int, *, plain: bool) -> str:
    """The values as one line of at most `cells`, of which each may stand for several; nothing is a blank."""
    if not values or cells < 1:
        return ""
    each = -(-len(values) // cells)
    sums = [sum(values[begin : begin + each]) for begin in range(0, len(values), each)]
    most, levels = max(sums), PLAIN_LEVELS if plain else LEVELS
    return "".join(levels[min(7, (value * 8 - 1) // most)] if value else " " for value in sums)
