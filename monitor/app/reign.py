"""The stages at work and what is told of them; a reload is told as an event, whichever way it went."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import anyio
import structlog

from monitor import diff, store
from monitor.app.reload import changes
from monitor.app.stages import Lasting, Stages
from monitor.app.status import status_line
from monitor.app.wishes import Verdict
from monitor.model import EventDraft
from monitor.settings import Settings
from monitor.store import Rename, StoreError
from monitor.store.vitals import held_back

SHOWN = 5
"""Mistakes of a config that its event names."""

_log = structlog.get_logger("app")


class Reign:
    """Has the stages, from their start to their end."""

    def __init__(self, first: Stages, lasting: Lasting) -> None:
        self.stages = first
        self.beside: Callable[[], Sequence[str]] = tuple
        """What is wrong besides what the stages know."""
        self.rejected: Sequence[str] = ()
        """What is wrong with the config that was read last; none: it is the one at work."""
        self._lasting = lasting

    async def aclose(self) -> None:
        await self.stages.aclose()

    async def take(self, settings: Settings, ending: anyio.Event) -> Verdict:
        """Goes on by these settings; where this program fails on them, by those before. The end goes before a reload:
        then it returns at once, and what was not done is the next start's to do."""
        before = self.stages.settings
        try:
            made = await self.stages.prepared(settings)
        except Exception as error:  # it was checked before, so this is a bug; it must not end a daemon that works
            _log.exception("the new config cannot be used; the one before goes on", error=type(error).__name__)
            problem = f"{settings.path}: this program failed on it ({type(error).__name__})"
            await self.refused([problem])
            return Verdict(problems=[problem])
        now, file = self._lasting.clock.now(), str(settings.path)

        def tell(renamed: Sequence[Rename]) -> EventDraft:
            found = changes(before, settings, renamed)
            names = [(each.kind, each.before, each.after) for each in renamed]
            return diff.config_reloaded(file=file, changes=found.named, settings=found.settings, renamed=names, now=now)

        async with anyio.create_task_group() as group:
            group.start_soon(_cut, ending, group.cancel_scope)
            kept = await self.stages.exchange(made, tell)
            words = changes(before, settings, kept.renamed).words() | kept.words()
            _log.info("the config was reloaded", **words)
            self.rejected = ()
            self._lasting.meter.reloaded(True)
            group.cancel_scope.cancel()
            return Verdict(changed=words)
        return Verdict(problems=["the daemon ends"])

    async def refused(self, problems: Sequence[str]) -> None:
        """The config that was read cannot be used."""
        self.rejected = tuple(problems)
        self._lasting.meter.reloaded(False)
        now, file = self._lasting.clock.now(), str(self.stages.settings.path)
        await self._tell(diff.config_rejected(file=file, problems=problems[:SHOWN], count=len(problems), now=now))

    def size(self) -> dict[str, int]:
        """For the log: how many accounts, watches and sinks there are."""
        settings, loops = self.stages.settings, self.stages.poller.loops
        return {"accounts": len(settings.accounts), "watches": len(loops), "sinks": len(settings.sinks)}

    def troubles(self) -> Sequence[str]:
        """What is wrong outside the daemon."""
        more = f" and {len(self.rejected) - 1} more" if len(self.rejected) > 1 else ""
        wrong = [f"the config was rejected, the one before goes on: {first}{more}" for first in self.rejected[:1]]
        return [*self.stages.poller.troubles(), *wrong, *self.beside()]

    def waits(self, storeless: Sequence[str]) -> str:
        """Why a reload that was asked for is not done yet. `storeless`: what is known of a store that cannot be
        written, which keeps everything else."""
        return next(iter(storeless), self.stages.waits) or "the config file is still being read"

    async def status(self) -> str:
        """How the daemon is, in one line. Raises StoreError."""
        sinks = [sink.name for sink in self.stages.settings.sinks]
        counts, held = await self._lasting.store.read(
            lambda conn: (store.count_deliveries(conn), held_back(conn, sinks))
        )
        poller = self.stages.poller
        return status_line(
            accounts=len(self.stages.settings.accounts),
            active=poller.active(),
            waiting=sum(each["waiting"] for each in counts.values()),
            last_good=max((at for at in poller.last_good().values() if at is not None), default=None),
            now=self._lasting.clock.now(),
            troubles=[*self._lasting.live.dead(), *self.troubles()],
            held=list(held),
        )

    async def _tell(self, draft: EventDraft) -> None:
        """A store that cannot be written must not make a reload fail."""
        try:
            await self._lasting.tell(draft)
        except StoreError as error:
            _log.error("an event could not be written", type=draft.type.value, reason=str(error))


async def _cut(ending: anyio.Event, scope: anyio.CancelScope) -> None:
    await ending.wait()
    scope.cancel()
