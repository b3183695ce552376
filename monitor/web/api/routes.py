"""The table of all routes."""

from __future__ import annotations

from monitor.web.api import (
    accounts,
    changes,
    deliveries,
    events,
    flavors,
    jobs,
    notifications,
    rules,
    sinks,
    status,
    stock,
    usage,
)
from monitor.web.api.route import Route

ROUTES: tuple[Route, ...] = (
    *status.ROUTES,
    *accounts.ROUTES,
    *jobs.ROUTES,
    *flavors.ROUTES,
    *stock.ROUTES,
    *events.ROUTES,
    *notifications.ROUTES,
    *deliveries.ROUTES,
    *sinks.ROUTES,
    *rules.ROUTES,
    *usage.ROUTES,
    *changes.ROUTES,
)
