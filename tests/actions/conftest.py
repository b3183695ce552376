"""Fixtures of the tests of deletions: as those of polling, whose bench they use."""

from tests.kit.postgres import postgres_server
from tests.polling.conftest import quick_fingerprints, template

__all__ = ["postgres_server", "quick_fingerprints", "template"]
