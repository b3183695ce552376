"""How much rules on trial would have sent."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, func, select

from monitor.store.notification_list import first_notification_since
from monitor.store.tables import notifications


def count_shadows(conn: Connection, rule: str, since: datetime) -> int:
    """Its shadow messages that were written then or later."""
    first = first_notification_since(conn, since)
    query = select(func.count()).where(notifications.c.rule == rule, notifications.c.n >= first)
    return int(conn.execute(query.where(notifications.c.shadow.is_(True))).scalar() or 0)
