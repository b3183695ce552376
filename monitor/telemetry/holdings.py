"""The metrics of what accounts hold and use: jobs, quotas, budgets, the ledger, deletions and clean-up policies."""

from __future__ import annotations

from typing import Final

from monitor.telemetry.measure import Measure

DELETIONS: Final = Measure(
    "deletions_total",
    "counter",
    "Deletions that came to an end: `deleted`, `refused` (nothing was deleted; without those that were not tried after"
    " the first), `failed` (nobody can say).",
    ("account", "outcome"),
)
BUDGET_USED: Final = Measure(
    "budget_used_ratio",
    "gauge",
    "How much of the budget is used in the period that lasts: 1 is all of it. Missing until it is counted.",
    ("budget",),
)
JOBS: Final = Measure("jobs_active", "gauge", "Jobs that have not ended, by their state.", ("account", "state"))
QUOTA_USED: Final = Measure(
    "quota_used",
    "gauge",
    "Jobs of the account that count against its cap, by the platform's word (`job-num`) or as counted here (`jobs`).",
    ("account", "resource"),
)
QUOTA_CAP: Final = Measure(
    "quota_cap",
    "gauge",
    "How many jobs the account may have, by the platform or `job_cap`; missing where neither says.",
    ("account", "resource"),
)
DELETIONS_OPEN: Final = Measure(
    "deletions_open", "gauge", "Deletions that were asked for and have not ended.", ("account",)
)
CLEANUP_STOPPED: Final = Measure(
    "cleanup_policy_stopped",
    "gauge",
    "1 where the policy is enabled and stands still until somebody lets it go on, else 0.",
    ("policy",),
)
BOOKED_TOKENS: Final = Measure(
    "booked_tokens",
    "gauge",
    "Tokens that the ledger holds for the account, of all time. A correction may take away: ask for `delta`, not for "
    "`increase`. So of the three below.",
    ("account",),
)
BOOKED_NODE_SECONDS: Final = Measure(
    "booked_node_seconds", "gauge", "Time of nodes that the ledger holds for the account, of all time.", ("account",)
)
BOOKED_CARD_SECONDS: Final = Measure(
    "booked_card_seconds", "gauge", "Time of cards that the ledger holds for the account, of all time.", ("account",)
)
BOOKED_COST: Final = Measure(
    "booked_cost",
    "gauge",
    "What that cost by the prices of its day, by currency, of all time; what has no price is not in it.",
    ("account", "currency"),
)
