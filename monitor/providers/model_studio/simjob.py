"""One job of the emulated Model Studio: the wire object as it stands, and its bytes until it changes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, Final

import msgspec

from monitor.providers.model_studio.story import PEOPLE, WORKSPACE, Plan

ABSENT: Final = msgspec.UNSET
"""As a field's value: the field is left out."""
FINISHED = frozenset({"SUCCEEDED", "FAILED", "CANCELED"})
_ZONE = timezone(timedelta(hours=8))
_ORDER = (
    *("job_id", "job_name", "status", "finetuned_output", "model", "base_model"),
    *("training_file_ids", "validation_file_ids", "training_datasets", "validation_datasets"),
    *("hyper_parameters", "training_type", "create_time", "end_time", "usage", "workspace_id"),
    *("user_identity", "modifier", "creator", "group", "code", "message", "output_cnt", "max_output_cnt"),
)


@dataclass(slots=True, eq=False)
class SimJob:
    """`plan` None: it stands still. `story` counts up when its future changes, which voids what was scheduled."""

    job_id: str
    created: datetime
    fields: dict[str, Any]
    plan: Plan | None = None
    story: int = 0
    started: datetime | None = None
    ended: datetime | None = None
    cached: bytes | None = None

    @property
    def status(self) -> str:
        return str(self.fields.get("status"))

    @property
    def finished(self) -> bool:
        return self.status in FINISHED

    def change(self, fields: dict[str, Any]) -> None:
        """Puts values into the wire object, any JSON value; ABSENT takes a field out."""
        for name, value in fields.items():
            if value is ABSENT:
                self.fields.pop(name, None)
            else:
                self.fields[name] = value
        self.cached = None

    def encoded(self) -> bytes:
        """The wire object, encoded once per change, keys in the documented order."""
        if self.cached is None:
            known = {name: self.fields[name] for name in _ORDER if name in self.fields}
            self.cached = msgspec.json.encode(known | self.fields)
        return self.cached

    def progress(self, now: datetime) -> float:
        """How much of the training is done, 0 to 1."""
        if self.status == "SUCCEEDED":
            return 1.0
        if self.plan is None or self.started is None:
            return 0.5 if self.status == "RUNNING" else 0.0
        return min(1.0, max(0.0, ((self.ended or now) - self.started).total_seconds() / self.plan.run))


def stamp(moment: datetime) -> str:
    """A time as the platform writes it: in Beijing's zone, without saying so."""
    return moment.astimezone(_ZONE).isoformat(" ", "seconds")[:19]


def wire_fields(job_id: str, created: datetime, fields: dict[str, Any]) -> dict[str, Any]:
    """A whole wire object: `fields` over what every job has."""
    whole: dict[str, Any] = {
        "job_id": job_id,
        "job_name": job_id,
        "status": "PENDING",
        "model": "qwen3-14b",
        "base_model": "qwen3-14b",
        "training_file_ids": [],
        "validation_file_ids": [],
        "training_datasets": [{"data_source_type": "file_id", "file_id": f"file-ft-{job_id[-4:]}"}],
        "validation_datasets": [],
        "hyper_parameters": {"n_epochs": 3, "batch_size": 16, "max_length": 8192},
        "training_type": "sft",
        "create_time": stamp(created),
        "workspace_id": WORKSPACE,
        "user_identity": PEOPLE[0],
        "modifier": PEOPLE[0],
        "creator": PEOPLE[0],
        "group": "llm",
    }
    return whole | {name: value for name, value in fields.items() if value is not ABSENT and value is not None}
