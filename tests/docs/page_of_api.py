"""docs/api.md: what the HTTP port and the control socket answer, from the table of routes."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from monitor.web.api.route import Route
from monitor.web.api.routes import ROUTES


def page() -> str:
    reads = [route for route in ROUTES if route.method == "GET"]
    changes = [route for route in ROUTES if route.method != "GET"]
    return f"\n## What can be read\n\n{_table(reads)}\n## What changes something\n\n{_table(changes)}"


def _table(routes: list[Route]) -> str:
    rows = "".join(f"| `{route.method} {route.path}` | {_asked(route)} | {route.summary} |\n" for route in routes)
    return f"| route | parameters | |\n|---|---|---|\n{rows}"


def _asked(route: Route) -> str:
    fixed = set(re.findall(r"\{(\w+)\}", route.path))
    named: list[Any] = [each.encode_name for each in msgspec.structs.fields(route.asked)]
    return " ".join(f"`{name}`" for name in named if name not in fixed)
