"""Fixtures of the tests of deletions: as those of polling, whose bench they use."""

from tests.polling.conftest import quick_fingerprints, template

__all__ = ["quick_fingerprints", "template"]
