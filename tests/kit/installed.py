"""A config file with a store beside it, filled through the store's own functions, and the command as a process."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from unittest.mock import patch

from monitor.cli.main import entry
from monitor.model import (
    Account,
    Catalogue,
    EventDraft,
    EventType,
    Flavor,
    Job,
    JobError,
    JobState,
    KnownFlavor,
    KnownJob,
    KnownStock,
    Scope,
    Severity,
)
from monitor.store import (
    BookingRow,
    Connection,
    FlavorWrite,
    JobWrite,
    append_events,
    book,
    ensure_scope,
    open_store,
    save_flavors,
    save_jobs,
)
from tests.kit.forked import command, warmed

START = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=3)
HOSTILE = "evil\x1b[2J\x1b]0;owned\x07 \u202etxt.exe\nsecond line"
CHINESE = "通义千问三代十四亿参数指令微调任务第二十七次重新训练"
CONFIG = """\
store: sqlite:monitor.db
state_dir: {state}
accounts:
  - {{name: llm-beijing, provider: model-studio, api_key: "${{env:NEVER_SET}}", jobs: {{}}}}
  - name: ascend-north
    provider: modelarts
    region: cn-north-4
    project_id: abc
    token: ${{env:NEVER_SET}}
    resource_flavors: {{}}
sinks:
  - {{name: journal, type: log}}
  - {{name: hook, type: webhook, url: "${{env:HOOK_URL}}"}}
"""

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@dataclass(frozen=True)
class Installed:
    """A folder with `training-monitor.yaml`, a state directory, and the command."""

    root: Path

    @property
    def state(self) -> Path:
        return self.root / "state"

    @property
    def config(self) -> Path:
        return self.root / "training-monitor.yaml"

    def environ(self, **extra: str) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if key in ("PATH", "LANG", "LC_ALL", "PYTHONPATH")}
        return {"HOME": str(self.root), "COLUMNS": "80", "TZ": "UTC", "PYTHONUTF8": "1", **kept, **extra}

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-c", "from monitor.cli.main import entry; entry()", *arguments]

    def run(self, *arguments: str, **extra: str) -> subprocess.CompletedProcess[str]:
        """The command inside this process, which saves the second that a new one takes to load."""
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
        given = list(arguments)
        with (
            patch.dict(os.environ, self.environ(**extra), clear=True),
            contextlib.chdir(self.root),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            try:
                entry(given)
                code = 0
            except SystemExit as end:
                code = int(end.code or 0)
        texts = [stream.buffer.getvalue().decode() for stream in _flushed(out, err)]  # type: ignore[attr-defined]
        return subprocess.CompletedProcess(given, code, *texts)

    def spawn(self, *arguments: str, **extra: str) -> subprocess.CompletedProcess[str]:
        """The command as a process of its own."""
        return subprocess.run(
            self.command(*arguments),
            cwd=self.root,
            env=self.environ(PYTHONPATH=str(Path(__file__).parents[2]), **extra),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def fork(self, *arguments: str, **extra: str) -> subprocess.CompletedProcess[str]:
        """The same, begun as a fork of the warm process: a second sooner."""
        return subprocess.run(
            command(*arguments), cwd=self.root, env=self.environ(**extra), capture_output=True, text=True, timeout=60,
            check=False, pass_fds=[warmed().fileno()],
        )  # fmt: skip

    def write(self, fn: Callable[[Connection, str], None], *, lock: bool = True) -> None:
        async def write() -> None:
            store = await open_store("sqlite:monitor.db", state_dir=self.state, lock=lock)
            try:
                await store.write(lambda conn: fn(conn, store.epoch))
            finally:
                await store.aclose()

        asyncio.run(write())


def _flushed(*streams: io.TextIOWrapper) -> Sequence[io.TextIOWrapper]:
    for stream in streams:
        stream.flush()
    return streams


def draft(
    type: EventType, subject: str, *, account: str = "llm-beijing", minutes: int = 0, **data: object
) -> EventDraft:
    at = START + timedelta(minutes=minutes)
    about = Account(name=account, provider="model-studio").as_data()
    return EventDraft(
        type=type,
        account=account,
        subject=subject,
        time=at,
        detected_at=at,
        severity=Severity.INFO,
        data={"account": about, "severity": "info", "late": False, **data},
    )


def jobs() -> Sequence[Job]:
    named = [
        ("ft-20260101-aaaa-0001", "qwen-sft", JobState.RUNNING, None),
        ("ft-20260101-aaaa-0002", CHINESE, JobState.FAILED, JobError(code="OOM", message="out of memory " * 20)),
        ("ft-20260101-bbbb-0003", HOSTILE, JobState.SUCCEEDED, None),
        ("ft-20260101-bbbb-0004", "qwen-sft-with-a-long-name-that-does-not-fit-anywhere-at-all", JobState.QUEUED, None),
        ("ft-20260101-cccc-0005", "twin", JobState.CANCELED, None),
        ("ft-20260101-cccc-0006", "twin", JobState.RUNNING, None),
    ]
    return [
        Job(
            id=job_id,
            name=name,
            state=state,
            provider_state=state.upper(),
            base_model="qwen3-14b",
            creator="1396993924585947",
            created_at=START + timedelta(minutes=number),
            started_at=START + timedelta(minutes=10),
            tokens=1_234_567,
            error=error,
            url=f"https://console.example.org/{'x' * 120}/{job_id}",
        )
        for number, (job_id, name, state, error) in enumerate(named)
    ]


def fill(conn: Connection, epoch: str) -> None:
    scope = ensure_scope(conn, Scope(account="llm-beijing", watch="jobs", key="k"), now=START)
    writes = [
        JobWrite(known=KnownJob(job=job, revision=1, state_since=START), previous_revision=None, hash=1, significant=1)
        for job in jobs()
    ]
    save_jobs(conn, scope.id, writes, now=START)
    stock = ensure_scope(conn, Scope(account="ascend-north", watch="resource_flavors", key="k"), now=START)
    flavor = Flavor(
        id="modelarts.bm.npu.arm.8snt9b3.d",
        catalogue=Catalogue.RESOURCE,
        type="Dedicate",
        zones={"cn-north-4a": "normal", "cn-north-4b": "soldout"},
    )
    words = {zone: KnownStock(word=word, raw=word, since=START) for zone, word in flavor.zones.items()}
    known = KnownFlavor(flavor=flavor, revision=1, stock=words)
    save_flavors(conn, stock.id, [FlavorWrite(known=known, previous_revision=None)], now=START)
    events = [
        draft(
            EventType.JOB_SUBMITTED,
            "job/ft-20260101-aaaa-0001",
            job={"id": "ft-20260101-aaaa-0001", "name": "qwen-sft"},
        ),
        draft(
            EventType.JOB_FINISHED,
            "job/ft-20260101-aaaa-0002",
            minutes=5,
            job={"id": "2", "name": CHINESE, "state": "failed"},
        ),
        draft(
            EventType.JOB_FINISHED,
            "job/ft-20260101-bbbb-0003",
            minutes=6,
            job={"id": "3", "name": HOSTILE, "state": "succeeded"},
        ),
        draft(
            EventType.FLAVOR_SOLD_OUT,
            "flavor/modelarts.bm.npu.arm.8snt9b3.d/cn-north-4b",
            account="ascend-north",
            minutes=7,
            flavor={"id": flavor.id, "zone": "cn-north-4b", "stock": "soldout"},
        ),
    ]
    append_events(conn, epoch, [(event, 1) for event in events])
    for number, (cost, currency) in enumerate([("0.1", "CNY"), ("0.2", "CNY"), ("1.005", "USD"), (None, None)]):
        book(
            conn,
            BookingRow(
                account="llm-beijing",
                provider="model-studio",
                scope_id=scope.id,
                job_id=f"ft-{number}",
                job_name="n",
                model="qwen3-14b",
                creator="ann",
                labels={"team": "nlp"},
                at=START,
                tokens=1000,
                cost=Decimal(cost) if cost else None,
                currency=currency,
            ),
        )
