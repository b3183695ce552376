"""Budgets held against the ledger: the stage that tells when a threshold is passed, once, and the sums behind it."""
