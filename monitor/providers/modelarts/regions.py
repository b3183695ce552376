"""The regions in which the platform is known to be; only for a doubt about a name, for it may be in more by now."""

from __future__ import annotations

from difflib import get_close_matches

REGIONS = frozenset(
    {
        "af-north-1", "af-south-1", "ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4", "cn-east-3",
        "cn-east-4", "cn-north-1", "cn-north-2", "cn-north-4", "cn-north-9", "cn-north-11", "cn-north-12", "cn-south-1",
        "cn-southwest-2", "cn-southwest-3", "la-north-2", "la-south-2", "me-east-1", "sa-brazil-1", "tr-west-1",
    }
)  # fmt: skip
"""Core SDK 3.1.219, its endpoint table."""


def region_doubt(region: str) -> str | None:
    """What there is to say of a name that is none of them; it does not repeat the name."""
    if region in REGIONS:
        return None
    near = get_close_matches(region.lower(), sorted(REGIONS), n=1, cutoff=0.7)
    known = "is no region of ModelArts that this program knows"
    return f"{known}; did you mean {near[0]}?" if near else f"{known}, like cn-north-4; a new one may be right"
