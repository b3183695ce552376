"""The two emulated platforms with jobs and stock that move a little whenever they are told to."""

from __future__ import annotations

import random
from typing import Any

from monitor.emulation import Emulator
from monitor.providers import registry
from tests.crash.launcher import SharedClock
from tests.crash.witness import Witness

OPEN = 5
"""Jobs of one platform that are on their way at once."""
STUCK, HUSH, PLAIN = "stuck", "hush", "plain"
_STUDIO_ENDS = (["SUCCEEDED"], ["FAILED"], ["CANCELED"], ["CANCELING", "CANCELED"])
_ARTS_ENDS = (["Completed"], ["Failed"], ["Terminating", "Terminated"])


class Stage:
    """`step` moves what is open by one word; stuck jobs wait in the queue until `let_go`."""

    def __init__(self, clock: SharedClock, seed: int) -> None:
        studio: Any = registry.emulator("model-studio")(clock, autoplay=False)
        arts: Any = registry.emulator("modelarts")(clock, autoplay=False)
        self.witness = Witness()
        self.platforms: dict[str, Emulator] = {
            "model-studio": self.witness.watched(studio),
            "modelarts": self.witness.watched(arts),
        }
        self.named: dict[str, str] = {}
        """What each job is there for: STUCK, HUSH or PLAIN, by subject."""
        self._studio, self._arts = studio.world, arts.world
        self._dice = random.Random(f"stage {seed}")
        self._open: list[tuple[str, str, list[str]]] = []
        self._waiting: list[tuple[str, str, list[str]]] = []
        for name in (PLAIN, HUSH):
            self._begin("studio", name)
            self._begin("arts", name)
        self.history = frozenset(self.named)
        """What was there before the daemon first looked."""

    def step(self) -> None:
        for kind in ("studio", "arts"):
            if sum(each[0] == kind for each in self._open) < OPEN and self._dice.random() < 0.6:
                self._begin(kind, PLAIN)
        for job in self._dice.sample(self._open, len(self._open) // 2):
            self._move(job)
        flavor = self._dice.choice(self._arts.resources[:2])
        zone = self._dice.choice(sorted(flavor.zones))
        self._arts.set_stock(flavor.id, zone, "normal" if flavor.zones[zone] == "soldout" else "soldout")

    def begin_stuck(self) -> None:
        for kind in ("studio", "arts"):
            self._begin(kind, STUCK)
            self._waiting.append(self._open.pop())

    def let_go(self) -> None:
        """The stuck ones go on."""
        self._open += self._waiting
        self._waiting.clear()

    def finish(self) -> None:
        """Everything comes to its end."""
        self.let_go()
        while self._open:
            self._move(self._open[0])

    def _begin(self, kind: str, name: str) -> None:
        if kind == "studio":
            job = self._studio.add_job("QUEUING" if name == STUCK else "PENDING", job_name=name)
            path = ["QUEUING", "RUNNING", *self._dice.choice(_STUDIO_ENDS)]
        else:
            job = self._arts.add_job(name, phase="Pending" if name == STUCK else "Creating")
            again = ["Pending", "Running"] if self._dice.random() < 0.3 else []
            path = ["Pending", "Running", *again, *self._dice.choice(_ARTS_ENDS)]
        self._open.append((kind, job, path[1:] if name == STUCK else path))
        self.named[f"job/{job}"] = name

    def _move(self, job: tuple[str, str, list[str]]) -> None:
        kind, id_, path = job
        word = path.pop(0)
        if kind == "studio":
            self._studio.set(id_, status=word)
        else:
            self._arts.set_phase(id_, word)
        if not path:
            self._open.remove(job)
