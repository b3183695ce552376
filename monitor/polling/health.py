"""Whether an account can be seen: told once when it cannot, once when it can again; remembered across restarts."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Literal

import anyio
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

RELAPSE = 900.0
"""Seconds after its end in which a trouble that begins anew is the same one, coming and going …"""
RELAPSE_GRACE = 300.0
"""… and is told again only when it has lasted so long: a platform that blinks is not worth a message each time."""

REFUSALS = frozenset({FaultKind.BAD_SIGNATURE, FaultKind.UNAUTHORIZED, FaultKind.ARREARS, FaultKind.MISCONFIGURED})
"""Faults that waiting does not mend: told at once."""

_GRAVITY = {"ok": 0, "unreachable": 1, "unauthorized": 2}
_log = structlog.get_logger("polling")


class AccountHealth:
    """One account's health over all its watches.

    Watches that fall ill together have one trouble, which is told once and whose end is told once, by the last of them.
    A watch that was well while another was already ill has a trouble of its own: a catalogue that is forbidden for good
    must not hide that the jobs cannot be read.
    """

    def __init__(self, account: Account, around: Surroundings) -> None:
        self.account = account.name
        self._account = account
        self._around = around
        self._rows: dict[str, Health] = {}
        self._first_failure: dict[str, datetime] = {}
        self._well_at: dict[str, datetime] = {}
        self._recovered_at: dict[str, datetime] = {}
        self._told: set[str] = set()
        """Ill watches that an event was about; the others share one of their troubles."""
        self._turning = anyio.Lock()

    def adopt(self, rows: dict[str, Health]) -> None:
        """What the store remembers of the watches that are still configured. It does not say which trouble was whose:
        they count as one."""
        self._rows = rows
        ill = [watch for watch, row in rows.items() if row.state != "ok"]
        self._told = {min(ill, key=lambda watch: rows[watch].since)} if ill else set()

    @property
    def state(self) -> Literal["ok", "unreachable", "unauthorized"]:
        """That of the worst of its watches."""
        return max((row.state for row in self._rows.values()), key=_GRAVITY.__getitem__, default="ok")

    def reported(self, watch: str) -> bool:
        """Whether people know that this watch cannot be seen: it is told, or fails while another one's trouble is."""
        row = self._rows.get(watch)
        return (row is not None and row.state != "ok") or (watch in self._first_failure and self.state != "ok")

    def troubles(self) -> list[str]:
        """What cannot be seen, and why, in plain words: `llm/jobs is unauthorized: …`."""
        ill = sorted((watch, row) for watch, row in self._rows.items() if row.state != "ok")
        return [f"{self._account.name}/{watch} is {row.state}: {row.reason}" for watch, row in ill]

    async def good(self, watch: str) -> None:
        """A poll brought something. Writes only when the watch was ill before."""
        now = self._around.clock.now()
        self._first_failure.pop(watch, None)
        self._well_at[watch] = now
        row = self._rows.get(watch)
        well = Health(state="ok", failures=0, since=now, reason="")
        if row is None or row.state == "ok":
            self._rows.pop(watch, None)
        else:
            async with self._turning:
                await self._write(watch, well, self._recovery(watch, row, now))
                self._recovered(watch)
                self._recovered_at[watch] = now

    async def failed(self, watch: str, fault: Fault) -> None:
        """A poll failed. Told when it is the first refusal, or the third failure in a row (after a relapse: and has
        lasted)."""
        now = self._around.clock.now()
        before = self._rows.get(watch) or Health(state="ok", failures=0, since=now, reason="")
        self._first_failure.setdefault(watch, now)
        state = _judge(before, fault, lasted=self._lasted(watch, now))
        since = before.since if state == before.state else now
        after = Health(state=state, failures=before.failures + 1, since=since, reason=fault.message)
        if state == before.state:
            self._rows[watch] = after
            return
        async with self._turning:
            own = not self._shared(watch, after)
            await self._write(watch, after, self._trouble(watch, after, fault) if own else None)
            if own:
                self._told.add(watch)

    def _lasted(self, watch: str, now: datetime) -> bool:
        """Whether it has failed for long enough to be told, by the clock."""
        first, over = self._first_failure[watch], self._recovered_at.get(watch)
        relapsed = over is not None and (first - over).total_seconds() < RELAPSE
        return not relapsed or (now - first).total_seconds() >= RELAPSE_GRACE

    def _shared(self, watch: str, after: Health) -> bool:
        """Whether another watch, as ill as this one, has been so since before this one was last well."""
        well_at = self._well_at.get(watch)
        return any(
            other != watch
            and _GRAVITY[row.state] >= _GRAVITY[after.state]
            and (well_at is None or well_at <= row.since)
            for other, row in self._rows.items()
        )

    def _trouble(self, watch: str, after: Health, fault: Fault) -> EventDraft:
        unauthorized = after.state == "unauthorized"
        say = _log.error if unauthorized else _log.warning  # waiting does not mend what is refused
        text = f"the account is {after.state}"
        say(text, account=self._account.name, watch=watch, reason=fault.message, hint=fault.hint)
        if unauthorized:
            return diff.unauthorized(
                self._account, watch=watch, reason=fault.message, hint=fault.hint, now=self._around.clock.now()
            )
        return diff.unreachable(
            self._account,
            watch=watch,
            reason=fault.message,
            hint=fault.hint,
            since=self._first_failure.get(watch, after.since),
            failures=after.failures,
            now=self._around.clock.now(),
        )

    def _recovery(self, watch: str, ill: Health, now: datetime) -> EventDraft | None:
        """The end of a trouble, once nobody who shares it is ill any more."""
        others = self._ill_but(watch)
        if others and (watch not in self._told or not others <= self._told):
            return None
        _log.info("the account can be seen again", account=self._account.name, watch=watch)
        return diff.recovered(self._account, watch=watch, reason=ill.reason, since=ill.since, now=now, was=ill.state)

    def _recovered(self, watch: str) -> None:
        untold = sorted(self._ill_but(watch) - self._told)
        if watch in self._told and untold:
            self._told.add(untold[0])  # it stands for their trouble from now on
        self._told.discard(watch)

    def _ill_but(self, watch: str) -> set[str]:
        return {other for other, row in self._rows.items() if row.state != "ok" and other != watch}

    async def _write(self, watch: str, health: Health, draft: EventDraft | None) -> None:
        write = partial(_commit, account=self._account.name, watch=watch, health=health, draft=draft)
        await self._around.store.write(partial(write, epoch=self._around.store.epoch))
        self._rows[watch] = health
        if draft is not None:
            self._around.bell.ring()


def _judge(before: Health, fault: Fault, *, lasted: bool) -> Literal["ok", "unreachable", "unauthorized"]:
    if fault.kind in REFUSALS:
        return "unauthorized"
    long_wait = fault.retry_after is not None and fault.retry_after > PROBE
    if before.state == "ok" and ((before.failures + 1 >= PATIENCE and lasted) or long_wait):
        return "unreachable"
    return before.state


def _commit(
    conn: Connection, *, account: str, watch: str, health: Health, draft: EventDraft | None, epoch: str
) -> None:
    store.save_health(conn, account, watch, health)
    if draft is not None:
        store.append_events(conn, epoch, own_drafts(conn, account, [draft]))
