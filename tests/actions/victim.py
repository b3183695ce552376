"""A process that deletes and is killed in it: forked from a clean one, on the clock and the files of who started it."""

from __future__ import annotations

import asyncio
import hashlib
import mmap
import os
import signal
import struct
import threading
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from tests.actions.bench import deleting
from tests.kit.clock import VirtualClock
from tests.kit.platforms import model_studio, modelarts
from tests.kit.rig import Rig

MAKE = {"modelarts": modelarts, "model-studio": model_studio}
TURNS = 40


class SharedClock(VirtualClock):
    """Virtual time that several processes see alike: seconds since its beginning, in a file."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        if not path.exists():
            path.write_bytes(struct.pack("d", 0.0))
        with path.open("r+b") as file:
            self._seconds = mmap.mmap(file.fileno(), 8)

    def monotonic(self) -> float:
        return float(struct.unpack("d", self._seconds[:8])[0])

    def now(self) -> datetime:
        return self._now + timedelta(seconds=self.monotonic())

    def advance(self, seconds: float) -> None:
        self._seconds[:8] = struct.pack("d", self.monotonic() + seconds)


class Killed(Rig):
    """It is killed at the moment after that many."""

    left = 0

    def moment(self, name: str) -> None:
        self.left -= 1
        if self.left < 0:
            os.kill(os.getpid(), signal.SIGKILL)


def live(kind: str, address: str, folder: str, *, url: str, moments: int, seconds: float | None) -> None:
    """Goes on with what is open, until nothing is due; killed after so many moments, or after so many seconds."""
    hashlib.scrypt = cache(hashlib.scrypt)  # type: ignore[assignment]
    if seconds is not None:
        threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGKILL)).start()
    rig = Killed(MAKE[kind]()(address), SharedClock(Path(folder) / "clock"), Path(folder), url)
    rig.left = moments
    asyncio.run(_live(rig))
    os._exit(0)


async def _live(rig: Rig) -> None:
    async with rig.running():
        deletions = deleting(rig)
        for _ in range(TURNS):
            if (wait := await deletions.turn()) is None:
                return
            rig.clock.advance(wait)
