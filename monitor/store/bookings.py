"""The ledger's rows: tokens, or the time of nodes and cards, and their cost, as they were booked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import Connection

from monitor.store.prepared import insert_into
from monitor.store.tables import bookings


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingRow:
    """One booking. `tokens`, `node_ms`, `card_ms` (milliseconds of nodes and of cards) and `cost` are what it adds to
    what was booked before; a correction may take away. `at`: when the job ended, as far as that is known."""

    account: str
    provider: str
    scope_id: int
    job_id: str
    job_name: str
    model: str | None
    creator: str | None
    labels: Mapping[str, str]
    at: datetime
    tokens: int
    cost: Decimal | None
    currency: str | None
    correction: bool = False
    node_ms: int = 0
    card_ms: int = 0
    flavor: str | None = None
    region: str | None = None
    workspace: str | None = None
    kind: str | None = None
    """The job's training type."""


_INSERT = insert_into(bookings, *(column.name for column in bookings.columns if column.name != "id"))


def book(conn: Connection, *rows: BookingRow) -> None:
    """Writes bookings. They belong into the transaction that moves what their jobs say is booked."""
    _INSERT.many(conn, [_columns(row) for row in rows])


def _columns(booking: BookingRow) -> dict[str, Any]:
    return {
        "account": booking.account,
        "provider": booking.provider,
        "scope_id": booking.scope_id,
        "job_id": booking.job_id,
        "job_name": booking.job_name,
        "model": booking.model,
        "creator": booking.creator,
        "labels": msgspec.json.encode(booking.labels).decode(),
        "flavor": booking.flavor,
        "region": booking.region,
        "workspace": booking.workspace,
        "kind": booking.kind,
        "at": booking.at,
        "tokens": booking.tokens,
        "node_ms": booking.node_ms,
        "card_ms": booking.card_ms,
        "cost": None if booking.cost is None else format(booking.cost, "f"),
        "currency": booking.currency,
        "correction": booking.correction,
    }
