"""What a config that was read anew changes, and what of it a running daemon cannot take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from monitor.settings import ConfigErrors, Settings

_SECTIONS = ("accounts", "sinks", "rules")
_PLAIN = ("people", "prices", "unmatched", "catch_up_after", "retention", "heartbeat")


class _Named(Protocol):
    @property
    def name(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """`named`: of each section the names that were `added`, `removed` and `changed`; `settings`: other keys."""

    named: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    settings: Sequence[str] = ()

    def words(self) -> dict[str, str]:
        """For the log: `sinks="team added; mail changed"`; only what changed."""
        said = {
            section: "; ".join(f"{', '.join(names)} {verb}" for verb, names in verbs.items() if names)
            for section, verbs in self.named.items()
        }
        return {key: text for key, text in (said | {"settings": ", ".join(self.settings)}).items() if text}


def changes(before: Settings, after: Settings) -> Changes:
    named = {section: _verbs(getattr(before, section), getattr(after, section)) for section in _SECTIONS}
    other = [key for key in _PLAIN if getattr(before, key) != getattr(after, key)]
    http = [
        f"http.{key}" for key in type(before.http).model_fields if getattr(before.http, key) != getattr(after.http, key)
    ]
    return Changes(named=named, settings=(*other, *http))


def problems(before: Settings, after: Settings, restart: str) -> list[str]:
    """One sentence for each key that cannot change while the daemon runs. `restart`: how to start it anew."""
    fixed = {
        "store": before.store != after.store,
        "state_dir": before.state_dir != after.state_dir,
        "http.listen": before.http.listen != after.http.listen,
        "control": before.control != after.control and before.state_dir == after.state_dir,  # one mistake, not two
    }
    file = after.path
    return [
        f"{file}: {key}: cannot change while the daemon runs; {restart}" for key, changed in fixed.items() if changed
    ]


def sentences(error: ConfigErrors) -> list[str]:
    """Every mistake with its place. Holds no secrets: what references brought in was taken out."""
    return [str(problem) for problem in error.problems]


def _verbs(before: Sequence[_Named], after: Sequence[_Named]) -> dict[str, list[str]]:
    old, new = {each.name: each for each in before}, {each.name: each for each in after}
    return {
        "added": [name for name in new if name not in old],
        "removed": [name for name in old if name not in new],
        "changed": [name for name in new if name in old and new[name] != old[name]],
    }
