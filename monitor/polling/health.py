"""Whether an account can be seen: told once when it cannot, once when it can again; remembered across restarts."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Literal

import structlog

from monitor import diff, store
from monitor.model import Account, EventDraft
from monitor.polling.backoff import PROBE
from monitor.polling.ingest import own_drafts
from monitor.polling.surroundings import Surroundings
from monitor.store import Connection, Health
from monitor.wire import Fault, FaultKind

PATIENCE = 3
"""Failed polls in a row before an account counts as unreachable: one 502 is not worth a message."""

REFUSALS = frozenset({FaultKind.BAD_SIGNATURE, FaultKind.UNAUTHORIZED, FaultKind.ARREARS, FaultKind.MISCONFIGURED})
"""Faults that waiting does not mend: told at once."""

_log = structlog.get_logger("polling")


class AccountHealth:
    """One account's health over all its watches; the account is as well as its worst watch."""

    def __init__(self, account: Account, around: Surroundings) -> None:
        self._account = account
        self._around = around
        self._rows: dict[str, Health] = {}
        self._first_failure: dict[str, datetime] = {}

    def adopt(self, rows: dict[str, Health]) -> None:
        """What the store remembers of the watches that are still configured."""
        self._rows = rows

    def state(self) -> str:
        states = {row.state for row in self._rows.values()}
        return next((word for word in ("unauthorized", "unreachable") if word in states), "ok")

    async def good(self, watch: str) -> None:
        """A poll brought something. Writes only when the watch was not well before."""
        row = self._rows.get(watch)
        self._first_failure.pop(watch, None)
        if row is None or (row.state == "ok" and not row.failures):
            return
        if row.state == "ok":
            self._rows[watch] = Health(state="ok", failures=0, since=row.since, reason="")
            return
        await self._turn(watch, Health(state="ok", failures=0, since=self._around.clock.now(), reason=""))

    async def failed(self, watch: str, fault: Fault) -> None:
        """A poll failed. Told when it is the account's first refusal, or the third failure in a row."""
        now = self._around.clock.now()
        before = self._rows.get(watch) or Health(state="ok", failures=0, since=now, reason="")
        failures = before.failures + 1
        self._first_failure.setdefault(watch, now)
        long_wait = fault.retry_after is not None and fault.retry_after > PROBE
        state: Literal["ok", "unreachable", "unauthorized"] = before.state
        if fault.kind in REFUSALS:
            state = "unauthorized"
        elif state == "ok" and (failures >= PATIENCE or long_wait):
            state = "unreachable"
        after = Health(
            state=state, failures=failures, since=before.since if state == before.state else now, reason=fault.message
        )
        if state == before.state:
            self._rows[watch] = after
            return
        await self._turn(watch, after, fault)

    async def _turn(self, watch: str, after: Health, fault: Fault | None = None) -> None:
        before = dict(self._rows)
        was = self.state()
        self._rows[watch] = after
        now_is = self.state()
        draft = self._draft(watch, was, now_is, after, fault, before)
        write = partial(_write, account=self._account.name, watch=watch, health=after, draft=draft)
        try:
            await self._around.store.write(partial(write, epoch=self._around.store.epoch))
        except BaseException:
            self._rows = before
            raise
        if draft is not None:
            self._around.bell.ring()

    def _draft(
        self, watch: str, was: str, now_is: str, after: Health, fault: Fault | None, before: dict[str, Health]
    ) -> EventDraft | None:
        now = self._around.clock.now()
        if now_is == was:
            return None
        if now_is == "ok":
            worst = min((row for row in before.values() if row.state != "ok"), key=lambda row: row.since)
            _log.info("account recovered", account=self._account.name, watch=watch)
            return diff.recovered(self._account, watch=watch, reason=worst.reason, since=worst.since, now=now)
        if fault is None or (was == "unauthorized" and now_is == "unreachable"):
            return None
        _log.warning(
            f"account {now_is}", account=self._account.name, watch=watch, reason=fault.message, hint=fault.hint
        )
        if now_is == "unauthorized":
            return diff.unauthorized(self._account, watch=watch, reason=fault.message, hint=fault.hint, now=now)
        return diff.unreachable(
            self._account,
            watch=watch,
            reason=fault.message,
            hint=fault.hint,
            since=self._first_failure.pop(watch, now),
            failures=after.failures,
            now=now,
        )


def _write(conn: Connection, *, account: str, watch: str, health: Health, draft: EventDraft | None, epoch: str) -> None:
    store.save_health(conn, account, watch, health)
    if draft is not None:
        store.append_events(conn, epoch, own_drafts(conn, account, [draft]))
