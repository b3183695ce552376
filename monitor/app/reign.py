"""The generation at work and how it passes to the next one; a reload is told as an event, whichever way it went."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import anyio
import structlog

from monitor import diff, store
from monitor.app.generation import Generation, Lasting
from monitor.app.reload import changes
from monitor.app.status import status_line
from monitor.app.wishes import Wishes
from monitor.model import EventDraft
from monitor.settings import Settings
from monitor.store import StoreError
from monitor.telemetry.trouble import store_trouble

STORE_PAUSE = 5.0
"""Seconds between two tries to open a generation while the store cannot be read."""
SHOWN = 5
"""Mistakes of a config that its event names."""

_log = structlog.get_logger("app")


class Reign:
    """Always has one generation, open."""

    def __init__(self, first: Generation, lasting: Lasting) -> None:
        self.generation = first
        self.beside: Callable[[], Sequence[str]] = tuple
        """What is wrong besides what the generation at work knows."""
        self._lasting = lasting

    async def aclose(self) -> None:
        await self.generation.aclose()

    async def pass_to(self, settings: Settings, wishes: Wishes) -> bool:
        """The next generation is open when this returns True. A store that cannot be read is waited for, until
        the end is wished: then False."""
        before = self.generation.settings
        await self.generation.aclose()
        try:
            if not await self._opened(settings, wishes):
                return False
        except Exception as error:  # it was checked before, so this is a bug; it must not end a daemon that works
            _log.exception("the new config cannot be used; the one before goes on", error=type(error).__name__)
            if not await self._opened(before, wishes):
                return False
            await self.refused([f"{settings.path}: this program failed on it ({type(error).__name__})"])
            return True
        found = changes(before, settings)
        _log.info("the config was reloaded", **found.words())
        self._lasting.meter.reloaded(True)
        now = self._lasting.clock.now()
        file = str(settings.path)
        await self._tell(diff.config_reloaded(file=file, changes=found.named, settings=found.settings, now=now))
        return True

    async def refused(self, problems: Sequence[str]) -> None:
        """The config that was read cannot be used."""
        self._lasting.meter.reloaded(False)
        now, file = self._lasting.clock.now(), str(self.generation.settings.path)
        await self._tell(diff.config_rejected(file=file, problems=problems[:SHOWN], count=len(problems), now=now))

    def size(self) -> dict[str, int]:
        """For the log: how many accounts, watches and sinks there are."""
        settings, loops = self.generation.settings, self.generation.poller.loops
        return {"accounts": len(settings.accounts), "watches": len(loops), "sinks": len(settings.sinks)}

    def troubles(self) -> Sequence[str]:
        """What is wrong outside the daemon."""
        return [*self.generation.poller.troubles(), *self.beside()]

    async def status(self) -> str:
        """How the daemon is, in one line. Raises StoreError."""
        counts = await self._lasting.store.read(store.count_deliveries)
        poller = self.generation.poller
        return status_line(
            accounts=len(self.generation.settings.accounts),
            active=poller.active(),
            waiting=sum(each["waiting"] for each in counts.values()),
            last_good=max((at for at in poller.last_good().values() if at is not None), default=None),
            now=self._lasting.clock.now(),
            troubles=[*self._lasting.live.dead(), *self.troubles()],
        )

    async def _opened(self, settings: Settings, wishes: Wishes) -> bool:
        """The generation of these is the one at work; False where the end came before the store could be read."""
        opened, broke = False, None
        async with anyio.create_task_group() as group:
            group.start_soon(wishes.bound, group.cancel_scope)  # a database that does not answer holds up no end
            try:
                opened = await self._tried(settings, wishes.ending)
            except Exception as error:  # raised below, or it would come in a group
                broke = error
            group.cancel_scope.cancel()
        if broke is not None:
            raise broke
        return opened

    async def _tried(self, settings: Settings, ending: anyio.Event) -> bool:
        storeless = store_trouble("app", "the reload")
        while True:
            try:
                self.generation = await Generation.open(settings, self._lasting)
            except StoreError as error:
                storeless.met(reason=str(error))
                if ending.is_set():
                    return False
                with anyio.move_on_after(STORE_PAUSE):
                    await ending.wait()
            else:
                storeless.over()
                return True

    async def _tell(self, draft: EventDraft) -> None:
        """A store that cannot be written must not make a reload fail."""
        try:
            await self._lasting.tell(draft)
        except StoreError as error:
            _log.error("an event could not be written", type=draft.type.value, reason=str(error))
