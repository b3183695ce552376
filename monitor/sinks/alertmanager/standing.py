"""The alerts of ours that Alertmanager has at the moment: how to ask for them, and what it answered."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from monitor.model.lasting import STATE_OF
from monitor.sinks.alertmanager.labels import SOURCE, label

_MOST = 50
"""Subjects that are asked for by name; of more, all alerts of ours are looked through."""
_STATES: Final = {each.value: state for each, state in STATE_OF.items()}
_PLAIN = re.compile(r"[^A-Za-z0-9_/-]")


@dataclass(frozen=True, slots=True)
class Standing:
    """One alert, as Alertmanager told it."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    link: str | None
    starts_at: datetime

    @property
    def state(self) -> str | None:
        """The state that it tells of; None where it is of a single event."""
        return _STATES.get(self.labels.get("type", ""))


def questions(subjects: Collection[str], own: Mapping[str, str]) -> list[tuple[str, str]]:
    """The query that asks for our alerts about these subjects, silenced ones too."""
    wanted = [f"source={_quoted(SOURCE)}", *(f"{name}={_quoted(value)}" for name, value in own.items())]
    if len(subjects) <= _MOST:
        wanted.append(f"subject=~{_quoted('|'.join(_PLAIN.sub(_sign, each) for each in map(label, subjects)))}")
    return [("filter", each) for each in wanted]


def read(body: bytes) -> list[Standing]:
    """Raises ValueError where it is no list of alerts."""
    try:
        return [
            Standing(
                labels=_texts(each["labels"]),
                annotations=_texts(each.get("annotations") or {}),
                link=each.get("generatorURL") or None,
                starts_at=_moment(each["startsAt"]),
            )
            for each in msgspec.json.decode(body, type=list[dict[str, Any]])
        ]
    except (msgspec.DecodeError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise ValueError("no list of alerts") from error


def _moment(text: str) -> datetime:
    """Raises ValueError where it could not be held against another moment."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError("a time without a zone")
    return found.astimezone(UTC)


def _texts(given: Any) -> dict[str, str]:
    return {str(name): str(value) for name, value in given.items()}


def _sign(found: re.Match[str]) -> str:
    """Literally in a regular expression of Go."""
    return f"\\x{{{ord(found[0]):x}}}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
