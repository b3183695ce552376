"""What a config that was read anew changes, and what of it a running daemon cannot take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from monitor.fields.strict import Named
from monitor.settings import ConfigErrors, Settings
from monitor.store import Rename

_SECTIONS = {"account": "accounts", "sink": "sinks", "rule": "rules"}
_PLAIN = ("people", "prices", "budgets", "cleanup", "unmatched", "flapping", "catch_up_after", "retention", "heartbeat")


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """`named`: of each section the names that were `added`, `removed` and `changed`; `settings`: other keys."""

    named: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    settings: Sequence[str] = ()
    renamed: Sequence[Rename] = ()

    def words(self) -> dict[str, str]:
        """For the log: `sinks="team added; mail changed"`; only what changed."""
        said = {
            section: "; ".join(f"{', '.join(names)} {verb}" for verb, names in verbs.items() if names)
            for section, verbs in self.named.items()
        }
        said["renamed"] = "; ".join(f"{each.kind} {each.before} to {each.after}" for each in self.renamed)
        return {key: text for key, text in (said | {"settings": ", ".join(self.settings)}).items() if text}


def changes(before: Settings, after: Settings, renamed: Sequence[Rename] = ()) -> Changes:
    """`renamed`: what bears another name from now on, and so is neither new nor gone."""
    named = {
        section: _verbs(
            getattr(before, section),
            getattr(after, section),
            {each.before: each.after for each in renamed if each.kind == kind},
        )
        for kind, section in _SECTIONS.items()
    }
    other = [key for key in _PLAIN if getattr(before, key) != getattr(after, key)]
    http = [
        f"http.{key}" for key in type(before.http).model_fields if getattr(before.http, key) != getattr(after.http, key)
    ]
    return Changes(named=named, settings=(*other, *http), renamed=renamed)


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


def _verbs(before: Sequence[Named], after: Sequence[Named], renamed: Mapping[str, str]) -> dict[str, list[str]]:
    """Of what was renamed is told beside this, but for what else was changed in it."""
    old, new = {renamed.get(each.name, each.name): each for each in before}, {each.name: each for each in after}
    return {
        "added": [name for name in new if name not in old],
        "removed": [name for name in old if name not in new],
        "changed": [name for name in new if name in old and not _same(new[name], old[name])],
    }


def _same(one: Named, other: Named) -> bool:
    return one.alike(other.model_copy(update={"name": one.name}))
