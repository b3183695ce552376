"""The PostgreSQL server that is killed under the daemon."""

from __future__ import annotations

from tests.kit.postgres import postgres_server as postgres_server
