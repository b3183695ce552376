"""Budgets held against the ledger: the stage that tells when a threshold is passed, once, and the sums behind it."""

from monitor.budgets.counting import Counting, count
from monitor.budgets.stage import Budgets

__all__ = ["Budgets", "Counting", "count"]
