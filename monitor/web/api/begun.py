"""Asks what deletes for one job, in the transaction of a question to the API, and says no in the API's words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.model import Asker
from monitor.store import Connection
from monitor.web.api.message import Problem

if TYPE_CHECKING:
    from monitor.actions.asking import Asked
    from monitor.actions.deletions import Deletions


def asked_for(deletions: Deletions, conn: Connection, account: str, job: str, who: Asker, reason: str = "") -> Asked:
    """Raises Problem where the account leaves the config at this moment; then nothing of the request is begun."""
    try:
        return deletions.ask(conn, account, job, who, reason=reason)
    except LookupError:
        detail = f"The account {account} has just left the config; nothing was asked for."
        raise Problem(409, "Conflict", detail, "Ask again, for what is left.") from None
