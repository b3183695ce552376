"""Reads the logs of running jobs in the time that polls and sweeps leave: how many tokens they have used so far."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import structlog

from monitor import store
from monitor.polling.health import REFUSALS
from monitor.polling.jobs import JobsScope
from monitor.store import ProgressRow
from monitor.wire import Fault

EVERY = 600.0
"""Seconds between two looks at the same log."""
REFUSED = 6 * 3600.0
"""Seconds for which no log is read after one was refused: a key need not be allowed to, and nobody is told."""
_log = structlog.get_logger("polling")


class ProgressReads:
    """Drives one scope's reads of logs. `step` makes one request, or two where a log is long."""

    def __init__(self, jobs: JobsScope) -> None:
        self._jobs = jobs
        self._left: list[ProgressRow] = []
        self._next = float("-inf")

    def due(self) -> bool:
        """Whether a log may be read now; where none of its jobs is active, there is none."""
        if self._left:
            return True
        return bool(self._jobs.memory.active) and self._jobs.around.clock.monotonic() >= self._next

    async def step(self) -> bool:
        """One log. True while there are more. A log that cannot be read is left for later. Raises store.StoreError."""
        jobs, clock = self._jobs, self._jobs.around.clock
        if not self._left:
            before = clock.now() - timedelta(seconds=EVERY / 2)  # an earlier life may have read some
            found = await jobs.around.store.read(partial(store.unread_logs, scope_id=jobs.row.id, before=before))
            self._left, self._next = list(reversed(found)), clock.monotonic() + EVERY
        if self._left:
            await self._read(self._left.pop())
        return bool(self._left)

    async def _read(self, row: ProgressRow) -> None:
        jobs, entry = self._jobs, self._jobs.memory.by_id(row.job_id)
        if entry is None or not entry.active or entry.missing:
            return
        try:
            seen = await jobs.provider.read_progress(jobs.row.scope, row.job_id, after=row.lines)
        except Fault as fault:
            _log.debug("a log was not read", account=jobs.row.scope.account, job=row.job_id, reason=fault.message)
            if fault.kind in REFUSALS:
                self._left, self._next = [], jobs.around.clock.monotonic() + REFUSED
            return
        if seen is None:
            return
        before = row.tokens if seen.lines >= row.lines else None  # a shorter log was begun anew
        tokens = seen.tokens if seen.tokens is not None else before
        told = ProgressRow(job_id=row.job_id, lines=seen.lines, tokens=tokens)
        write = partial(store.save_progress, scope_id=jobs.row.id, row=told, now=jobs.around.clock.now())
        await jobs.around.store.write(write)
