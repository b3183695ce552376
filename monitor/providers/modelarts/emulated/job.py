"""A training job inside the emulated platform and how its phases move its times, runs and messages."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

STOPPABLE = frozenset({"Creating", "Pending", "Running"})
TERMINAL = frozenset({"Completed", "Failed", "Terminated", "Abnormal"})


@dataclass(slots=True)
class Run:
    """One run attempt of a job."""

    start: datetime
    end: datetime | None = None
    start_type: str = "init_or_rescheduled"
    end_reason: str = ""
    end_task: str = ""
    recover: str = ""


@dataclass(slots=True, kw_only=True)
class EmulatedJob:
    """Mutable; `move` keeps its times and runs in step with its phase."""

    id: str
    name: str
    created: datetime
    workspace: str = "0"
    user: str = "ann"
    kind: str = "job"
    phase: str = "Creating"
    secondary: str = ""
    flavor: str = "modelarts.vm.npu.8ascend"
    nodes: int = 1
    cards: int = 8
    engine: str = "MindSpore"
    priority: int = 1
    description: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    started: datetime | None = None
    ended: datetime | None = None
    runs: list[Run] = field(default_factory=list)
    exit_code: int | None = None
    message: str = ""
    deleting: bool = False
    order: int = 0
    """Tells apart jobs of the same moment."""

    def move(
        self, phase: str, at: datetime, *, secondary: str = "", exit_code: int | None = None, message: str = ""
    ) -> None:
        """Enters `phase` at `at`. Leaving a terminal phase clears the end (a lost job that heals runs on)."""
        if phase == "Running":
            self._run(at)
        elif phase in TERMINAL:
            self.ended = at
            self._close(at, message)
        elif phase in ("Pending", "Creating"):
            self._close(at, "node fault", recover="job_reschedule")
            self.ended = None
        self.phase, self.secondary = phase, secondary
        self.exit_code = exit_code
        self.message = message

    def restart(self, at: datetime, *, reason: str, recover: str) -> None:
        """Begins another run inside Running."""
        self._close(at, reason, recover=recover)
        self.runs.append(Run(at, start_type="restarted"))

    def duration(self, now: datetime) -> int:
        """Milliseconds since the first start, up to the end."""
        if self.started is None:
            return 0
        return max(0, int(((self.ended or now) - self.started).total_seconds() * 1000))

    def _run(self, at: datetime) -> None:
        self.started = self.started or at
        if self.ended is not None and self.runs:
            self.runs[-1].end = None
            self.runs[-1].end_reason = ""
        elif not self.runs or self.runs[-1].end is not None:
            self.runs.append(Run(at))
        self.ended = None

    def _close(self, at: datetime, reason: str, *, recover: str = "") -> None:
        if self.runs and self.runs[-1].end is None:
            last = self.runs[-1]
            last.end, last.end_reason, last.recover = at, reason, recover
            last.end_task = "worker-0" if reason else ""
