"""Who is watched and what of them: accounts, watches and the scopes that have a baseline of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What events say of the account they come from; nothing secret."""

    name: str
    provider: str
    region: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)

    def as_data(self) -> dict[str, object]:
        return {"name": self.name, "provider": self.provider, "region": self.region, "labels": dict(self.labels)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """One view with a baseline of its own: account, watch and what narrows it (endpoint, project, workspace, filter).

    `key` is stable text made by the provider; a changed endpoint, project, workspace or filter gives another key
    and so a new baseline. `workspace` is what the provider needs to ask for this scope.
    """

    account: str
    watch: str
    key: str
    workspace: str | None = None

    @property
    def name(self) -> str:
        """What people and the store call it beside the account: `jobs`, `jobs/ws-2`."""
        return watch_name(self.watch, self.workspace)


def watch_name(watch: str, workspace: str | None) -> str:
    """`Scope.name` where only the config is known."""
    return f"{watch}/{workspace}" if workspace else watch


def sweep_name(watch: str) -> str:
    """The name under which the sweep of a scope of that name keeps a health of its own."""
    return f"{watch} sweep"
