"""The table of all routes."""

from __future__ import annotations

from monitor.web.api import (
    accounts,
    answers,
    budgets,
    changes,
    cleanup,
    deletions,
    deliveries,
    events,
    explanation,
    flavors,
    jobs,
    notifications,
    openapi,
    quotas,
    rules,
    running,
    silences,
    sinks,
    status,
    stock,
    usage,
)
from monitor.web.api.route import Route

_LISTED: tuple[Route, ...] = (
    *status.ROUTES,
    *accounts.ROUTES,
    *jobs.ROUTES,
    *flavors.ROUTES,
    *stock.ROUTES,
    *events.ROUTES,
    *explanation.ROUTES,
    *notifications.ROUTES,
    *answers.ROUTES,
    *deliveries.ROUTES,
    *sinks.ROUTES,
    *rules.ROUTES,
    *silences.ROUTES,
    *usage.ROUTES,
    *running.ROUTES,
    *budgets.ROUTES,
    *quotas.ROUTES,
    *changes.ROUTES,
    *deletions.ROUTES,
    *cleanup.ROUTES,
)
ROUTES: tuple[Route, ...] = (*_LISTED, openapi.route(_LISTED))
