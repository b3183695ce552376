"""The table of all routes."""

from __future__ import annotations

from monitor.web.api import jobs
from monitor.web.api.route import Route

ROUTES: tuple[Route, ...] = (*jobs.ROUTES,)
